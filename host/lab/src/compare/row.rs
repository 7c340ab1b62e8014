//! What was found out about one scheme. A stage that was not reached is `None`; `failure` says why.

use plimsoll_core::{Claims, Layout};
use serde::Serialize;

use super::figure::Figure;

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The scheme's own name, or what was asked for where it could not be loaded.
    pub name: String,
    /// Why it was not measured, or not to the end.
    pub failure: Option<String>,
    /// Who it is.
    pub identity: Option<Described>,
    /// How large.
    pub plot: Option<Plotted>,
    /// Filling.
    pub fill: Option<Filled>,
    /// Making the commitment of a sealed plot again, ms.
    pub commit_ms: Option<Figure>,
    /// Proving.
    pub prove: Option<Proved>,
    /// Verifying.
    pub verify: Option<Verified>,
    /// Doing without the bytes.
    pub regenerate: Option<Regenerated>,
    /// What that means for an audit.
    pub security: Option<Security>,
    /// Audits of plots with missing units.
    pub detection: Vec<Point>,
}

impl Row {
    /// A sentence, where filling took more memory than the scheme planned.
    #[must_use]
    pub fn memory_beyond_plan(&self) -> Option<String> {
        let (fill, plot) = (self.fill.as_ref()?, self.plot.as_ref()?);
        let (taken, allowed) = (fill.rss_growth_bytes?, fill.memory_allowed_bytes);
        (taken > allowed).then(|| {
            format!(
                "fill_rss_growth_bytes: filling took {taken} bytes of memory, a plan of {} bytes a worker and the \
                 host's own buffers allow {allowed}: the plan must say more",
                plot.layout.memory_bytes
            )
        })
    }
}

/// Who a scheme is.
#[derive(Debug, Clone)]
pub struct Described {
    /// Its version.
    pub version: String,
    /// BLAKE3 of the component, in hex.
    pub plugin_blake3: String,
    /// Its parameters, canonical JSON.
    pub params: String,
    /// What a passing proof shows, as it says.
    pub claims: Claims,
}

/// How large the measured plot is.
#[derive(Debug, Clone)]
pub struct Plotted {
    /// What the scheme planned.
    pub layout: Layout,
    /// Bytes of the whole file, with header and integrity tree.
    pub file_bytes: u64,
    /// How it was written.
    pub io_method: String,
    /// Bytes of statements that a verifier keeps for a tebibyte of claims.
    pub verifier_state_bytes_per_tib: f64,
}

/// Filling into a sealed, flushed file, over all cores.
#[derive(Debug, Clone, Default)]
pub struct Filled {
    /// MiB of the region a CPU-second.
    pub mib_per_cpu_s: Option<Figure>,
    /// MiB of the region a second on the wall.
    pub mib_per_wall_s: Option<Figure>,
    /// Bytes sent to the device, divided by the region's.
    pub write_amplification: Option<Figure>,
    /// Peak of resident memory of the whole process.
    pub peak_rss_bytes: Option<u64>,
    /// How far the peak lay above what was resident before.
    pub rss_growth_bytes: Option<u64>,
    /// How far the plan and the host's own buffers allow it to.
    pub memory_allowed_bytes: u64,
}

/// Answering challenges.
#[derive(Debug, Clone, Default)]
pub struct Proved {
    /// Units of a challenge, where that can be told.
    pub samples: u32,
    /// The median, from the device, ms. `None` where the system does not forget its page cache.
    pub cold_p50_ms: Option<Figure>,
    /// The 99th percentile of the same.
    pub cold_p99_ms: Option<Figure>,
    /// The median from the page cache, ms.
    pub warm_p50_ms: Option<Figure>,
    /// The 99th percentile of the same.
    pub warm_p99_ms: Option<Figure>,
    /// Bytes that one proof reads from region and tree.
    pub read_bytes: Option<Figure>,
    /// In how many reads.
    pub reads: Option<Figure>,
    /// Bytes of a proof.
    pub proof_bytes: Option<Figure>,
    /// Bytes of a challenge.
    pub challenge_bytes: Option<Figure>,
    /// Challenges that asked for nothing, of all.
    pub not_eligible_fraction: f64,
}

/// Checking honest proofs.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// The median, us of one thread, in a fresh instance as a validator does it.
    pub p50_us: Option<Figure>,
    /// The 99th percentile.
    pub p99_us: Option<Figure>,
    /// The same by native code, us.
    pub native_us: Option<Figure>,
    /// The one divided by the other, repeat by repeat.
    pub wasm_native_ratio: Option<Figure>,
}

/// Making a unit again against reading it.
#[derive(Debug, Clone)]
pub struct Regenerated {
    /// Whether filling one unit with all others in place gives its bytes.
    pub alone: bool,
    /// One unit, us of one core: on the wall, or CPU time where a kernel used several cores at once. Where none can be
    /// made alone, CPU time of filling everything.
    pub unit_us: Option<Figure>,
    /// CPU time of the same, us.
    pub unit_cpu_us: Option<Figure>,
    /// One unit from the device at a random place, us.
    pub read_us: Option<Figure>,
    /// The one divided by the other, repeat by repeat.
    pub rho: Option<Figure>,
}

/// What follows from the measured figures; see `formulas`.
#[derive(Debug, Clone, Copy)]
pub struct Security {
    /// f_min for many samples.
    pub f_min: f64,
    /// f_min with which every second audit is passed.
    pub f_min_half: f64,
    /// Days: all units made again at once, against storing them.
    pub break_even_days: f64,
    /// Days: the samples of one audit made again, against storing the whole claim.
    pub break_even_sampled_days: f64,
    /// q that leaves a miss of 2^-40.
    pub samples_for_2pow40: Option<u64>,
    /// Audits that have so many samples together.
    pub audits_for_2pow40: Option<u64>,
}

/// Audits of a plot of which a fraction is missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Missing units, of all.
    pub missing_fraction: f64,
    /// Challenges drawn, answered and verified.
    pub trials: u64,
    /// Of them not passed.
    pub caught: u64,
    /// The one divided by the other.
    pub measured: f64,
    /// The lower end of the interval that holds the true value with 95 %.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// What sampling without regenerating gives for this many units.
    pub theory: f64,
}
