//! The fill that plugins are measured against: the same kernel, called without any plugin.

use std::sync::Arc;

use plimsoll_core::{Digest, Extent, Identity, Layout, Order, Pass, PlotSpace, RegionSpace, Span};
use plimsoll_kernels::{
    HashKind, INTEGRITY_LEAF_BYTES, KernelError, Keystream, Tree, fill, fill_seed_text, merkle_root,
};
use plimsoll_store::SchemeTag;

use crate::NodeError;
use crate::space::{Conductor, Hand};

/// A shipped scheme's kernel calls, made natively.
#[derive(Debug, Clone, Copy)]
pub(super) enum Native {
    Stream,
    SeedText { chunk_bytes: u32 },
}

impl Native {
    /// The native form of a shipped scheme, where there is one.
    pub(super) fn of(scheme: &str, unit_bytes: u32) -> Option<Self> {
        match scheme {
            "proof-stream" => Some(Self::Stream),
            "proof-seed-v1" => Some(Self::SeedText { chunk_bytes: unit_bytes }),
            _ => None,
        }
    }
}

const STREAM_UNIT_BYTES: u32 = 16_384;
const ROW_BYTES: u64 = 64;

impl Conductor for Native {
    fn tag(&self) -> SchemeTag {
        SchemeTag { name: "native".into(), plugin: Digest::default(), params: Digest::default() }
    }

    fn hand(&self) -> Result<Box<dyn Hand + '_>, NodeError> {
        Ok(Box::new(*self))
    }
}

impl Hand for Native {
    fn plan(&mut self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout, NodeError> {
        let (unit_bytes, row_bytes, order) = match *self {
            Self::Stream => (STREAM_UNIT_BYTES, 0, Order::Independent),
            Self::SeedText { chunk_bytes } => (chunk_bytes, ROW_BYTES, Order::Sequential),
        };
        let units = capacity_bytes / (u64::from(unit_bytes) + row_bytes);
        let region_bytes = units * (u64::from(unit_bytes) + row_bytes);
        let passes = vec![Pass { name: "fill".into(), units, order }];
        Ok(Layout { unit_bytes, units, region_bytes, memory_bytes: 0, passes })
    }

    fn fill(
        &mut self,
        plot: Arc<dyn PlotSpace>,
        identity: &Identity,
        _pass: u32,
        units: Span,
    ) -> Result<(), NodeError> {
        let key = Digest::of(identity.owner.as_bytes());
        match *self {
            Self::Stream => fill(plot.as_ref(), Keystream::Blake3Xof, &key, STREAM_UNIT_BYTES, units)?,
            Self::SeedText { chunk_bytes } => {
                let all = plot.size_bytes() / (u64::from(chunk_bytes) + ROW_BYTES);
                let rows = all * u64::from(chunk_bytes);
                let mut state = key;
                if units.first > 0 {
                    plot.read_at(rows + (units.first - 1) * ROW_BYTES + 32, &mut state.0)
                        .map_err(KernelError::from)?;
                }
                fill_seed_text(plot.as_ref(), &state, chunk_bytes, units, rows)?;
            }
        }
        Ok(())
    }

    fn commit(
        &mut self,
        region: Arc<dyn RegionSpace>,
        _identity: &Identity,
        layout: &Layout,
    ) -> Result<Option<Digest>, NodeError> {
        let whole = Extent { offset: 0, len: layout.region_bytes };
        let tree = match *self {
            Self::Stream => Tree { kind: HashKind::Blake3, leaf_bytes: INTEGRITY_LEAF_BYTES, over: whole },
            Self::SeedText { .. } => Tree {
                kind: HashKind::Sha256,
                leaf_bytes: ROW_BYTES,
                over: Extent {
                    offset: layout.units_bytes(),
                    len: layout.region_bytes - layout.units_bytes(),
                },
            },
        };
        Ok(Some(merkle_root(region.as_ref(), &tree)?))
    }
}
