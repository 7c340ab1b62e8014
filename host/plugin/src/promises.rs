//! What an answer must keep to, checked by the host before anything acts on it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{
    AllocationSpace, Answer, Audit, AuditBudget, Candidate, IncentiveOutcome, Layout, Neuron, Share,
    Standing, Uid, Verdict, Weight,
};

use crate::limits::{ANSWER_ITEMS, CHALLENGE_BYTES, MEMORY_BLOB_BYTES, PASSES, PROOF_BYTES, REASON_BYTES};
use crate::text::{is_tame, tame};

/// Which promise was broken, and how.
pub(crate) type Broken = String;

fn no_longer_than(what: &str, found: usize, most: usize) -> Result<(), Broken> {
    if found > most { Err(format!("{what} has {found} bytes, at most {most}")) } else { Ok(()) }
}

fn no_more_than(what: &str, found: usize, most: usize) -> Result<(), Broken> {
    if found > most { Err(format!("{found} {what}, at most {most}")) } else { Ok(()) }
}

/// Sizes that fit, and passes that people can read.
pub(crate) fn layout(found: &Layout, capacity_bytes: u64) -> Result<(), Broken> {
    no_more_than("passes", found.passes.len(), PASSES)?;
    if let Some(pass) = found.passes.iter().find(|pass| pass.name.len() > 64 || !is_tame(&pass.name)) {
        return Err(format!(
            "the name of pass `{}` is longer than 64 bytes or unprintable",
            tame(&pass.name, 64)
        ));
    }
    found.check(capacity_bytes).map_err(|e| e.to_string())
}

pub(crate) fn answer(found: &Answer) -> Result<(), Broken> {
    match found {
        Answer::Proof(bytes) => no_longer_than("the proof", bytes.len(), PROOF_BYTES),
        Answer::NotEligible => Ok(()),
    }
}

pub(crate) fn challenge(found: &[u8]) -> Result<(), Broken> {
    no_longer_than("the challenge", found.len(), CHALLENGE_BYTES)
}

/// A reason is for people: it is cut, never refused, so that it cannot change a verdict.
pub(crate) fn verdict(found: Verdict) -> Verdict {
    match found {
        Verdict::Valid => Verdict::Valid,
        Verdict::Invalid(why) => Verdict::Invalid(tame(&why, REASON_BYTES)),
    }
}

/// Shares within the cap, whole chunks, each uid once and present.
pub(crate) fn shares(found: &[Share], space: &AllocationSpace, neurons: &[Neuron]) -> Result<(), Broken> {
    no_more_than("shares", found.len(), ANSWER_ITEMS)?;
    let known: BTreeSet<Uid> = neurons.iter().map(|n| n.uid).collect();
    let mut seen = BTreeSet::new();
    let mut total = 0u64;
    for share in found {
        let uid = share.uid;
        if !known.contains(&uid) {
            return Err(format!("a share for uid {uid}, which is not in the subnet"));
        }
        if !seen.insert(uid) {
            return Err(format!("two shares for uid {uid}"));
        }
        if space.chunk_bytes == 0 || share.bytes % space.chunk_bytes != 0 {
            return Err(format!(
                "the share of uid {uid} is {} bytes, no multiple of the chunk size of {} bytes",
                share.bytes, space.chunk_bytes
            ));
        }
        total = total.saturating_add(share.bytes);
    }
    if total > space.cap_bytes {
        return Err(format!("the shares take {total} bytes, the cap is {} bytes", space.cap_bytes));
    }
    Ok(())
}

/// Audits within the budget, of candidates, of something, somewhere that exists.
pub(crate) fn audits(found: &[Audit], candidates: &[Candidate], budget: &AuditBudget) -> Result<(), Broken> {
    if found.len() as u64 > u64::from(budget.audits) {
        return Err(format!("{} audits, the budget is {}", found.len(), budget.audits));
    }
    let units: BTreeMap<Uid, u64> = candidates.iter().map(|c| (c.uid, c.units)).collect();
    for audit in found {
        let uid = audit.uid;
        let Some(&units) = units.get(&uid) else {
            return Err(format!("an audit of uid {uid}, which is no candidate"));
        };
        if audit.samples == 0 || audit.samples > budget.samples {
            return Err(format!(
                "an audit of uid {uid} with {} samples, 1 to {} are possible",
                audit.samples, budget.samples
            ));
        }
        if audit.deadline_ms == 0 || audit.deadline_ms > budget.deadline_ms {
            return Err(format!(
                "an audit of uid {uid} with a deadline of {} ms, 1 to {} ms are possible",
                audit.deadline_ms, budget.deadline_ms
            ));
        }
        if let Some(focus) = audit.focus {
            let end = focus.first.checked_add(focus.count);
            if focus.count == 0 || end.is_none_or(|end| end > units) {
                return Err(format!(
                    "an audit of uid {uid} with its focus on {} units from unit {}, it has {units} units",
                    focus.count, focus.first
                ));
            }
        }
    }
    Ok(())
}

/// Weights for whom there is a standing, each once; a memory that fits.
pub(crate) fn outcome(found: &IncentiveOutcome, standings: &[Standing]) -> Result<(), Broken> {
    no_more_than("weights", found.weights.len(), ANSWER_ITEMS)?;
    no_longer_than("the memory", found.memory.len(), MEMORY_BLOB_BYTES)?;
    let mut known = Uids::none();
    for standing in standings {
        known.insert(standing.uid);
    }
    let mut seen = Uids::none();
    for &Weight { uid, .. } in &found.weights {
        if !known.contains(uid) {
            return Err(format!("a weight for uid {uid}, which has no standing"));
        }
        if !seen.insert(uid) {
            return Err(format!("two weights for uid {uid}"));
        }
    }
    Ok(())
}

/// A set of uids, one bit for each that there can be: a validator asks of hundreds at once.
struct Uids(Box<[u64; 1 << 10]>);

impl Uids {
    fn none() -> Self {
        Self(Box::new([0; 1 << 10]))
    }

    const fn place(uid: Uid) -> (usize, u64) {
        ((uid.0 >> 6) as usize, 1 << (uid.0 & 63))
    }

    fn contains(&self, uid: Uid) -> bool {
        let (word, bit) = Self::place(uid);
        self.0[word] & bit != 0
    }

    /// Whether it was not in it before.
    fn insert(&mut self, uid: Uid) -> bool {
        let is_new = !self.contains(uid);
        let (word, bit) = Self::place(uid);
        self.0[word] |= bit;
        is_new
    }
}
