//! `proof-chia`: full proofs of space for some of each unit's challenges.

use plimsoll_core::{Digest, Identity, Statement};
use plimsoll_kernels::keyed_digest;
use plimsoll_kernels::pospace::{PlotForm, verify_plot_proof};

use super::parts::Parts;
use super::{Parameters, Twin, identity_bytes, parsed};

const DOMAIN: &[u8] = b"plimsoll proof-chia v1";

pub(super) struct Plots {
    form: PlotForm,
    /// k and strength, as they are hashed.
    sizes: [u8; 2],
    tries: u32,
    proofs: u32,
    group_id: Option<Digest>,
}

impl Plots {
    pub(super) fn new(given: &Parameters<'_>) -> Option<Self> {
        let (k, strength) = (given.number("k")?, given.number("strength")?);
        let (tries, proofs) = (given.number("tries")?, given.number("proofs")?);
        let form = PlotForm::new(k, strength).ok()?;
        Some(Self { form, sizes: [k, strength], tries, proofs, group_id: given.digest("group_id")? })
    }

    fn group_id(&self, identity: &Identity, unit: u64) -> Digest {
        let derived =
            || Digest::of(&[DOMAIN, &self.sizes, &identity_bytes(identity), &unit.to_le_bytes()].concat());
        self.group_id.unwrap_or_else(derived)
    }
}

impl Twin for Plots {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (nonce, units) = parsed(challenge, statement)?;
        let mut parts = Parts(proof);
        for unit in units {
            let (group_id, mut least) = (self.group_id(&statement.identity, unit), 0);
            for _ in 0..self.proofs {
                let number = u32::from(u16::from_le_bytes(parts.take(2)?.try_into().ok()?));
                let full = parts.take(self.form.proof_bytes())?;
                (least..self.tries).contains(&number).then_some(())?;
                least = number + 1;
                let asked = [DOMAIN, &unit.to_le_bytes(), &number.to_le_bytes()].concat();
                let asked = keyed_digest(&nonce, &asked);
                verify_plot_proof(self.form, &group_id, &asked, full).ok()?.then_some(())?;
            }
        }
        parts.end()
    }
}
