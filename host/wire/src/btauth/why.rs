//! Why a request is not taken.

use plimsoll_core::Hotkey;

use crate::limits::{MAX_AGE_NS, MAX_AHEAD_NS};

/// Why a request is not taken. No message repeats a signature or what was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A header is missing, comes twice, or has the wrong form.
    #[error("header {header}: {why}")]
    Malformed {
        /// Which.
        header: &'static str,
        /// What was expected.
        why: String,
    },
    /// For somebody else, or for nobody.
    #[error("the request is for {}, this is {me}", .named.map_or("nobody".to_owned(), |h| h.to_string()))]
    WrongReceiver {
        /// Whom it names.
        named: Option<Hotkey>,
        /// Who is here.
        me: Hotkey,
    },
    /// Too old or too far ahead.
    #[error(
        "the request was signed at {} and it is {} here ({} s {}): at most {} s old or {} s ahead is taken; \
         compare the clocks and sign again with a new nonce",
        seconds(*.signed_ns), seconds(*.now_ns), seconds(.signed_ns.abs_diff(*.now_ns)),
        if .signed_ns > .now_ns { "ahead" } else { "old" }, MAX_AGE_NS / 1_000_000_000, MAX_AHEAD_NS / 1_000_000_000
    )]
    Stale {
        /// The nonce.
        signed_ns: u64,
        /// The receiver's clock.
        now_ns: u64,
    },
    /// Not by the sender that it names, or not for these bytes.
    #[error(
        "the signature does not verify for this method, path, body, nonce, sender and receiver (sr25519)"
    )]
    BadSignature,
    /// Taken before.
    #[error("the nonce {nonce} of {} was taken before: every request, also a retry, needs a new one", .sender.short())]
    Replayed {
        /// Whose.
        sender: Hotkey,
        /// Which.
        nonce: u64,
    },
    /// Signed before this side started, so that nobody can know whether it was taken before.
    #[error(
        "the request was signed at {}, this side takes what was signed after {}: sign again",
        seconds(*.signed_ns),
        seconds(*.floor_ns)
    )]
    BeforeStart {
        /// The nonce.
        signed_ns: u64,
        /// The floor.
        floor_ns: u64,
    },
    /// More senders than the store remembers.
    #[error(
        "requests of {hotkeys} hotkeys are remembered and no more fit: try again in {} s",
        (MAX_AGE_NS + MAX_AHEAD_NS) / 1_000_000_000
    )]
    ReplayFull {
        /// How many it remembers.
        hotkeys: usize,
    },
    /// It could not be written down as taken, so nobody could tell it from a replay later. Names no file: the
    /// caller reads it.
    #[error(
        "the request could not be noted as taken, for a fault of this side, and was not taken: sign again later"
    )]
    Unremembered,
}

/// Nanoseconds as seconds with all nine digits.
fn seconds(ns: u64) -> String {
    format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_stale_request_tells_both_times() {
        let stale =
            AuthError::Stale { signed_ns: 1_795_178_912_077_138_031, now_ns: 1_795_178_922_077_138_032 };
        assert_eq!(
            stale.to_string(),
            "the request was signed at 1795178912.077138031 and it is 1795178922.077138032 here (10.000000001 s \
             old): at most 10 s old or 2 s ahead is taken; compare the clocks and sign again with a new nonce"
        );
    }

    #[test]
    fn a_request_without_receiver_is_for_nobody() {
        let why = AuthError::WrongReceiver { named: None, me: Hotkey([0; 32]) };
        assert!(
            why.to_string().starts_with("the request is for nobody, this is 5C4hrfjw9DjXZTzV3MwzrrAr9P1MJ")
        );
    }
}
