//! A miner's plots as it serves them: one a validator, each checked against the partition it is for and the
//! scheme that is configured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::{Digest, Hotkey, Identity, NetUid, RegionSpace};
use plimsoll_plugin::Scheme;
use plimsoll_store::{Plot, PlotHeader, StoreError};
use plimsoll_wire::{Registration, RegistrationSet};

use crate::NodeError;

/// One plot that answers.
#[derive(Clone)]
pub struct HeldPlot {
    /// What was registered of it.
    pub registration: Registration,
    /// The registration's digest.
    pub digest: Digest,
    /// Where its bytes are read; a truncated file gives an error there, never a signal.
    pub region: Arc<dyn RegionSpace>,
    /// Its file.
    pub path: PathBuf,
}

/// What a sealed plot registers as.
#[must_use]
pub fn registration_of(header: &PlotHeader) -> Registration {
    let PlotHeader { spec, commitment, .. } = header;
    Registration {
        identity: spec.identity,
        scheme: spec.scheme.name.clone(),
        plugin: spec.scheme.plugin,
        params: spec.scheme.params,
        unit_bytes: spec.layout.unit_bytes,
        units: spec.layout.units,
        region_bytes: spec.layout.region_bytes,
        commitment: *commitment,
    }
}

impl HeldPlot {
    /// Opens a sealed plot and checks that it is `identity`'s and was filled by `scheme`.
    ///
    /// # Errors
    /// [`NodeError::Store`] naming the file and the field that differs.
    pub fn open(path: &Path, identity: &Identity, scheme: &Scheme) -> Result<Self, NodeError> {
        let plot = Plot::open(path)?;
        let header = plot.header();
        if !header.sealed {
            return Err(StoreError::NotSealed { path: path.into() }.into());
        }
        let found = &header.spec;
        let expected = [
            ("netuid", identity.netuid.to_string(), found.identity.netuid.to_string()),
            ("owner", identity.owner.to_string(), found.identity.owner.to_string()),
            ("validator", identity.validator.to_string(), found.identity.validator.to_string()),
            ("plugin digest", scheme.digest().to_string(), found.scheme.plugin.to_string()),
            ("parameter digest", scheme.params_digest().to_string(), found.scheme.params.to_string()),
        ];
        for (field, expected, found) in expected {
            if expected != found {
                return Err(StoreError::OtherPlot { path: path.into(), field, expected, found }.into());
            }
        }
        Ok(Self::serving(registration_of(header), plot.region(), path))
    }

    /// A plot whose bytes come from `region`.
    #[must_use]
    pub fn serving(registration: Registration, region: Arc<dyn RegionSpace>, path: &Path) -> Self {
        Self { digest: registration.digest(), registration, region, path: path.into() }
    }
}

/// Plots by the validator they are kept for, and the partitions that have none that can be served.
#[derive(Clone, Default)]
pub struct Plots {
    held: BTreeMap<Hotkey, HeldPlot>,
    faults: Vec<PlotFault>,
}

/// A partition without a plot that can be served.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PlotFault {
    /// Whom it would be for.
    pub validator: Hotkey,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub why: String,
}

impl Plots {
    /// From plots that are open already.
    #[must_use]
    pub fn new(plots: impl IntoIterator<Item = HeldPlot>) -> Self {
        let held = plots.into_iter().map(|plot| (plot.registration.identity.validator, plot)).collect();
        Self { held, faults: Vec::new() }
    }

    /// Opens every partition's plot in a miner's folder. A damaged one is noted and the others are served.
    ///
    /// # Errors
    /// [`NodeError::Store`] for a partition file that cannot be read, [`NodeError::NoPlot`] where no plot at
    /// all can be served.
    pub fn load(folder: &Path, netuid: NetUid, owner: Hotkey, scheme: &Scheme) -> Result<Self, NodeError> {
        let mut plots = Self::default();
        for partition in super::partitions::read(folder, netuid, owner)? {
            let identity = Identity { netuid, owner, validator: partition.validator };
            match HeldPlot::open(&partition.path, &identity, scheme) {
                Ok(plot) => drop(plots.held.insert(partition.validator, plot)),
                Err(error) => {
                    let why = error.to_string();
                    tracing::warn!(validator = %partition.validator, %why, "a partition cannot be served");
                    plots.faults.push(PlotFault {
                        validator: partition.validator,
                        path: partition.path,
                        why,
                    });
                }
            }
        }
        if plots.held.is_empty() {
            let first = plots.faults.first().map(|fault| fault.why.clone());
            let reason = first.unwrap_or_else(|| "no partition: run `plimsoll allocate` first".into());
            return Err(NodeError::NoPlot { folder: folder.into(), reason });
        }
        Ok(plots)
    }

    /// The plot kept for `validator`.
    #[must_use]
    pub fn of(&self, validator: &Hotkey) -> Option<&HeldPlot> {
        self.held.get(validator)
    }

    /// All plots, by validator.
    pub fn iter(&self) -> impl Iterator<Item = &HeldPlot> {
        self.held.values()
    }

    /// Partitions that cannot be served.
    #[must_use]
    pub fn faults(&self) -> &[PlotFault] {
        &self.faults
    }

    /// What `validator` is told.
    #[must_use]
    pub fn set_for(&self, validator: &Hotkey) -> Option<RegistrationSet> {
        let own = self.of(validator)?.registration.clone();
        Some(RegistrationSet::new(own, self.iter().map(|plot| plot.digest)))
    }

    /// What binds the miner to all of them on chain.
    #[must_use]
    pub fn root(&self) -> Digest {
        let digests: Vec<Digest> = self.iter().map(|plot| plot.digest).collect();
        RegistrationSet::root_of(&digests)
    }
}
