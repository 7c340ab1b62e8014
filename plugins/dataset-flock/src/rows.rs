//! What a line is: a row by its identity, and what its schema says of it.

use plimsoll_json::{Object, Parser, RowId, Value, lines};
use plimsoll_sdk::{CheckedRow, Finding};

/// Reads lines one after the other with the same memory.
#[derive(Default)]
pub(crate) struct Reader {
    parser: Parser,
    canonical: Vec<u8>,
}

/// The roles of turns, in their order.
const ROLES: [&str; 2] = ["user", "assistant"];

impl Reader {
    /// What the loader of the subnet makes of a line: blanks around it do not count.
    pub(crate) fn row(&mut self, line: &[u8]) -> CheckedRow {
        let mut found = lines(line);
        let Some(row) = found.next() else {
            return CheckedRow::Invalid(Finding::new("blank", "the line has nothing in it"));
        };
        if found.next().is_some() {
            return CheckedRow::Invalid(Finding::new(
                "line-end",
                "there is the end of a line within the line",
            ));
        }
        let document = match self.parser.parse(row.bytes) {
            Ok(document) => document,
            Err(error) => return CheckedRow::Invalid(Finding::new("no-json", error.to_string())),
        };
        self.canonical.clear();
        document.canonical_into(&mut self.canonical);
        let id = RowId::of(&self.canonical).0;
        match schema(document.value()) {
            Ok(()) => CheckedRow::Valid(id),
            Err(finding) => CheckedRow::Flawed(id, finding),
        }
    }
}

/// The first thing that is wrong with a row.
fn schema(row: Value<'_>) -> Result<(), Finding> {
    let Some(row) = row.object() else {
        return Err(Finding::new("no-object", "the row is no object"));
    };
    match row.get("system") {
        None | Some(Value::Null | Value::Text(_)) => {}
        Some(_) => return Err(Finding::new("system", "`system` is neither a text nor null")),
    }
    let turns = match row.get("conversations").map(|found| found.list()) {
        Some(Some(turns)) => turns,
        Some(None) => return Err(Finding::new("conversations", "`conversations` is no list")),
        None => return Err(Finding::new("no-conversations", "there are no `conversations`")),
    };
    let mut count = 0;
    for (at, found) in turns.iter().enumerate() {
        let Some(found) = found.object() else {
            return Err(Finding::new("turn", format!("turn {at} is no object")));
        };
        turn(at, found)?;
        count = at + 1;
    }
    match count {
        0 => Err(Finding::new("no-turn", "`conversations` is empty")),
        odd if odd % ROLES.len() != 0 => Err(Finding::new(
            "odd-turn",
            format!("turn {at} has no answer and is dropped in training", at = odd - 1),
        )),
        _ => Ok(()),
    }
}

fn turn(at: usize, found: Object<'_>) -> Result<(), Finding> {
    let Some(role) = found.get("role").and_then(Value::text) else {
        return Err(Finding::new("role", format!("turn {at} has no `role`")));
    };
    if found.get("content").and_then(Value::text).is_none() {
        return Err(Finding::new("content", format!("turn {at} has no `content`")));
    }
    let wanted = ROLES[at % ROLES.len()];
    match role.is(wanted) {
        true => Ok(()),
        false => Err(Finding::new("role-order", format!("turn {at} is not the {wanted}'s"))),
    }
}
