//! How hard a scheme is attacked.

use std::time::Duration;

use serde::Serialize;

/// The strength of the adversaries and the size of the trial. Everything but measured times follows from these
/// and the plugin.
#[derive(Debug, Clone, Serialize)]
pub struct Options {
    /// The most bytes of the plot under attack. It is smaller where 48 units of a megabyte are enough, and larger
    /// where the scheme has no smaller one, up to [`Options::MOST_BYTES`].
    pub bytes: u64,
    /// Units of one audit.
    pub samples: u32,
    /// Audits of one measured rate, at most; fewer where one is dear.
    pub audits: u32,
    /// The share of units that a prover with holes keeps.
    pub keep: f64,
    /// The share of 4 KiB blocks that are rotten.
    pub corrupt: f64,
    /// When an answer is due.
    #[serde(rename = "deadline_ms", serialize_with = "as_ms")]
    pub deadline: Duration,
    /// Cores on which a cheater regenerates.
    pub cores: u32,
    /// The round trip to the outsourcer's store.
    #[serde(rename = "rtt_ms", serialize_with = "as_ms")]
    pub rtt: Duration,
    /// Bytes a second of the line there.
    pub bandwidth_bytes_per_second: u64,
    /// Identities that one copy should answer for.
    pub identities: u32,
    /// Where every choice comes from.
    pub seed: u64,
    /// Plugin fuel that one measured rate or one family of forgeries may take: 2.5 units are about a nanosecond.
    pub effort_fuel: u64,
}

impl Options {
    /// The largest plot that is filled for a scheme with large units.
    pub const MOST_BYTES: u64 = 256 << 20;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bytes: 4 << 20,
            samples: 20,
            audits: 200,
            keep: 0.5,
            corrupt: 0.05,
            deadline: Duration::from_millis(100),
            cores: 1,
            rtt: Duration::from_millis(40),
            bandwidth_bytes_per_second: 125_000_000,
            identities: 4,
            seed: 1,
            effort_fuel: 1_000_000_000,
        }
    }
}

fn as_ms<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64() * 1e3)
}
