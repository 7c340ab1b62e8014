//! What goes wrong with a plugin, by whose fault it is.

use std::path::PathBuf;

use plimsoll_core::{Digest, SpaceError};

use crate::Kind;

/// Why a plugin gave no answer. Every sentence names the plugin and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The file is not acceptable: it never ran, or only described itself.
    #[error("plugin `{plugin}` is rejected: {why}")]
    Rejected {
        /// As the operator named it.
        plugin: String,
        /// What is wrong with it.
        why: Rejection,
    },
    /// The operator's parameters do not suit the plugin.
    #[error("plugin `{plugin}`: {why}")]
    BadConfig {
        /// As the operator named it.
        plugin: String,
        /// Which parameter, what was expected, what was found.
        why: String,
    },
    /// The plugin says that it cannot do what it was asked: its answer, not a fault.
    #[error("plugin `{plugin}` could not {call}: {why}")]
    Refused {
        /// As the operator named it.
        plugin: String,
        /// Which of its functions.
        call: &'static str,
        /// What it says.
        why: Refusal,
    },
    /// The plugin broke down. Never the fault of the miner that it judges.
    #[error("plugin `{plugin}` broke down in `{call}`: {fault}")]
    Fault {
        /// As the operator named it.
        plugin: String,
        /// Which of its functions.
        call: &'static str,
        /// How.
        fault: Fault,
    },
    /// The plugin answered what its contract forbids.
    #[error("plugin `{plugin}` breaks its contract in `{call}`: {what}")]
    Promise {
        /// As the operator named it.
        plugin: String,
        /// Which of its functions.
        call: &'static str,
        /// Which promise, and how it was broken.
        what: String,
    },
    /// The storage under the plugin: the disk's fault, or a wish to stop.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The folder of compiled plugins cannot be trusted or used.
    #[error("compiled plugins cannot be kept in {}: {why}", path.display())]
    CacheFolder {
        /// The folder.
        path: PathBuf,
        /// What is wrong and what to do.
        why: String,
    },
    /// A plugin's crate could not be built.
    #[error("{}: {why}", path.display())]
    Build {
        /// The crate's folder or the file at fault.
        path: PathBuf,
        /// What is wrong and what to do.
        why: String,
    },
    /// A plugin's crate could not be written.
    #[error("no new plugin: {why}")]
    Scaffold {
        /// What is wrong and what to do.
        why: String,
    },
    /// The host itself cannot run plugins.
    #[error("the plugin host cannot start: {0}")]
    Engine(String),
}

