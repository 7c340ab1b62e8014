//! `plimsoll attack`.

use std::time::Duration;

use plimsoll_core::ByteSize;
use plimsoll_lab::attack::{Finding, Options, Point, Report, Small, attack};
use plimsoll_plugin::{Host, Kind, PluginRef};
use serde_json::{Value, json};

use super::generate::blocking;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::plugins::component;
use crate::screen::{self, Side};

/// Try a proof scheme against cheaters and forgers: which of its claims hold
///
/// The scheme's own prover and verifier are run over plots with holes, rot, zeros and other people's bytes, and over
/// forged proofs. Ends with code 50 where a claim is refuted. What a scheme does not claim is tried and not held
/// against it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A shipped scheme, a .wasm file, or `all` that are shipped, with small parameters
    #[arg(value_name = "SCHEME|FILE.wasm|all")]
    scheme: String,

    /// Its parameters as a JSON object
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    params: Option<Value>,

    /// The most bytes of the plot under attack [default: 4MiB; for `all`, as many as fill in a second or two]
    #[arg(long, value_name = "SIZE")]
    bytes: Option<ByteSize>,

    /// Units of one audit
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=4096))]
    samples: u32,

    /// Audits of one measured rate, at most
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    audits: u32,

    /// The share of units that a prover with holes keeps
    #[arg(long, value_name = "SHARE", default_value = "0.5", value_parser = share)]
    keep: f64,

    /// The share of 4 KiB blocks that rot
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = share)]
    corrupt: f64,

    /// When an answer is due, in milliseconds [default: 100; for `all`, whose plots are small, 20]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=86_400_000))]
    deadline_ms: Option<u64>,

    /// Cores on which a cheater makes missing units anew
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    cores: u32,

    /// The round trip to an outsourcer's store, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 40, value_parser = clap::value_parser!(u64).range(0..=86_400_000))]
    rtt_ms: u64,

    /// Bytes a second of the line there
    #[arg(long, value_name = "SIZE", default_value = "125MB")]
    bandwidth: ByteSize,

    /// Identities that one copy should answer for
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=64))]
    identities: u32,

    /// Where every choice comes from: the same seed finds the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Work of each measured rate, in percent: more audits and forgeries where verdicts are dear
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    effort: u64,
}

/// In place of a scheme's name.
const ALL: &str = "all";

/// One scheme to attack.
struct Target {
    plugin: PluginRef,
    params: Value,
    options: Options,
}

/// What could not be attacked, beside what was.
struct Refusal {
    scheme: String,
    failure: Failure,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let host = global.config(&[])?.host()?;
    let targets = targets(args, &host)?;
    let is_all = args.scheme == ALL;
    let quiet = global.json;
    let work = move || {
        let (mut reports, mut refusals) = (Vec::new(), Vec::new());
        for Target { plugin, params, options } in targets {
            if !quiet {
                screen::note(&format!("attacking {} ...", plugin.name));
            }
            match examined(&host, &plugin, &params, &options) {
                Ok(report) => {
                    refusals.extend(unproven(&report));
                    reports.push(report);
                }
                Err(failure) => refusals.push(Refusal { scheme: plugin.name, failure }),
            }
        }
        (reports, refusals)
    };
    let (reports, mut refusals) = blocking(work).await?;
    if !is_all
        && reports.is_empty()
        && let Some(refusal) = refusals.pop()
    {
        return Err(refusal.failure);
    }
    let refuted: Vec<&str> =
        reports.iter().filter(|report| !report.refuted.is_empty()).map(|report| &*report.scheme).collect();
    let failed = |refusal: &Refusal| json!({ "scheme": refusal.scheme, "message": refusal.failure.message });
    let outcome = json!({
        "schemes": reports,
        "refuted": refuted,
        "failed": refusals.iter().map(failed).collect::<Vec<_>>(),
    });
    global.emit(&outcome, || human(&reports, &refusals))?;
    ending(refuted.len(), refusals.len()).map_or(Ok(()), |exit| Err(Failure::reported(exit)))
}

