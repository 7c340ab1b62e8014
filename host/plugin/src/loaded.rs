//! A plugin that passed every check: compiled, linked, described and configured once.

use std::sync::Arc;

use plimsoll_core::Digest;
use serde_json::Value;
use wasmtime::component::InstancePre;
use wasmtime::{Engine, Store};

use crate::bindings::lifecycle::exports::plimsoll::plugin::lifecycle;
use crate::convert::Descriptor;
use crate::error::{Refusal, Rejection};
use crate::gate::Admitted;
use crate::instance::{Budget, Running, metered};
use crate::limits::REASON_BYTES;
use crate::log::LogQuota;
use crate::schema::{Schema, canonical_json};
use crate::state::State;
use crate::text::is_tame;
use crate::world::World;
use crate::{Limits, PluginError};

/// What all instances of one plugin with one set of parameters share.
pub(crate) struct Loaded<W: World> {
    linked: Linked<W>,
    digest: Digest,
    descriptor: Descriptor,
    params: String,
    params_digest: Digest,
}

/// A compiled component with its imports satisfied and its exports found.
pub(crate) struct Linked<W: World> {
    name: Arc<str>,
    quota: Arc<LogQuota>,
    limits: Arc<Limits>,
    pre: InstancePre<State>,
    lifecycle: lifecycle::GuestIndices,
    world: W::Indices,
}

impl<W: World> Linked<W> {
    pub(crate) fn new(
        name: &str,
        limits: &Arc<Limits>,
        pre: InstancePre<State>,
    ) -> Result<Self, PluginError> {
        let name: Arc<str> = name.into();
        let found = lifecycle::GuestIndices::new(&pre).and_then(|own| Ok((own, W::indices(&pre)?)));
        let (lifecycle, world) = found.map_err(|e| invalid(&name, &e))?;
        let quota = Arc::new(LogQuota::new(Arc::clone(&name)));
        Ok(Self { name, quota, limits: Arc::clone(limits), pre, lifecycle, world })
    }

    fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    /// A new instance that was asked nothing yet.
    fn instantiate(&self, fuel: u64) -> Result<(Store<State>, lifecycle::Guest, W::Exports), PluginError> {
        let mut store = Store::new(self.engine(), State::new(&self.quota, &self.limits));
        store.limiter(|state| state);
        store.set_hostcall_fuel(self.limits.crossing_bytes);
        let budget = Budget::pure("instantiate", fuel);
        let instance = metered(&self.name, &mut store, budget, |store| self.pre.instantiate(store))?;
        let own = self.lifecycle.load(&mut store, &instance).map_err(|e| invalid(&self.name, &e))?;
        let world = W::load(&self.world, &mut store, &instance).map_err(|e| invalid(&self.name, &e))?;
        Ok((store, own, world))
    }

    /// What the plugin says of itself, with its schema ready for use.
    pub(crate) fn describe(&self) -> Result<(Descriptor, Schema), PluginError> {
        let fuel = self.limits.fuel.describe;
        let (mut store, own, _) = self.instantiate(fuel)?;
        let budget = Budget::pure("describe", fuel);
        let said = metered(&self.name, &mut store, budget, |store| own.call_describe(store))?;
        read_description(said).map_err(|what| PluginError::Rejected {
            plugin: self.name.to_string(),
            why: Rejection::Description { what },
        })
    }

    /// Calls something of a new instance, configured with `params`.
    pub(crate) fn ask<R>(
        &self,
        call: &'static str,
        params: &str,
        ask: impl FnOnce(&W::Exports, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R, PluginError> {
        let (mut store, exports) = self.start(params)?.into_parts();
        let budget = Budget::pure(call, self.limits.fuel.describe);
        metered(&self.name, &mut store, budget, |store| ask(&exports, store))
    }

    /// A new instance, configured.
    fn start(&self, params: &str) -> Result<Running<W>, PluginError> {
        let fuel = self.limits.fuel.configure;
        let (mut store, own, exports) = self.instantiate(fuel)?;
        let budget = Budget::pure("configure", fuel);
        let answer = metered(&self.name, &mut store, budget, |store| own.call_configure(store, params))?;
        answer.map_err(|why| PluginError::BadConfig {
            plugin: self.name.to_string(),
            why: match Refusal::from(why) {
                Refusal::BadConfig(why) => why,
                other => other.to_string(),
            },
        })?;
        Ok(Running::new(store, exports))
    }
}

impl<W: World> Loaded<W> {
    /// Describes, checks the parameters, configures once to see that it can be.
    pub(crate) fn new(linked: Linked<W>, admitted: &Admitted, params: &Value) -> Result<Self, PluginError> {
        let plugin = linked.name.to_string();
        let (descriptor, schema) = linked.describe()?;
        if !params.is_object() {
            let why = format!("the parameters must be a table, they are {}", json_kind(params));
            return Err(PluginError::BadConfig { plugin, why });
        }
        schema.check(params).map_err(|why| PluginError::BadConfig { plugin, why })?;
        let params = canonical_json(params);
        drop(linked.start(&params)?);
        let params_digest = Digest::of(params.as_bytes());
        Ok(Self { linked, digest: admitted.digest, descriptor, params, params_digest })
    }

    pub(crate) fn start(&self) -> Result<Running<W>, PluginError> {
        self.linked.start(&self.params)
    }

    pub(crate) fn name(&self) -> &str {
        &self.linked.name
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.linked.limits
    }

    pub(crate) const fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) const fn params_digest(&self) -> Digest {
        self.params_digest
    }

    pub(crate) fn params(&self) -> &str {
        &self.params
    }

    pub(crate) const fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    pub(crate) const fn linked(&self) -> &Linked<W> {
        &self.linked
    }
}

/// What the validator, compiler or linker says, as a rejection.
pub(crate) fn invalid(plugin: &str, error: &wasmtime::Error) -> PluginError {
    let what = crate::text::tame(&format!("{error:#}"), REASON_BYTES);
    PluginError::Rejected { plugin: plugin.to_owned(), why: Rejection::Invalid { what } }
}

fn read_description(said: lifecycle::Descriptor) -> Result<(Descriptor, Schema), String> {
    let name_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if said.name.is_empty() || said.name.len() > 64 || !said.name.chars().all(name_ok) {
        return Err("its name must be 1 to 64 lower-case letters, digits and dashes".into());
    }
    let texts =
        [("version", &said.version, 64), ("summary", &said.summary, 1024), ("limits", &said.limits, 1024)];
    for (what, text, most) in texts {
        if text.is_empty() || text.len() > most || !is_tame(text) {
            return Err(format!("its {what} must be 1 to {most} printable bytes"));
        }
    }
    if said.references.len() > 32 || said.references.iter().any(|r| r.len() > 1024 || !is_tame(r)) {
        return Err("its references must be at most 32, of at most 1024 printable bytes".into());
    }
    let schema = Schema::read(&said.config_schema)?;
    let (references, waivers) = crate::waiver::part(said.references);
    let descriptor = Descriptor {
        name: said.name,
        version: said.version,
        summary: said.summary,
        limits: said.limits,
        references,
        waivers,
        config_schema: schema.value.clone(),
    };
    Ok((descriptor, schema))
}

const fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
