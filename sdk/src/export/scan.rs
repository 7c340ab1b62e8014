//! The host's scan, as the plugin calls it.

use crate::bindings::imports::scan as wire;
use crate::bindings::imports::storage::Region;
use crate::scan::{Hit, ScanKind, Selection};
use crate::{Digest, Extent, Result};

const fn scan_kind(kind: ScanKind) -> wire::ScanKind {
    match kind {
        ScanKind::Aes128 => wire::ScanKind::Aes128,
        ScanKind::Blake3 => wire::ScanKind::Blake3,
    }
}

pub(super) fn scan_select(
    region: &Region,
    kind: ScanKind,
    keys: &[Digest],
    record_bytes: u32,
    over: Extent,
    selection: Selection,
) -> Result<Vec<Hit>> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let selection = match selection {
        Selection::Below { threshold, limit } => wire::Selection::Below(wire::Below { threshold, limit }),
        Selection::Least { count } => wire::Selection::Least(count),
    };
    let hits = wire::scan_select(region, scan_kind(kind), &keys, record_bytes, over.into(), selection)?;
    Ok(hits.iter().map(|hit| Hit { score: hit.score, record: hit.record, key: hit.key }).collect())
}

#[cfg(target_family = "wasm")]
pub(crate) fn scan_score(kind: ScanKind, key: &Digest, record: &[u8]) -> Result<u64> {
    Ok(wire::scan_score(scan_kind(kind), key, record)?)
}