/// The code to end with, if it is not zero: a claim that fell says more than a scheme that could not be attacked.
const fn ending(refuted: usize, failed: usize) -> Option<Exit> {
    match (refuted, failed) {
        (1.., _) => Some(Exit::ClaimRefuted),
        (0, 1..) => Some(Exit::Error),
        (0, 0) => None,
    }
}

fn examined(host: &Host, plugin: &PluginRef, params: &Value, options: &Options) -> Result<Report, Failure> {
    Ok(attack(&host.load_scheme(plugin, params)?, options, &mut |_| ())?)
}

/// Where no honest proof passed, nothing was attacked: no claim was tried, so none held.
fn unproven(report: &Report) -> Option<Refusal> {
    let text = report.findings.first().map_or("", |honest| &honest.text);
    let message = format!("no honest audit was passed, so no claim was tried: {text}");
    let failure = Failure::new(Exit::Error, message);
    (!report.was_attacked).then(|| Refusal { scheme: report.scheme.clone(), failure })
}

/// Each scheme to attack, with its parameters and how hard.
fn targets(args: &Args, host: &Host) -> Result<Vec<Target>, Failure> {
    if args.scheme != ALL {
        let is_shipped = plimsoll_bundle::find(&args.scheme).is_some();
        let reference = if is_shipped { format!("builtin:{}", args.scheme) } else { args.scheme.clone() };
        let params = args.params.clone().unwrap_or_else(|| json!({}));
        let options = options(args, &Options::default());
        return Ok(vec![Target { plugin: component(&reference)?, params, options }]);
    }
    if args.params.is_some() {
        let message = "--params is for one scheme, but all are to be attacked";
        return Err(Failure::new(Exit::Usage, message).hint("name the scheme that takes these parameters"));
    }
    let mut all = Vec::new();
    for builtin in plimsoll_bundle::builtins() {
        let plugin = component(&format!("builtin:{}", builtin.name))?;
        if host.kind_of(&plugin)? == Kind::Proof {
            let Small { params, bytes } = Small::of(builtin.name);
            let small = Options { bytes, deadline: Small::DEADLINE, ..Options::default() };
            all.push(Target { plugin, params, options: options(args, &small) });
        }
    }
    Ok(all)
}

/// `defaults`, and what was said.
fn options(args: &Args, defaults: &Options) -> Options {
    Options {
        bytes: args.bytes.map_or(defaults.bytes, |bytes| bytes.0),
        samples: args.samples,
        audits: args.audits,
        keep: args.keep,
        corrupt: args.corrupt,
        deadline: args.deadline_ms.map_or(defaults.deadline, Duration::from_millis),
        cores: args.cores,
        rtt: Duration::from_millis(args.rtt_ms),
        bandwidth_bytes_per_second: args.bandwidth.0,
        identities: args.identities,
        seed: args.seed,
        effort_fuel: defaults.effort_fuel.saturating_mul(args.effort) / 100,
    }
}

fn json_value(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(format!("{share} is not from 0 to 1")) }
}

fn human(reports: &[Report], refusals: &[Refusal]) -> String {
    let mut lines: Vec<String> = reports.iter().map(scheme).collect();
    lines.extend(
        refusals
            .iter()
            .map(|refusal| format!("{}\nnot attacked: {}\n", refusal.scheme, refusal.failure.message)),
    );
    let refuted: Vec<String> = reports.iter().filter_map(refuted).collect();
    let were_attacked = reports.iter().any(|report| report.was_attacked);
    match refuted.is_empty() {
        true if were_attacked => lines.push("no claim was refuted".into()),
        true => {}
        false => lines.push(refuted.join("\n")),
    }
    lines.join("\n")
}

/// `builtin:x: refuted by hole, empty`, if it is.
fn refuted(report: &Report) -> Option<String> {
    (!report.refuted.is_empty())
        .then(|| format!("{}: refuted by {}", report.scheme, report.refuted.join(", ")))
}

