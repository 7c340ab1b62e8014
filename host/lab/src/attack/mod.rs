//! Adversaries against proof schemes.
//!
//! Each tries to refute what a scheme claims, or the soundness of its verifier, which every scheme claims by being
//! one. A storage adversary is a region below the handle that the scheme's own prover reads through: it has holes,
//! rot, zeros or another identity's bytes, and no scheme needs code for it. A forger makes bytes of proofs. Both
//! are judged by the scheme's own verifier, under the statement and the challenge that a validator would supply.
//!
//! A claim is refuted where the adversary passes more often than the claim allows, and the lower end of the exact
//! interval (99.9 %) says that this is no luck. What is not claimed is tried all the same, and printed. Choices
//! come from one seed; only times are measured.
//!
//! The list follows the attacks that real storage subnets fell to: answers taken from the prover (`empty`), digests
//! in place of data (`digests-only`), shapes that the prover chose (`shape`), regeneration on demand
//! (`regenerate`, and of parts of units, `partial`), the same data for everyone (`alias`), challenges of a window only (`tail-window`), answers that
//! fit every round (`replay`).
//!
//! What no adversary here does: look into a scheme. `partial` makes parts of units with the scheme's own `fill`, which
//! it cuts where that writes and reads back. Where a kernel writes a unit at once (chains, labels, stacked graphs, Chia
//! plots), parts of it are made anew only by who knows the kernel, and it must hold every byte that the prover reads,
//! up to 64 KiB around a leaf: withstanding is no proof.

mod options;
pub(crate) mod plot;
mod presets;
mod rebuild;
pub(crate) mod region;
mod report;
mod subject;

mod empty;
mod hole;
mod identities;
mod partial;
mod regenerate;
mod remote;
mod statement;
mod tamper;
mod transplant;
mod window;

use std::time::Instant;

use plimsoll_plugin::Scheme;

pub use options::Options;
pub use presets::Small;
pub use report::{Finding, Outcome, Point, Property, Report};

use crate::LabError;
use crate::stats::Rate;
use subject::Subject;

type Attack = fn(&mut Subject) -> Result<Finding, LabError>;

/// All of them, those without data first.
const ATTACKS: [(&str, Attack); 21] = [
    ("empty", empty::empty),
    ("digests-only", empty::digests_only),
    ("hole", hole::hole),
    ("tail-window", window::tail_window),
    ("regenerate", regenerate::regenerate),
    ("partial", partial::partial),
    ("corrupt", hole::corrupt),
    ("alias", identities::alias),
    ("compress", identities::compress),
    ("late-commitment", statement::late_commitment),
    ("cheap-commitment", statement::cheap_commitment),
    ("replay", transplant::replay),
    ("other-challenge", transplant::other_challenge),
    ("other-unit", transplant::other_unit),
    ("other-statement", transplant::other_statement),
    ("bit-flips", tamper::bit_flips),
    ("malformed", tamper::malformed),
    ("shape", tamper::shape),
    ("beacon", statement::beacon),
    ("huge-claim", statement::huge_claim),
    ("remote", remote::remote),
];

/// Attacks `scheme`. `on_attack` hears of each finding as it is made.
///
/// # Errors
/// Where there is nothing to attack: no plan, a fill or a commitment that fails. What a scheme does wrong under
/// attack is a finding.
pub fn attack(
    scheme: &Scheme,
    options: &Options,
    on_finding: &mut dyn FnMut(&Finding),
) -> Result<Report, LabError> {
    carry_out(scheme, options, &ATTACKS.map(|(name, _)| name), on_finding)
}

/// The same with these of the attacks only, by their names; the honest prover is watched in any case.
///
/// # Errors
/// As [`attack`], and where there is no attack of such a name.
pub fn attack_only(scheme: &Scheme, options: &Options, names: &[&str]) -> Result<Report, LabError> {
    if let Some(unknown) = names.iter().find(|name| ATTACKS.iter().all(|(known, _)| known != *name)) {
        let why =
            format!("there is no attack `{unknown}`: name {}", ATTACKS.map(|(name, _)| name).join(", "));
        return Err(LabError::Setup { scheme: scheme.name().to_owned(), why });
    }
    carry_out(scheme, options, names, &mut |_| ())
}

fn carry_out(
    scheme: &Scheme,
    options: &Options,
    names: &[&str],
    on_finding: &mut dyn FnMut(&Finding),
) -> Result<Report, LabError> {
    let begin = Instant::now();
    let mut subject = Subject::new(scheme, options)?;
    let mut findings = Vec::new();
    let mut found = |finding: Finding| {
        on_finding(&finding);
        findings.push(finding);
    };
    let honest = honest(&subject);
    let is_provable = subject.honest.passed > 0;
    found(honest);
    if is_provable {
        for (name, attack) in ATTACKS.into_iter().filter(|(name, _)| names.contains(name)) {
            found(ended(name, scheme, attack(&mut subject))?);
        }
    }
    let refuted = findings.iter().filter(|finding| finding.outcome == Outcome::Refuted);
    Ok(Report {
        scheme: scheme.name().to_owned(),
        plugin_blake3: scheme.digest(),
        // Canonical JSON that the host has made.
        params: serde_json::from_str(scheme.params()).unwrap_or_default(),
        claims: scheme.claims(),
        layout: subject.plot.layout.clone(),
        options: options.clone(),
        units_drawn: subject.honest.drawn,
        was_attacked: is_provable,
        refuted: refuted.map(|finding| finding.attack).collect(),
        findings,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// The finding, also of an attack that the plugin ended with a refusal or by breaking down.
fn ended(name: &'static str, scheme: &Scheme, tried: Result<Finding, LabError>) -> Result<Finding, LabError> {
    tried.or_else(|error| match &error {
        LabError::Plugin(why) => Finding::of_error(name, &scheme.claims(), why).ok_or(error),
        _ => Err(error),
    })
}

/// `honest`: no adversary. A prover that holds everything must pass whenever it is eligible.
fn honest(subject: &Subject) -> Finding {
    let seen = &subject.honest;
    let asked = seen.audits - seen.not_eligible;
    let failed = asked - seen.passed;
    let text = match (&seen.complaint, failed) {
        (Some(why), _) => format!("{failed} of {asked} honest audits fail: {why}"),
        (None, _) if asked == 0 => {
            format!("never eligible in {} audits, so nothing can be attacked", seen.audits)
        }
        (None, _) => {
            format!("passes {} of {} audits, {} not eligible", seen.passed, seen.audits, seen.not_eligible)
        }
    };
    if asked == 0 {
        return Finding::not_tried("honest", &[Property::Soundness], text);
    }
    let point = Point::new("an honest prover", Rate::of(seen.passed, asked), Some(1.0), "1");
    subject
        .finding("honest", &[Property::Soundness], failed > 0, text)
        .points(vec![point])
        .figure("proof_bytes", seen.proof_bytes as f64)
        .figure("units_drawn", seen.drawn)
}
