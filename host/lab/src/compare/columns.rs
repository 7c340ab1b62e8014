//! The table's columns: one list for JSON, CSV, the page and the reference in `COLUMNS.md`.

use super::figure::Figure;
use super::row::{Described, Filled, Plotted, Proved, Regenerated, Row, Security, Verified};

/// What stands in one cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Not measured, or nothing to measure.
    Absent,
    /// Words.
    Text(String),
    /// Yes or no.
    Truth(bool),
    /// A count.
    Whole(u64),
    /// Computed from medians.
    Number(f64),
    /// Measured several times.
    Measured(Figure),
}

/// Which part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Who it is.
    Scheme,
    /// How large.
    Plot,
    /// Filling and committing.
    Fill,
    /// Answering.
    Prove,
    /// Checking.
    Verify,
    /// Cheating.
    Security,
}

impl Group {
    /// In the order of the table.
    pub const ALL: [Self; 6] =
        [Self::Scheme, Self::Plot, Self::Fill, Self::Prove, Self::Verify, Self::Security];

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Scheme => "Scheme",
            Self::Plot => "Plot",
            Self::Fill => "Fill and commit",
            Self::Prove => "Prove",
            Self::Verify => "Verify",
            Self::Security => "Against a cheater",
        }
    }
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in JSON and CSV, with its unit.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its part of the table.
    pub group: Group,
    /// Whether it is measured several times: then there is a spread beside it.
    pub repeated: bool,
    /// Its cell of a row.
    pub cell: fn(&Row) -> Cell,
}

/// One line a column: its key, its label, which part of a row it reads, and how. `once` and `each` say whether it
/// is measured several times.
macro_rules! columns {
    ($($group:ident { $($times:ident $key:literal, $label:literal, $part:ident($of:ident) => $cell:expr;)+ })+) => {
        /// All of them, in order.
        pub const COLUMNS: &[Column] = &[$($(Column {
            key: $key,
            label: $label,
            group: Group::$group,
            repeated: columns!(@$times),
            cell: |row| $part(row).map_or(Cell::Absent, |$of| Cell::from($cell)),
        },)+)+];
    };
    (@once) => { false };
    (@each) => { true };
}

