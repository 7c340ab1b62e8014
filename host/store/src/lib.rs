//! Partitions, plot files, journal, mapping, repair.

mod codec;
mod error;

mod cancel;
mod disk;
mod lock;
mod marker;

mod geometry;
mod header;
mod journal;
mod spec;

mod tree;
mod write;

mod filling;

mod plot;
mod region;

mod comparing;
mod mapping;
mod repair;
pub mod scrub;

pub mod partition;
pub mod seed_db;

pub use cancel::CancelFlag;
pub use comparing::Comparing;
pub use disk::{DiskSpace, free_space};
pub use error::StoreError;
pub use filling::{FillOptions, Filling};
pub use geometry::{GROUP_BYTES, Geometry, NODE_BYTES, PAGE_BYTES};
pub use header::{MAGIC, PlotHeader, SLOT_BYTES, Slots, VERSION, read_header};
pub use marker::{DiskMarker, MARKER_NAME};
pub use plot::{Plot, plot_path};
pub use spec::{PlotSpec, SchemeTag};
pub use write::{IoChoice, IoMethod};
