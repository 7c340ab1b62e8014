//! What can go wrong with a node, by whose fault it is.

use std::net::SocketAddr;
use std::path::PathBuf;

use plimsoll_chain::ChainError;
use plimsoll_core::{BlockNumber, Epoch, Hotkey, NetUid, Span};
use plimsoll_kernels::KernelError;
use plimsoll_plugin::PluginError;
use plimsoll_store::StoreError;
use plimsoll_wire::bench::BenchError;
use plimsoll_wire::{EvidenceError, WireError};

/// Why a node could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    // The operator's.
    /// No shipped plugin has this name.
    #[error(
        "there is no shipped plugin `{name}`: shipped are {shipped}; a plugin of your own is named by its path"
    )]
    UnknownBuiltin {
        /// The name, without `builtin:`.
        name: String,
        /// All names there are.
        shipped: String,
    },
    /// A plugin's file cannot be read.
    #[error("the plugin {} cannot be read: {reason}; name a component file, or builtin:NAME", path.display())]
    PluginFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The key is no neuron of the subnet.
    #[error("the hotkey {hotkey} is not registered on subnet {netuid}: register it there first")]
    NotRegistered {
        /// Whose.
        hotkey: Hotkey,
        /// Where.
        netuid: NetUid,
    },
    /// The key is registered, but may not set weights.
    #[error("the hotkey {hotkey} has no validator permit on subnet {netuid}: it needs stake to get one")]
    NoPermit {
        /// Whose.
        hotkey: Hotkey,
        /// Where.
        netuid: NetUid,
    },
    /// Nothing to serve.
    #[error("{} has no plot that can be served: {reason}", folder.display())]
    NoPlot {
        /// The miner's folder.
        folder: PathBuf,
        /// What is wrong with the first, or that there is none.
        reason: String,
    },
    /// The evidence was made with other plugins than are to judge it.
    #[error(
        "{what} of the evidence is {expected}, the one given here is {found}: name the plugin and the parameters that the log was made with"
    )]
    Pinned {
        /// Which plugin, and which part of it.
        what: String,
        /// As the log has it.
        expected: String,
        /// As it was given.
        found: String,
    },
    /// The partitions were planned for another scheme.
    #[error(
        "the plot for {validator} was planned for another scheme: its {field} is {planned}, the configured one's is {configured}; configure the scheme that it was planned for, or run `plimsoll allocate` for the new one"
    )]
    OtherScheme {
        /// Whose plot.
        validator: Hotkey,
        /// What differs.
        field: &'static str,
        /// As the partition has it.
        planned: String,
        /// As it is configured.
        configured: String,
    },
    /// A scheme that says that units are filled, and has not written them.
    #[error(
        "{}: the proof scheme says that {} units from {} are filled, but {missing_bytes} bytes of them were not written; the plot is not sealed, and this scheme cannot be used",
        plot.display(), units.count, units.first
    )]
    Unwritten {
        /// The plot's file.
        plot: PathBuf,
        /// Which units.
        units: Span,
        /// Bytes of them that are missing.
        missing_bytes: u64,
    },
    /// Something that cannot be done.
    #[error("{0}")]
    Unsupported(String),
    /// Somebody asked to stop.
    #[error("stopped on request; what is finished is kept")]
    Cancelled,

    // Another's.
    /// A plugin's.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The chain's.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The wire's.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A measurement's.
    #[error(transparent)]
    Measurement(#[from] BenchError),
    /// The evidence log's.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A validator's own newest log, or one that may be it.
    #[error(
        "{}: {source}: this validator goes on from its newest log; put it back from a copy, or move it out of the folder if it is another validator's",
        path.display()
    )]
    DamagedLog {
        /// The log.
        path: PathBuf,
        /// What is wrong with it.
        source: EvidenceError,
    },
    /// A log that is whole, and yet says something that no validator writes.
    #[error("the evidence is not consistent at line {line}: {why}")]
    Inconsistent {
        /// Which line, counted from 0 as the log does.
        line: u64,
        /// What contradicts what.
        why: String,
    },

    /// What the chain will not take, however often it is sent.
    #[error(
        "the chain refuses the weights: {refusal}; they stay in the evidence, and the next round's are tried anew"
    )]
    WeightsRefused {
        /// Why.
        refusal: plimsoll_chain::Refusal,
    },
    /// Weights that nobody should set any more.
    #[error(
        "the weights of the round at block {round} are {age_blocks} blocks old, and after {most_blocks} they are not set any more: the next round's will be"
    )]
    WeightsTooOld {
        /// The block of their round.
        round: BlockNumber,
        /// How long ago that was.
        age_blocks: u64,
        /// How old they may be.
        most_blocks: u64,
    },
    /// A round of which nothing is known; it is void.
    #[error(
        "epoch {epoch} is void, and the weights stay as they are: {why}; look in the log for what the proof scheme said"
    )]
    NoVerdict {
        /// Which.
        epoch: Epoch,
        /// How many audits, and why.
        why: String,
    },

    // The machine's.
    /// A kernel's, called without a plugin.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {at}: {reason}; stop what listens there, or choose another port")]
    Listen {
        /// The address.
        at: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// A plot's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder.
    #[error("{}: {reason}", path.display())]
    Disk {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The system's.
    #[error("the system would not {doing}: {reason}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_was_found_and_what_to_do() {
        let unknown = NodeError::UnknownBuiltin { name: "proof-x".into(), shipped: "a, b".into() };
        assert_eq!(
            unknown.to_string(),
            "there is no shipped plugin `proof-x`: shipped are a, b; a plugin of your own is named by its path"
        );
        let pinned = NodeError::Pinned {
            what: "the proof scheme's plugin digest".into(),
            expected: "aa".into(),
            found: "bb".into(),
        };
        assert_eq!(
            pinned.to_string(),
            "the proof scheme's plugin digest of the evidence is aa, the one given here is bb: name the plugin \
             and the parameters that the log was made with"
        );
        let old = NodeError::WeightsTooOld { round: BlockNumber(7), age_blocks: 900, most_blocks: 720 };
        assert_eq!(
            old.to_string(),
            "the weights of the round at block 7 are 900 blocks old, and after 720 they are not set any more: the \
             next round's will be"
        );
    }
}
