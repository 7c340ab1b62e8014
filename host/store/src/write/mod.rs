//! How bytes get into a plot that is being filled, from the bottom up: aligned buffers, the file with its
//! two ways in, the leaves of the integrity tree, the lanes that gather small pieces, and the writer that
//! joins them.

mod buffers;
mod file;

mod lanes;
mod leaves;

mod writer;

pub(crate) use buffers::{AlignedBuffer, BufferPool};
pub use file::{IoChoice, IoMethod};
pub(crate) use file::{PlotFile, open_direct, open_direct_read, open_read};
pub(crate) use writer::Writer;
