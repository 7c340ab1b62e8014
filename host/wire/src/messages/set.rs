//! All registrations of one miner, and the text that binds it to them on chain.

use std::fmt;
use std::str::FromStr;

use plimsoll_core::{Digest, Identity};
use serde::{Deserialize, Serialize};

use super::Registration;
use super::why::{MessageError, expect, from_json, to_json};
use crate::limits::MAX_REGISTRATIONS;

/// What one caller is told: its own registration, and the digests of all of the miner's registrations, in
/// ascending order. The digests hide what the miner keeps for others, and still bind it: their root is on
/// chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationSet {
    /// What is kept for the caller.
    pub own: Registration,
    /// Digests of everything the miner keeps, `own` included; ascending, no two alike.
    pub digests: Vec<Digest>,
}

const MAGIC: &[u8; 8] = b"PLMSSET1";
const WHAT: &str = "the registration set";

impl RegistrationSet {
    /// The set as the owner of `own` is told it, from all registrations of the miner in any order.
    #[must_use]
    pub fn new(own: Registration, all: impl IntoIterator<Item = Digest>) -> Self {
        let mut digests: Vec<Digest> = all.into_iter().chain([own.digest()]).collect();
        digests.sort_unstable();
        digests.dedup();
        Self { own, digests }
    }

    /// The root of a set of digests: BLAKE3 of `PLMSSET1`, their number as four bytes little-endian, and the
    /// digests in ascending order.
    #[must_use]
    pub fn root_of(digests: &[Digest]) -> Digest {
        let mut sorted = digests.to_vec();
        sorted.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        hasher.update(MAGIC);
        // A set is far below 2^32: `check` allows MAX_REGISTRATIONS.
        hasher.update(&u32::try_from(sorted.len()).unwrap_or(u32::MAX).to_le_bytes());
        for digest in &sorted {
            hasher.update(digest.as_bytes());
        }
        Digest(*hasher.finalize().as_bytes())
    }

    /// The root of this set.
    #[must_use]
    pub fn root(&self) -> Digest {
        Self::root_of(&self.digests)
    }

    /// The canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Reads the canonical JSON of a set that makes sense in itself.
    ///
    /// # Errors
    /// [`MessageError`] saying what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let set: Self = from_json(WHAT, bytes)?;
        if set.to_bytes() != bytes {
            return Err(MessageError::NotCanonical(WHAT));
        }
        set.check()?;
        Ok(set)
    }

    /// Whether the set makes sense in itself: an own registration that does, and is among the digests; the
    /// digests ascending and not too many.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), MessageError> {
        self.own.check()?;
        let count = self.digests.len();
        expect(count <= MAX_REGISTRATIONS, "digests", &format!("at most {MAX_REGISTRATIONS}"), &count)?;
        let ascending = self.digests.is_sorted_by(|a, b| a < b);
        expect(ascending, "digests", &"ascending order, no two alike", &"another order")?;
        let own = self.own.digest();
        let there = self.digests.binary_search(&own).is_ok();
        expect(there, "digests", &format!("the own registration {own} among them"), &"none such")
    }

    /// Whether `own` is what `owner` keeps for `validator`: nothing that a miner says may name another.
    ///
    /// # Errors
    /// The field that names another.
    pub fn check_identity(&self, expected: &Identity) -> Result<(), MessageError> {
        let found = &self.own.identity;
        expect(found.netuid == expected.netuid, "netuid", &expected.netuid, &found.netuid)?;
        expect(found.owner == expected.owner, "owner", &expected.owner, &found.owner)?;
        expect(found.validator == expected.validator, "validator", &expected.validator, &found.validator)
    }
}

/// What a miner writes on chain: `plimsoll:1:` and the root of its set as 64 lower-case hex digits; 75 bytes of
/// the 128 that a commitment may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetCommitment {
    /// [`RegistrationSet::root`].
    pub root: Digest,
}

const PREFIX: &str = "plimsoll:1:";

impl fmt::Display for SetCommitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.root)
    }
}

impl FromStr for SetCommitment {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || MessageError::field("chain commitment", &"plimsoll:1: and 64 lower-case hex digits", &text);
        let digits = text.strip_prefix(PREFIX).ok_or_else(wrong)?;
        let root: Digest = digits.parse().map_err(|_| wrong())?;
        // One value, one text: neither upper case nor 0x.
        if root.to_string() == digits { Ok(Self { root }) } else { Err(wrong()) }
    }
}