columns! {
    Scheme {
        once "name", "scheme", row(of) => of.name.clone();
        once "failure", "not measured because", row(of) => of.failure.clone();
        once "version", "version", described(of) => of.version.clone();
        once "claims", "claims", described(of) => of.claims.to_string();
        once "params", "parameters", described(of) => of.params.clone();
        once "plugin_blake3", "plugin BLAKE3", described(of) => of.plugin_blake3.clone();
    }
    Plot {
        once "region_bytes", "region, bytes", plotted(of) => of.layout.region_bytes;
        once "unit_bytes", "unit, bytes", plotted(of) => u64::from(of.layout.unit_bytes);
        once "units_count", "units", plotted(of) => of.layout.units;
        once "file_overhead_percent", "file beyond its units, %", plotted(of) => overhead_percent(of);
        once "plan_memory_bytes", "memory planned, bytes", plotted(of) => of.layout.memory_bytes;
        once "io_method", "written by", plotted(of) => of.io_method.clone();
    }
    Fill {
        each "fill_mib_per_cpu_s", "fill, MiB per CPU-second", filled(of) => of.mib_per_cpu_s;
        each "fill_mib_per_wall_s", "fill, MiB per second", filled(of) => of.mib_per_wall_s;
        each "fill_write_amplification_ratio", "write amplification", filled(of) => of.write_amplification;
        once "fill_peak_rss_bytes", "peak memory, bytes", filled(of) => of.peak_rss_bytes;
        once "fill_rss_growth_bytes", "peak above start, bytes", filled(of) => of.rss_growth_bytes;
        once "fill_memory_allowed_bytes", "memory allowed, bytes", filled(of) => of.memory_allowed_bytes;
        each "commit_ms", "commit, ms", row(of) => of.commit_ms;
    }
    Prove {
        once "samples_per_challenge_count", "samples of a challenge", proved(of) => u64::from(of.samples);
        each "prove_cold_p50_ms", "prove cold p50, ms", proved(of) => of.cold_p50_ms;
        each "prove_cold_p99_ms", "prove cold p99, ms", proved(of) => of.cold_p99_ms;
        each "prove_warm_p50_ms", "prove warm p50, ms", proved(of) => of.warm_p50_ms;
        each "prove_warm_p99_ms", "prove warm p99, ms", proved(of) => of.warm_p99_ms;
        each "prove_read_bytes", "read for a proof, bytes", proved(of) => of.read_bytes;
        each "prove_reads_count", "reads for a proof", proved(of) => of.reads;
        once "not_eligible_fraction", "challenges without an answer", proved(of) => of.not_eligible_fraction;
        each "challenge_bytes", "challenge, bytes", proved(of) => of.challenge_bytes;
        each "proof_bytes", "proof, bytes", proved(of) => of.proof_bytes;
    }
    Verify {
        each "verify_us", "verify p50, µs", verified(of) => of.p50_us;
        each "verify_p99_us", "verify p99, µs", verified(of) => of.p99_us;
        each "verify_native_us", "verify natively, µs", verified(of) => of.native_us;
        each "verify_wasm_native_ratio", "verify, WASM over native", verified(of) => of.wasm_native_ratio;
        once "verifier_state_bytes_per_tib", "verifier state, bytes per TiB", plotted(of) => of.verifier_state_bytes_per_tib;
    }
    Security {
        once "unit_regenerates_alone", "a unit is made alone", regenerated(of) => of.alone;
        each "unit_regenerate_us", "regenerate a unit, µs", regenerated(of) => of.unit_us;
        each "unit_read_us", "read a unit cold, µs", regenerated(of) => of.read_us;
        each "rho_ratio", "rho", regenerated(of) => of.rho;
        once "f_min_fraction", "f_min(D, P), many samples", secured(of) => of.f_min;
        once "f_min_half_fraction", "f_min(D, P), passing half", secured(of) => of.f_min_half;
        once "break_even_days", "break-even of all, days", secured(of) => of.break_even_days;
        once "break_even_sampled_days", "break-even of an audit, days", secured(of) => of.break_even_sampled_days;
        once "samples_for_2pow40_count", "samples for 2^-40", secured(of) => of.samples_for_2pow40;
        once "audits_for_2pow40_count", "audits for 2^-40", secured(of) => of.audits_for_2pow40;
    }
}

fn overhead_percent(plot: &Plotted) -> f64 {
    let units = plot.layout.units_bytes() as f64;
    100.0 * (plot.file_bytes as f64 - units) / units
}

#[expect(clippy::unnecessary_wraps, reason = "as the other parts of a row, which may be missing")]
const fn row(row: &Row) -> Option<&Row> {
    Some(row)
}

const fn described(row: &Row) -> Option<&Described> {
    row.identity.as_ref()
}

const fn plotted(row: &Row) -> Option<&Plotted> {
    row.plot.as_ref()
}

const fn filled(row: &Row) -> Option<&Filled> {
    row.fill.as_ref()
}

const fn proved(row: &Row) -> Option<&Proved> {
    row.prove.as_ref()
}

const fn verified(row: &Row) -> Option<&Verified> {
    row.verify.as_ref()
}

const fn regenerated(row: &Row) -> Option<&Regenerated> {
    row.regenerate.as_ref()
}

const fn secured(row: &Row) -> Option<&Security> {
    row.security.as_ref()
}

macro_rules! cells {
    ($($from:ty => $variant:ident;)+) => {
        $(impl From<$from> for Cell {
            fn from(value: $from) -> Self {
                Self::$variant(value)
            }
        })+
    };
}

cells! {
    String => Text;
    bool => Truth;
    u64 => Whole;
    f64 => Number;
    Figure => Measured;
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}
