//! `scan`: one pass over a region that selects records by a keyed score.

use plimsoll_core::Digest;
use plimsoll_kernels as kernels;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, WasmList};

use super::storage::{Given, extent, give, refuse, region};
use super::{digest, interface};
use crate::bindings::imports::plimsoll::plugin::scan::{Below, Hit, ScanKind, Selection};
use crate::bindings::imports::plimsoll::plugin::types::Extent;
use crate::cost;
use crate::state::{RegionHandle, State, charge, charge_sweep};

type Cx<'a> = StoreContextMut<'a, State>;

impl From<ScanKind> for kernels::ScanKind {
    fn from(kind: ScanKind) -> Self {
        match kind {
            ScanKind::Aes128 => Self::Aes128,
            ScanKind::Blake3 => Self::Blake3,
        }
    }
}

impl From<Selection> for kernels::Selection {
    fn from(selection: Selection) -> Self {
        match selection {
            Selection::Below(Below { threshold, limit }) => Self::Below { threshold, limit },
            Selection::Least(count) => Self::Least { count },
        }
    }
}

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut scan = linker.instance(&interface("scan"))?;
    type SelectCall = (Resource<RegionHandle>, ScanKind, Vec<Vec<u8>>, u32, Extent, Selection);
    scan.func_wrap(
        "scan-select",
        |mut store: Cx<'_>, (this, kind, keys, record_bytes, over, selection): SelectCall| {
            if keys.len() > kernels::LARGEST_SCAN_KEYS {
                return refuse(format!(
                    "{} keys at once, at most {}",
                    keys.len(),
                    kernels::LARGEST_SCAN_KEYS
                ));
            }
            let keys = keys.iter().map(|key| digest("a key of scan-select", key));
            let keys = keys.collect::<wasmtime::Result<Vec<_>>>()?;
            let selection = kernels::Selection::from(selection);
            select(&mut store, &this, kind.into(), &keys, record_bytes, over, selection)
        },
    )?;
    type ScoreCall = (ScanKind, Vec<u8>, WasmList<u8>);
    scan.func_wrap("scan-score", |mut store: Cx<'_>, (kind, key, bytes): ScoreCall| {
        let key = digest("the key of scan-score", &key)?;
        let len = bytes.as_le_slice(&store).len() as u64;
        charge(&mut store, cost::CALL + cost::BLAKE3_RECORD + len)?;
        let score = kernels::scan_score(kind.into(), &key, bytes.as_le_slice(&store));
        give(&mut store, score)
    })
}

fn select(
    store: &mut Cx<'_>,
    this: &Resource<RegionHandle>,
    kind: kernels::ScanKind,
    keys: &[Digest],
    record_bytes: u32,
    over: Extent,
    selection: kernels::Selection,
) -> Given<Vec<Hit>> {
    let space = region(store, this)?;
    // Outside of the region nothing is read, so nothing is charged for it: the kernel refuses.
    let bytes = over.len.min(space.size_bytes());
    let sweeps = bytes.saturating_mul(keys.len() as u64);
    charge(store, cost::CALL + cost::EXTENT)?;
    match kind {
        // A sweep for each key: it takes little longer than to hash the bytes.
        kernels::ScanKind::Aes128 => charge_sweep(store, sweeps, cost::AES_RECORD.div_ceil(16))?,
        // Small records cost by their number, not by their bytes.
        _ => {
            let records = sweeps / u64::from(record_bytes.max(1));
            charge(store, records.saturating_mul(cost::BLAKE3_RECORD))?;
            charge_sweep(store, sweeps, cost::hashed_byte(kernels::HashKind::Blake3))?;
        }
    }
    let hits = kernels::scan_select(&*space, kind, keys, record_bytes, extent(over), selection);
    let hit = |hit: &kernels::Hit| Hit { score: hit.score, record: hit.record, key: hit.key };
    give(store, hits.map(|hits| hits.iter().map(hit).collect::<Vec<_>>()))
}
