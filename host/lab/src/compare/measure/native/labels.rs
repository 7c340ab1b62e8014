//! `proof-scrypt`: whole units opened, and some of their labels made again.

use plimsoll_core::{Digest, Span, Statement};
use plimsoll_kernels::{LabelCost, ScryptForm, keyed_digest, labels_of};

use super::draws::Draws;
use super::parts::Parts;
use super::units::tree;
use super::{Parameters, Twin, identity_bytes, parsed};

const LABEL_BYTES: u32 = 16;

pub(super) struct Labels {
    cost: LabelCost,
    cost_bytes: Vec<u8>,
    checks: u64,
    commitment: Option<Digest>,
}

impl Labels {
    pub(super) fn new(given: &Parameters<'_>) -> Option<Self> {
        let (form, code) = match given.text("form")? {
            "rfc7914" => (ScryptForm::Rfc7914, 0),
            "spacemesh" => (ScryptForm::Spacemesh, 1),
            _ => return None,
        };
        let (n, r, p) = (given.number("n")?, given.number("r")?, given.number("p")?);
        let cost_bytes = [&[code][..], [n, r, p].map(u32::to_le_bytes).as_flattened()].concat();
        let cost = LabelCost::Scrypt { form, n, r, p };
        let (checks, commitment) = (given.number("checks")?, given.digest("commitment")?);
        Some(Self { cost, cost_bytes, checks, commitment })
    }
}

impl Twin for Labels {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (nonce, units) = parsed(challenge, statement)?;
        let (root, identity) = (statement.commitment?, identity_bytes(&statement.identity));
        let (tree, mut parts) = (tree(statement, &root), Parts(proof));
        let tag = parts.digest()?;
        (keyed_digest(&nonce, &[&identity, parts.0].concat()) == tag).then_some(())?;
        let labels = Span { first: 0, count: u64::from(statement.unit_bytes / LABEL_BYTES) };
        let mut draws = Draws::new("plimsoll proof-scrypt checks v1", &[nonce.as_bytes()]);
        let (mut indices, mut held) = (Vec::new(), Vec::new());
        for unit in units {
            let (bytes, _) = parts.opening(tree, unit)?;
            for label in draws.distinct(self.checks, labels) {
                indices.push(unit * labels.count + label);
                held.extend_from_slice(
                    &bytes[(label * u64::from(LABEL_BYTES)) as usize..][..LABEL_BYTES as usize],
                );
            }
        }
        parts.end()?;
        let derived = || Digest::of(&[b"plimsoll proof-scrypt v1", &self.cost_bytes[..], &identity].concat());
        let key = self.commitment.unwrap_or_else(derived);
        (labels_of(&self.cost, &key, LABEL_BYTES, &indices).ok()? == held).then_some(())
    }
}
