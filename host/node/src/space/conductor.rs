//! Who says what is written: a plugin, or the native kernel that a plugin is measured against.

use std::sync::Arc;

use plimsoll_core::{Digest, Identity, Layout, PlotSpace, RegionSpace, Span};
use plimsoll_plugin::{Scheme, SchemeInstance};
use plimsoll_store::SchemeTag;

use crate::NodeError;

/// Something that plots can be filled by; each worker thread asks it for a hand of its own.
pub(crate) trait Conductor: Sync {
    /// What binds a plot to it.
    fn tag(&self) -> SchemeTag;
    /// A hand for one thread.
    fn hand(&self) -> Result<Box<dyn Hand + '_>, NodeError>;
}

/// One thread's part of a fill.
pub(crate) trait Hand {
    /// The largest layout within `capacity_bytes`.
    fn plan(&mut self, identity: &Identity, capacity_bytes: u64) -> Result<Layout, NodeError>;
    /// Fills `units` of `pass`.
    fn fill(
        &mut self,
        plot: Arc<dyn PlotSpace>,
        identity: &Identity,
        pass: u32,
        units: Span,
    ) -> Result<(), NodeError>;
    /// Commits to a filled region.
    fn commit(
        &mut self,
        region: Arc<dyn RegionSpace>,
        identity: &Identity,
        layout: &Layout,
    ) -> Result<Option<Digest>, NodeError>;
}

impl Conductor for Scheme {
    fn tag(&self) -> SchemeTag {
        SchemeTag {
            name: self.descriptor().name.clone(),
            plugin: self.digest(),
            params: self.params_digest(),
        }
    }

    fn hand(&self) -> Result<Box<dyn Hand + '_>, NodeError> {
        Ok(Box::new(self.instance()?))
    }
}

impl Hand for SchemeInstance {
    fn plan(&mut self, identity: &Identity, capacity_bytes: u64) -> Result<Layout, NodeError> {
        Ok(Self::plan(self, identity, capacity_bytes)?)
    }

    fn fill(
        &mut self,
        plot: Arc<dyn PlotSpace>,
        identity: &Identity,
        pass: u32,
        units: Span,
    ) -> Result<(), NodeError> {
        Ok(Self::fill(self, plot, identity, pass, units)?)
    }

    fn commit(
        &mut self,
        region: Arc<dyn RegionSpace>,
        identity: &Identity,
        layout: &Layout,
    ) -> Result<Option<Digest>, NodeError> {
        Ok(Self::commit(self, region, identity, layout)?)
    }
}