/// Why a file is no plugin for this host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No file, or none that can be read.
    #[error("the file cannot be read: {reason}")]
    Unreadable {
        /// What the system said.
        reason: String,
    },
    /// Too large a file.
    #[error(
        "the file has {bytes} bytes, at most {most} are accepted; build it with `plimsoll plugin build`, which optimises and strips"
    )]
    TooLarge {
        /// What it has.
        bytes: u64,
        /// What is accepted.
        most: u64,
    },
    /// A plugin that would fit where plugins with an interpreter are accepted.
    #[error(
        "it is as large ({bytes} bytes) as a plugin that carries its language's interpreter, and this host accepts compiled ones only; if you trust it, set `plugins.allow = \"interpreted\"`"
    )]
    Interpreted {
        /// What it has.
        bytes: u64,
    },
    /// Another file than was pinned.
    #[error(
        "it is pinned to blake3 {expected}, but the file has {found}; restore the pinned file, or look at what changed and pin the new one with `plimsoll plugin pin`"
    )]
    Pin {
        /// The pin.
        expected: Digest,
        /// The file.
        found: Digest,
    },
    /// Not WebAssembly.
    #[error("it is no WebAssembly: a plugin is a component file as `plimsoll plugin build` writes it")]
    NotWasm,
    /// A core module.
    #[error("it is a core WebAssembly module, not a component; `plimsoll plugin build` makes the component")]
    CoreModule,
    /// A component that cannot be read to its end.
    #[error("the component is damaged at byte {at}: {what}; build it or fetch it again")]
    Damaged {
        /// Where reading stopped.
        at: usize,
        /// What the reader says.
        what: String,
    },
    /// Too much to compile.
    #[error("it has {found} {what}, at most {most} are accepted: this is no size for a plugin")]
    Bomb {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        found: u64,
        /// What is accepted.
        most: u64,
    },
    /// A component of something else.
    #[error(
        "it is a component, but exports nothing of plimsoll:plugin, or it is cut off; `plimsoll plugin new` makes a crate to begin from"
    )]
    NoPlugin,
    /// Another version of the contract.
    #[error(
        "it is built for contract {found}, this host serves {served}; rebuild it with this host's SDK, or use a host that serves {found}"
    )]
    ContractVersion {
        /// `plimsoll:plugin@0.2.0`.
        found: String,
        /// `plimsoll:plugin@0.1.x`.
        served: &'static str,
    },
    /// WASI.
    #[error(
        "it imports `{name}`, but a plugin has no clock, no randomness, no files and no network: take time and randomness from the arguments and bytes from the host's kernels, and build for wasm32-unknown-unknown (`plimsoll plugin build` does)"
    )]
    Wasi {
        /// The import.
        name: String,
    },
    /// An import outside of the kind's list.
    #[error("it imports `{name}`, which {} is not given; it may import {offered} of plimsoll:plugin", kind.titled())]
    Import {
        /// The import.
        name: String,
        /// What the plugin is.
        kind: Kind,
        /// What it could import.
        offered: String,
    },
    /// An export that every plugin has.
    #[error("it does not export `{name}`; the SDK's export macro adds it")]
    MissingExport {
        /// The interface.
        name: String,
    },
    /// An export that no contract knows.
    #[error("it exports `{name}`, which is not part of {} of plimsoll:plugin@0.1; remove it", kind.titled())]
    UnknownExport {
        /// The export.
        name: String,
        /// What the plugin is.
        kind: Kind,
    },
    /// More than one kind.
    #[error("it exports both `{first}` and `{second}`; a plugin is of one kind, so make two")]
    TwoKinds {
        /// One interface.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// One kind in more than one version of the contract.
    #[error("it exports `{interface}` of {first} and of {second}; export one version of it")]
    TwoVersions {
        /// The interface.
        interface: &'static str,
        /// One version.
        first: String,
        /// The other.
        second: String,
    },
    /// The wrong kind for its place.
    #[error("it is {}, but {} is needed here; name another plugin", found.titled(), wanted.titled())]
    WrongKind {
        /// What it is.
        found: Kind,
        /// What the place needs.
        wanted: Kind,
    },
    /// Not valid, or with functions of other shapes than the contract's.
    #[error("{what}; rebuild it with the SDK of plimsoll:plugin@0.1")]
    Invalid {
        /// What the validator, compiler or linker says.
        what: String,
    },
    /// What it says of itself cannot be used.
    #[error("its description is unusable: {what}")]
    Description {
        /// Which part and why.
        what: String,
    },
}

/// What a plugin says when it cannot do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The parameters.
    #[error("bad configuration: {0}")]
    BadConfig(String),
    /// The arguments.
    #[error("bad input: {0}")]
    BadInput(String),
    /// Not offered by this plugin.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// Storage, by its own mistake: the host's storage was sound.
    #[error("storage: {0}")]
    Storage(String),
    /// Anything else.
    #[error("internal: {0}")]
    Internal(String),
}

/// How a plugin broke down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// An endless loop, or far too much work.
    #[error("out of fuel: it used all {limit} units of this call without an end")]
    OutOfFuel {
        /// What it had.
        limit: u64,
    },
    /// Unbounded recursion.
    #[error("stack overflow: it recursed deeper than its stack of 512 KiB")]
    StackOverflow,
    /// Memory growth without end.
    #[error("out of memory: it asked for {wanted_bytes} bytes, its limit is {most_bytes}")]
    OutOfMemory {
        /// What all its memories would have had together.
        wanted_bytes: usize,
        /// The limit.
        most_bytes: usize,
    },
    /// A table that grows without end.
    #[error("out of table space: it asked for {wanted} elements, its limit is {most}")]
    OutOfTable {
        /// What the table would have had.
        wanted: usize,
        /// The limit.
        most: usize,
    },
    /// An answer or argument that the host will not copy.
    #[error("too much at once: it handed over more than {most_bytes} bytes in one call")]
    TooMuch {
        /// The limit.
        most_bytes: usize,
    },
    /// A call of the host that the contract forbids.
    #[error("a forbidden call: {0}")]
    BadCall(String),
    /// A trap: a panic, a division by zero, a memory access out of bounds.
    #[error("trap: {what}{}", said.as_ref().map(|line| format!("; its last words: {line}")).unwrap_or_default())]
    Trap {
        /// Which.
        what: String,
        /// The last error line that it logged in this call; the SDK logs a panic's message.
        said: Option<String>,
    },
    /// The writing of a plot over and over.
    #[error("it stored more than {most_bytes} bytes in one call: several times the whole plot")]
    Rewriting {
        /// The limit.
        most_bytes: u64,
    },
}

impl PluginError {
    /// The plugin's name, where a plugin is at fault.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::Rejected { plugin, .. }
            | Self::BadConfig { plugin, .. }
            | Self::Refused { plugin, .. }
            | Self::Fault { plugin, .. }
            | Self::Promise { plugin, .. } => Some(plugin),
            _ => None,
        }
    }
}
