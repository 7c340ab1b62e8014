//! What can go wrong with a chain or a wallet, by whose fault it is.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use plimsoll_core::Digest;

use crate::Refusal;
use crate::wallet::WalletProblem;

/// Why a chain or a wallet could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    // The caller's.
    /// The text names no chain.
    #[error(
        "`{text}` is no chain endpoint: {why}; write `local://127.0.0.1:9933` for a local ledger, `finney`, `test` or \
         `local` for a Bittensor network, or `wss://HOST:PORT` for a node"
    )]
    Endpoint {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The node belongs to another chain than the one that is meant.
    #[error(
        "{endpoint} is a node of another chain: its genesis is {found}, expected {expected}; name a node of the \
         right network in chain.endpoint, or the right network in chain.network"
    )]
    OtherChain {
        /// Which node.
        endpoint: String,
        /// The genesis hash that is meant.
        expected: Digest,
        /// The genesis hash of the node.
        found: Digest,
    },
    /// A local ledger at an address that is not of this machine alone.
    #[error(
        "{at} is reachable from other machines: a local ledger is on loopback only, such as 127.0.0.1:{}",
        at.port()
    )]
    NotLoopback {
        /// The address.
        at: SocketAddr,
    },
    /// A ledger cannot start like this.
    #[error("the ledger's genesis is not consistent: {why}")]
    Genesis {
        /// What contradicts what.
        why: String,
    },
    /// The name of a wallet or hotkey that cannot be one.
    #[error("`{name}` cannot be the name of a {kind}: {why}")]
    WalletName {
        /// `wallet` or `hotkey`.
        kind: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file of a wallet.
    #[error("{}: {problem}", path.display())]
    Wallet {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: WalletProblem,
    },

    /// Weights that cannot be sealed until a round of the beacon.
    #[error("cannot timelock the weights: {why}")]
    Timelock {
        /// What is in the way.
        why: String,
    },
    /// Bytes that are not sealed, or not to this round.
    #[error("cannot open the timelocked bytes: {why}")]
    Sealed {
        /// What is wrong with them.
        why: String,
    },

    /// A commit that cannot be noted, or is not there.
    #[error("cannot commit and reveal weights: {why}")]
    Reveal {
        /// What is in the way.
        why: String,
    },

    // The chain's.
    /// The chain said no.
    #[error("the chain refused: {0}")]
    Refused(#[from] Refusal),
    /// The answer is none that this chain may give.
    #[error("{endpoint} gave an answer that makes no sense: {why}")]
    BadAnswer {
        /// Which chain.
        endpoint: String,
        /// What about it.
        why: String,
    },

    // The network's.
    /// Nothing was sent.
    #[error("cannot reach the chain at {endpoint}: {why}; is `plimsoll localnet` running there?")]
    Unreachable {
        /// Which chain.
        endpoint: String,
        /// What the system said.
        why: String,
    },
    /// None of the nodes of a network answers; nothing was sent.
    #[error(
        "cannot reach Bittensor at {endpoint}: {why}; check the connection, or name another node in chain.endpoint"
    )]
    NoNode {
        /// Which network or nodes.
        endpoint: String,
        /// What the system said.
        why: String,
    },
    /// The nodes answer no more requests for a while, or none of this kind.
    #[error("{endpoint} does not answer this: {why}; wait, or name a node of your own in chain.endpoint")]
    Limited {
        /// Which network or nodes.
        endpoint: String,
        /// What the node said.
        why: String,
    },
    /// What is finalized never changes, and here it did.
    #[error(
        "{endpoint} takes back what was finalized: {why}; a node that lags behind catches up, else name another node in \
         chain.endpoint, and if the chain was begun anew, restart this program"
    )]
    TakenBack {
        /// Which network or nodes.
        endpoint: String,
        /// What was seen before, and what now.
        why: String,
    },
    /// Something was sent, and what became of it is unknown.
    #[error("{endpoint} gave no answer to {asked}: {why}; it may or may not have happened")]
    NoAnswer {
        /// Which chain.
        endpoint: String,
        /// What was asked.
        asked: &'static str,
        /// What the system said.
        why: String,
    },
    /// The address is taken, or not ours.
    #[error("cannot listen on {at}: {source}; stop what listens there or choose another port")]
    Listen {
        /// The address.
        at: SocketAddr,
        /// What the system said.
        source: io::Error,
    },

    // The disk's.
    /// The file of a ledger is damaged, or of another ledger.
    #[error("{}: {why}", path.display())]
    StateFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file of commits that wait for their reveal is damaged, exposed or in use.
    #[error("{}: {why}", path.display())]
    RevealJournal {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another process works on the file of the ledger.
    #[error("{}: another process keeps its ledger here; stop it or choose another file", path.display())]
    StateInUse {
        /// The file.
        path: PathBuf,
    },
    /// The system would not do it.
    #[error("cannot {doing} {}: {source}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Whose fault an error is: what an exit code or a retry depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A wrong setting or argument.
    Caller,
    /// A wallet that is missing, exposed, encrypted or damaged.
    Wallet,
    /// The chain said no: see the [`Refusal`] whether waiting helps.
    Chain,
    /// No chain there, or none that answers: worth another try.
    Network,
    /// The disk of this machine, or a file on it.
    Disk,
}

impl ChainError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Endpoint { .. }
            | Self::OtherChain { .. }
            | Self::NotLoopback { .. }
            | Self::Genesis { .. }
            | Self::Timelock { .. }
            | Self::Sealed { .. }
            | Self::Reveal { .. }
            | Self::Listen { .. } => Fault::Caller,
            Self::WalletName { .. } | Self::Wallet { .. } => Fault::Wallet,
            Self::Refused(_) => Fault::Chain,
            Self::BadAnswer { .. }
            | Self::Unreachable { .. }
            | Self::NoNode { .. }
            | Self::Limited { .. }
            | Self::TakenBack { .. }
            | Self::NoAnswer { .. } => Fault::Network,
            Self::StateFile { .. }
            | Self::StateInUse { .. }
            | Self::RevealJournal { .. }
            | Self::Disk { .. } => Fault::Disk,
        }
    }

    /// The chain's own reason, if it was the chain that said no.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}
