//! The demo itself: stage, cast, epochs, findings, replay.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_chain::Chain;
use plimsoll_chain::subnet::{EpochFigures, Totals, alpha_text};
use plimsoll_core::{AuditBudget, ByteSize, Uid};
use plimsoll_plugin::Host;
use plimsoll_store::CancelFlag;
use plimsoll_wire::ClientOptions;

use super::cast::{self, Player};
use super::findings::{Scheme, findings};
use super::held::held_bytes;
use super::stage::{self, NETUID, Prepared, Stage, TEMPO_BLOCKS};
use super::{DemoReport, MinerRow, Narrator, PluginNames, ReplayLine, Role};
use crate::space::Progress;
use crate::validator::{Delivery, Judge, RoundReport, Validator, ValidatorOptions};
use crate::{Choices, NodeError};

/// What a demo is asked to show.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The four plugins.
    pub choices: Choices,
    /// What one ordinary miner offers.
    pub plot_bytes: u64,
    /// How many rounds.
    pub epochs: u64,
    /// Units of one audit.
    pub samples: u32,
    /// How long an answer may take.
    pub deadline_ms: u32,
    /// The folder for everything, kept afterwards; without it, a temporary one.
    pub keep: Option<PathBuf>,
    /// Set to stop filling plots; whoever sets it drops the demo's future too.
    pub cancel: CancelFlag,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            choices: Choices::default(),
            plot_bytes: 64 << 20,
            epochs: 4,
            samples: 40,
            deadline_ms: 2_000,
            keep: None,
            cancel: CancelFlag::new(),
        }
    }
}

/// Counts over all rounds.
#[derive(Default)]
struct Sums {
    audits: u32,
    passed: u32,
    failed: u32,
    late: u32,
    absent: u32,
    no_verdict: u32,
    weight: u16,
    proven_bytes: u64,
    slowest_ms: u32,
    reason: String,
}

/// Plays the demo.
///
/// # Errors
/// Whatever of it does not work; a temporary folder is removed in every case.
pub async fn demo(
    host: &Host,
    options: &DemoOptions,
    narrator: &dyn Narrator,
    progress: Arc<dyn Progress>,
) -> Result<DemoReport, NodeError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |e: std::io::Error| NodeError::Disk { path, reason: e.to_string() }
    };
    match &options.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(failed(folder))?;
            if std::fs::read_dir(folder).map_err(failed(folder))?.next().is_some() {
                let reason = "not empty: name a new folder to keep the demo in".into();
                return Err(NodeError::Disk { path: folder.clone(), reason });
            }
            play(folder, host, options, narrator, progress).await
        }
        None => {
            let folder = tempfile::Builder::new().prefix("plimsoll-demo-").tempdir();
            let folder = folder.map_err(failed(&std::env::temp_dir()))?;
            play(folder.path(), host, options, narrator, progress).await
        }
    }
}

