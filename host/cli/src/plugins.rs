//! From a plugin's name to its bytes, and the host that runs them.

use std::num::NonZeroUsize;

use plimsoll_node::Choices;
use plimsoll_node::miner::SideOptions;
use plimsoll_plugin::{Fuel, Host, HostOptions, Limits, PluginError, PluginRef};
use serde_json::{Map, Value};

use crate::config::{Config, PluginChoice, Plugins};
use crate::exit::Failure;

/// A plugin by name: `builtin:NAME` or a file.
///
/// # Errors
/// [`Exit::PluginRejected`](crate::exit::Exit::PluginRejected) where there is none of that name.
pub(crate) fn component(reference: &str) -> Result<PluginRef, Failure> {
    let choice = plimsoll_node::PluginChoice {
        reference: reference.into(),
        pin: None,
        params: Value::Object(Map::new()),
    };
    Ok(choice.resolve()?)
}

impl PluginChoice {
    /// As the floors below know it.
    pub(crate) fn for_node(&self) -> plimsoll_node::PluginChoice {
        plimsoll_node::PluginChoice {
            reference: self.name.clone(),
            pin: self.pin,
            params: self.params.clone(),
        }
    }
}

/// Instances of a simulation at a time, for each thread: rule, strategy and policy, and some that wait for others.
const INSTANCES_A_THREAD: usize = 8;
/// Instances of a miner at a time, for each prover: the one that proves, a new one that checks the proof, and as many
/// for what is drawn or begun beside them.
const INSTANCES_A_PROVER: usize = 4;

impl Config {
    /// The four plugins, as the floors below know them.
    pub(crate) fn choices(&self) -> Choices {
        Choices {
            allocation: self.allocation.for_node(),
            challenge: self.challenge.for_node(),
            scheme: self.proof.for_node(),
            incentive: self.incentive.for_node(),
        }
    }

    /// A host with the configured limits and cache. A cache folder that cannot be trusted is not used.
    ///
    /// # Errors
    /// Where this machine cannot run plugins.
    pub(crate) fn host(&self) -> Result<Host, Failure> {
        self.host_with(None)
    }

    /// The same for simulations on so many threads, or on all cores, which start thousands of instances a second and
    /// few at a time.
    ///
    /// # Errors
    /// As [`Config::host`].
    pub(crate) fn simulating_host(&self, threads: Option<NonZeroUsize>) -> Result<Host, Failure> {
        self.pooled_host(threads.map_or(0, usize::from), INSTANCES_A_THREAD)
    }

    /// The same for a miner, which starts one for every answer.
    ///
    /// # Errors
    /// As [`Config::host`].
    pub(crate) fn proving_host(&self) -> Result<Host, Failure> {
        self.pooled_host(SideOptions::default().threads, INSTANCES_A_PROVER)
    }

    /// With memory set aside for so many instances on each of `threads`, or of all cores if they are more.
    fn pooled_host(&self, threads: usize, instances_a_thread: usize) -> Result<Host, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.max(cores).max(4);
        let instances = threads.checked_mul(instances_a_thread).and_then(|all| u32::try_from(all).ok());
        // A pool is address space set aside, which a process may be denied.
        self.host_with(instances).or_else(|failure| {
            tracing::warn!(
                "no memory can be set aside for plugins, so each takes its own: {}",
                failure.message
            );
            self.host()
        })
    }

    fn host_with(&self, pooled_instances: Option<u32>) -> Result<Host, Failure> {
        let (limits, interpreted) = (self.plugins.limits(), self.plugins.interpreted());
        let uncached = HostOptions { cache_dir: None, limits, interpreted, pooled_instances };
        let cached = HostOptions { cache_dir: Some(self.plugins.cache_dir.clone()), ..uncached };
        match Host::new(cached) {
            Err(error @ PluginError::CacheFolder { .. }) => {
                tracing::warn!("plugins are compiled anew each time: {error}");
                Ok(Host::new(uncached)?)
            }
            host => Ok(host?),
        }
    }
}

impl Plugins {
    /// The limits of every plugin that carries no interpreter.
    pub(crate) fn limits(&self) -> Limits {
        let built_in = self.with_fuel(Limits::compiled());
        Limits { component_bytes: self.max_component.0, memory_bytes: self.memory_bytes(), ..built_in }
    }

    /// The limits of those that do, where they are accepted. What is set for the others only widens them.
    pub(crate) fn interpreted(&self) -> Option<Limits> {
        if self.allow != "interpreted" {
            return None;
        }
        let built_in = self.with_fuel(Limits::interpreted());
        let component_bytes = built_in.component_bytes.max(self.max_component.0);
        Some(Limits {
            component_bytes,
            memory_bytes: built_in.memory_bytes.max(self.memory_bytes()),
            ..built_in
        })
    }

    fn memory_bytes(&self) -> usize {
        usize::try_from(self.max_memory.0).unwrap_or(usize::MAX)
    }

    /// The configured share of the built-in fuel.
    fn with_fuel(&self, built_in: Limits) -> Limits {
        let part = |amount: u64| amount.saturating_mul(self.fuel_percent) / 100;
        let Fuel { describe, configure, plan, fill, fill_per_byte, commit, prove, .. } = built_in.fuel;
        let Fuel { draw, verify, allocate, choose, weigh, decode, check_rows, .. } = built_in.fuel;
        let fuel = Fuel {
            describe: part(describe),
            configure: part(configure),
            plan: part(plan),
            fill: part(fill),
            fill_per_byte: part(fill_per_byte),
            commit: part(commit),
            prove: part(prove),
            draw: part(draw),
            verify: part(verify),
            allocate: part(allocate),
            choose: part(choose),
            weigh: part(weigh),
            decode: part(decode),
            check_rows: part(check_rows),
            ..built_in.fuel
        };
        Limits { fuel, ..built_in }
    }
}
