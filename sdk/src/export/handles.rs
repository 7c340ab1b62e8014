//! The host's handles as [`Region`] and [`Plot`].

use super::convert::digest;
use crate::bindings::imports::{pure, storage};
use crate::labels::{Label, LabelCost};
use crate::pure::{HashKind, Keystream};
use crate::scan::{Hit, ScanKind, Selection};
use crate::{Digest, Extent, Plot, Region, Result, Span};

pub(super) const fn hash_kind(kind: HashKind) -> pure::HashKind {
    match kind {
        HashKind::Blake3 => pure::HashKind::Blake3,
        HashKind::Sha256 => pure::HashKind::Sha256,
    }
}

pub(super) const fn keystream(kind: Keystream) -> pure::Keystream {
    match kind {
        Keystream::Blake3Xof => pure::Keystream::Blake3Xof,
        Keystream::ChaCha8 => pure::Keystream::Chacha8,
        Keystream::ChaCha12 => pure::Keystream::Chacha12,
        Keystream::ChaCha20 => pure::Keystream::Chacha20,
        Keystream::Aes128Ctr => pure::Keystream::Aes128Ctr,
    }
}

fn extents(at: &[Extent]) -> Vec<crate::bindings::imports::types::Extent> {
    at.iter().map(|&at| at.into()).collect()
}

impl Region for storage::Region {
    fn size_bytes(&self) -> u64 {
        self.size()
    }

    fn read(&self, at: Extent) -> Result<Vec<u8>> {
        Ok(self.read(at.into())?)
    }

    fn read_many(&self, at: &[Extent]) -> Result<Vec<u8>> {
        Ok(self.read_many(&extents(at))?)
    }

    fn digest_many(&self, kind: HashKind, nonce: &[u8], at: &[Extent]) -> Result<Vec<Digest>> {
        let digests = self.digest_many(hash_kind(kind), nonce, &extents(at))?;
        digests.iter().map(|bytes| digest(bytes)).collect()
    }

    fn merkle_root(&self, kind: HashKind, leaf_bytes: u32, over: Extent) -> Result<Digest> {
        digest(&self.merkle_root(hash_kind(kind), leaf_bytes, over.into())?)
    }

    fn merkle_paths(
        &self,
        kind: HashKind,
        leaf_bytes: u32,
        over: Extent,
        leaves: &[u64],
    ) -> Result<Vec<Vec<u8>>> {
        Ok(self.merkle_paths(hash_kind(kind), leaf_bytes, over.into(), leaves)?)
    }

    fn scan_select(
        &self,
        kind: ScanKind,
        keys: &[Digest],
        record_bytes: u32,
        over: Extent,
        selection: Selection,
    ) -> Result<Vec<Hit>> {
        super::scan::scan_select(self, kind, keys, record_bytes, over, selection)
    }
}

impl Plot for storage::Plot {
    fn size_bytes(&self) -> u64 {
        self.size()
    }

    fn fill(&self, kind: Keystream, key: &Digest, unit_bytes: u32, units: Span) -> Result<()> {
        Ok(self.fill(keystream(kind), key, unit_bytes, units.into())?)
    }

    fn fill_seed_text(&self, state: &Digest, unit_bytes: u32, units: Span, rows: u64) -> Result<Digest> {
        digest(&self.fill_seed_text(state, unit_bytes, units.into(), rows)?)
    }

    fn fill_labels(
        &self,
        cost: &LabelCost,
        key: &Digest,
        label_bytes: u32,
        labels: Span,
        track_smallest: bool,
    ) -> Result<Option<Label>> {
        super::labels::fill(self, cost, key, label_bytes, labels, track_smallest)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        Ok(self.write(offset, bytes)?)
    }

    fn read(&self, at: Extent) -> Result<Vec<u8>> {
        Ok(self.read(at.into())?)
    }
}
