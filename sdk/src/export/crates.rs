//! The host's `curve`, `erasure` and `pospace`, as the plugin calls them.

use crate::bindings::imports::{erasure as wire_erasure, pospace as wire_pospace};
use crate::erasure::Stripe;
use crate::pospace::{PlotForm, PlotProof};

pub(super) const fn stripe(from: &Stripe) -> wire_erasure::Stripe {
    let Stripe { offset, shard_bytes, data, parity } = *from;
    wire_erasure::Stripe { offset, shard_bytes, data, parity }
}

pub(super) const fn form(from: PlotForm) -> wire_pospace::Form {
    let PlotForm { k, strength } = from;
    wire_pospace::Form { k, strength }
}

pub(super) fn found(from: wire_pospace::Found) -> PlotProof {
    let wire_pospace::Found { challenge, proof } = from;
    PlotProof { challenge, proof }
}

#[cfg(target_family = "wasm")]
pub(crate) mod curve {
    use crate::Result;
    use crate::bindings::imports::curve as wire;

    pub(crate) fn hash_to_g1(domain: &[u8], message: &[u8]) -> Result<Vec<u8>> {
        Ok(wire::hash_to_g1(domain, message)?)
    }

    pub(crate) fn is_in_g1(point: &[u8]) -> bool {
        wire::is_in_g1(point)
    }

    pub(crate) fn g1_sum(points: &[u8], scalars: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(wire::g1_sum(points, scalars)?)
    }

    pub(crate) fn generators_sum(domain: &[u8], scalars: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(wire::generators_sum(domain, scalars)?)
    }

    pub(crate) fn pairing_check(g1: &[u8], g2: &[u8]) -> Result<bool> {
        Ok(wire::pairing_check(g1, g2)?)
    }
}

#[cfg(target_family = "wasm")]
pub(crate) mod pospace {
    use crate::bindings::imports::pospace as wire;
    use crate::pospace::PlotForm;
    use crate::{Digest, Result};

    pub(crate) fn unit_bytes(form: PlotForm) -> Result<u32> {
        Ok(wire::unit_bytes(super::form(form))?)
    }

    pub(crate) fn verify(
        form: PlotForm,
        group_id: &Digest,
        challenge: &Digest,
        proof: &[u8],
    ) -> Result<bool> {
        Ok(wire::verify(super::form(form), group_id, challenge, proof)?)
    }
}
