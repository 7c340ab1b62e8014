//! The host: one engine, one linker, what was compiled; and the way from a file to a loaded plugin.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{Claims, Digest};
use serde::Serialize;
use serde_json::Value;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::code_cache::{CodeCache, CodeKey};
use crate::convert::{Descriptor, claims_out};
use crate::error::Rejection;
use crate::gate::{Admitted, admit};
use crate::loaded::{Linked, Loaded, invalid};
use crate::state::State;
use crate::world::{self, World};
use crate::{Allocation, Challenge, DatasetSource, Incentive, Kind, LimitSet, Limits, PluginError, Scheme};

/// Compiled components that are kept in memory; beyond them all are forgotten and loaded again.
const MOST_IN_MEMORY: usize = 64;

/// How a host is set up.
#[derive(Debug, Clone, Default)]
pub struct HostOptions {
    /// Where compiled plugins are kept. `None` compiles once a process.
    pub cache_dir: Option<PathBuf>,
    /// What plugins may use.
    pub limits: Limits,
    /// What plugins that carry an interpreter may use, such as [`Limits::interpreted`]. `None` refuses them.
    pub interpreted: Option<Limits>,
    /// Memory for this many instances is set aside and used again: for whoever starts thousands a second and knows
    /// how many there are at once. One more is then refused. `None` asks the system each time.
    pub pooled_instances: Option<u32>,
}

/// A plugin as it is named in a configuration, with its bytes.
#[derive(Debug, Clone)]
pub struct PluginRef {
    /// `builtin:NAME` or a path: what messages call it.
    pub name: String,
    /// The component.
    pub bytes: Arc<[u8]>,
    /// The BLAKE3 that it must have.
    pub pin: Option<Digest>,
}

/// Runs plugins. Cheap to clone; all clones share what was compiled.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    engine: Engine,
    linker: Linker<State>,
    limits: Arc<Limits>,
    interpreted: Option<Arc<Limits>>,
    cache: Option<CodeCache>,
    in_memory: Mutex<HashMap<Digest, Component>>,
}

/// What `plugin inspect` shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// What it decides.
    pub kind: Kind,
    /// The contract that it was built for.
    pub contract_version: String,
    /// BLAKE3 of the file.
    pub digest: Digest,
    /// Bytes of the file.
    pub bytes: u64,
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it says of itself.
    pub descriptor: Descriptor,
    /// What a passing proof shows, for a proof scheme with its default parameters.
    pub claims: Option<Claims>,
}

impl Host {
    /// # Errors
    /// [`PluginError::CacheFolder`] where the folder cannot be trusted, [`PluginError::Engine`] where this
    /// machine cannot run plugins.
    #[expect(clippy::needless_pass_by_value, reason = "options are given away, not lent")]
    pub fn new(options: HostOptions) -> Result<Self, PluginError> {
        let largest = options.interpreted.as_ref().unwrap_or(&options.limits);
        let pool = options.pooled_instances.map(|instances| (instances, largest));
        let engine = crate::engine::consensus_engine(pool)?;
        let linker = crate::imports::linker(&engine)?;
        let cache = options.cache_dir.as_deref().map(CodeCache::open).transpose()?;
        let limits = Arc::new(options.limits);
        let interpreted = options.interpreted.map(Arc::new);
        let in_memory = Mutex::default();
        Ok(Self(Arc::new(Inner { engine, linker, limits, interpreted, cache, in_memory })))
    }

    /// How to set up another host like this one, without a folder of compiled plugins.
    #[must_use]
    pub fn options(&self) -> HostOptions {
        let interpreted = self.0.interpreted.as_deref().copied();
        HostOptions { cache_dir: None, limits: *self.0.limits, interpreted, pooled_instances: None }
    }

    /// What plugins of this host may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Loads a proof scheme. `params` is a JSON object; `{}` means all defaults.
    ///
    /// # Errors
    /// [`PluginError::Rejected`] by the file, [`PluginError::BadConfig`] by the parameters,
    /// [`PluginError::Fault`] where it breaks down while it describes or configures itself.
    pub fn load_scheme(&self, plugin: &PluginRef, params: &Value) -> Result<Scheme, PluginError> {
        Scheme::new(self.load(plugin, params)?)
    }

    /// Loads an allocation policy. See [`Host::load_scheme`].
    ///
    /// # Errors
    /// As [`Host::load_scheme`].
    pub fn load_allocation(&self, plugin: &PluginRef, params: &Value) -> Result<Allocation, PluginError> {
        self.load(plugin, params).map(Allocation::new)
    }

    /// Loads a challenge strategy. See [`Host::load_scheme`].
    ///
    /// # Errors
    /// As [`Host::load_scheme`].
    pub fn load_challenge(&self, plugin: &PluginRef, params: &Value) -> Result<Challenge, PluginError> {
        self.load(plugin, params).map(Challenge::new)
    }

    /// Loads an incentive rule. See [`Host::load_scheme`].
    ///
    /// # Errors
    /// As [`Host::load_scheme`].
    pub fn load_incentive(&self, plugin: &PluginRef, params: &Value) -> Result<Incentive, PluginError> {
        self.load(plugin, params).map(Incentive::new)
    }

    /// Loads a dataset source. See [`Host::load_scheme`].
    ///
    /// # Errors
    /// As [`Host::load_scheme`].
    pub fn load_dataset_source(
        &self,
        plugin: &PluginRef,
        params: &Value,
    ) -> Result<DatasetSource, PluginError> {
        self.load(plugin, params).map(DatasetSource::new)
    }

