//! One pass over a region that selects records by a keyed score.

use std::hint::black_box;

use plimsoll_core::{Digest, Extent};
use plimsoll_kernels::{ScanKind, Selection, scan_select};
use plimsoll_plugin::MemorySpace;

use super::kernel::{Goal, Kernel, prepared};

const REGION_BYTES: u64 = 4 << 20;
const RECORD_BYTES: u32 = 16;
/// "At least 1.2 GiB/s a core for one AES key".
const GOAL: f64 = 1.2 * (1u64 << 30) as f64;

pub(super) fn kernels() -> Vec<Kernel> {
    vec![scan(1).reaching(Goal::PerCpuSecond(GOAL)), scan(16)]
}

fn scan(keys: u8) -> Kernel {
    let make = || {
        let mut bytes = vec![0; REGION_BYTES as usize];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        Ok(MemorySpace::with(bytes))
    };
    let keys: Vec<Digest> = (0..keys).map(|key| Digest([key; 32])).collect();
    let name = format!("scan-select aes128, records of 16 bytes, {} keys", keys.len());
    let over = Extent { offset: 0, len: REGION_BYTES };
    // About one record of a million.
    let wanted = Selection::Below { threshold: u64::MAX >> 20, limit: 4096 };
    let work = prepared(make, move |region| {
        black_box(scan_select(region, ScanKind::Aes128, &keys, RECORD_BYTES, over, wanted)?);
        Ok(())
    });
    Kernel::of_bytes(name, REGION_BYTES, work)
}
