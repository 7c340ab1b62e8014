//! Speeds, each as a ratio to a named reference that is measured in the same run, in the same folder.

pub mod meter;

mod generate;
mod native;
mod raw;
mod verify;
mod wire;

pub use generate::{GenerateFigures, fill_rate, measure_generate};
pub use meter::Spread;
pub use verify::{VerifyFigures, measure_verify};
pub use wire::{WireFigures, WireRequest, measure_wire};

use std::path::PathBuf;

use plimsoll_store::CancelFlag;

/// What a bench is asked to do.
#[derive(Debug, Clone)]
pub struct BenchRequest {
    /// Bytes of plots in all.
    pub bytes: u64,
    /// Into how many plots they are divided.
    pub partitions: u32,
    /// Where the plots are written; removed afterwards.
    pub dir: PathBuf,
    /// How often everything is repeated; medians are reported.
    pub repeats: u32,
    /// Worker threads; chosen as `generate` would choose without it.
    pub workers: Option<usize>,
    /// Set to stop; what was written is removed.
    pub cancel: CancelFlag,
}
