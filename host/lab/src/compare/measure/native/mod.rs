//! Verifiers in native code, for the price of the sandbox: the same kernels, called without a plugin.
//!
//! Written from the head comments of `plugins/proof-*`, one file a scheme (the two that open plain units share
//! one). What depends on parameters is prepared before the clock starts. Schemes without a twin have no ratio.

mod draws;
mod parts;

mod blocks;
mod chains;
mod labels;
mod plots;
mod sectors;
mod text;
mod units;

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use plimsoll_core::{Digest, Identity, Statement};
use plimsoll_kernels::HashKind;
use plimsoll_node::measure::meter::{Took, timed_here};
use plimsoll_plugin::Scheme;
use serde_json::Value;

const BLAKE3: HashKind = HashKind::Blake3;
const DIGEST_BYTES: usize = 32;
const INDEX_BYTES: usize = 8;

/// A scheme's verifier, with its parameters.
pub(super) trait Twin {
    /// `None` where the proof does not hold, or the challenge is none of this scheme.
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()>;
}

/// The twin of `scheme`; `None` where there is none.
pub(super) fn twin_of(scheme: &Scheme) -> Option<Box<dyn Twin>> {
    let given = serde_json::from_str(scheme.params()).ok()?;
    let parameters = Parameters { given, schema: &scheme.descriptor().config_schema };
    match scheme.descriptor().name.as_str() {
        "proof-stream" => Some(Box::new(units::Stream)),
        "proof-merkle" => Some(Box::new(units::Merkle)),
        "proof-seed-v1" => Some(Box::new(text::Text)),
        "proof-seqpack" => Some(Box::new(chains::Chains::new(&parameters)?)),
        "proof-scrypt" => Some(Box::new(labels::Labels::new(&parameters)?)),
        "proof-sdr" => Some(Box::new(sectors::Sectors::new(&parameters)?)),
        "proof-chia" => Some(Box::new(plots::Plots::new(&parameters)?)),
        "proof-compact" => Some(Box::new(blocks::Blocks)),
        _ => None,
    }
}

/// Whether the twin accepts the proof, and how long it took.
pub(super) fn timed_verify(
    twin: &dyn Twin,
    statement: &Statement,
    challenge: &[u8],
    proof: &[u8],
) -> (bool, Took) {
    let work = || Ok::<_, Infallible>(twin.accepts(statement, challenge, proof).is_some());
    match timed_here(work) {
        Ok(done) => done,
        Err(never) => match never {},
    }
}

/// What was given, and what the plugin's schema says where nothing was.
struct Parameters<'a> {
    given: Value,
    schema: &'a Value,
}

impl Parameters<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.given.get(name).or_else(|| self.schema["properties"][name].get("default"))
    }

    fn number<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.value(name)?.as_u64()?).ok()
    }

    fn switch(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// 32 bytes in hex; the inner `None` where the text is empty.
    fn digest(&self, name: &str) -> Option<Option<Digest>> {
        match self.text(name)? {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }
}

/// Units of a challenge of the usual form: a nonce of 32 bytes, then ascending indices of eight bytes.
pub(super) fn units_of(challenge: &[u8], statement: &Statement) -> Option<u32> {
    let (_, indices) = parsed(challenge, statement)?;
    u32::try_from(indices.len()).ok()
}

fn parsed(challenge: &[u8], statement: &Statement) -> Option<(Digest, Vec<u64>)> {
    let (nonce, rest) = challenge.split_at_checked(DIGEST_BYTES)?;
    let (words, rest) = rest.as_chunks::<INDEX_BYTES>();
    let indices: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let ascending = indices.windows(2).all(|pair| pair[0] < pair[1]);
    let inside = indices.last().is_some_and(|last| *last < statement.units);
    (rest.is_empty() && ascending && inside).then_some((Digest::from_slice(nonce)?, indices))
}

fn identity_bytes(identity: &Identity) -> Vec<u8> {
    [&identity.netuid.0.to_le_bytes()[..], &identity.owner.0, &identity.validator.0].concat()
}
