//! Cases that are the same on every machine, from a keyed stream of numbers.

use plimsoll_core::{
    AllocationSpace, AuditBudget, BlockNumber, Candidate, Digest, Epoch, Hotkey, Identity, NetUid, Neuron,
    Round, Span, StakeRao, Standing, Uid,
};

/// An endless sequence of numbers.
pub(super) struct Numbers(blake3::OutputReader);

impl Numbers {
    pub(super) fn new(purpose: &str) -> Self {
        Self(
            blake3::Hasher::new_derive_key("plimsoll plugin conformance")
                .update(purpose.as_bytes())
                .finalize_xof(),
        )
    }

    pub(super) fn word(&mut self) -> u64 {
        let mut word = [0; 8];
        self.0.fill(&mut word);
        u64::from_le_bytes(word)
    }

    /// Below `n`, or 0: the bias is below one in a thousand million for the small `n` used here.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.word() % n.max(1)
    }

    pub(super) fn small(&mut self, n: u32) -> u32 {
        u32::try_from(self.below(u64::from(n))).unwrap_or(0)
    }

    pub(super) fn place(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap_or(0)
    }

    pub(super) fn digest(&mut self) -> Digest {
        let mut bytes = [0; 32];
        self.0.fill(&mut bytes);
        Digest(bytes)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill(&mut bytes);
        bytes
    }

    pub(super) fn hotkey(&mut self) -> Hotkey {
        Hotkey(self.digest().0)
    }

    pub(super) fn identity(&mut self) -> Identity {
        Identity { netuid: NetUid(7), owner: self.hotkey(), validator: self.hotkey() }
    }

    pub(super) fn round(&mut self, epoch: u64) -> Round {
        Round { epoch: Epoch(epoch), block: BlockNumber(epoch * 360), beacon: self.digest() }
    }

    /// Some units of `units`, at least one.
    pub(super) fn span(&mut self, units: u64) -> Span {
        let first = self.below(units);
        Span { first, count: 1 + self.below(units - first) }
    }

    pub(super) fn space(&mut self) -> AllocationSpace {
        let chunk_bytes = 1 + self.below(100_000);
        let cap_bytes = self.below(1 << 40);
        AllocationSpace {
            available_bytes: cap_bytes.saturating_add(self.below(1 << 40)),
            cap_bytes,
            chunk_bytes,
        }
    }

    pub(super) fn neurons(&mut self, count: u16) -> Vec<Neuron> {
        let owner = self.below(u64::from(count).max(1));
        let neuron = |uid| Neuron {
            uid: Uid(uid),
            hotkey: self.hotkey(),
            stake_rao: StakeRao(self.below(1 << 53)),
            validator_permit: self.below(2) == 0,
            is_owner: u64::from(uid) == owner,
        };
        (0..count).map(neuron).collect()
    }

    pub(super) fn candidates(&mut self, count: u16) -> Vec<Candidate> {
        let candidate = |uid| {
            let counts = [self.small(9), self.small(3), self.small(3), self.small(3)];
            let units = self.below(5_000);
            Candidate {
                uid: Uid(uid),
                hotkey: self.hotkey(),
                claimed_bytes: units << 16,
                units,
                issued: counts.iter().sum(),
                passed: counts[0],
                failed: counts[1],
                late: counts[2],
                absent: counts[3],
                last_epoch: (counts.iter().sum::<u32>() > 0).then(|| Epoch(self.below(100))),
            }
        };
        (0..count).map(candidate).collect()
    }

    pub(super) fn budget(&mut self) -> AuditBudget {
        AuditBudget {
            audits: self.small(40),
            samples: 1 + self.small(64),
            verify_ms: self.small(2_000),
            deadline_ms: 1 + self.small(5_000),
        }
    }

    /// One in about seven was not asked in this epoch, and keeps what it proved before.
    pub(super) fn standings(&mut self, count: u16) -> Vec<Standing> {
        let standing = |uid| {
            let counts = [self.small(9), self.small(3), self.small(3), self.small(3)];
            let issued = counts.iter().sum::<u32>();
            let claimed_bytes = self.below(1 << 44);
            let proven = u128::from(claimed_bytes) * u128::from(counts[0]) / u128::from(issued.max(1));
            let asked = u32::from(self.below(7) > 0);
            let (issued, counts) = (issued * asked, counts.map(|count| count * asked));
            Standing {
                uid: Uid(uid),
                hotkey: self.hotkey(),
                coldkey: self.hotkey(),
                claimed_bytes,
                proven_bytes: u64::try_from(proven).unwrap_or(claimed_bytes),
                cargo_bytes: 0,
                issued,
                passed: counts[0],
                failed: counts[1],
                late: counts[2],
                absent: counts[3],
                latency_p50_ms: self.small(500) * asked,
                latency_p99_ms: (500 + self.small(500)) * asked,
            }
        };
        (0..count).map(standing).collect()
    }
}
