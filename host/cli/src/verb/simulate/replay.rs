//! `plimsoll simulate replay`.

use std::ops::ControlFlow;

use plimsoll_lab::simulate::{Happened, Happening, Relived, Run, prepare};
use plimsoll_lab::sweep::digest;
use serde_json::json;

use super::chosen::Chosen;
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen::{self, Side};
use crate::verb::generate::blocking;

/// Make a run again: whether it is the one that was kept, and what happened in an epoch
///
/// Ends with code 1 where the run differs from the one that was kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show what happened in this epoch, from 0
    #[arg(long, value_name = "N")]
    epoch: Option<u64>,
}

pub(super) async fn run(chosen: Chosen, args: Args, global: &Global) -> Result<(), Failure> {
    let (cell, host) = chosen.one(global, "replay")?;
    let keep = chosen.kept(global)?;
    let kept = keep.as_ref().map_or(Ok(None), |keep| keep.find(&cell.key(chosen.seed)))?;
    let cancel = Cancel::on_signals("stopping the replay")?;
    let seed = chosen.seed;
    let work = move || -> Result<(Run, Option<Relived>), Failure> {
        let prepared = prepare(cell.scenario, &host, cell.figures)?;
        // A state is kept of the very epoch that is asked for.
        let every = args.epoch.unwrap_or(u64::MAX).max(1);
        let (run, states) = prepared.run_keeping(seed, every, &mut |_| match cancel.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })?;
        let relived = args.epoch.map(|epoch| prepared.relive(seed, epoch, Some(&states)));
        Ok((run, relived.transpose()?))
    };
    let (run, relived) = blocking(work).await??;
    let (found, kept) = (digest(&run), kept.map(|outcome| outcome.run_blake3));
    let equal = kept.map(|kept| kept == found);
    let outcome = json!({
        "seed": run.seed,
        "epochs": run.epochs,
        "run_blake3": found,
        "kept_blake3": kept,
        "equal": equal,
        "epoch": relived,
    });
    global.emit(&outcome, || {
        let verdict = match equal {
            Some(true) => "the same as the run that was kept",
            Some(false) => "OTHER than the run that was kept",
            None => "no such run was kept",
        };
        let mut lines = vec![format!("seed {}, {} epochs: run {found}, {verdict}", run.seed, run.epochs)];
        lines.extend(run.faults.first().map(|fault| {
            format!(
                "plugins broke down {} times; the first, in epoch {}: {}",
                run.faults.len(),
                fault.epoch,
                fault.what
            )
        }));
        lines.extend(relived.iter().map(|relived| epoch(&run, relived)));
        lines.join("\n")
    })?;
    if equal == Some(false) { Err(Failure::reported(Exit::Error)) } else { Ok(()) }
}

/// Its events, then what each group made of it.
fn epoch(run: &Run, relived: &Relived) -> String {
    let mut lines = vec![format!("\nepoch {}", relived.row.epoch)];
    lines.extend(relived.happenings.iter().map(|happening| event(run, happening)));
    let row = |(at, group): (usize, &plimsoll_lab::simulate::Group)| {
        vec![
            group.name.clone(),
            size(relived.row.claimed_bytes[at]),
            size(relived.row.stored_bytes[at]),
            format!("{:.6}", alpha(relived.row.earned_rao[at])),
        ]
    };
    let columns = [
        ("miners", Side::Left),
        ("claim", Side::Right),
        ("store", Side::Right),
        ("earn, alpha", Side::Right),
    ];
    lines.push(String::new());
    lines.push(screen::table(&columns, run.groups.iter().enumerate().map(row)));
    lines.join("\n")
}

fn event(run: &Run, happening: &Happening) -> String {
    let told = match &happening.what {
        Happened::Registered { hotkey, uid, cost_rao, displaced } => {
            let displaced =
                displaced.map_or_else(String::new, |other| format!(", in place of {}", other.short()));
            format!(
                "{} registers for {:.6} alpha and gets uid {uid}{displaced}",
                hotkey.short(),
                alpha(*cost_rao)
            )
        }
        Happened::Left { miner } => format!("{} leaves for good", named(run, *miner)),
        Happened::Divided { miner, hotkey, claimed_bytes } => {
            format!(
                "{} divides its space anew: {} claims {}",
                named(run, *miner),
                hotkey.short(),
                size(*claimed_bytes)
            )
        }
        Happened::RoundOver { validator, audits } => format!(
            "{validator} ends its round: {} passed, {} failed, {} late, {} absent",
            audits.passed, audits.failed, audits.late, audits.absent
        ),
        Happened::RoundVoid { validator, why } => format!("{validator}'s round is void: {why}"),
        Happened::WeightsSet { validator, hotkeys } => {
            format!("{validator} sets weights for {hotkeys} hotkeys")
        }
        Happened::WeightsRefused { validator, why } => format!("{validator}'s weights are refused: {why}"),
        Happened::TempoEnded { miners_rao } => {
            format!("the tempo ends: miners earn {:.6} alpha", alpha(*miners_rao))
        }
    };
    format!("{:>14.3} s  {told}", happening.at_ms as f64 / 1e3)
}

fn named(run: &Run, miner: usize) -> String {
    let group = run.miners.get(miner).map_or("?", |miner| run.groups[miner.group].name.as_str());
    format!("miner {miner} of `{group}`")
}

fn size(bytes: u64) -> String {
    plimsoll_core::ByteSize(bytes).to_string()
}

fn alpha(rao: u64) -> f64 {
    rao as f64 / 1e9
}
