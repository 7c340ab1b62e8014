//! A plot on its way to being complete.

mod create;
mod ledger;
mod options;

mod inner;
mod seal;
mod space;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{Digest, PlotSpace, RegionSpace, Span};

pub(crate) use create::{check_room, heal_header, make_room};
pub use options::FillOptions;

use crate::{IoMethod, Plot, PlotSpec, StoreError};
use inner::Inner;
use space::FillingSpace;

/// An unfinished plot, exclusively locked.
///
/// Worker threads put bytes through [`Filling::space`] and report what they completed with
/// [`Filling::finished`]; every now and then that makes it durable and writes the journal. Dropping a filling
/// without sealing it loses what was finished since the last checkpoint, never more.
#[derive(Clone)]
pub struct Filling(Arc<Inner>);

impl fmt::Debug for Filling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filling({})", self.0.path().display())
    }
}

impl Filling {
    /// Opens the plot at `path` where its journal left off, or makes it: room is checked and reserved before
    /// the first byte.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::NoSpace`], [`StoreError::OtherPlot`],
    /// [`StoreError::AlreadySealed`], [`StoreError::NotAPlot`], [`StoreError::MissingFolder`],
    /// [`StoreError::BadSpec`], [`StoreError::BadJournal`], [`StoreError::Io`]; nothing was touched then.
    pub fn create_or_resume(path: &Path, spec: &PlotSpec, options: &FillOptions) -> Result<Self, StoreError> {
        create::create_or_resume(path, spec, options).map(|inner| Self(Arc::new(inner)))
    }

    /// The way in, and why.
    #[must_use]
    pub fn io_method(&self) -> IoMethod {
        self.0.method.clone()
    }

    /// What the plot is for, in which sizes.
    #[must_use]
    pub fn spec(&self) -> &PlotSpec {
        &self.0.header.spec
    }

    /// The units of `pass` that are not finished, in ascending runs; none for a pass that does not exist.
    #[must_use]
    pub fn remaining(&self, pass: u32) -> Vec<Span> {
        self.0.remaining(pass)
    }

    /// Where workers put bytes. A put waits while all buffers are lent, so more workers than cores keep the
    /// disk busy while bytes are made.
    #[must_use]
    pub fn space(&self) -> Arc<dyn PlotSpace> {
        Arc::new(FillingSpace(Arc::clone(&self.0)))
    }

    /// Reports that every byte of `span` was put. Becomes durable with the next checkpoint, which this call
    /// makes when one is due.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`], and those of [`Filling::checkpoint`].
    pub fn finished(&self, pass: u32, span: Span) -> Result<(), StoreError> {
        self.0.finished(pass, span)
    }

    /// Makes everything that was reported finished durable: the plot's bytes first, then the journal.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] or [`StoreError::FullDisk`] after the disk failed to keep bytes, now or before; another
    /// failed write otherwise, after which the call may be repeated.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.0.checkpoint()
    }

    /// Completes the integrity tree and gives its root; [`Filling::region`] serves its nodes from then on and
    /// nothing more can be put. Called again, it gives the same root at once.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`] before every unit of every pass is finished; [`StoreError::Cancelled`];
    /// what the disk says.
    pub fn finish_tree(&self) -> Result<Digest, StoreError> {
        seal::finish_tree(&self.0)
    }

    /// What was put, for reading.
    #[must_use]
    pub fn region(&self) -> Arc<dyn RegionSpace> {
        Arc::new(FillingSpace(Arc::clone(&self.0)))
    }

    /// Completes the tree if that is still to be done, writes the header, and keeps the plot with a shared
    /// lock. Spaces and regions of this filling hold the lock too: drop them.
    ///
    /// # Errors
    /// As [`Filling::finish_tree`] and [`Filling::checkpoint`].
    pub fn seal(self, commitment: Option<Digest>) -> Result<Plot, StoreError> {
        seal::seal(&self.0, commitment)
    }
}
