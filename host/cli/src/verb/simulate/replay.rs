//! `plimsoll simulate replay`.

use std::ops::ControlFlow;

use plimsoll_core::Uid;
use plimsoll_lab::simulate::{Audits, Explained, Kept, Prepared, Run, prepare};
use plimsoll_lab::sweep::digest;
use plimsoll_node::NodeError;
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

/// What was found.
struct Replayed {
    run: Run,
    places: Vec<Explained>,
}

pub(super) async fn run(chosen: Chosen, args: Args, global: &Global) -> Result<(), Failure> {
    let (cell, host) = chosen.one(global, "replay")?;
    let keep = chosen.kept(global)?;
    let kept = keep.as_ref().map_or(Ok(None), |keep| keep.find(&cell.key(chosen.seed)))?;
    let cancel = Cancel::on_signals("stopping the replay")?;
    let seed = chosen.seed;
    let work = move || -> Result<Replayed, Failure> {
        let prepared = prepare(cell.scenario, &host, cell.figures)?;
        let every = args.epoch.unwrap_or(u64::MAX).max(1);
        let (run, states) = prepared.run_keeping(seed, every, &mut |_| match cancel.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })?;
        let places = match args.epoch {
            Some(epoch) => places(&prepared, &run, epoch, &states, &cancel)?,
            None => Vec::new(),
        };
        Ok(Replayed { run, places })
    };
    let Replayed { run, places } = blocking(work).await??;
    let (found, kept) = (digest(&run), kept.map(|outcome| outcome.run_blake3));
    let equal = kept.map(|kept| kept == found);
    let outcome = json!({
        "seed": run.seed,
        "epochs": run.epochs,
        "run_blake3": found,
        "kept_blake3": kept,
        "equal": equal,
        "epoch": args.epoch,
        "events": args.epoch.map(|epoch| events(&run, epoch)),
        "places": places,
    });
    global.emit(&outcome, || {
        let verdict = match equal {
            Some(true) => "the same as the run that was kept",
            Some(false) => "OTHER than the run that was kept",
            None => "no such run was kept",
        };
        let mut lines = vec![format!("seed {}, {} epochs: run {found}, {verdict}", run.seed, run.epochs)];
        lines.extend(run.faults.first().map(|fault| format!("{} calls of plugins broke down; the first: {}", run.faults.len(), fault.what)));
        if let Some(epoch) = args.epoch {
            lines.push(format!("\nepoch {epoch}"));
            lines.extend(events(&run, epoch));
            lines.push(table(&places));
        }
        lines.join("\n")
    })?;
    if equal == Some(false) { Err(Failure::reported(Exit::Error)) } else { Ok(()) }
}

/// Everyone who has a place in `epoch`.
fn places(
    prepared: &Prepared,
    run: &Run,
    epoch: u64,
    states: &Kept,
    cancel: &Cancel,
) -> Result<Vec<Explained>, Failure> {
    if epoch >= run.epochs {
        let message = format!("the run has epochs 0 to {}, and no epoch {epoch}", run.epochs.saturating_sub(1));
        return Err(Failure::new(Exit::Usage, message));
    }
    let mut found = Vec::new();
    for uid in 0..prepared.scenario().subnet.max_neurons {
        if cancel.is_cancelled() {
            return Err(NodeError::Cancelled.into());
        }
        // A place without a miner has nothing to tell.
        found.extend(prepared.replay(run.seed, epoch, Uid(uid), Some(states)).ok());
    }
    Ok(found)
}

/// What happened once.
fn events(run: &Run, epoch: u64) -> Vec<String> {
    let mut told = Vec::new();
    for (at, miner) in run.miners.iter().enumerate() {
        let name = format!("miner {at} of `{}`", run.groups[miner.group].name);
        let mut tell = |when: Option<u64>, what: &str| {
            if when == Some(epoch) {
                told.push(format!("{name} {what}"));
            }
        };
        tell(Some(miner.joined_epoch), "joins");
        tell(miner.detected_epoch, "fails an audit for the first time");
        tell(miner.left_epoch, "loses its place");
    }
    let faults = run.faults.iter().filter(|fault| fault.epoch == epoch);
    told.extend(faults.map(|fault| format!("{}: its round is void: {}", fault.validator, fault.what)));
    told
}

fn table(places: &[Explained]) -> String {
    let columns = [
        ("uid", Side::Right),
        ("miner", Side::Right),
        ("group", Side::Left),
        ("passed", Side::Right),
        ("failed", Side::Right),
        ("late", Side::Right),
        ("absent", Side::Right),
        ("consensus", Side::Right),
        ("incentive", Side::Right),
        ("alpha", Side::Right),
    ];
    let row = |told: &Explained| {
        let audits = audits(told);
        vec![
            told.uid.to_string(),
            told.miner.to_string(),
            told.group.clone(),
            audits.passed.to_string(),
            audits.failed.to_string(),
            audits.late.to_string(),
            audits.absent.to_string(),
            told.consensus.to_string(),
            told.incentive.to_string(),
            format!("{:.6}", told.earned_rao as f64 / 1e9),
        ]
    };
    screen::table(&columns, places.iter().map(row))
}

/// By all validators together.
fn audits(told: &Explained) -> Audits {
    let mut all = Audits::default();
    for tally in told.validators.iter().filter_map(|opinion| Some(&opinion.told.as_ref()?.tally)) {
        all.passed += u64::from(tally.passed);
        all.failed += u64::from(tally.failed);
        all.late += u64::from(tally.late);
        all.absent += u64::from(tally.absent);
    }
    all
}
