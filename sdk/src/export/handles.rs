//! The host's handles as [`Region`] and [`Plot`].

use super::convert::digest;
use super::crates;
use crate::bindings::imports::{curve, erasure, pospace, pure, storage};
use crate::erasure::Stripe;
use crate::labels::{Label, LabelCost};
use crate::pospace::{PlotForm, PlotProof};
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

    fn combine_blocks(&self, elements: u32, blocks: &[u64], coefficients: &[u8]) -> Result<Vec<u8>> {
        Ok(curve::combine_blocks(self, elements, blocks, coefficients)?)
    }

    fn recover_shard(&self, stripe: &Stripe, missing: &[u32], shard: u32, within: Extent) -> Result<Vec<u8>> {
        Ok(erasure::recover(self, crates::stripe(stripe), missing, shard, within.into())?)
    }

    fn prove_plot(
        &self,
        form: PlotForm,
        group_id: &Digest,
        at: Extent,
        challenges: &[Digest],
        most: u32,
    ) -> Result<Vec<PlotProof>> {
        let challenges: Vec<Vec<u8>> = challenges.iter().map(|challenge| challenge.to_vec()).collect();
        let found = pospace::prove(self, crates::form(form), group_id, at.into(), &challenges, most)?;
        Ok(found.into_iter().map(crates::found).collect())
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

    fn commit_blocks(&self, domain: &[u8], elements: u32, blocks: Span, commitments: u64) -> Result<()> {
        Ok(curve::commit_blocks(self, domain, elements, blocks.into(), commitments)?)
    }

    fn encode_shards(&self, stripe: &Stripe) -> Result<()> {
        Ok(erasure::encode(self, crates::stripe(stripe))?)
    }

    fn restore_shards(&self, stripe: &Stripe, missing: &[u32]) -> Result<()> {
        Ok(erasure::restore(self, crates::stripe(stripe), missing)?)
    }

    fn write_plot(&self, form: PlotForm, group_id: &Digest, unit: u64) -> Result<()> {
        Ok(pospace::write_plot(self, crates::form(form), group_id, unit)?)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        Ok(self.write(offset, bytes)?)
    }

    fn read(&self, at: Extent) -> Result<Vec<u8>> {
        Ok(self.read(at.into())?)
    }
}
