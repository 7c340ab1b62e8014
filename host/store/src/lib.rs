//! Plots on a disk: filled, sealed, checked, repaired; and the files beside them.
//!
//! In reading order, from the bottom up: [`StoreError`]; [`free_space`], [`DiskMarker`] and [`KnownDisks`], which say what
//! disk this is; [`Geometry`], [`PlotSpec`] and [`PlotHeader`], what a plot is; [`Filling`], how it comes to be;
//! [`Plot`], what it serves; [`scrub`], [`Comparing`] and [`Plot::repair_space`], how it is kept;
//! [`partition`] and [`seed_db`], the files of the seed prototype.
//!
//! ```
//! use plimsoll_core::{Digest, Hotkey, Identity, Layout, NetUid, Order, Pass, Span};
//! use plimsoll_store::{FillOptions, Filling, PlotSpec, SchemeTag, scrub};
//!
//! let folder = tempfile::tempdir()?;
//! let spec = PlotSpec {
//!     identity: Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) },
//!     scheme: SchemeTag { name: "sevens".into(), plugin: Digest([0; 32]), params: Digest([0; 32]) },
//!     layout: Layout {
//!         unit_bytes: 4096,
//!         units: 256,
//!         region_bytes: 1 << 20,
//!         memory_bytes: 0,
//!         passes: vec![Pass { name: "fill".into(), units: 256, order: Order::Independent }],
//!     },
//! };
//! let filling = Filling::create_or_resume(&folder.path().join("a.plot"), &spec, &FillOptions::default())?;
//! for span in filling.remaining(0) {
//!     filling.space().put(span.first * 4096, (span.count * 4096) as usize, &mut |into| into.fill(7))?;
//!     filling.finished(0, span)?;
//! }
//! let plot = filling.seal(None)?;
//! assert_eq!(plot.header().integrity_root, Digest::of(&vec![7; 1 << 20]));
//! assert!(scrub::scrub(&plot, &scrub::ScrubOptions::new(scrub::Depth::Full))?.is_clean());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The plot file, version 1
//!
//! Integers are little-endian. R is the number of bytes of the region, `up(x)` is x rounded up to 4096.
//!
//! | offset | bytes | section |
//! |---|---|---|
//! | 0 | 2048 | header, first slot |
//! | 2048 | 2048 | header, second slot |
//! | 4096 | R | region |
//! | 4096 + R | to the next section | zeros |
//! | `up(4096 + R)` | 32 a node | integrity tree, level 0 first |
//! | tree's end | to the next multiple of 4096 | zeros |
//!
//! Both slots of a header have the same form and usually the same content. A slot counts only if its checksum
//! matches; of two that differ the higher generation holds. A new state is written to the second slot and made
//! durable before the first is written.
//!
//! | offset in a slot | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic, `PLIMPLOT` |
//! | 8 | 2 | version: 1 |
//! | 10 | 2 | state: 1 filling, 2 sealed |
//! | 12 | 4 | flags: bit 0, there is a commitment |
//! | 16 | 8 | generation: 1 while filling, 2 once sealed |
//! | 24 | 2 | netuid |
//! | 26 | 6 | zeros |
//! | 32 | 32 | hotkey of the owner, the miner |
//! | 64 | 32 | hotkey of the validator |
//! | 96 | 32 | BLAKE3 of the scheme's component |
//! | 128 | 32 | BLAKE3 of its parameters |
//! | 160 | 4 | bytes of one unit |
//! | 164 | 4 | zeros |
//! | 168 | 8 | number of units |
//! | 176 | 8 | R, bytes of the region |
//! | 184 | 8 | bytes of memory that filling needs |
//! | 192 | 8 | offset of the region: 4096 |
//! | 200 | 8 | offset of the tree |
//! | 208 | 8 | bytes of the tree |
//! | 216 | 32 | the scheme's commitment, or zeros |
//! | 248 | 32 | root of the integrity tree; zeros until sealed |
//! | 280 | 16 | fill id: random, ties the journal to this file; zeros once sealed |
//! | 296 | 2 | bytes of the scheme's name, at most 64 |
//! | 298 | 2 | number of passes, at most 24 |
//! | 300 | 4 | zeros |
//! | 304 | 64 | the scheme's name, UTF-8, then zeros |
//! | 368 | 64 a pass | passes, then zeros |
//! | 2016 | 32 | BLAKE3 of bytes 0 to 2016 of the slot |
//!
//! | offset in a pass | bytes | field |
//! |---|---|---|
//! | 0 | 8 | number of units |
//! | 8 | 1 | order: 0 independent, 1 sequential |
//! | 9 | 1 | bytes of its name, at most 48 |
//! | 10 | 6 | zeros |
//! | 16 | 48 | its name, UTF-8, then zeros |
//!
//! The tree is that of BLAKE3 over the region in groups of 64 KiB, the last one shorter: level 0 has the groups'
//! chaining values, each level above one node a pair, an odd last node is carried up unchanged, the top level is
//! the root, which is the plain BLAKE3 of the region. While a plot is filled a leaf of zeros means "not known
//! yet".
//!
//! A sealed file is a function of its specification, its commitment and its region alone: filled at once or
//! resumed after any number of crashes, it is the same, byte for byte.
//!
//! # Beside it
//!
//! `<plot>.journal` and `<plot>.journal2`, while it is filled, say which units are finished: the newest two
//! generations, written in turn. `<plot>.lock` carries the lock and says
//! who holds it. `<plot>.new` is a plot whose header is not yet durable.

mod codec;
mod error;

mod cancel;
mod disk;
mod known_disks;
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
pub use known_disks::KnownDisks;
pub use marker::{DiskMarker, MARKER_NAME};
pub use plot::{Plot, plot_path};
pub use spec::{PlotSpec, SchemeTag};
pub use write::{IoChoice, IoMethod};
