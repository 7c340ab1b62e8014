//! What one row is: a conversation turn by turn, or something else whose texts are counted all the same.

use plimsoll_json::{Document, Object, Value};

use super::text::Text;

/// Whose a turn is. What strangers call a role is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `user`
    User,
    /// `assistant`
    Assistant,
    /// `system`
    System,
    /// `tool`
    Tool,
    /// Any other word, or none.
    Other,
}

/// What is counted of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowShape {
    /// Whose turns they are, in order; `None` where the row is no object with a list of `conversations`.
    pub turns: Option<Vec<Role>>,
    /// Turns that say nothing: without `content`, or with nothing in it but blanks.
    pub n_empty: u64,
    /// Of a conversation `system` and each turn's `content`; of any other row every string in it but names.
    pub text: Text,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::User, Self::Assistant, Self::System, Self::Tool, Self::Other];

    /// As rows have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
            Self::Tool => "tool",
            Self::Other => "other",
        }
    }

    fn of(turn: Option<Object<'_>>) -> Self {
        let Some(Value::Text(role)) = turn.and_then(|turn| turn.get("role")) else { return Self::Other };
        let named = [Self::User, Self::Assistant, Self::System, Self::Tool];
        named.into_iter().find(|known| role.is(known.name())).unwrap_or(Self::Other)
    }
}

impl RowShape {
    /// Of a line that was read.
    #[must_use]
    pub fn of(row: &Document<'_>) -> Self {
        let object = row.value().object();
        match object.and_then(|object| Some((object, object.get("conversations")?.list()?))) {
            Some((object, turns)) => Self::of_conversation(object, turns.iter().map(Value::object)),
            None => {
                let mut shape = Self::default();
                for text in row.texts() {
                    shape.text.add(text.code_points());
                }
                shape
            }
        }
    }

    fn of_conversation<'a>(row: Object<'a>, turns: impl Iterator<Item = Option<Object<'a>>>) -> Self {
        let mut shape = Self::default();
        if let Some(Value::Text(system)) = row.get("system") {
            shape.text.add(system.code_points());
        }
        let mut roles = Vec::new();
        for turn in turns {
            roles.push(Role::of(turn));
            let says_something = match turn.and_then(|turn| turn.get("content")) {
                Some(Value::Text(content)) => shape.text.add(content.code_points()),
                _ => false,
            };
            shape.n_empty += u64::from(!says_something);
        }
        shape.turns = Some(roles);
        shape
    }

    /// Whether it is a conversation whose last turn has no answer.
    #[must_use]
    pub fn is_odd(&self) -> bool {
        self.turns.as_ref().is_some_and(|turns| turns.len() % 2 == 1)
    }

    /// Whether it is a conversation in which user and assistant do not take turns, the user first.
    #[must_use]
    pub fn is_out_of_order(&self) -> bool {
        let expected = || [Role::User, Role::Assistant].into_iter().cycle();
        self.turns
            .as_ref()
            .is_some_and(|turns| turns.iter().zip(expected()).any(|(found, wanted)| *found != wanted))
    }
}
