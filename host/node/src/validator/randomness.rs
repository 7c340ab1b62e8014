//! A round's secret and everything that is drawn from it.
//!
//! No miner can know a draw before the round: it mixes the beacon with 32 bytes that the validator keeps
//! until the round is closed. No validator can choose its draws afterwards: the digest of the secret is in
//! the evidence before the first audit, the secret itself when the round is closed.
//!
//! * choice: keyed-BLAKE3(secret; beacon ‖ epoch as 8 little-endian bytes)
//! * challenge: keyed-BLAKE3(secret; beacon ‖ uid as 2 ‖ audit number as 4 little-endian bytes)

use plimsoll_core::{Digest, Round, Uid};

/// What a validator keeps to itself while a round is open.
#[derive(Clone, PartialEq, Eq)]
pub struct RoundSecret(Digest);

impl std::fmt::Debug for RoundSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RoundSecret(***)")
    }
}

impl RoundSecret {
    /// Fresh bytes of the system.
    ///
    /// # Errors
    /// What the system said.
    pub fn fresh() -> Result<Self, String> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| e.to_string())?;
        Ok(Self(Digest(bytes)))
    }

    /// The secret of a round that is closed.
    #[must_use]
    pub const fn revealed(bytes: Digest) -> Self {
        Self(bytes)
    }

    /// The secret's bytes, to be shown once the round is closed.
    #[must_use]
    pub const fn reveal(&self) -> Digest {
        self.0
    }

    /// What is shown of it while the round is open.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// What the challenge strategy chooses with.
    #[must_use]
    pub fn for_choice(&self, round: &Round) -> Digest {
        self.mix(&round.beacon, &round.epoch.0.to_le_bytes())
    }

    /// What the challenge of audit `number` of this round is drawn with.
    #[must_use]
    pub fn for_audit(&self, round: &Round, uid: Uid, number: u32) -> Digest {
        let mut tail = [0; 6];
        tail[..2].copy_from_slice(&uid.0.to_le_bytes());
        tail[2..].copy_from_slice(&number.to_le_bytes());
        self.mix(&round.beacon, &tail)
    }

    fn mix(&self, beacon: &Digest, tail: &[u8]) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(self.0.as_bytes());
        hasher.update(beacon.as_bytes());
        hasher.update(tail);
        Digest(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{BlockNumber, Epoch};

    fn round() -> Round {
        Round { epoch: Epoch(3), block: BlockNumber(40), beacon: Digest([9; 32]) }
    }

    #[test]
    fn draws_are_the_documented_hashes() {
        let secret = RoundSecret::revealed(Digest([7; 32]));
        let choice = [[9u8; 32].as_slice(), &3u64.to_le_bytes()].concat();
        assert_eq!(secret.for_choice(&round()), Digest(*blake3::keyed_hash(&[7; 32], &choice).as_bytes()));
        let audit = [[9u8; 32].as_slice(), &[5, 0], &[2, 0, 0, 0]].concat();
        let drawn = secret.for_audit(&round(), Uid(5), 2);
        assert_eq!(drawn, Digest(*blake3::keyed_hash(&[7; 32], &audit).as_bytes()));
    }

    #[test]
    fn draws_differ_by_audit_miner_round_and_secret() {
        let secret = RoundSecret::revealed(Digest([7; 32]));
        let later = Round { beacon: Digest([8; 32]), ..round() };
        let other = RoundSecret::revealed(Digest([6; 32]));
        let draws = [
            secret.for_audit(&round(), Uid(1), 0),
            secret.for_audit(&round(), Uid(1), 1),
            secret.for_audit(&round(), Uid(2), 0),
            secret.for_audit(&later, Uid(1), 0),
            other.for_audit(&round(), Uid(1), 0),
        ];
        let distinct: std::collections::BTreeSet<_> = draws.iter().collect();
        assert_eq!(distinct.len(), draws.len());
    }

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = RoundSecret::fresh().unwrap();
        assert!(!format!("{secret:?}").contains(&secret.reveal().short()));
        assert_ne!(secret, RoundSecret::fresh().unwrap());
    }
}
