//! `plimsoll datasets analyse`.

use plimsoll_core::{ByteSize, Uid};
use plimsoll_datasets::analyse::{Analysis, LongestRow, Role, Script, Spread};
use plimsoll_datasets::archive::{Entry, Manifest};
use serde_json::{Map, Value, json};

use super::checked::bytes_of;
use super::kept::{Which, source};
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen::{self, Side};

/// How tokens are estimated.
const TOKENS: &str = "letters of Han, kana and Hangul + other characters / 4";

/// Show what datasets are made of: rows, turns, lengths, scripts, and what is repeated or empty
///
/// Every row of a file counts, also those behind the first that its competition uses, and without the plugin: a row
/// that is no conversation has bytes, characters and scripts all the same. Content is the system's text and the turns'
/// of a conversation, every string of any other row. Scripts are those of the letters, which tells Cyrillic from Latin
/// but not one language in Latin letters from another. Tokens are estimated, by letters of Han, kana and Hangul + other
/// characters / 4; all else is exact. Percentiles are by nearest rank.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these uids [default: every kept dataset]
    #[arg(value_name = "UID")]
    uids: Vec<u16>,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open(global)?;
    let (manifest, _) = chosen.manifest()?;
    let entries = entries(&manifest, &args.uids)?;
    let mut whole = Analysis::default();
    let (mut miners, mut rows, mut taken_down) = (Vec::new(), Vec::new(), 0);
    for (place, entry) in entries.iter().enumerate() {
        let Some(bytes) = bytes_of(&chosen, entry)? else {
            taken_down += 1;
            continue;
        };
        let analysis = Analysis::of_file(&bytes);
        whole.join(&analysis, place);
        miners.push(miner_json(entry, &analysis));
        rows.push(row(entry, &analysis));
    }
    let longest = whole.longest.and_then(|longest| Some((entries.get(longest.file)?.uid, longest)));
    let outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "datasets": miners.len(),
        "taken_down": taken_down,
        "token_formula": TOKENS,
        "all": figures(&whole, longest.map(|(uid, longest)| longest_json(Some(uid), longest)).as_ref()),
        "miners": miners,
    });
    global.emit(&outcome, || {
        let (n_rows, n_distinct) = (whole.n_rows(), whole.n_distinct());
        let head = format!(
            "subnet {} at block {}: {} datasets, {n_rows} rows, {n_distinct} of them different",
            chosen.place.netuid,
            chosen.place.block,
            rows.len()
        );
        format!("{head}\n{}\n\n{}", table(rows), human(&whole, longest))
    })
}

/// The datasets that are kept of these uids, or of all.
fn entries<'m>(manifest: &'m Manifest, uids: &[u16]) -> Result<Vec<&'m Entry>, Failure> {
    for uid in uids {
        let entry = manifest.entries.iter().find(|entry| entry.uid == Uid(*uid));
        if entry.is_none_or(|entry| entry.object().is_none()) {
            let message = format!("no dataset of uid {uid} is kept in this snapshot");
            let hint = "`plimsoll datasets list` shows what is kept of whom";
            return Err(Failure::new(Exit::Usage, message).hint(hint));
        }
    }
    let is_asked = |entry: &&Entry| uids.is_empty() || uids.contains(&entry.uid.0);
    Ok(manifest.entries.iter().filter(|entry| entry.object().is_some()).filter(is_asked).collect())
}

fn miner_json(entry: &Entry, analysis: &Analysis) -> Value {
    let mut fields = Map::new();
    fields.insert("uid".into(), json!(entry.uid));
    fields.insert("hotkey".into(), json!(entry.hotkey));
    fields.insert("dataset".into(), json!(source(entry)));
    let longest = analysis.longest.map(|longest| longest_json(None, longest));
    if let Value::Object(more) = figures(analysis, longest.as_ref()) {
        fields.extend(more);
    }
    Value::Object(fields)
}

