//! How the chain is spoken to.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_core::Digest;

use super::Places;
use super::line::Limits;

/// Settings of a [`Bittensor`](super::Bittensor) client.
#[derive(Debug, Clone)]
pub struct BittensorOptions {
    /// Which nodes.
    pub places: Places,
    /// The hash of block 0 that they must have; that of the network where it is known, else the first node's.
    pub genesis: Option<Digest>,
    /// Pause between two requests; none where nobody counts. Public nodes take one a second.
    pub request_every: Option<Duration>,
    /// How many requests may follow each other at once after a pause.
    pub burst: u32,
    /// How long one answer may take.
    pub call_timeout: Duration,
    /// How long the nodes are tried in turn before a request is given up.
    pub reach_timeout: Duration,
    /// Pause before a connection is tried again.
    pub redial_every: Duration,
    /// How often a read is sent in all.
    pub tries: u32,
    /// How long a node is left alone that says that it has had enough; longer each time.
    pub rest: Duration,
    /// How long a transaction may take until its block is finalized.
    pub finality_timeout: Duration,
    /// How old the knowledge of the runtime's version may be, where no subscription keeps it fresh.
    pub version_age: Duration,
    /// Whether new blocks are listened for once they are asked for repeatedly, in place of asking.
    pub follow: bool,
    /// The version that weights are set with; that which the subnet wants where it is not set.
    pub weights_version_key: Option<u64>,
    /// The folder in which commits of hashes are noted until they are revealed; without it none is made.
    pub reveals: Option<PathBuf>,
}

impl BittensorOptions {
    /// The usual settings for these nodes: one request a second, unless all of them are on this machine.
    #[must_use]
    pub fn of(places: Places) -> Self {
        let pace = (!places.are_own()).then_some(Duration::from_secs(1));
        Self {
            genesis: places.network().and_then(super::Network::genesis),
            request_every: pace,
            places,
            burst: 1,
            call_timeout: Duration::from_secs(20),
            reach_timeout: Duration::from_secs(30),
            redial_every: Duration::from_millis(500),
            tries: 3,
            rest: Duration::from_secs(5),
            finality_timeout: Duration::from_secs(180),
            version_age: Duration::from_secs(60),
            follow: true,
            weights_version_key: None,
            reveals: None,
        }
    }

    pub(super) const fn limits(&self) -> Limits {
        Limits {
            call_timeout: self.call_timeout,
            reach_timeout: self.reach_timeout,
            redial_every: self.redial_every,
            tries: self.tries,
            rest: self.rest,
        }
    }
}
