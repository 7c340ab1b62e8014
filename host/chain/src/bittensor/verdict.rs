//! What the chain says of a transaction, by name.
//!
//! A transaction is turned down either before it gets into a block, with a number by which the runtime's own
//! transaction extension names its reasons, or in the block, with a module's error whose name is in the metadata.

use subxt::metadata::Metadata;

use super::scale::{Cursor, Garbled};

/// A reason of the chain's, by its own name and in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) name: String,
    pub(crate) meaning: String,
}

/// What became of a transaction that the node would not take into its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Another transaction was quicker: the nonce is used.
    Outdated,
    /// Signed for another runtime, or for another chain.
    BadSignature,
    /// The node has no room or no answer now: the same call may pass in a moment.
    Later,
    /// A reason of the chain's.
    Turned(Verdict),
    /// All else, such as a fault of the node itself, or that the very same transaction is there already: what became
    /// of the transaction is unknown.
    Unknown,
}

/// JSON-RPC codes of the transaction queue.
const INVALID: i32 = 1010;
const UNDECIDED: i32 = 1011;
const UNDERPRICED: i32 = 1014;
const FULL: i32 = 1016;

/// Reasons without a number that are the chain's own, as nodes word them.
const NAMED: [&str; 3] = ["inability to pay some fees", "call is not expected", "invalid signing address"];

/// The reasons of the runtime's transaction extension, by number (`CustomTransactionError` of the open source). Those
/// that no call of this program can meet are left out.
const REASONS: [(u8, &str); 19] = [
    (1, "StakeAmountTooLow"),
    (2, "BalanceTooLow"),
    (3, "SubnetNotExists"),
    (4, "HotkeyAccountDoesntExist"),
    (6, "RateLimitExceeded"),
    (10, "HotKeyNotRegisteredInNetwork"),
    (11, "InvalidIpAddress"),
    (12, "ServingRateLimitExceeded"),
    (13, "InvalidPort"),
    (15, "InvalidRevealRound"),
    (16, "CommitNotFound"),
    (17, "CommitBlockNotInRevealRange"),
    (18, "InputLengthsUnequal"),
    (19, "UidNotFound"),
    (25, "CommitRevealEnabled"),
    (26, "CommitRevealDisabled"),
    (29, "IncorrectCommitRevealVersion"),
    (30, "CommittingWeightsTooFast"),
    (31, "TooManyUnrevealedCommits"),
];

impl Verdict {
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), meaning: String::new() }
    }
}

/// What a node's refusal to queue a transaction means.
pub(crate) fn of_queue(code: i32, message: &str, details: Option<&str>) -> Queue {
    let details = details.unwrap_or_default();
    let about = |text: &str| details.to_ascii_lowercase().contains(text);
    match code {
        UNDERPRICED => Queue::Outdated,
        UNDECIDED | FULL => Queue::Later,
        INVALID if about("outdated") || about("ancient birth block") => Queue::Outdated,
        INVALID if about("bad signature") => Queue::BadSignature,
        INVALID if about("valid in the future") || about("exhaust") => Queue::Later,
        INVALID if NAMED.iter().any(|name| about(name)) => {
            Queue::Turned(Verdict { name: message.to_owned(), meaning: details.to_owned() })
        }
        INVALID => custom(details).map_or(Queue::Unknown, Queue::Turned),
        _ => Queue::Unknown,
    }
}

/// `Custom error: 6`.
fn custom(details: &str) -> Option<Verdict> {
    let number: u8 = details.strip_prefix("Custom error:")?.trim().parse().ok()?;
    let name = REASONS.iter().find(|(reason, _)| *reason == number).map(|(_, name)| *name);
    Some(name.map_or_else(|| Verdict::named(format!("custom error {number}")), Verdict::named))
}

/// The variants of `DispatchError` that carry no module's error.
const OTHERS: [&str; 14] = [
    "Other",
    "CannotLookup",
    "BadOrigin",
    "Module",
    "ConsumerRemaining",
    "NoProviders",
    "TooManyConsumers",
    "Token",
    "Arithmetic",
    "Transactional",
    "Exhausted",
    "Corruption",
    "Unavailable",
    "RootNotAllowed",
];

/// The error with which a call ended in its block; it stands first among the fields of `System.ExtrinsicFailed`.
pub(crate) fn of_dispatch(bytes: &[u8], metadata: &Metadata) -> Result<Verdict, Garbled> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8()?;
    if OTHERS.get(usize::from(kind)) != Some(&"Module") {
        let name =
            OTHERS.get(usize::from(kind)).map_or_else(|| format!("error {kind}"), |&name| name.to_owned());
        return Ok(Verdict::named(name));
    }
    let (pallet, error) = (cursor.u8()?, cursor.u8()?);
    let module = metadata.pallet_by_error_index(pallet);
    let variant = module.as_ref().and_then(|module| module.error_variant_by_index(error));
    Ok(match variant {
        Some(variant) => {
            Verdict { name: variant.name.clone(), meaning: variant.docs.join(" ").trim().to_owned() }
        }
        None => Verdict::named(format!("error {error} of pallet {pallet}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_queue_are_told_apart() {
        let of = |code, details: &str| of_queue(code, "Invalid Transaction", Some(details));
        assert_eq!(of(1010, "Transaction is outdated"), Queue::Outdated);
        assert_eq!(of(1014, "The transaction has too low priority"), Queue::Outdated);
        assert_eq!(of(1010, "Transaction has a bad signature"), Queue::BadSignature);
        assert_eq!(of(1010, "Custom error: 6"), Queue::Turned(Verdict::named("RateLimitExceeded")));
        assert_eq!(of(1010, "Custom error: 200"), Queue::Turned(Verdict::named("custom error 200")));
        let fees = "Inability to pay some fees (e.g. account balance too low)";
        let verdict = Verdict { name: "Invalid Transaction".into(), meaning: fees.into() };
        assert_eq!(of(1010, fees), Queue::Turned(verdict));
    }

    #[test]
    fn what_a_node_cannot_do_now_is_no_verdict_of_the_chain() {
        let of = |code, details: &str| of_queue(code, "Invalid Transaction", Some(details));
        assert_eq!(of(1010, "Transaction has an ancient birth block"), Queue::Outdated);
        assert_eq!(of(1010, "Transaction will be valid in the future"), Queue::Later);
        assert_eq!(of(1010, "Transaction would exhaust the block limits"), Queue::Later);
        assert_eq!((of(1011, ""), of(1016, "")), (Queue::Later, Queue::Later));
        for (code, details) in [(1010, ""), (1010, "moon"), (1012, ""), (1013, ""), (-32603, ""), (504, "")] {
            assert_eq!(of(code, details), Queue::Unknown, "{code} {details}");
        }
    }
}
