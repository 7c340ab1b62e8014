//! WebAssembly plugins: engine, bindings, limits, pins, compiled-code cache.
//!
//! **Plugins conduct, the host plays.** A plugin decides; it has no clock, no randomness, no files, no
//! network. What it needs of the disk it reaches through handles that are lent for one call, and what takes
//! time runs natively. Nothing of WebAssembly shows outside of this crate: questions and answers are
//! [`plimsoll_core`]'s types. In reading order:
//!
//! - [`Kind`], [`Limits`], [`PluginError`]: what there is, how much it may use, what goes wrong and by whose fault;
//! - [`Host`]: from a file to a loaded plugin, every check in its order;
//! - [`Scheme`], [`Allocation`], [`Challenge`], [`Incentive`], [`DatasetSource`]: loaded plugins, and instances that
//!   answer;
//! - [`MemorySpace`]: a region without a disk;
//! - [`scaffold`], [`build`], [`conform`], [`measure`]: making plugins, and holding them to their laws and to their speed.
//!
//! ```
//! # use std::sync::Arc;
//! # use plimsoll_core::{Answer, Digest, Hotkey, Identity, NetUid, Span, Statement, Verdict};
//! # use plimsoll_plugin::{Host, HostOptions, MemorySpace, PluginRef};
//! # let identity = Identity { netuid: NetUid(7), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
//! # let shipped = plimsoll_bundle::find("proof-stream").ok_or("not shipped")?;
//! let host = Host::new(HostOptions::default())?;
//! let plugin = PluginRef::new("builtin:proof-stream", shipped.component).pinned(Digest(shipped.blake3));
//! let scheme = host.load_scheme(&plugin, &serde_json::json!({"unit_bytes": 4096}))?;
//! let mut instance = scheme.instance()?; // one a thread
//!
//! let layout = instance.plan(&identity, 1 << 20)?;
//! let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
//! instance.fill(plot.clone(), &identity, 0, Span { first: 0, count: layout.units })?;
//! let commitment = instance.commit(plot.clone(), &identity, &layout)?;
//!
//! let statement = Statement { identity, unit_bytes: layout.unit_bytes, units: layout.units, commitment };
//! let challenge = instance.draw(&statement, &Digest([9; 32]), 5, None)?;
//! let Answer::Proof(proof) = instance.prove(plot, &statement, &challenge)? else { return Ok(()) };
//! assert_eq!(instance.verify(&statement, &challenge, &proof)?, Verdict::Valid);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod kind;
mod limits;
mod terms;

mod error;
mod text;

mod bindings;
mod convert;

mod engine;

mod cost;
mod imports;
mod log;
mod state;

mod gate;
mod schema;
mod shape;

mod code_cache;
mod host;
mod instance;
mod loaded;
mod world;

mod accessors;
mod promises;

mod allocation;
mod challenge;
mod dataset;
mod incentive;
mod scheme;

mod memory_space;

mod build;
mod build_python;
mod scaffold;
mod scaffold_python;

mod conform;
mod measure;
mod waiver;

pub use allocation::{Allocation, AllocationInstance};
pub use build::{BuildOptions, Built, TARGET, build, componentise};
pub use build_python::python_install;
pub use challenge::{Challenge, ChallengeInstance};
pub use conform::{ALLOCATION_LAWS, Check, Counterexample, INCENTIVE_LAWS, Report, conform};
pub use convert::Descriptor;
pub use dataset::{DatasetSource, DatasetSourceInstance};
pub use error::{Fault, PluginError, Refusal, Rejection};
pub use host::{Host, HostOptions, Inspection, PluginRef, pin_line};
pub use incentive::{Incentive, IncentiveInstance};
pub use kind::Kind;
pub use limits::{
    BATCH_BYTES, BATCH_LINES, CHALLENGE_BYTES, COMMITMENT_BYTES, Fuel, LINE_BYTES, LOG_BYTES, LOG_LINES,
    LOG_LINES_A_WINDOW, LimitSet, Limits, MEMORY_BLOB_BYTES, PROOF_BYTES, REASON_BYTES,
};
pub use measure::{Measured, measure};
pub use memory_space::MemorySpace;
pub use scaffold::{SdkSource, scaffold};
pub use scaffold_python::scaffold_python;
pub use scheme::{Scheme, SchemeInstance};
pub use terms::ENGINE;
pub use waiver::Waiver;