async fn play(
    folder: &Path,
    host: &Host,
    options: &DemoOptions,
    narrator: &dyn Narrator,
    progress: Arc<dyn Progress>,
) -> Result<DemoReport, NodeError> {
    let began = Instant::now();
    let policy = options.choices.load_allocation(host)?;
    let plugins = options.choices.load_for_validator(host)?;
    let scheme = plugins.scheme.clone();
    let names = PluginNames {
        allocation: policy.descriptor().name.clone(),
        challenge: plugins.challenge.descriptor().name.clone(),
        incentive: plugins.incentive.descriptor().name.clone(),
    };
    let PluginNames { allocation, challenge, incentive } = &names;
    narrator.say(&format!("plugins: {allocation}, {challenge}, {}, {incentive}", scheme.descriptor().name));
    let stage = stage::prepare(folder, options, policy, scheme.clone(), narrator, progress).await?;
    let chain: Arc<dyn Chain> = Arc::new(stage.ledger.clone());

    let mut players = Vec::new();
    for miner in &stage.miners {
        let player = cast::start(miner, stage.validator.hotkey(), Arc::clone(&chain), &scheme, narrator);
        players.push(player.await?);
    }
    let mut validator =
        Validator::open(chain, plugins.clone(), validator_options(folder, options, &stage)).await?;
    let log = validator.log_path().to_path_buf();
    let ended = epochs(&mut validator, &stage, options, narrator).await;
    drop(validator);
    stop(players).await;
    let sums = ended?;
    let figures = paid(&stage, narrator)?;

    let rows = rows(&stage.miners, &sums, &figures)?;
    let replay = replayed(&log, Judge::new(plugins), narrator).await?;
    let (claims, limits) = (scheme.claims(), scheme.descriptor().limits.clone());
    let scheme = scheme.descriptor().name.clone();
    let deadline_ms = options.deadline_ms;
    let about = Scheme { name: &scheme, claims, limits: &limits, deadline_ms };
    Ok(DemoReport {
        deadline_ms,
        findings: findings(&rows, &about),
        scheme,
        epochs: options.epochs,
        miners: rows,
        schema_version: 1,
        claims,
        limits,
        plugins: names,
        replay,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// What the ledger has paid, after one more tempo, at the end of which the last weights count.
fn paid(stage: &Stage, narrator: &dyn Narrator) -> Result<EpochFigures, NodeError> {
    let head = stage.ledger.advance(u32::try_from(TEMPO_BLOCKS).unwrap_or(u32::MAX));
    let figures = stage.ledger.figures(NETUID)?;
    let Totals { owner_rao, miners_rao, validators_rao, .. } = figures.totals;
    narrator.say(&format!(
        "the ledger's epochs up to block {} paid miners {} alpha, validators {}, the owner {}",
        head.block,
        alpha_text(miners_rao),
        alpha_text(validators_rao),
        alpha_text(owner_rao),
    ));
    Ok(figures)
}

async fn stop(players: Vec<Player>) {
    for player in players {
        player.stop().await;
    }
}

fn validator_options(folder: &Path, options: &DemoOptions, stage: &Stage) -> ValidatorOptions {
    let DemoOptions { samples, deadline_ms, .. } = *options;
    ValidatorOptions {
        budget: AuditBudget { audits: 64, samples, verify_ms: 60_000, deadline_ms },
        client: ClientOptions { grace: Duration::from_secs(3), ..ClientOptions::default() },
        ..ValidatorOptions::new(stage.validator.clone(), NETUID, folder.join("evidence"))
    }
}

async fn epochs(
    validator: &mut Validator,
    stage: &Stage,
    options: &DemoOptions,
    narrator: &dyn Narrator,
) -> Result<BTreeMap<Uid, Sums>, NodeError> {
    let mut sums: BTreeMap<Uid, Sums> = BTreeMap::new();
    for _ in 0..options.epochs {
        // A demo's tempo fits.
        stage.ledger.advance(u32::try_from(TEMPO_BLOCKS).unwrap_or(u32::MAX));
        let report = validator.round().await?;
        let delivered = validator.deliver().await?;
        for out in &report.left_out {
            narrator.say(&format!("  uid {} takes no part: {}", out.uid, out.why));
        }
        add(&mut sums, &report);
        narrator.say(&told(&report, delivered));
    }
    Ok(sums)
}

fn add(sums: &mut BTreeMap<Uid, Sums>, report: &RoundReport) {
    for row in &report.miners {
        let sum = sums.entry(row.standing.uid).or_default();
        // The round's own: a standing may repeat an older round's counts.
        sum.audits += row.tally.issued();
        sum.passed += row.tally.passed;
        sum.failed += row.tally.failed;
        sum.late += row.tally.late;
        sum.absent += row.tally.absent;
        sum.no_verdict += row.no_verdict;
        sum.slowest_ms = sum.slowest_ms.max(row.tally.latency_ms(99));
        sum.weight = row.weight;
        sum.proven_bytes = row.standing.proven_bytes;
        sum.reason.clone_from(&row.reason);
    }
}

/// One line a round: who did what.
fn told(report: &RoundReport, delivered: Delivery) -> String {
    let word = |uid: Uid| {
        let role = usize::from(uid.0).checked_sub(1).and_then(|at| Role::ALL.get(at));
        role.map_or_else(|| format!("uid {uid}"), |role| role.word().to_owned())
    };
    let verb = |row: &crate::validator::RoundRow| {
        let s = &row.tally;
        let words = [
            (s.passed, "passed"),
            (s.failed, "failed"),
            (s.late, "late"),
            (s.absent, "absent"),
            (row.no_verdict, "no verdict"),
        ];
        let said: Vec<&str> = words.iter().filter(|(count, _)| *count > 0).map(|(_, word)| *word).collect();
        let said = if said.is_empty() { "not asked".into() } else { said.join("+") };
        format!("{} {said}", word(row.standing.uid))
    };
    let miners: Vec<String> = report.miners.iter().map(verb).collect();
    let set = if delivered == Delivery::Nothing { "no weights" } else { "weights set" };
    format!("epoch {} at block {}: {}; {set}", report.round.epoch, report.round.block, miners.join(", "))
}

fn rows(
    miners: &[Prepared],
    sums: &BTreeMap<Uid, Sums>,
    figures: &EpochFigures,
) -> Result<Vec<MinerRow>, NodeError> {
    let nothing = Sums::default();
    let row = |miner: &Prepared| {
        let sum = sums.get(&miner.uid).unwrap_or(&nothing);
        Ok(MinerRow {
            uid: miner.uid.0,
            role: miner.role,
            held_bytes: held_bytes(&miner.plot, &miner.layout)?,
            claimed_bytes: miner.layout.units_bytes(),
            passed: sum.passed,
            failed: sum.failed,
            late: sum.late,
            absent: sum.absent,
            weight: sum.weight,
            proven_bytes: sum.proven_bytes,
            audits: sum.audits,
            no_verdict: sum.no_verdict,
            slowest_ms: sum.slowest_ms,
            reason: sum.reason.clone(),
            earned_rao: figures.neuron(&miner.key.hotkey()).map_or(0, |neuron| neuron.earned.miner_rao),
        })
    };
    miners.iter().map(row).collect()
}

async fn replayed(log: &Path, judge: Judge, narrator: &dyn Narrator) -> Result<ReplayLine, NodeError> {
    let path = log.to_path_buf();
    let done = tokio::task::spawn_blocking(move || crate::replay::replay(&path, &judge)).await;
    let report =
        done.map_err(|e| NodeError::System { doing: "replay the evidence", reason: e.to_string() })??;
    let (rounds, proofs, equal) = (report.rounds.len() as u64, report.proofs, report.equal());
    let verdict = if equal { "weights equal byte for byte" } else { "weights differ" };
    let size = std::fs::metadata(log).map_or(0, |meta| meta.len());
    narrator.say(&format!(
        "replayed {rounds} rounds and {proofs} proofs from {} of evidence: {verdict}",
        ByteSize(size)
    ));
    for difference in &report.differences {
        narrator.say(&format!(
            "  {}: expected {}, the log says {}",
            difference.what, difference.expected, difference.found
        ));
    }
    Ok(ReplayLine { rounds, proofs, equal })
}
