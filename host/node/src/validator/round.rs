//! A validator, and one round of it from beginning to end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_chain::{Chain, Snapshot};
use plimsoll_core::{AuditBudget, BlockNumber, Digest, Epoch, Keypair, NetUid, Round, Standing, Uid};
use plimsoll_wire::evidence::{EvidenceLog, LogEvent, Record, RoundClosed, RoundOpened};
use plimsoll_wire::{ClientOptions, MinerAddress, MinerClient};
use tokio::sync::Semaphore;

use super::asking::{Asked, Asking, prospects};
use super::logbook::{self, Heading, Opened};
use super::recall::{LastRound, pin};
use super::{AxonPolicy, Book, Claim, Entrant, Judge, LeftOut, RoundSecret, SUSPECT_ROUNDS, Tally, Weighed};
use crate::{NodeError, ValidatorPlugins};

/// How a validator is run.
#[derive(Clone)]
pub struct ValidatorOptions {
    /// Who audits; signs requests and chain calls.
    pub key: Keypair,
    /// The subnet.
    pub netuid: NetUid,
    /// The folder of evidence logs.
    pub evidence_dir: PathBuf,
    /// What one round may cost.
    pub budget: AuditBudget,
    /// Requests under way at the same time.
    pub concurrency: usize,
    /// Proofs verified at the same time.
    pub threads: usize,
    /// How long a registration may take.
    pub registration_within: Duration,
    /// How the client waits.
    pub client: ClientOptions,
    /// Where miners may be.
    pub axons: AxonPolicy,
}

impl ValidatorOptions {
    /// With all defaults: 256 audits of 90 samples, five seconds for each answer.
    #[must_use]
    pub fn new(key: Keypair, netuid: NetUid, evidence_dir: PathBuf) -> Self {
        Self {
            key,
            netuid,
            evidence_dir,
            budget: AuditBudget { audits: 256, samples: 90, verify_ms: 60_000, deadline_ms: 5_000 },
            concurrency: 64,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            registration_within: Duration::from_secs(5),
            client: ClientOptions::default(),
            axons: AxonPolicy::default(),
        }
    }
}

/// Audits, remembers, weighs.
pub struct Validator {
    pub(super) chain: Arc<dyn Chain>,
    pub(super) options: ValidatorOptions,
    asking: Asking,
    log: EvidenceLog,
    book: Book,
    pub(super) last: Option<LastRound>,
    void_rounds: u64,
    open: Option<Epoch>,
    /// Keeps others from being this validator.
    _identity: File,
}

/// One miner in one round.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RoundRow {
    /// What the incentive rule was told.
    pub standing: Standing,
    /// This round's audits alone, as they count: the standing of a miner of whom nobody could tell repeats an
    /// older round's.
    pub tally: Tally,
    /// Audits without a verdict.
    pub no_verdict: u32,
    /// What it gets, out of 65535.
    pub weight: u16,
    /// Why, as the rule says.
    pub reason: String,
}

/// A closed round.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RoundReport {
    /// Which.
    pub round: Round,
    /// Audits sent.
    pub audits: u64,
    /// The miners that took part, by uid.
    pub miners: Vec<RoundRow>,
    /// Those that did not.
    pub left_out: Vec<LeftOut>,
}

impl Validator {
    /// Takes over what the evidence folder says, or begins it.
    ///
    /// # Errors
    /// A log that is not whole or not this validator's, another process that writes it, a chain that does not
    /// answer, or whose way of taking weights this program cannot go, a hotkey that is not registered.
    pub async fn open(
        chain: Arc<dyn Chain>,
        plugins: ValidatorPlugins,
        options: ValidatorOptions,
    ) -> Result<Self, NodeError> {
        let (hotkey, netuid) = (options.key.hotkey(), options.netuid);
        if chain.snapshot(netuid).await?.neuron(&hotkey).is_none() {
            return Err(NodeError::NotRegistered { hotkey, netuid });
        }
        chain.ready_for_weights(&hotkey, netuid).await?;
        let genesis = chain.block_hash(BlockNumber(0)).await?.unwrap_or_default();
        let judge = Judge::new(plugins);
        let heading = Heading { netuid, validator: hotkey, genesis, budget: options.budget };
        let Opened { log, recalled, identity } = logbook::open(&options.evidence_dir, &heading, &judge)?;
        let client = MinerClient::new(options.key.clone(), options.client)?;
        let asking = Asking {
            client: Arc::new(client),
            judge,
            netuid,
            turns: Arc::new(Semaphore::new(options.concurrency.max(1))),
            threads: Arc::new(Semaphore::new(options.threads.max(1))),
            registration_within: options.registration_within,
        };
        let (book, last, void_rounds) = (recalled.book, recalled.last, recalled.void_rounds);
        Ok(Self { chain, options, asking, log, book, last, void_rounds, open: None, _identity: identity })
    }