fn figures(of: &Analysis, longest: Option<&Value>) -> Value {
    let shares = of.text.scripts().into_iter().map(|(script, share)| (script.name(), json!(share)));
    let roles =
        Role::ALL.map(|role| (role.name().to_owned(), json!(of.roles.get(&role).copied().unwrap_or(0))));
    json!({
        "bytes": of.file_bytes,
        "rows": of.n_rows(),
        "distinct_rows": of.n_distinct(),
        "repeated_rows": of.n_repeated(),
        "unreadable_lines": of.n_unreadable,
        "conversations": of.n_conversations(),
        "turns": spread(&of.turns),
        "roles": roles.into_iter().collect::<Map<_, _>>(),
        "odd_turns": of.n_odd,
        "out_of_order": of.n_out_of_order,
        "empty_contents": of.n_empty,
        "content_bytes": of.text.n_bytes,
        "content_characters": of.text.n_characters,
        "characters": spread(&of.characters),
        "tokens_estimated": of.text.tokens_estimated(),
        "row_bytes": spread(&of.row_bytes),
        "longest_row": longest,
        "scripts": shares.collect::<Map<_, _>>(),
    })
}

fn longest_json(uid: Option<Uid>, longest: LongestRow) -> Value {
    match uid {
        None => json!({ "line": longest.line, "bytes": longest.bytes }),
        Some(uid) => json!({ "uid": uid, "line": longest.line, "bytes": longest.bytes }),
    }
}

fn spread(of: &Spread) -> Value {
    let at = |percent| of.percentile(percent);
    json!({ "mean": of.mean(), "p50": at(50), "p95": at(95), "max": of.max() })
}

fn row(entry: &Entry, of: &Analysis) -> Vec<String> {
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    vec![
        entry.uid.to_string(),
        source(entry),
        of.n_rows().to_string(),
        of.n_distinct().to_string(),
        number(of.turns.percentile(50)),
        of.n_odd.to_string(),
        of.n_empty.to_string(),
        of.text.tokens_estimated().to_string(),
        number(of.row_bytes.percentile(50)),
        number(of.row_bytes.percentile(95)),
        number(of.row_bytes.max()),
        scripts(of, 2),
    ]
}

fn table(rows: Vec<Vec<String>>) -> String {
    let columns = [
        ("uid", Side::Right),
        ("dataset", Side::Left),
        ("rows", Side::Right),
        ("different", Side::Right),
        ("turns", Side::Right),
        ("odd", Side::Right),
        ("empty", Side::Right),
        ("tokens, about", Side::Right),
        ("row bytes p50", Side::Right),
        ("p95", Side::Right),
        ("max", Side::Right),
        ("scripts", Side::Left),
    ];
    screen::table(&columns, rows)
}

/// The commonest scripts.
fn scripts(of: &Analysis, most: usize) -> String {
    let share = |(script, share): (Script, f64)| match share * 100.0 {
        percent if percent < 0.05 => format!("{} below 0.1 %", script.name()),
        percent => format!("{} {percent:.1} %", script.name()),
    };
    of.text.scripts().into_iter().take(most).map(share).collect::<Vec<_>>().join(", ")
}

fn human(of: &Analysis, longest: Option<(Uid, LongestRow)>) -> String {
    let spread = |of: &Spread| match (of.percentile(50), of.percentile(95), of.max()) {
        (Some(p50), Some(p95), Some(max)) => format!("p50 {p50}, p95 {p95}, max {max}"),
        _ => "none".to_owned(),
    };
    let role = |role: &Role| Some((role.name(), *of.roles.get(role)?));
    let roles: Vec<String> =
        Role::ALL.iter().filter_map(role).map(|(name, count)| format!("{name} {count}")).collect();
    let mut lines = vec![
        format!("files          {}, {} rows", ByteSize(of.file_bytes), of.n_rows()),
        format!("repeated rows  {}, within a dataset or between them", of.n_repeated()),
        format!("conversations  {}", of.n_conversations()),
        format!("turns          {}; {}", spread(&of.turns), roles.join(", ")),
        format!(
            "flaws          no last answer {}, roles out of turn {}, empty contents {}",
            of.n_odd, of.n_out_of_order, of.n_empty
        ),
        format!("content        {}, {} characters", ByteSize(of.text.n_bytes), of.text.n_characters),
        format!("tokens         about {} ({TOKENS})", of.text.tokens_estimated()),
        format!("characters     {} a row", spread(&of.characters)),
        format!("row bytes      {}", spread(&of.row_bytes)),
        format!("scripts        {}", scripts(of, usize::MAX)),
    ];
    if let Some((uid, longest)) = longest {
        lines.push(format!("longest row    {} bytes: uid {uid}, line {}", longest.bytes, longest.line));
    }
    if of.n_unreadable > 0 {
        lines.push(format!(
            "unreadable     lines that are no JSON: {}; nothing else of them is counted",
            of.n_unreadable
        ));
    }
    lines.join("\n")
}
