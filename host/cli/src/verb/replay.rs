//! `plimsoll replay`.

use std::path::{Path, PathBuf};

use plimsoll_node::replay::{Difference, ReplayReport, RoundReplay, judge_of, replay_logs};
use plimsoll_node::validator::logs;
use serde_json::json;

use super::generate::blocking;
use crate::exit::{Exit, Failure};
use crate::flags::PluginFlags;
use crate::global::Global;

/// Recompute a validator's weights from its evidence, and compare
///
/// Verifies the chain of hashes and every signature, draws every challenge and verifies every proof again, and
/// weighs again, all under the plugins that the log pins. Of several logs, each must begin where the validator's
/// one before ended. Ends with code 1 if anything comes out otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An evidence log, or a folder of them [default: validator.evidence_dir]
    #[arg(value_name = "LOG")]
    evidence: Option<PathBuf>,

    #[command(flatten)]
    plugins: PluginFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.plugins])?;
    let place = args.evidence.clone().unwrap_or_else(|| config.validator.evidence_dir.clone());
    let (host, choices) = (config.host()?, config.choices());
    let paths = found(&place)?;
    let work = move || {
        let reports = replay_logs(&paths, |path| judge_of(path, &host, &choices))?;
        Ok::<_, Failure>(reports)
    };
    let reports = blocking(work).await??;
    let equal = reports.iter().all(|(_, report)| report.equal());
    let outcome = json!({
        "equal": equal,
        "logs": reports.iter().map(|(path, report)| json!({ "log": path, "report": report })).collect::<Vec<_>>(),
    });
    global.emit(&outcome, || {
        reports.iter().map(|(path, report)| human(path, report)).collect::<Vec<_>>().join("\n\n")
    })?;
    if equal { Ok(()) } else { Err(Failure::reported(Exit::Error)) }
}

fn found(place: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !place.exists() {
        return Err(Failure::new(Exit::NotInitialised, format!("there is no {}", place.display()))
            .hint("name an evidence log; `plimsoll validator` writes them"));
    }
    if !place.is_dir() {
        return Ok(vec![place.to_path_buf()]);
    }
    let paths: Vec<PathBuf> = logs(place)?.into_iter().map(|(_, path)| path).collect();
    if paths.is_empty() {
        let message = format!("there is no evidence log in {}", place.display());
        return Err(Failure::new(Exit::NotInitialised, message).hint("`plimsoll validator` writes them"));
    }
    Ok(paths)
}

fn human(path: &Path, report: &ReplayReport) -> String {
    let mut lines = vec![path.display().to_string()];
    lines.extend(report.rounds.iter().map(round));
    if report.void_rounds > 0 {
        lines.push(format!("  {} rounds were never closed: void", report.void_rounds));
    }
    if report.unsent > 0 {
        lines.push(format!("  {} audits could not be sent, as the validator says", report.unsent));
    }
    lines.extend(report.notes.iter().map(|note| format!("  note: {note}")));
    lines.extend(report.differences.iter().map(difference));
    let (rounds, proofs) = (report.rounds.len(), report.proofs);
    lines.push(match report.equal() {
        true => format!("replayed {rounds} rounds and {proofs} proofs: weights equal byte for byte"),
        false => {
            format!("replayed {rounds} rounds and {proofs} proofs: {} differences", report.differences.len())
        }
    });
    lines.join("\n")
}

fn round(round: &RoundReplay) -> String {
    let weights: Vec<String> = round.weights.iter().map(|(uid, weight)| format!("{uid}:{weight}")).collect();
    let RoundReplay { epoch, audits, proofs, .. } = round;
    let verdict = if round.equal { "equal" } else { "DIFFERS" };
    format!("  epoch {epoch}: {audits} audits, {proofs} proofs, weights {}  {verdict}", weights.join(" "))
}

fn difference(difference: &Difference) -> String {
    let Difference { epoch, uid, what, expected, found } = difference;
    let epoch = epoch.map_or_else(String::new, |epoch| format!("epoch {epoch}, "));
    let uid = uid.map_or_else(String::new, |uid| format!("uid {uid}: "));
    format!("  {epoch}{uid}{what}: expected {expected}, the log says {found}")
}
