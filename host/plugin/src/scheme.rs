//! Proof schemes.

use std::sync::Arc;

use plimsoll_core::{
    Answer, Claims, Digest, Identity, Layout, PlotSpace, RegionSpace, Span, Statement, Verdict,
};
use wasmtime::Store;
use wasmtime::component::Resource;

use crate::accessors::loaded_accessors;
use crate::bindings::imports::plimsoll::plugin::types;
use crate::bindings::proof::exports::plimsoll::plugin::proof_scheme as wit;
use crate::convert;
use crate::instance::{Budget, Place, refused};
use crate::loaded::Loaded;
use crate::promises;
use crate::state::{PlotHandle, RegionHandle, State};
use crate::world::Proof;
use crate::{Limits, PluginError};

/// A loaded proof scheme with its parameters. Clones share everything; each thread asks for its instance.
#[derive(Clone)]
pub struct Scheme {
    loaded: Arc<Loaded<Proof>>,
    claims: Claims,
}

/// One instance of a scheme, for one thread at a time.
///
/// `plan`, `draw` and `verify` run in an instance that was asked nothing before, so that their answers depend
/// on arguments and parameters alone. `fill`, `commit` and `prove` reuse one. After a fault a new instance
/// takes the place of the broken one.
pub struct SchemeInstance(Place<Proof>);

impl Scheme {
    pub(crate) fn new(loaded: Loaded<Proof>) -> Result<Self, PluginError> {
        let proves = |scheme: &wit::Guest, store: &mut Store<State>| scheme.call_proves(store);
        let claims = loaded.linked().ask("proves", loaded.params(), proves)?;
        Ok(Self { loaded: Arc::new(loaded), claims: convert::claims_out(claims) })
    }

    /// What a passing proof shows, as the scheme says.
    #[must_use]
    pub const fn claims(&self) -> Claims {
        self.claims
    }

    /// A new instance.
    ///
    /// # Errors
    /// [`PluginError::Fault`] where it breaks down while it starts.
    pub fn instance(&self) -> Result<SchemeInstance, PluginError> {
        Ok(SchemeInstance(Place::new(Arc::clone(&self.loaded))?))
    }
}

loaded_accessors!(Scheme, SchemeInstance);

impl SchemeInstance {
    fn limits(&self) -> &Limits {
        self.0.loaded().limits()
    }

    fn promise<T>(&self, call: &'static str, value: T, kept: Result<(), String>) -> Result<T, PluginError> {
        promise(self.0.loaded().name(), call, value, kept)
    }

    /// The largest layout that fits `capacity_bytes`.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for a plan that does not fit or contradicts itself; else the plugin's.
    pub fn plan(&mut self, identity: &Identity, capacity_bytes: u64) -> Result<Layout, PluginError> {
        let budget = Budget::pure("plan", self.limits().fuel.plan);
        let identity = convert::identity(identity);
        let answer =
            self.0.call_fresh(budget, |scheme, store| scheme.call_plan(store, &identity, capacity_bytes))?;
        let layout = convert::layout_out(refused(self.name(), budget.call, answer)?);
        let kept = promises::layout(&layout, capacity_bytes);
        self.promise(budget.call, layout, kept)
    }

    /// Fills `units` of pass number `pass`.
    ///
    /// # Errors
    /// [`PluginError::Space`] where storage failed or somebody asked to stop; else the plugin's.
    pub fn fill(
        &mut self,
        plot: Arc<dyn PlotSpace>,
        identity: &Identity,
        pass: u32,
        units: Span,
    ) -> Result<(), PluginError> {
        let region_bytes = plot.size_bytes();
        let budget = Budget { call: "fill", fuel: self.limits().fuel.fill, region_bytes, is_fill: true };
        let (identity, units) = (convert::identity(identity), convert::span(units));
        let answer = self.0.call(budget, |scheme, store| {
            lend(store, PlotHandle(plot), |store, plot| scheme.call_fill(store, plot, &identity, pass, units))
        })?;
        refused(self.name(), budget.call, answer)
    }

    /// The commitment to a filled region, if the scheme commits.
    ///
    /// # Errors
    /// [`PluginError::Space`] where storage failed or somebody asked to stop; else the plugin's.
    pub fn commit(
        &mut self,
        region: Arc<dyn RegionSpace>,
        identity: &Identity,
        layout: &Layout,
    ) -> Result<Option<Digest>, PluginError> {
        let region_bytes = region.size_bytes();
        let budget = Budget { call: "commit", fuel: self.limits().fuel.commit, region_bytes, is_fill: false };
        let (identity, layout) = (convert::identity(identity), convert::layout(layout));
        let answer = self.0.call(budget, |scheme, store| {
            lend(store, RegionHandle(region), |store, region| {
                scheme.call_commit(store, region, &identity, &layout)
            })
        })?;
        let Some(bytes) = refused(self.name(), budget.call, answer)? else { return Ok(None) };
        let digest = Digest::from_slice(&bytes);
        let kept = match digest {
            Some(_) => Ok(()),
            None => Err(format!("a commitment of {} bytes, not 32", bytes.len())),
        };
        self.promise(budget.call, digest, kept)
    }

