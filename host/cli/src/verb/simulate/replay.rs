//! `plimsoll simulate replay`.

use plimsoll_lab::LabError;
use plimsoll_lab::simulate::{Happened, Happening, Miners, Relived, Run, Scenario, prepare};
use plimsoll_lab::sweep::digest;
use serde_json::json;

use super::chosen::Chosen;
use super::states::{Keeping, States};
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen::{self, Side};
use crate::verb::generate::blocking;

/// Make a run again: whether it is the one that was kept, and what happened in an epoch
///
/// Ends with code 1 where the run differs from the one that was kept. Where states of the run are kept, an epoch is made
/// from the nearest one alone, and its end compared.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show what happened in this epoch, from 0
    #[arg(long, value_name = "N")]
    epoch: Option<u64>,

    #[command(flatten)]
    states: Keeping,
}

/// What was made again.
enum Again {
    /// The whole run, and an epoch of it.
    Run(Box<Run>, Option<Relived>),
    /// One epoch, from a kept state.
    Epoch {
        relived: Relived,
        from_epoch: u64,
        /// Whether its end is the one that is kept.
        equal: Option<bool>,
    },
}

pub(super) async fn run(chosen: Chosen, args: Args, global: &Global) -> Result<(), Failure> {
    let (cell, host) = chosen.one(global, "replay")?;
    let keep = args.states.file(&chosen, global)?;
    let kept = keep.as_ref().map_or(Ok(None), |keep| keep.find(&cell.key(chosen.seed)))?;
    let kept = kept.map(|outcome| outcome.run_blake3);
    let cancel = Cancel::on_signals("stopping the replay")?;
    let (seed, at, scenario) = (chosen.seed, global.clone(), cell.scenario.clone());
    let work = move || -> Result<Again, LabError> {
        let prepared = prepare(cell.scenario.clone(), &host, cell.figures.clone())?;
        let (keep, cancel, global) = (keep.as_ref(), &cancel, &at);
        let states =
            States { args: &args.states, prepared: &prepared, cell: &cell, seed, keep, cancel, global };
        again(&states, args.epoch)
    };
    match blocking(work).await?? {
        Again::Run(run, relived) => {
            let found = digest(&run);
            let equal = kept.map(|kept| kept == found);
            let outcome = json!({
                "seed": seed,
                "epochs": run.epochs,
                "run_blake3": found,
                "kept_blake3": kept,
                "equal": equal,
                "from_epoch": null,
                "epoch": relived,
            });
            global.emit(&outcome, || whole(&scenario, &run, relived.as_ref(), equal))?;
            ended(equal)
        }
        Again::Epoch { relived, from_epoch, equal } => {
            let outcome = json!({
                "seed": seed,
                "epochs": scenario.epochs,
                "run_blake3": null,
                "kept_blake3": kept,
                "equal": equal,
                "from_epoch": from_epoch,
                "epoch": relived,
            });
            global.emit(&outcome, || {
                let verdict = match equal {
                    Some(true) => "it ends as the run that was kept",
                    Some(false) => "it ends OTHERWISE than the run that was kept",
                    None => "no state is kept of its end",
                };
                let head = format!("seed {seed}, from the state kept before epoch {from_epoch}: {verdict}");
                format!("{head}\n{}", epoch(&scenario, &relived))
            })?;
            ended(equal)
        }
    }
}

fn again(states: &States<'_>, epoch: Option<u64>) -> Result<Again, LabError> {
    let States { prepared, seed, .. } = *states;
    let made = epoch.map_or(Ok(None), |epoch| states.made_first(epoch))?;
    let start = epoch.map_or(Ok(None), |epoch| states.before(epoch))?;
    if let (Some(run), Some(epoch)) = (made, epoch) {
        let relived = prepared.relive(seed, epoch, start.as_ref().map(|start| &start.kept))?;
        return Ok(Again::Run(Box::new(run), Some(relived)));
    }
    if let (Some(epoch), Some(start)) = (epoch, start) {
        let (relived, end) = prepared.relive_saving(seed, epoch, Some(&start.kept))?;
        let equal = states.is_kept(&end)?;
        return Ok(Again::Epoch { relived, from_epoch: start.epoch, equal });
    }
    let Some(epoch) = epoch else { return Ok(Again::Run(Box::new(states.run()?), None)) };
    let (run, kept) = prepared.run_keeping_one(seed, epoch, &mut |_| states.cancel.flow())?;
    let relived = prepared.relive(seed, epoch, Some(&kept))?;
    Ok(Again::Run(Box::new(run), Some(relived)))
}

fn ended(equal: Option<bool>) -> Result<(), Failure> {
    if equal == Some(false) { Err(Failure::reported(Exit::Error)) } else { Ok(()) }
}

fn whole(scenario: &Scenario, run: &Run, relived: Option<&Relived>, equal: Option<bool>) -> String {
    let verdict = match equal {
        Some(true) => "the same as the run that was kept",
        Some(false) => "OTHER than the run that was kept",
        None => "no such run was kept",
    };
    let mut lines = vec![format!("seed {}, {} epochs: run {}, {verdict}", run.seed, run.epochs, digest(run))];
    lines.extend(run.faults.first().map(|fault| {
        format!(
            "plugins broke down {} times; the first, in epoch {}: {}",
            run.faults.len(),
            fault.epoch,
            fault.what
        )
    }));
    lines.extend(relived.map(|relived| epoch(scenario, relived)));
    lines.join("\n")
}

/// Its events, then what each group made of it.
fn epoch(scenario: &Scenario, relived: &Relived) -> String {
    let mut lines = vec![format!("\nepoch {}", relived.row.epoch)];
    lines.extend(relived.happenings.iter().map(|happening| event(scenario, happening)));
    let row = |(at, group): (usize, &Miners)| {
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
    lines.push(screen::table(&columns, scenario.miners.iter().enumerate().map(row)));
    lines.join("\n")
}

fn event(scenario: &Scenario, happening: &Happening) -> String {
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
        Happened::Left { miner } => format!("{} leaves for good", named(scenario, *miner)),
        Happened::Divided { miner, hotkey, claimed_bytes } => {
            format!(
                "{} divides its space anew: {} claims {}",
                named(scenario, *miner),
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

fn named(scenario: &Scenario, miner: usize) -> String {
    // Miners are the owners of all groups in their order.
    let owners = scenario.miners.iter().flat_map(|group| (0..group.count).map(move |_| group));
    let group = owners.into_iter().nth(miner).map_or("?", |group| group.name.as_str());
    format!("miner {miner} of `{group}`")
}

fn size(bytes: u64) -> String {
    plimsoll_core::ByteSize(bytes).to_string()
}

fn alpha(rao: u64) -> f64 {
    rao as f64 / 1e9
}
