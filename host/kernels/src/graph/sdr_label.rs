//! The label of a node from the labels of its parents.

use plimsoll_core::Digest;
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

use super::sdr_base::BASE;
use super::sdr_graph::SDR_PARENTS;
use super::sha_blocks::{START, State, digest_of};
use crate::error::KernelError;
#[cfg(target_arch = "x86_64")]
use crate::simd::ShaNi;

/// Parent labels that a message holds, whatever the number of parents.
pub(crate) const ENTRIES: usize = 37;

/// Bits of a message, the header of a block included: what its last word says.
pub(crate) const MESSAGE_BITS: u32 = (64 + 32 * ENTRIES as u32) * 8;

/// A label as it is stored. No label lies on two lines of the processor's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C, align(32))]
pub(crate) struct Label(pub(crate) [u8; 32]);

impl Label {
    /// All labels' bytes one after another.
    pub(super) fn bytes(labels: &[Self]) -> impl Iterator<Item = &[u8; 32]> {
        labels.iter().map(|label| &label.0)
    }
}

/// The label of `node` in `layer` (the first is 1) under `replica_id`: SHA-256 of a header of 64 bytes and of
/// the parents' labels, which are repeated until there are 37, cut to 254 bits (the last byte's upper two are
/// cleared, so that it is an element of BLS12-381's scalar field).
///
/// `parents` are the labels of the 6 base parents in layer 1, of these and the 8 expander parents above it,
/// one after another; none for node 0, whose label depends on its header only.
///
/// # Errors
/// [`KernelError::BadInput`] for layer 0, or another number of parents than the place has.
pub fn sdr_label(replica_id: &Digest, layer: u32, node: u32, parents: &[u8]) -> Result<Digest, KernelError> {
    let expected = match (node, layer) {
        (_, 0) => {
            return Err(KernelError::BadInput("layers are numbered from 1, there is no layer 0".to_owned()));
        }
        (0, _) => 0,
        (_, 1) => BASE,
        _ => SDR_PARENTS,
    };
    if parents.len() != 32 * expected {
        let found = parents.len();
        return Err(KernelError::BadInput(format!(
            "node {node} of layer {layer} has {expected} parents, so {} bytes of labels, not {found}",
            32 * expected
        )));
    }
    let mut hash = Sha256::new();
    hash.update(header(replica_id, layer, node));
    for parent in parents.as_chunks::<32>().0.iter().cycle().take(if expected == 0 { 0 } else { ENTRIES }) {
        hash.update(parent);
    }
    let mut label: [u8; 32] = hash.finalize().into();
    label[31] &= 0x3f;
    Ok(Digest(label))
}

/// The first block of a label's message.
pub(super) fn header(replica_id: &Digest, layer: u32, node: u32) -> [u8; 64] {
    let mut header = [0; 64];
    header[..32].copy_from_slice(&replica_id.0);
    header[32..36].copy_from_slice(&layer.to_be_bytes());
    header[36..44].copy_from_slice(&u64::from(node).to_be_bytes());
    header
}

/// What hashes the labels of `LANES` nodes at a time, of as many sectors. All give the same.
pub(super) trait Labeller: Copy {
    /// The states behind these headers.
    fn headers<const LANES: usize>(self, headers: &[[u8; 64]; LANES]) -> [State; LANES] {
        headers.map(|header| {
            let mut state = START;
            compress256(&mut state, &[header]);
            state
        })
    }

    /// The labels that follow from the states behind the headers, and the states behind the `next` headers.
    fn labels<const LANES: usize, const PARENTS: usize>(
        self,
        states: &[State; LANES],
        parents: &[[&Label; PARENTS]; LANES],
        next: &[[u8; 64]; LANES],
    ) -> ([Label; LANES], [State; LANES]);

    /// Says that a label will be read soon.
    fn soon(self, label: &Label);
}

/// Through the `sha2` crate, for every machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Labeller for Portable {
    fn labels<const LANES: usize, const PARENTS: usize>(
        self,
        states: &[State; LANES],
        parents: &[[&Label; PARENTS]; LANES],
        next: &[[u8; 64]; LANES],
    ) -> ([Label; LANES], [State; LANES]) {
        let label = |lane: usize| {
            let mut blocks = [[0; 64]; ENTRIES.div_ceil(2)];
            for (entry, half) in
                blocks.as_flattened_mut().as_chunks_mut().0.iter_mut().take(ENTRIES).enumerate()
            {
                *half = parents[lane][entry % PARENTS].0;
            }
            let last = &mut blocks[ENTRIES / 2];
            last[32] = 0x80;
            last[60..].copy_from_slice(&MESSAGE_BITS.to_be_bytes());
            let mut state = states[lane];
            compress256(&mut state, &blocks);
            let mut label = Label(digest_of(&state));
            label.0[31] &= 0x3f;
            label
        };
        (std::array::from_fn(label), self.headers(next))
    }

    fn soon(self, _label: &Label) {}
}

#[cfg(target_arch = "x86_64")]
impl Labeller for ShaNi {
    fn labels<const LANES: usize, const PARENTS: usize>(
        self,
        states: &[State; LANES],
        parents: &[[&Label; PARENTS]; LANES],
        next: &[[u8; 64]; LANES],
    ) -> ([Label; LANES], [State; LANES]) {
        self.sdr_labels(states, parents, next)
    }

    fn soon(self, label: &Label) {
        self.prefetch(label);
    }
}
