//! What a node, or the way to it, may do wrong.

use std::error::Error as StdError;

use jsonrpsee::core::client::Error as WireError;
use plimsoll_core::Digest;

/// Why a request to the nodes came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineFault {
    /// No node could be spoken to; the request was not sent.
    #[error("{why}")]
    Unreachable { why: String },
    /// The connection broke, or no answer came in time; the request may have been seen.
    #[error("{why}")]
    Lost { why: String },
    /// The node answers no more requests for a while: HTTP 429 or its like.
    #[error("{why}")]
    Busy { why: String },
    /// The node does not answer requests of this breadth: JSON-RPC -32004.
    #[error("{why}")]
    TooBroad { why: String },
    /// The node understood, and said no.
    #[error("{message} ({code}){}", details.as_ref().map(|d| format!(": {d}")).unwrap_or_default())]
    Refused { code: i32, message: String, details: Option<String> },
    /// The answer is not of the form it must have.
    #[error("{why}")]
    Nonsense { why: String },
    /// The node is of another chain.
    #[error("its genesis is {found}, expected {expected}")]
    OtherChain { place: String, expected: Digest, found: Digest },
}

/// JSON-RPC: a scan of the storage that is too broad for this node.
const TOO_BROAD: i32 = -32004;

/// JSON-RPC: the node has no such method.
const METHOD_NOT_FOUND: i32 = -32601;

/// JSON-RPC codes by which servers say that they have had enough: Substrate's own rate limit, jsonrpsee's busy
/// server, and the code of public gateways.
const BUSY: [i32; 3] = [-32999, -32009, -32005];

impl LineFault {
    /// Whether another node, or the same one over a fresh connection, may answer what this one did not.
    pub(super) const fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Busy { .. } | Self::TooBroad { .. })
    }

    /// Whether the node says that it, or the runtime, has no such method.
    pub(crate) fn is_missing_method(&self) -> bool {
        let Self::Refused { code, message, details } = self else { return false };
        let said = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.contains("exported method") && text.contains("is not found")
        };
        *code == METHOD_NOT_FOUND || said(message) || details.as_deref().is_some_and(said)
    }

    /// What a client of JSON-RPC says, sorted.
    pub(crate) fn of(error: subxt_rpcs::Error) -> Self {
        match error {
            subxt_rpcs::Error::User(error) => {
                let details = error.data.map(|data| unquoted(data.get()));
                Self::of_code(error.code, error.message, details)
            }
            subxt_rpcs::Error::Deserialization(error) => Self::Nonsense { why: error.to_string() },
            subxt_rpcs::Error::Decode(error) => Self::Nonsense { why: error.to_string() },
            other => Self::of_transport(&other.to_string()),
        }
    }

    /// What went wrong before there was a connection.
    pub(super) fn of_dialling(error: &WireError) -> Self {
        let why = chain_of_causes(error);
        if is_too_many(&why) { Self::Busy { why } } else { Self::Unreachable { why } }
    }

    fn of_code(code: i32, message: String, details: Option<String>) -> Self {
        let why = format!("{message} ({code})");
        if code == TOO_BROAD {
            Self::TooBroad { why }
        } else if BUSY.contains(&code) || is_too_many(&message) {
            Self::Busy { why }
        } else {
            Self::Refused { code, message, details }
        }
    }

    fn of_transport(why: &str) -> Self {
        let why: String = why.chars().take(300).collect();
        if is_too_many(&why) { Self::Busy { why } } else { Self::Lost { why } }
    }
}

/// Whether a text is about HTTP's status 429.
fn is_too_many(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("status code: 429") || text.contains("too many requests") || text.contains("rate limit")
}

fn unquoted(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

fn chain_of_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(code: i32, message: &str, data: Option<&str>) -> LineFault {
        let json = serde_json::json!({ "code": code, "message": message, "data": data });
        LineFault::of(subxt_rpcs::Error::User(serde_json::from_value(json).unwrap()))
    }

    #[test]
    fn what_public_nodes_say_when_they_have_enough_is_told_apart() {
        assert!(matches!(user(-32004, "query too broad", None), LineFault::TooBroad { .. }));
        for (code, message) in [(-32999, "RPC rate limit"), (-32000, "429 Too Many Requests"), (-32005, "x")]
        {
            assert!(matches!(user(code, message, None), LineFault::Busy { .. }), "{code}");
        }
        let refused = user(1010, "Invalid Transaction", Some("Custom error: 6"));
        let (message, details) = ("Invalid Transaction".to_owned(), Some("Custom error: 6".to_owned()));
        assert_eq!(refused, LineFault::Refused { code: 1010, message, details });
        assert_eq!(refused.to_string(), "Invalid Transaction (1010): Custom error: 6");
        assert!(!refused.is_worth_another_try());
    }

    #[test]
    fn only_what_says_so_is_a_method_that_is_missing() {
        let why = "Client error: Execution failed: Exported method A_b is not found";
        assert!(user(4003, why, None).is_missing_method() && user(4003, "x", Some(why)).is_missing_method());
        assert!(user(-32601, "Method not found", None).is_missing_method());
        for (code, message) in [(-32603, "Internal error"), (4003, "Client error: Execution failed: trap")] {
            assert!(!user(code, message, None).is_missing_method(), "{message}");
        }
    }

    #[test]
    fn a_broken_connection_is_lost_and_a_handshake_turned_down_with_429_is_busy() {
        let broken = LineFault::of(subxt_rpcs::Error::Client("connection reset by peer".into()));
        assert!(matches!(broken, LineFault::Lost { .. }) && broken.is_worth_another_try());
        let rejected = WireError::Transport("Connection rejected with status code: 429".into());
        assert!(matches!(LineFault::of_dialling(&rejected), LineFault::Busy { .. }));
        let refused = WireError::Transport("Connection refused (os error 111)".into());
        assert!(matches!(LineFault::of_dialling(&refused), LineFault::Unreachable { .. }));
    }
}
