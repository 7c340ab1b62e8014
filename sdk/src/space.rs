//! Where bytes lie. In a plugin these are handles to storage on the host: bytes stay there, and only
//! decisions, digests and proofs cross. Natively they are the doubles [`crate::doubles::MemoryRegion`] and
//! [`crate::doubles::MemoryPlot`].
//!
//! One call should cover 64 KiB of work or more; reading and writing is at most 1 MiB a call.

use crate::erasure::Stripe;
use crate::graphs::{GraphPlot, Walks};
use crate::labels::{Label, LabelCost};
use crate::pospace::{PlotForm, PlotProof};
use crate::scan::{Hit, ScanKind, Selection};
use crate::{Digest, Extent, PluginError, Result, Span};

pub use crate::pure::{HashKind, Keystream};

/// What storage says that has no such kernels: one in memory without the SDK's feature of the same name.
fn lacking<T>(interface: &str) -> Result<T> {
    Err(PluginError::Unsupported(format!(
        "this storage has no `{interface}`: natively it is a feature of the SDK"
    )))
}

/// A filled region, read-only.
pub trait Region: Walks {
    /// Bytes of the region.
    fn size_bytes(&self) -> u64;

    /// Reads at most 1 MiB.
    ///
    /// # Errors
    /// [`crate::PluginError::BadInput`] out of range, [`crate::PluginError::Storage`] for a bad disk.
    fn read(&self, at: Extent) -> Result<Vec<u8>>;

    /// One crossing for many small reads, at most 1 MiB in all, in the order asked.
    ///
    /// # Errors
    /// As [`Region::read`].
    fn read_many(&self, at: &[Extent]) -> Result<Vec<u8>>;

    /// H(nonce ‖ bytes) of each extent.
    ///
    /// # Errors
    /// As [`Region::read`].
    fn digest_many(&self, kind: HashKind, nonce: &[u8], at: &[Extent]) -> Result<Vec<Digest>>;

    /// The Merkle root over `over`, cut into leaves of `leaf_bytes`; the last may be shorter.
    ///
    /// # Errors
    /// As [`Region::read`].
    fn merkle_root(&self, kind: HashKind, leaf_bytes: u32, over: Extent) -> Result<Digest>;

    /// The path of each leaf of the same tree, bottom up, 32 bytes a level.
    ///
    /// # Errors
    /// As [`Region::read`].
    fn merkle_paths(
        &self,
        kind: HashKind,
        leaf_bytes: u32,
        over: Extent,
        leaves: &[u64],
    ) -> Result<Vec<Vec<u8>>>;

    /// The hits that `selection` wants among the records of `over`, each of `record_bytes`, under 1 to 64 keys.
    ///
    /// # Errors
    /// As [`Region::read`].
    fn scan_select(
        &self,
        kind: ScanKind,
        keys: &[Digest],
        record_bytes: u32,
        over: Extent,
        selection: Selection,
    ) -> Result<Vec<Hit>>;
    /// The sum of each of `blocks` times its coefficient, element by element: `elements` scalars. See
    /// [`Plot::commit_blocks`].
    ///
    /// # Errors
    /// As [`Region::read`]; for a coefficient that is not below the group order.
    fn combine_blocks(&self, _elements: u32, _blocks: &[u64], _coefficients: &[u8]) -> Result<Vec<u8>> {
        lacking("curve")
    }

    /// `within` bytes, at most 1 MiB, of shard `shard`, one of the `missing` (ascending), from the others.
    ///
    /// # Errors
    /// As [`Region::read`]; where more are missing than there are parity shards.
    fn recover_shard(
        &self,
        _stripe: &Stripe,
        _missing: &[u32],
        _shard: u32,
        _within: Extent,
    ) -> Result<Vec<u8>> {
        lacking("erasure")
    }

    /// The first `most` proofs (16 at most) that the plot of `group_id` in the unit `at` has for `challenges` (256
    /// at most), one for each at most, in their order.
    ///
    /// # Errors
    /// As [`Region::read`]; [`PluginError::Storage`] for a damaged unit or one of another plot.
    fn prove_plot(
        &self,
        _form: PlotForm,
        _group_id: &Digest,
        _at: Extent,
        _challenges: &[Digest],
        _most: u32,
    ) -> Result<Vec<PlotProof>> {
        lacking("pospace")
    }

