//! Filecoin's stacked graph: bytes of labels, whichever layer they are of.

use std::hint::black_box;

use plimsoll_core::{Digest, PlotSpace};
use plimsoll_kernels::{Sdr, SdrParents, fill_sdr};
use plimsoll_plugin::MemorySpace;

use super::kernel::{Goal, Kernel, prepared};

const KEY: Digest = Digest([7; 32]);
const LAYERS: u32 = 2;
const LABEL_BYTES: u64 = 32;
const MIB: f64 = (1u64 << 20) as f64;

pub(super) fn kernels() -> Vec<Kernel> {
    // What the reference reaches with native flags, and more: MiB a CPU-second a layer.
    [(8, 33.0), (64, 24.0)].into_iter().map(|(mebibytes, goal)| sector(mebibytes, goal * MIB)).collect()
}

fn sector(mebibytes: u64, goal: f64) -> Kernel {
    let shape = Sdr { nodes: (mebibytes << 15) as u32, layers: LAYERS };
    let bytes = u64::from(LAYERS) * (mebibytes << 20);
    let make = move || {
        let parents = SdrParents::new(&KEY, shape.nodes)?;
        Ok((MemorySpace::new(bytes as usize), parents))
    };
    let work = prepared(make, move |(plot, parents)| {
        let plot: &dyn PlotSpace = black_box(plot);
        Ok(fill_sdr(plot, parents, shape, &[KEY], 0, bytes / LABEL_BYTES)?)
    });
    Kernel::of_bytes(format!("sdr, {LAYERS} layers of a sector of {mebibytes} MiB"), bytes, work)
        .reaching(Goal::PerCpuSecond(goal))
}