    /// The miner's answer to a challenge.
    ///
    /// # Errors
    /// [`PluginError::Space`] where storage failed or somebody asked to stop; else the plugin's.
    pub fn prove(
        &mut self,
        region: Arc<dyn RegionSpace>,
        statement: &Statement,
        challenge: &[u8],
    ) -> Result<Answer, PluginError> {
        let region_bytes = region.size_bytes();
        let budget = Budget { call: "prove", fuel: self.limits().fuel.prove, region_bytes, is_fill: false };
        let statement = convert::statement(statement);
        let answer = self.0.call(budget, |scheme, store| {
            lend(store, RegionHandle(region), |store, region| {
                scheme.call_prove(store, region, &statement, challenge)
            })
        })?;
        let answer = match refused(self.name(), budget.call, answer)? {
            wit::Answer::Proof(bytes) => Answer::Proof(bytes),
            wit::Answer::NotEligible => Answer::NotEligible,
        };
        let kept = promises::answer(&answer);
        self.promise(budget.call, answer, kept)
    }

    /// A challenge of `samples` units, all inside of `focus` where one is given.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for a challenge of more than 64 KiB; else the plugin's.
    pub fn draw(
        &mut self,
        statement: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Vec<u8>, PluginError> {
        let budget = Budget::pure("draw", self.limits().fuel.draw);
        let (statement, randomness) = (convert::statement(statement), randomness.0.to_vec());
        let focus = focus.map(convert::span);
        let answer = self.0.call_fresh(budget, |scheme, store| {
            scheme.call_draw(store, &statement, &randomness, samples, focus)
        })?;
        let challenge = refused(self.name(), budget.call, answer)?;
        let kept = promises::challenge(&challenge);
        self.promise(budget.call, challenge, kept)
    }

    /// A challenge of `samples` units, or of the most that the scheme draws where it refuses so many; and of how
    /// many it is. A search by halves: a scheme that draws some number of samples draws any smaller one.
    ///
    /// # Errors
    /// What it says to one sample, where it refuses even that; else as [`Self::draw`].
    pub fn draw_at_most(
        &mut self,
        statement: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<(u32, Vec<u8>), PluginError> {
        match self.draw(statement, randomness, samples, focus) {
            Err(PluginError::Refused { .. }) if samples > 1 => {}
            other => return other.map(|challenge| (samples, challenge)),
        }
        let (mut most, mut challenge) = (1, self.draw(statement, randomness, 1, focus)?);
        let mut refused = samples;
        while refused - most > 1 {
            let middle = most + (refused - most) / 2;
            match self.draw(statement, randomness, middle, focus) {
                Ok(more) => (most, challenge) = (middle, more),
                Err(PluginError::Refused { .. }) => refused = middle,
                Err(error) => return Err(error),
            }
        }
        Ok((most, challenge))
    }

    /// Whether `proof` answers `challenge` under `statement`. An error means "could not tell", whoever's
    /// fault: never that the proof is wrong.
    ///
    /// # Errors
    /// The plugin's.
    pub fn verify(
        &mut self,
        statement: &Statement,
        challenge: &[u8],
        proof: &[u8],
    ) -> Result<Verdict, PluginError> {
        let budget = Budget::pure("verify", self.limits().fuel.verify);
        let statement = convert::statement(statement);
        let answer = self
            .0
            .call_fresh(budget, |scheme, store| scheme.call_verify(store, &statement, challenge, proof))?;
        Ok(promises::verdict(match refused(self.name(), budget.call, answer)? {
            wit::Verdict::Valid => Verdict::Valid,
            wit::Verdict::Invalid(why) => Verdict::Invalid(why),
        }))
    }
}

/// Hands a value on if the promise about it was kept.
pub(crate) fn promise<T>(
    plugin: &str,
    call: &'static str,
    value: T,
    kept: Result<(), String>,
) -> Result<T, PluginError> {
    match kept {
        Ok(()) => Ok(value),
        Err(what) => Err(PluginError::Promise { plugin: plugin.to_owned(), call, what }),
    }
}

/// Lends a handle for one call and takes it back, whatever happens in between.
fn lend<H: Send + 'static, R>(
    store: &mut Store<State>,
    handle: H,
    call: impl FnOnce(&mut Store<State>, Resource<H>) -> wasmtime::Result<Result<R, types::PluginError>>,
) -> wasmtime::Result<Result<R, types::PluginError>> {
    let owned = store.data_mut().table.push(handle)?;
    let result = call(store, Resource::new_borrow(owned.rep()));
    store.data_mut().table.delete(owned)?;
    result
}
