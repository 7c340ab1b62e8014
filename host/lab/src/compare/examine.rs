//! Measures each scheme, stage by stage. A scheme that fails keeps its line, with the reason.

use plimsoll_core::Statement;
use plimsoll_node::NodeError;
use plimsoll_plugin::{Host, Scheme};

use super::formulas::{Regeneration, least_kept, least_kept_at_half};
use super::machine::Machine;
use super::measure::{
    Bench, Sealed, affordable_bytes, commit_ms, detection, fill, prove_and_verify, regenerate,
};
use super::request::{CompareRequest, Subject};
use super::row::{Described, Filled, Plotted, Regenerated, Row, Security};
use super::table::Comparison;
use crate::LabError;
use crate::stats::samples_to_detect;

const TEBIBYTE: u64 = 1 << 40;
/// 2^-40: how often a cheater may go unnoticed.
const MOST_MISS: f64 = 1.0 / (1u64 << 40) as f64;
/// What a verifier keeps of a plot: netuid, owner, validator, unit size, units.
const STATEMENT_BYTES: usize = 2 + 32 + 32 + 4 + 8;
const COMMITMENT_BYTES: usize = 32;

/// Measures every subject; `begun` is told the name of each before its turn.
///
/// # Errors
/// [`LabError::Disk`] where no folder can be made for plots, [`LabError::Node`] where somebody asked to stop. What
/// goes wrong with a scheme is in its row.
pub fn compare(
    host: &Host,
    subjects: &[Subject],
    request: &CompareRequest,
    begun: &mut dyn FnMut(&str),
) -> Result<Comparison, LabError> {
    let mut rows = Vec::new();
    for subject in subjects {
        begun(&subject.plugin.name);
        let made = tempfile::Builder::new().prefix("plimsoll-compare-").tempdir_in(&request.dir);
        let folder = made.map_err(|error| LabError::Disk {
            doing: "make a folder in",
            path: request.dir.clone(),
            reason: error.to_string(),
        })?;
        let mut row = Row { name: plain_name(&subject.plugin.name), ..Row::default() };
        let examined = host.load_scheme(&subject.plugin, &subject.params).map_err(LabError::from);
        let examined = examined.and_then(|scheme| {
            let bench = Bench { scheme: &scheme, request, folder: folder.path() };
            examine(&bench, &mut row)
        });
        if request.cancel.is_cancelled() {
            return Err(Box::new(NodeError::Cancelled).into());
        }
        row.failure = examined.err().map(|error| error.to_string());
        rows.push(row);
    }
    Ok(Comparison { machine: Machine::here(&request.dir), request: request.clone(), rows })
}

fn plain_name(reference: &str) -> String {
    reference.strip_prefix("builtin:").unwrap_or(reference).to_owned()
}

/// Fills in the row as far as it comes.
fn examine(bench: &Bench<'_>, row: &mut Row) -> Result<(), LabError> {
    let (scheme, request) = (bench.scheme, bench.request);
    row.name.clone_from(&scheme.descriptor().name);
    row.identity = Some(Described {
        version: scheme.descriptor().version.clone(),
        plugin_blake3: scheme.digest().to_string(),
        params: scheme.params().to_owned(),
        claims: scheme.claims(),
    });
    let shares = request.shares();
    let (capacity_bytes, memory) = affordable_bytes(bench, request.repeats.max(1), shares.fill_seconds)?;
    let (filled, plot) = fill(bench, capacity_bytes, memory, shares.fill_seconds)?;
    row.plot = Some(plotted(scheme, &plot));
    row.fill = Some(filled.clone());
    row.commit_ms = commit_ms(bench, &plot)?;
    let (proved, verified) = prove_and_verify(bench, &plot, shares.prove_seconds)?;
    let samples = proved.samples;
    row.prove = Some(proved);
    row.verify = Some(verified);
    let whole_seconds = whole_fill_cpu_seconds(&filled, &plot);
    let regenerated = regenerate(bench, &plot, whole_seconds, shares.regenerate_seconds)?;
    row.security = security(request, samples, &regenerated, &plot);
    row.regenerate = Some(regenerated);
    row.detection = detection(bench, &plot, samples, shares.detect_seconds)?;
    Ok(())
}

fn plotted(scheme: &Scheme, plot: &Sealed) -> Plotted {
    Plotted {
        layout: plot.layout.clone(),
        file_bytes: plot.file_bytes,
        io_method: plot.io_method.clone(),
        verifier_state_bytes_per_tib: verifier_state_bytes_per_tib(scheme, &plot.statement),
    }
}

/// Bytes of statements for a tebibyte of claims, in plots as large as the scheme plans them there.
fn verifier_state_bytes_per_tib(scheme: &Scheme, measured: &Statement) -> f64 {
    let planned = scheme.instance().and_then(|mut instance| instance.plan(&Bench::identity(), TEBIBYTE));
    let claimed = planned.map_or(measured.claimed_bytes(), |layout| layout.units_bytes());
    let statement = STATEMENT_BYTES + measured.commitment.map_or(0, |_| COMMITMENT_BYTES);
    statement as f64 * TEBIBYTE as f64 / claimed.max(1) as f64
}

fn whole_fill_cpu_seconds(filled: &Filled, plot: &Sealed) -> Option<f64> {
    let mib = plot.layout.region_bytes as f64 / (1u64 << 20) as f64;
    filled.mib_per_cpu_s.map(|rate| mib / rate.median)
}

/// What follows for an audit of `samples`; `None` where no unit was made again.
fn security(
    request: &CompareRequest,
    samples: u32,
    regenerated: &Regenerated,
    plot: &Sealed,
) -> Option<Security> {
    let regeneration = Regeneration { seconds: regenerated.unit_us?.median / 1e6, alone: regenerated.alone };
    let cpu_seconds = regenerated.unit_cpu_us?.median / 1e6;
    let audit = request.audit(samples);
    let units_bytes = plot.layout.units_bytes() as f64;
    // Where a unit cannot be made alone, everything is made for the first sample, and the rest is there.
    let (all_seconds, audit_seconds) = match regenerated.alone {
        true => (cpu_seconds * plot.layout.units as f64, cpu_seconds * f64::from(samples)),
        false => (cpu_seconds, cpu_seconds * request.claim_bytes as f64 / units_bytes),
    };
    let needed = samples_to_detect(request.missing_fraction, MOST_MISS);
    Some(Security {
        f_min: least_kept(&regeneration, &audit),
        f_min_half: least_kept_at_half(&regeneration, &audit),
        break_even_days: request.prices.break_even_days(all_seconds, units_bytes),
        break_even_sampled_days: request.prices.break_even_days(audit_seconds, request.claim_bytes as f64),
        samples_for_2pow40: needed,
        audits_for_2pow40: needed.map(|needed| needed.div_ceil(u64::from(samples.max(1)))),
    })
}
