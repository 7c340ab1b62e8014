//! Plots that the tests fill: small, by the real kernels.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(unreachable_pub, reason = "shared by test files")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::{Digest, Hotkey, Identity, Layout, NetUid, Order, Pass, PlotSpace, Span};
use plimsoll_kernels::Keystream;
use plimsoll_store::{FillOptions, Filling, Plot, PlotSpec, SchemeTag, StoreError};

pub const KEY: Digest = Digest([7; 32]);

pub fn spec_of(unit_bytes: u32, units: u64, region_bytes: u64) -> PlotSpec {
    let pass = Pass { name: "fill".into(), units, order: Order::Independent };
    PlotSpec {
        identity: Identity { netuid: NetUid(3), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) },
        scheme: SchemeTag { name: "proof-stream".into(), plugin: Digest([3; 32]), params: Digest([4; 32]) },
        layout: Layout { unit_bytes, units, region_bytes, memory_bytes: 0, passes: vec![pass] },
    }
}

pub fn spec(unit_bytes: u32, units: u64) -> PlotSpec {
    spec_of(unit_bytes, units, u64::from(unit_bytes) * units)
}

pub fn fill(space: &Arc<dyn PlotSpace>, spec: &PlotSpec, units: Span) {
    plimsoll_kernels::fill(space.as_ref(), Keystream::Blake3Xof, &KEY, spec.layout.unit_bytes, units)
        .unwrap();
}

/// The region that [`fill`] makes, by the slow obvious way.
pub fn expected_region(spec: &PlotSpec) -> Vec<u8> {
    let mut region = vec![0; spec.layout.region_bytes as usize];
    let unit_bytes = spec.layout.unit_bytes as usize;
    for unit in 0..spec.layout.units {
        let at = unit as usize * unit_bytes;
        let into = &mut region[at..at + unit_bytes];
        plimsoll_kernels::keystream_at(Keystream::Blake3Xof, &KEY, unit, 0, into);
    }
    region
}

/// Fills and seals in one go.
pub fn sealed(path: &Path, spec: &PlotSpec) -> Plot {
    sealed_with(path, spec, &FillOptions::default())
}

pub fn sealed_with(path: &Path, spec: &PlotSpec, options: &FillOptions) -> Plot {
    let filling = Filling::create_or_resume(path, spec, options).unwrap();
    fill_rest(&filling, 3).unwrap();
    filling.seal(Some(Digest([9; 32]))).unwrap()
}

pub fn fill_rest(filling: &Filling, most_units: u64) -> Result<(), StoreError> {
    let space = filling.space();
    for span in filling.remaining(0).into_iter().flat_map(|s| s.pieces(most_units)) {
        fill(&space, filling.spec(), span);
        filling.finished(0, span)?;
    }
    Ok(())
}

/// Checkpoints whenever something is reported.
pub fn eager() -> FillOptions {
    FillOptions { checkpoint_bytes: 1, checkpoint_every: Duration::ZERO, ..FillOptions::default() }
}