    /// What it remembers.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// The log that is being written.
    #[must_use]
    pub fn log_path(&self) -> &std::path::Path {
        self.log.path()
    }

    /// Rounds of the log that were opened and never closed, as it was found at the start.
    #[must_use]
    pub const fn void_rounds(&self) -> u64 {
        self.void_rounds
    }

    /// One round: registrations, audits, rulings, weights. The weights are in the evidence, on disk, when this
    /// returns, and not yet on chain: [`Validator::deliver`] sets them.
    ///
    /// A round whose future is dropped, or that ends in an error, is void: it counts for nothing.
    ///
    /// # Errors
    /// The chain's, the plugins' or the log's.
    pub async fn round(&mut self) -> Result<RoundReport, NodeError> {
        let netuid = self.options.netuid;
        let (snapshot, commitments) = self.chain.snapshot_with_commitments(netuid).await?;
        self.may_weigh(&snapshot)?;
        let hotkey = self.options.key.hotkey();
        let (prospects, mut left_out) = prospects(&snapshot, &commitments, &hotkey, self.options.axons);

        let (registered, refused) = self.asking.registrations(&prospects, &self.book).await;
        left_out.extend(refused);
        for registered in registered {
            self.log.append(&Record::Registered(registered.clone()))?;
            pin(&mut self.book, &registered);
        }
        let mut entrants = Vec::new();
        let mut addresses: BTreeMap<Uid, (MinerAddress, Claim)> = BTreeMap::new();
        for prospect in prospects {
            let pinned = self.book.pinned(&prospect.member.hotkey).filter(|p| p.root == prospect.root);
            if let Some(&super::Pinned { claim, .. }) = pinned {
                let miner = MinerAddress { hotkey: prospect.member.hotkey, at: prospect.at };
                addresses.insert(prospect.member.uid, (miner, claim));
                entrants.push(Entrant { member: prospect.member, claim });
            }
        }

        let epoch = self.book.next_epoch();
        let round = Round { epoch, block: snapshot.block, beacon: snapshot.beacon };
        let secret =
            RoundSecret::fresh().map_err(|reason| NodeError::System { doing: "give randomness", reason })?;
        self.open_round(&round, &secret)?;
        let done = self.audit_all(&round, &secret, &entrants, &addresses).await;
        let judged = match done {
            Ok(judged) => judged,
            Err(error) => {
                self.abandon(&error.to_string())?;
                return Err(error);
            }
        };
        let report = judged.report(round, left_out);
        self.close_round(&round, &secret, &entrants, judged)?;
        Ok(report)
    }

    fn may_weigh(&self, snapshot: &Snapshot) -> Result<(), NodeError> {
        let (hotkey, netuid) = (self.options.key.hotkey(), self.options.netuid);
        match snapshot.neuron(&hotkey) {
            None => Err(NodeError::NotRegistered { hotkey, netuid }),
            Some(me) if !me.validator_permit => Err(NodeError::NoPermit { hotkey, netuid }),
            Some(_) => Ok(()),
        }
    }

    /// On disk before the first audit: the epoch is taken, the secret can no longer be chosen.
    fn open_round(&mut self, round: &Round, secret: &RoundSecret) -> Result<(), NodeError> {
        let Round { epoch, block, beacon } = *round;
        let opened = RoundOpened { epoch, block, beacon, secret_digest: secret.commitment() };
        self.log.append(&Record::RoundOpened(opened))?;
        self.log.sync()?;
        self.book.open(epoch);
        self.open = Some(epoch);
        Ok(())
    }

