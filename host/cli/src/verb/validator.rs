//! `plimsoll validator`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_chain::wallet::Wallet;
use plimsoll_chain::{ChainError, Endpoint, Fault};
use plimsoll_core::{AuditBudget, ByteSize, Uid};
use plimsoll_node::NodeError;
use plimsoll_node::validator::{
    AxonPolicy, Doing, RoundListener, RoundReport, RoundRow, Schedule, Shadow, Validator, ValidatorOptions,
};
use plimsoll_plugin::Incentive;
use serde_json::json;

use crate::cancel::Cancel;
use crate::chain::{self, Configured};
use crate::config;
use crate::exit::Failure;
use crate::flags::{ChainFlags, PluginFlags, WalletFlags};
use crate::global::{Global, versioned};
use crate::screen::{self, Side};

/// Audit miners and set weights, round after round
///
/// Runs until Ctrl-C; a round that is under way then counts for nothing. With --json it prints one object a
/// round.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stop after so many rounds
    #[arg(long, value_name = "N")]
    rounds: Option<u64>,

    /// Blocks from one round to the next [default: the subnet's tempo]
    #[arg(long, value_name = "BLOCKS")]
    period: Option<u64>,

    /// Weigh every round by the incentive rule of this file as well, and say how its weights differ; nothing of it
    /// is set. The file is a plimsoll.toml or subnet.toml with a table [incentive]
    #[arg(long, value_name = "FILE")]
    shadow: Option<PathBuf>,

    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    wallet: WalletFlags,
    #[command(flatten)]
    plugins: PluginFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.chain, &args.wallet, &args.plugins])?;
    let shadow = args.shadow.as_deref().map(shadow_rule).transpose()?;
    let wallet = Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey)?;
    let host = config.host()?;
    let plugins = config.choices().load_for_validator(&host)?;
    let configured = Configured::for_validator(&config)?;
    let of = &config.validator;
    let at_home = chain::is_at_home(&config.chain.endpoint);
    let options = ValidatorOptions {
        budget: AuditBudget {
            audits: of.audits,
            samples: of.samples,
            verify_ms: of.verify_ms,
            deadline_ms: of.deadline_ms,
        },
        concurrency: of.concurrency,
        axons: if at_home { AxonPolicy::Any } else { AxonPolicy::PublicOnly },
        ..ValidatorOptions::new(wallet.hotkey()?, config.chain.netuid, of.evidence_dir.clone())
    };
    let cancel = Cancel::on_signals("stopping; a round that is under way counts for nothing")?;
    let validator = Validator::open(Arc::clone(&configured.chain), plugins, options).await;
    let mut validator = validator.map_err(|error| configured.failure(error))?;
    global.remark(&format!("evidence goes to {}", validator.log_path().display()));
    if validator.void_rounds() > 0 {
        global.remark(&format!("{} rounds of it were never closed: void", validator.void_rounds()));
    }
    // Blocks of a local ledger may come at any time, those of Bittensor come every twelve seconds.
    let poll = match config.chain.endpoint {
        Endpoint::Local(_) => Duration::from_millis(500),
        _ => Duration::from_secs(3),
    };
    let schedule = Schedule { period_blocks: args.period, rounds: args.rounds, poll };
    let shadow = shadow.map(|rule| Shadow::start(rule, &validator)).transpose()?;
    if let Some(shadow) = &shadow {
        global.remark(&format!("how the shadow rule differs goes to {}", shadow.path().display()));
    }
    let mut teller = Teller { json: global.json, shadow, configured };
    let ended = validator.run(schedule, &teller, cancel.cancelled()).await;
    if let Some(shadow) = teller.shadow.take() {
        shadow.finish();
    }
    ended.map_err(|error| teller.configured.failure(error))
}

/// The incentive rule of a file, under that file's own limits of plugins.
fn shadow_rule(path: &Path) -> Result<Incentive, Failure> {
    let config = config::file_with_rule(path)?;
    let host = config.host()?;
    let problems = config::check_params(&host, &config.incentive);
    if !problems.is_empty() {
        return Err(Failure::config(problems));
    }
    let choice = config.incentive.for_node();
    Ok(host.load_incentive(&choice.resolve()?, &choice.params)?)
}

/// Prints rounds as they close.
struct Teller {
    json: bool,
    shadow: Option<Shadow>,
    configured: Configured,
}

impl RoundListener for Teller {
    fn closed(&self, report: &RoundReport) {
        if let Some(shadow) = &self.shadow {
            shadow.saw(report);
        }
        if self.json {
            screen::print(&versioned(json!(report)).to_string());
            return;
        }
        screen::print(&human(report));
    }

    fn delivered(&self, _weights: &[(Uid, u16)]) {
        if !self.json {
            screen::print("weights are set");
        }
    }

    fn hidden(&self, epochs: u64) {
        if !self.json {
            let when = if epochs == 1 { "an epoch".into() } else { format!("{epochs} epochs") };
            screen::print(&format!("weights are committed; the chain shows them {when} later"));
        }
    }

