//! What each native kernel reaches, beside a named reference that runs in the same breath.
//!
//! Reading order: [`Kernel`], one line to be; [`kernels`], all of them, by family: a new kernel is one entry there;
//! [`measure_kernels`], which runs a kernel and its reference by turns; [`KernelRate`], what came out.

mod kernel;
mod measure;

mod curves;
mod graphs;
mod hashes;
mod labels;
mod plots;
mod scans;
mod shards;
mod streams;
mod trees;

pub use kernel::{Amount, Done, Goal, Kernel, Reference, Work};
pub use measure::{KernelRate, KernelRequest, measure_kernels};

/// Every kernel that is measured.
#[must_use]
pub fn kernels() -> Vec<Kernel> {
    let families = [
        streams::kernels(),
        hashes::kernels(),
        trees::kernels(),
        labels::kernels(),
        graphs::kernels(),
        scans::kernels(),
        shards::kernels(),
        plots::kernels(),
        curves::kernels(),
    ];
    families.into_iter().flatten().collect()
}