    /// What a file is and says of itself; nothing of it is configured or used.
    ///
    /// # Errors
    /// As [`Host::load_scheme`], without those of parameters.
    pub fn inspect(&self, plugin: &PluginRef) -> Result<Inspection, PluginError> {
        let admitted = self.admit(plugin)?;
        let (descriptor, claims) = match admitted.kind {
            Kind::Proof => {
                let linked = self.link::<world::Proof>(plugin, &admitted)?;
                let (descriptor, _) = linked.describe()?;
                // A scheme that cannot do without parameters claims nothing yet.
                let claims = match linked.ask("proves", "{}", |scheme, store| scheme.call_proves(store)) {
                    Ok(claims) => Some(claims_out(claims)),
                    Err(PluginError::BadConfig { .. }) => None,
                    Err(error) => return Err(error),
                };
                (descriptor, claims)
            }
            Kind::Allocation => (self.link::<world::Allocation>(plugin, &admitted)?.describe()?.0, None),
            Kind::Challenge => (self.link::<world::Challenge>(plugin, &admitted)?.describe()?.0, None),
            Kind::Incentive => (self.link::<world::Incentive>(plugin, &admitted)?.describe()?.0, None),
            Kind::Dataset => (self.link::<world::Dataset>(plugin, &admitted)?.describe()?.0, None),
        };
        let Admitted { set: _, kind, digest, contract_version, imports, exports } = admitted;
        let bytes = plugin.bytes.len() as u64;
        Ok(Inspection { kind, contract_version, digest, bytes, imports, exports, descriptor, claims })
    }

    /// What kind of plugin this is, by its exports; it is neither compiled nor run.
    ///
    /// # Errors
    /// [`PluginError::Rejected`].
    pub fn kind_of(&self, plugin: &PluginRef) -> Result<Kind, PluginError> {
        self.admit(plugin).map(|admitted| admitted.kind)
    }

    fn admit(&self, plugin: &PluginRef) -> Result<Admitted, PluginError> {
        admit(&plugin.bytes, plugin.pin, &self.0.limits, self.0.interpreted.as_deref())
            .map_err(|why| PluginError::Rejected { plugin: plugin.name.clone(), why })
    }

    pub(crate) fn load<W: World>(
        &self,
        plugin: &PluginRef,
        params: &Value,
    ) -> Result<Loaded<W>, PluginError> {
        let admitted = self.admit(plugin)?;
        if admitted.kind != W::KIND {
            let why = Rejection::WrongKind { found: admitted.kind, wanted: W::KIND };
            return Err(PluginError::Rejected { plugin: plugin.name.clone(), why });
        }
        let linked = self.link::<W>(plugin, &admitted)?;
        Loaded::new(linked, &admitted, params)
    }

    fn link<W: World>(&self, plugin: &PluginRef, admitted: &Admitted) -> Result<Linked<W>, PluginError> {
        let component = self.compiled(plugin, admitted)?;
        let pre = self.0.linker.instantiate_pre(&component).map_err(|e| invalid(&plugin.name, &e))?;
        // The gate admits nothing under limits that this host does not have.
        let limits = match (admitted.set, &self.0.interpreted) {
            (LimitSet::Interpreted, Some(interpreted)) => interpreted,
            _ => &self.0.limits,
        };
        Linked::new(&plugin.name, limits, pre)
    }

    /// From memory, from the folder, or from the compiler.
    fn compiled(&self, plugin: &PluginRef, admitted: &Admitted) -> Result<Component, PluginError> {
        let Inner { engine, cache, in_memory, .. } = &*self.0;
        let lock = || in_memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = lock().get(&admitted.digest) {
            return Ok(component.clone());
        }
        let key = CodeKey::new(admitted.digest, engine);
        let component = match cache.as_ref().and_then(|cache| cache.load(engine, &key)) {
            Some(component) => component,
            None => {
                let component =
                    Component::from_binary(engine, &plugin.bytes).map_err(|e| invalid(&plugin.name, &e))?;
                if let Some(cache) = cache {
                    cache.keep(&key, &component);
                }
                component
            }
        };
        let mut kept = lock();
        if kept.len() >= MOST_IN_MEMORY {
            kept.clear();
        }
        kept.insert(admitted.digest, component.clone());
        Ok(component)
    }
}

impl PluginRef {
    /// A plugin without a pin.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), pin: None }
    }

    /// A plugin from its file, named by its path. No more is read than `limits` accept.
    ///
    /// # Errors
    /// [`PluginError::Rejected`]: no file, no regular one, unreadable or too large.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, PluginError> {
        let name = path.display().to_string();
        let reject = |why| PluginError::Rejected { plugin: name.clone(), why };
        let unreadable = |e: std::io::Error| reject(Rejection::Unreadable { reason: e.to_string() });
        let found = std::fs::metadata(path).map_err(unreadable)?;
        if !found.is_file() {
            return Err(reject(Rejection::Unreadable { reason: "it is no regular file".into() }));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(limits.component_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > limits.component_bytes {
            let bytes = found.len().max(bytes.len() as u64);
            return Err(reject(Rejection::TooLarge { bytes, most: limits.component_bytes }));
        }
        Ok(Self::new(name, bytes))
    }

    /// The same, pinned.
    #[must_use]
    pub fn pinned(mut self, pin: Digest) -> Self {
        self.pin = Some(pin);
        self
    }
}

/// The line that pins a component in a TOML file: `blake3 = "..."`.
#[must_use]
pub fn pin_line(component: &[u8]) -> String {
    format!("blake3 = \"{}\"", Digest::of(component))
}