    fn revealed(&self, told: &str) {
        screen::note(told);
    }

    fn failed(&self, doing: Doing, error: &NodeError) {
        screen::note(&not_done(doing, error));
        if let Some(advice) = self.configured.advice(error) {
            screen::note(&advice);
        }
        if let Some(next) = what_next(doing, error) {
            screen::note(next);
        }
    }
}

/// What did not work.
fn not_done(doing: Doing, error: &NodeError) -> String {
    let what = match (doing, error) {
        (Doing::Asking, _) => "the chain does not tell whether a round is due",
        (Doing::Round, _) => "this round did not work",
        (Doing::Weights, NodeError::Chain(ChainError::NoAnswer { .. })) => {
            "the weights of the last round may not be set"
        }
        (Doing::Weights, _) => "the weights of the last round are not set",
        (Doing::Hidden, _) => "what became of weights that the chain hides cannot be told",
    };
    format!("{what}: {error}")
}

/// What the validator does about it, where the error does not say so itself.
fn what_next(doing: Doing, error: &NodeError) -> Option<&'static str> {
    let NodeError::Chain(error) = error else { return None };
    match (doing, error.fault()) {
        (Doing::Weights, _) if matches!(error, ChainError::NoAnswer { .. }) => Some(
            "nothing needs to be done: this validator looks for them on the chain, and sends them again only if they \
             are not there",
        ),
        (_, Fault::Network) => Some("this validator goes on, and tries it again"),
        (Doing::Weights, Fault::Caller | Fault::Wallet) => {
            Some("they stay in the evidence, and the next round's are tried anew")
        }
        _ => None,
    }
}

fn human(report: &RoundReport) -> String {
    let columns = [
        ("uid", Side::Right),
        ("claimed", Side::Right),
        ("proven", Side::Right),
        ("passed", Side::Right),
        ("failed", Side::Right),
        ("late", Side::Right),
        ("absent", Side::Right),
        ("no verdict", Side::Right),
        ("weight", Side::Right),
        ("why", Side::Left),
    ];
    let row = |row: &RoundRow| {
        let of = &row.standing;
        let now = &row.tally;
        let counts = [now.passed, now.failed, now.late, now.absent, now.no_verdict];
        let mut cells = vec![
            of.uid.to_string(),
            ByteSize(of.claimed_bytes).to_string(),
            ByteSize(of.proven_bytes).to_string(),
        ];
        cells.extend(counts.map(|count| count.to_string()));
        cells.push(row.weight.to_string());
        cells.push(row.reason.clone());
        cells
    };
    let round = &report.round;
    let mut lines = vec![format!("epoch {} at block {}: {} audits", round.epoch, round.block, report.audits)];
    lines.push(screen::table(&columns, report.miners.iter().map(row)));
    lines.extend(report.left_out.iter().map(|out| format!("uid {} takes no part: {}", out.uid, out.why)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{BlockNumber, Epoch};

    use super::*;

    #[test]
    fn what_did_not_work_is_named_and_what_is_done_about_it() {
        let said = |doing, error: NodeError| (not_done(doing, &error), what_next(doing, &error));
        let silent =
            || ChainError::NoAnswer { endpoint: "x".into(), asked: "set_weights", why: "it hung up".into() };
        let lost = "x gave no answer to set_weights: it hung up; it may or may not have happened";
        let (told, next) = said(Doing::Weights, silent().into());
        assert_eq!(told, format!("the weights of the last round may not be set: {lost}"));
        assert_eq!(
            next.unwrap(),
            "nothing needs to be done: this validator looks for them on the chain, and sends them again only if they \
             are not there"
        );
        let (told, next) = said(Doing::Asking, silent().into());
        assert_eq!(told, format!("the chain does not tell whether a round is due: {lost}"));
        assert_eq!(next, Some("this validator goes on, and tries it again"));
        let (told, next) = said(Doing::Hidden, silent().into());
        assert!(
            told.starts_with("what became of weights that the chain hides cannot be told: x gave"),
            "{told}"
        );
        assert_eq!(next, Some("this validator goes on, and tries it again"));

        let (told, next) = said(Doing::Weights, ChainError::Timelock { why: "update it".into() }.into());
        assert_eq!(told, "the weights of the last round are not set: cannot timelock the weights: update it");
        assert_eq!(next, Some("they stay in the evidence, and the next round's are tried anew"));
        let old = NodeError::WeightsTooOld { round: BlockNumber(1), age_blocks: 9, most_blocks: 8 };
        let (told, next) = said(Doing::Weights, old);
        assert!(told.starts_with(
            "the weights of the last round are not set: the weights of the round at block 1 are"
        ));
        assert_eq!(next, None);
        let void = NodeError::NoVerdict { epoch: Epoch(3), why: "none of 2 audits got a verdict".into() };
        let (told, next) = said(Doing::Round, void);
        assert!(told.starts_with("this round did not work: epoch 3 is void"), "{told}");
        assert_eq!(next, None);
    }
}