fn scheme(report: &Report) -> String {
    let layout = &report.layout;
    let columns = [
        ("attack", Side::Left),
        ("against", Side::Left),
        ("outcome", Side::Left),
        ("passed", Side::Right),
        ("theory", Side::Right),
        ("what was found", Side::Left),
    ];
    format!(
        "{}, claims {}\n{} units of {} under {}, {:.0} an audit, due in {} ms; {:.1} s\n\n{}\n",
        report.scheme,
        report.claims,
        layout.units,
        ByteSize(u64::from(layout.unit_bytes)),
        report.params,
        report.units_drawn,
        report.options.deadline.as_millis(),
        report.seconds,
        screen::table(&columns, report.findings.iter().flat_map(rows))
    )
}

/// A row of the finding, and one for each rate that is not plainly zero.
fn rows(found: &Finding) -> Vec<Vec<String>> {
    let against: Vec<&str> = found.against.iter().map(|property| property.word()).collect();
    let outcome = match (found.outcome.word(), found.succeeded && found.refutes.is_empty()) {
        (word, true) => format!("{word}, succeeds"),
        (word, false) => word.to_owned(),
    };
    let first = vec![
        found.attack.to_owned(),
        against.join(", "),
        outcome,
        String::new(),
        String::new(),
        found.text.clone(),
    ];
    let shown = found.points.iter().filter(|point| point.passed.hits > 0 || point.theory > Some(0.0));
    std::iter::once(first).chain(shown.map(point)).collect()
}

fn point(point: &Point) -> Vec<String> {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let passed = &point.passed;
    let measured = format!("{} % [{}, {}]", percent(passed.rate), percent(passed.low), percent(passed.high));
    let theory = point.theory.map(|p| format!("{} %", percent(p))).unwrap_or_default();
    let blank = String::new;
    vec![blank(), blank(), blank(), measured, theory, point.case.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Claims, Digest, Layout};
    use plimsoll_lab::attack::{Outcome, Property};

    #[test]
    fn a_claim_that_fell_goes_before_a_scheme_that_was_not_attacked() {
        assert_eq!(ending(0, 0), None);
        assert_eq!(ending(0, 2), Some(Exit::Error));
        assert_eq!([ending(1, 0), ending(1, 3)], [Some(Exit::ClaimRefuted); 2]);
    }

    #[test]
    fn a_prover_that_was_never_eligible_is_a_failure_and_no_praise() {
        let honest = Finding {
            attack: "honest",
            against: vec![Property::Soundness],
            outcome: Outcome::NotTried,
            succeeded: false,
            refutes: Vec::new(),
            text: "never eligible in 24 audits".into(),
            points: Vec::new(),
            figures: std::collections::BTreeMap::new(),
        };
        let layout = Layout { unit_bytes: 1, units: 1, region_bytes: 1, memory_bytes: 0, passes: Vec::new() };
        let mut report = Report {
            scheme: "x".into(),
            plugin_blake3: Digest([0; 32]),
            params: json!({}),
            claims: Claims { space: true, ..Claims::default() },
            layout,
            options: Options::default(),
            units_drawn: 0.0,
            findings: vec![honest],
            was_attacked: false,
            refuted: Vec::new(),
            seconds: 0.0,
        };
        let refusal = unproven(&report).unwrap();
        let says = "no honest audit was passed, so no claim was tried: never eligible in 24 audits";
        assert_eq!((refusal.failure.message.as_str(), refusal.failure.exit), (says, Exit::Error));
        let text = human(&[report.clone()], &[refusal]);
        assert!(
            text.contains("not attacked: no honest audit") && !text.contains("no claim was refuted"),
            "{text}"
        );
        report.was_attacked = true;
        assert!(unproven(&report).is_none() && human(&[report], &[]).contains("no claim was refuted"));
    }
}
