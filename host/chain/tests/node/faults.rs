//! What goes wrong, and when.

use std::collections::VecDeque;
use std::time::Duration;

use super::RpcError;

/// How a request goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// The connection ends without an answer.
    Drop,
    /// No answer ever comes.
    Stall,
    /// An error comes in place of the answer.
    Error(i32, &'static str),
    /// Something else than the answer comes.
    Nonsense(&'static str),
    /// The answer comes late.
    Late(Duration),
    /// The transaction is taken, and the connection ends without an answer.
    Swallow,
    /// A subscription's connection ends after this many notifications.
    DropAfter(usize),
}

/// Faults to come, by method.
#[derive(Default)]
pub(crate) struct Plan {
    acts: VecDeque<(String, Act)>,
    /// So many handshakes to come are turned down with this status.
    pub(crate) handshakes: Option<(usize, u16)>,
}

impl Plan {
    pub(crate) fn add(&mut self, method: &str, act: Act) {
        self.acts.push_back((method.to_owned(), act));
    }

    /// What goes wrong with this request.
    pub(crate) fn take(&mut self, method: &str) -> Option<Act> {
        let place = self.acts.iter().position(|(of, _)| of == method || of == "*")?;
        self.acts.remove(place).map(|(_, act)| act)
    }

    pub(crate) fn handshake(&mut self) -> Option<u16> {
        let (left, status) = self.handshakes.as_mut()?;
        *left = left.checked_sub(1)?;
        Some(*status)
    }
}

impl Act {
    pub(crate) fn error(&self) -> Option<RpcError> {
        match self {
            Self::Error(code, message) => Some(RpcError::new(*code, message, None)),
            _ => None,
        }
    }
}