    /// The bytes and then the path of each leaf, for [`crate::Parts::merkle_opening`]; at most 1 MiB of bytes.
    ///
    /// # Errors
    /// As [`Region::read`].
    fn merkle_openings(
        &self,
        kind: HashKind,
        leaf_bytes: u32,
        over: Extent,
        leaves: &[u64],
    ) -> Result<Vec<u8>> {
        let len = u64::from(leaf_bytes);
        let at = |&index: &u64| Extent { offset: over.offset.saturating_add(index.saturating_mul(len)), len };
        let bytes = self.read_many(&leaves.iter().map(at).collect::<Vec<_>>())?;
        let paths = self.merkle_paths(kind, leaf_bytes, over, leaves)?;
        Ok(bytes
            .chunks(leaf_bytes as usize)
            .zip(&paths)
            .flat_map(|(leaf, path)| [leaf, path].concat())
            .collect())
    }
}

/// A region being filled. Every call is idempotent, so that the host can resume after a crash.
pub trait Plot: GraphPlot {
    /// Bytes of the region.
    fn size_bytes(&self) -> u64;

    /// Fills each unit of `units` with its keystream; unit i begins at i × `unit_bytes`.
    ///
    /// # Errors
    /// [`crate::PluginError::BadInput`] out of range, [`crate::PluginError::Storage`] for a bad disk.
    fn fill(&self, kind: Keystream, key: &Digest, unit_bytes: u32, units: Span) -> Result<()>;

    /// Fills `units` with the seed prototype's text, unit i at i × `unit_bytes`, beginning from `state`, and
    /// writes for each the row SHA-256(text) ‖ next state (64 bytes) at `rows` + 64 × i. Gives the state
    /// behind the last unit.
    ///
    /// # Errors
    /// As [`Plot::fill`].
    fn fill_seed_text(&self, state: &Digest, unit_bytes: u32, units: Span, rows: u64) -> Result<Digest>;

    /// Fills with the first `label_bytes` of each label of `labels`; label i begins at i × `label_bytes`. Gives
    /// the smallest whole label of them, if `track_smallest`.
    ///
    /// # Errors
    /// As [`Plot::fill`].
    fn fill_labels(
        &self,
        cost: &LabelCost,
        key: &Digest,
        label_bytes: u32,
        labels: Span,
        track_smallest: bool,
    ) -> Result<Option<Label>>;
    /// Writes the commitment of each of `blocks` under the generators of `domain`, 96 bytes, at `commitments` +
    /// 96 × i. Block i lies at i × 31 × `elements`: 31 little-endian bytes for each of its elements.
    ///
    /// # Errors
    /// As [`Plot::fill`].
    fn commit_blocks(&self, _domain: &[u8], _elements: u32, _blocks: Span, _commitments: u64) -> Result<()> {
        lacking("curve")
    }

    /// Writes the parity shards of a stripe.
    ///
    /// # Errors
    /// As [`Plot::fill`].
    fn encode_shards(&self, _stripe: &Stripe) -> Result<()> {
        lacking("erasure")
    }

    /// Writes the `missing` shards (ascending) of a stripe from the others.
    ///
    /// # Errors
    /// As [`Plot::fill`]; where more are missing than there are parity shards.
    fn restore_shards(&self, _stripe: &Stripe, _missing: &[u32]) -> Result<()> {
        lacking("erasure")
    }

    /// Makes the plot of `group_id` and writes it as unit `unit`, of [`PlotForm`]'s bytes.
    ///
    /// # Errors
    /// As [`Plot::fill`]; [`PluginError::Unsupported`] on a processor without AES instructions.
    fn write_plot(&self, _form: PlotForm, _group_id: &Digest, _unit: u64) -> Result<()> {
        lacking("pospace")
    }

    /// The way out for a scheme with no kernel of its own: at most 1 MiB a call.
    ///
    /// # Errors
    /// As [`Plot::fill`].
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Reads what was written before, at most 1 MiB.
    ///
    /// # Errors
    /// As [`Plot::fill`].
    fn read(&self, at: Extent) -> Result<Vec<u8>>;
}
