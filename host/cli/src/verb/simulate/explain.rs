//! `plimsoll simulate explain`.

use plimsoll_core::{ByteSize, Uid};
use plimsoll_lab::simulate::{
    Answers, AuditTold, Conduct, Explained, Missing, Opinion, Told, UnitsOf, prepare,
};

use super::chosen::Chosen;
use super::states::{Keeping, States};
use crate::cancel::Cancel;
use crate::exit::Failure;
use crate::global::Global;
use crate::screen;
use crate::verb::generate::blocking;

/// Say why a miner earned what it did in an epoch: the evidence, the rule's reasons, and what the miner really did
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The miner's place in the subnet
    #[arg(long, value_name = "N")]
    uid: u16,

    /// The epoch, from 0
    #[arg(long, value_name = "N")]
    epoch: u64,

    #[command(flatten)]
    states: Keeping,
}

pub(super) async fn run(chosen: Chosen, args: Args, global: &Global) -> Result<(), Failure> {
    let (cell, host) = chosen.one(global, "explain")?;
    let keep = args.states.file(&chosen, global)?;
    let cancel = Cancel::on_signals("stopping the simulation")?;
    let (seed, uid, at) = (chosen.seed, Uid(args.uid), global.clone());
    let work = move || {
        let prepared = prepare(cell.scenario.clone(), &host, cell.figures.clone())?;
        let (keep, cancel, global) = (keep.as_ref(), &cancel, &at);
        let states =
            States { args: &args.states, prepared: &prepared, cell: &cell, seed, keep, cancel, global };
        let start = states.before(args.epoch)?;
        prepared.replay(seed, args.epoch, uid, start.as_ref().map(|start| &start.kept))
    };
    let explained = blocking(work).await??;
    global.emit(&explained, || human(&explained))
}

fn human(told: &Explained) -> String {
    let key = match told.key {
        0 => String::new(),
        number => format!(", hotkey {} of its owner's", number + 1),
    };
    let mut lines = vec![
        format!(
            "epoch {} of seed {}: uid {} is {}, miner {} of the run{key}, of the group `{}`: {}",
            told.epoch,
            told.seed,
            told.uid,
            told.hotkey.short(),
            told.miner,
            told.group,
            told.strategy
        ),
        format!(
            "it claims {} and has {} on its disks; the epoch cost its owner {:.6} $",
            ByteSize(told.claimed_bytes),
            ByteSize(told.stored_bytes),
            told.costs.usd
        ),
        format!(
            "it earned {:.6} alpha: {} of all incentive; validators agree on a weight of {}",
            told.earned_rao as f64 / 1e9,
            part(told.incentive),
            part(told.consensus)
        ),
    ];
    lines.extend(told.validators.iter().map(opinion));
    lines.join("\n")
}

/// Out of 65535, as people say it.
fn part(of: u16) -> String {
    format!("{:.3} %", 100.0 * f64::from(of) / f64::from(u16::MAX))
}

fn opinion(of: &Opinion) -> String {
    let mut lines = vec![
        format!("\n{}: {}, {:.1} % of the stake", of.validator, vote(of.vote), 100.0 * of.stake_share),
        format!("  claimed for it  {}", ByteSize(of.claimed_bytes)),
        format!("  in truth        {}", conduct(&of.conduct)),
    ];
    match &of.told {
        Some(told) => lines.extend(evidence(told)),
        None => lines.push("  evidence        none: it audited nobody in this epoch".into()),
    }
    lines.push(match (of.weight, &of.fault) {
        (_, Some(fault)) => format!("  weight          none, the round is void: {fault}"),
        (Some(weight), None) => format!("  weight          {weight} of 65535"),
        (None, None) => "  weight          none was set for it".into(),
    });
    lines.join("\n")
}

fn vote(word: &str) -> &'static str {
    match word {
        "copy" => "copies last epoch's consensus",
        "clique" => "votes for its friends",
        _ => "audits and asks the rule",
    }
}

fn conduct(conduct: &Conduct) -> String {
    let missing = match conduct.missing {
        Missing::Wrong => "answers wrongly for the rest".to_owned(),
        Missing::Silent => "says nothing of the rest".to_owned(),
        Missing::Regenerated { cores } => format!("makes the rest anew on {cores} cores"),
        Missing::Fetched { rtt_ms, bytes_per_s } => {
            let speed = screen::rate(bytes_per_s, std::time::Duration::from_secs(1));
            format!("fetches the rest, {rtt_ms} ms away at {speed}")
        }
    };
    let mut parts = vec![format!("it keeps {:.1} % of that", 100.0 * conduct.kept)];
    if conduct.kept < 1.0 {
        parts.push(missing);
    }
    match conduct.units_of {
        UnitsOf::Own => {}
        UnitsOf::FirstHotkey => {
            parts.push("all that it has are the units of its owner's first hotkey".into());
        }
        UnitsOf::FirstOfGroup => {
            parts.push("all that it reaches are the units of its group's first miner".into());
        }
    }
    if let Answers::StakeFrom(share) = conduct.answers {
        parts.push(format!("it answers only validators with {:.1} % of the stake or more", 100.0 * share));
    }
    if conduct.away > 0.0 {
        parts.push(format!("it is away in {:.1} % of rounds", 100.0 * conduct.away));
    }
    parts.join("; ")
}

fn evidence(told: &Told) -> Vec<String> {
    let mut lines: Vec<String> = told.audits.iter().map(audit).collect();
    if lines.is_empty() {
        lines.push("  evidence        it was not audited in this epoch".into());
    }
    if let Some(standing) = &told.standing {
        lines.push(format!(
            "  the rule hears  {} claimed, {} proven; {} audits: {} passed, {} failed, {} late, {} absent; {} ms in the middle",
            ByteSize(standing.claimed_bytes),
            ByteSize(standing.proven_bytes),
            standing.issued,
            standing.passed,
            standing.failed,
            standing.late,
            standing.absent,
            standing.latency_p50_ms
        ));
    }
    lines.push(match told.value {
        Some(value) => format!("  the rule gives  {value}: {}", told.reason),
        None => "  the rule gives  nothing, and no reason".into(),
    });
    lines
}

fn audit(audit: &AuditTold) -> String {
    let time = match audit.elapsed_ms {
        Some(elapsed_ms) => format!("answered in {elapsed_ms} ms of {}", audit.deadline_ms),
        None => format!("no answer in {} ms", audit.deadline_ms),
    };
    let undecided = audit.undecided.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    format!(
        "  audit           {} samples, {} of them not kept; {time}: {}{undecided}",
        audit.samples,
        audit.missed,
        audit.outcome.word()
    )
}
