//! Cases for the laws, drawn from a sequence, so that each is the same in every run.

use crate::{Candidate, Draws, Hotkey, Identity, Neuron, Round, Standing};

/// An identity.
pub fn identity(draws: &mut Draws) -> Identity {
    let netuid = draws.below(1 << 16) as u16;
    Identity { netuid, owner: Hotkey(draws.digest()), validator: Hotkey(draws.digest()) }
}

/// The round of `epoch`.
pub fn round(draws: &mut Draws, epoch: u64) -> Round {
    Round { epoch, block: 360 * epoch + draws.below(360), beacon: draws.digest() }
}

/// A number that is often small, sometimes zero and sometimes as large as 64 bits allow.
fn number(draws: &mut Draws) -> u64 {
    match draws.below(8) {
        0 => 0,
        1 => u64::MAX - draws.below(9),
        2 | 3 => draws.below(9),
        _ => {
            let bits = draws.below(60);
            draws.below(1 << bits)
        }
    }
}

/// Up to 40 neurons, at most one of them the owner.
pub fn neurons(draws: &mut Draws) -> Vec<Neuron> {
    let count = draws.below(41);
    let owner = draws.below(50);
    let neuron = |uid: u64| Neuron {
        uid: uid as u16,
        hotkey: Hotkey(draws.digest()),
        stake_rao: number(draws),
        validator_permit: draws.below(3) == 0,
        is_owner: uid == owner,
    };
    (0..count).map(neuron).collect()
}

/// `count` candidates with uids from 0, before or after audits.
pub fn candidates(draws: &mut Draws, count: u16) -> Vec<Candidate> {
    let candidate = |uid| {
        let [passed, failed, late, absent] = [20, 3, 3, 3].map(|most| draws.below(most) as u32);
        let seen = draws.below(3) > 0;
        let counts = if seen { [passed, failed, late, absent] } else { [0; 4] };
        let units = number(draws);
        Candidate {
            uid,
            hotkey: Hotkey(draws.digest()),
            claimed_bytes: units.saturating_mul(65_536),
            units,
            issued: counts.iter().sum(),
            passed: counts[0],
            failed: counts[1],
            late: counts[2],
            absent: counts[3],
            last_epoch: (seen && counts != [0; 4]).then(|| draws.below(20)),
        }
    };
    (0..count).map(candidate).collect()
}

/// `count` standings with uids from 0, coherent as the host makes them: of each seven about one was not asked
/// in this epoch, and keeps what it proved before.
pub fn standings(draws: &mut Draws, count: u16) -> Vec<Standing> {
    let standing = |uid| {
        let [passed, failed, late, absent] = [9, 3, 3, 3].map(|most| draws.below(most) as u32);
        let issued = passed + failed + late + absent;
        let claimed_bytes = number(draws);
        let proven_bytes = proven(claimed_bytes, passed, issued);
        let asked = u32::from(draws.below(7) > 0);
        let [issued, passed, failed, late, absent] =
            [issued, passed, failed, late, absent].map(|count| count * asked);
        let [latency_p50_ms, latency_p99_ms] = [draws.below(900) as u32, 900 + draws.below(900) as u32];
        Standing {
            uid,
            hotkey: Hotkey(draws.digest()),
            coldkey: Hotkey(draws.digest()),
            claimed_bytes,
            proven_bytes,
            cargo_bytes: draws.below(claimed_bytes.saturating_add(1).min(1 << 30)),
            issued,
            passed,
            failed,
            late,
            absent,
            latency_p50_ms: latency_p50_ms * asked,
            latency_p99_ms: latency_p99_ms * asked,
        }
    };
    (0..count).map(standing).collect()
}

/// Claimed bytes times the share of audits passed.
pub(super) fn proven(claimed_bytes: u64, passed: u32, issued: u32) -> u64 {
    let share = u128::from(claimed_bytes) * u128::from(passed) / u128::from(issued.max(1));
    u64::try_from(share).unwrap_or(claimed_bytes)
}

/// Another owner, another validator, another network, and the two keys changed over.
pub(super) fn other_identities(identity: &Identity) -> [Identity; 4] {
    let Identity { netuid, owner, validator } = *identity;
    let (mut stranger, mut other) = (owner.0, validator.0);
    stranger[31] ^= 1;
    other[0] ^= 0x80;
    [
        Identity { owner: Hotkey(stranger), ..*identity },
        Identity { validator: Hotkey(other), ..*identity },
        Identity { netuid: netuid ^ 1, ..*identity },
        Identity { netuid, owner: validator, validator: owner },
    ]
}