    async fn audit_all(
        &mut self,
        round: &Round,
        secret: &RoundSecret,
        entrants: &[Entrant],
        addresses: &BTreeMap<Uid, (MinerAddress, Claim)>,
    ) -> Result<Judged, NodeError> {
        let candidates = self.book.candidates(entrants);
        let statements = entrants.iter().map(|e| (e.member.uid, e.claim.statement)).collect();
        let (judge, at, with, budget) =
            (self.asking.judge.clone(), *round, secret.clone(), self.options.budget);
        let plan = blocking(move || judge.plan(&at, &with, &candidates, &statements, &budget)).await??;

        let Asked { tallies, audits } = self.asking.audits(round, plan, addresses, &mut self.log).await?;
        if let Some(why) = judged_nothing(&tallies) {
            return Err(NodeError::NoVerdict { epoch: round.epoch, why });
        }
        let standings = self.book.standings(entrants, &tallies);
        let (judge, at, of, memory) =
            (self.asking.judge.clone(), *round, standings.clone(), self.book.memory().to_vec());
        let weighed = blocking(move || judge.weigh(&at, &of, &memory)).await??;
        let suspects = self.book.suspects(entrants, &tallies);
        let settled = self.book.settled(entrants, &tallies);
        Ok(Judged { audits, tallies, settled, suspects, standings, weighed })
    }

    fn close_round(
        &mut self,
        round: &Round,
        secret: &RoundSecret,
        entrants: &[Entrant],
        judged: Judged,
    ) -> Result<(), NodeError> {
        let Judged { tallies, standings, weighed: Weighed { raw, weights, memory }, .. } = judged;
        self.last = Some(LastRound::of(round.block, &standings, &weights));
        let closed = RoundClosed {
            epoch: round.epoch,
            secret: secret.reveal(),
            standings,
            memory_before: Digest::of(self.book.memory()),
            memory_after: Digest::of(&memory),
            raw_weights: raw,
            weights,
        };
        self.log.append(&Record::RoundClosed(closed))?;
        self.log.sync()?;
        self.open = None;
        self.book.close(round.epoch, entrants, &tallies, memory);
        Ok(())
    }

    /// Says in the log that the open round, if one is, will not be closed.
    pub(super) fn abandon(&mut self, why: &str) -> Result<(), NodeError> {
        let Some(epoch) = self.open.take() else { return Ok(()) };
        tracing::error!(%epoch, why, "the round is void");
        let why = why.chars().take(500).collect();
        self.log.append(&Record::Event(LogEvent::RoundAbandoned { epoch, why }))?;
        Ok(self.log.sync()?)
    }
}

/// Where no audit of a round got a verdict, nothing is known of anyone: the weights that stand, stand. Why, in that
/// case.
#[must_use]
pub fn judged_nothing(tallies: &BTreeMap<Uid, Tally>) -> Option<String> {
    let undecided: u32 = tallies.values().map(|tally| tally.no_verdict).sum();
    let judged = tallies.values().any(|tally| tally.issued() > 0);
    (undecided > 0 && !judged).then(|| format!("none of {undecided} audits got a verdict"))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NodeError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| NodeError::System { doing: "run a plugin", reason: e.to_string() })
}

/// A round when all is asked, ruled and weighed.
struct Judged {
    audits: u64,
    tallies: BTreeMap<Uid, Tally>,
    settled: BTreeMap<Uid, Tally>,
    suspects: BTreeSet<Uid>,
    standings: Vec<Standing>,
    weighed: Weighed,
}

impl Judged {
    fn report(&self, round: Round, left_out: Vec<LeftOut>) -> RoundReport {
        let weights: BTreeMap<Uid, u16> = self.weighed.weights.iter().copied().collect();
        let reasons: BTreeMap<Uid, &str> =
            self.weighed.raw.iter().map(|weight| (weight.uid, weight.reason.as_str())).collect();
        let row = |standing: &Standing| RoundRow {
            tally: self.settled.get(&standing.uid).cloned().unwrap_or_default(),
            no_verdict: self.tallies.get(&standing.uid).map_or(0, |tally| tally.no_verdict),
            weight: weights.get(&standing.uid).copied().unwrap_or(0),
            reason: self.reason(standing.uid, reasons.get(&standing.uid).copied().unwrap_or_default()),
            standing: standing.clone(),
        };
        let miners = self.standings.iter().map(row).collect();
        RoundReport { round, audits: self.audits, miners, left_out }
    }

    fn reason(&self, uid: Uid, rule: &str) -> String {
        if !self.suspects.contains(&uid) {
            return rule.to_owned();
        }
        format!(
            "{SUSPECT_ROUNDS} rounds in a row the verifier broke down over its proofs and not over everyone's: \
             they count as no answer; {rule}"
        )
    }
}
