//! What a run came to.

use std::collections::BTreeMap;

use plimsoll_core::{Digest, Hotkey, Uid};
use serde::Serialize;

use super::CollectOptions;
use super::ends::Ends;
use super::keeping::Done;
use super::kinds::Class;
use super::outcome::MinerOutcome;
use super::plan::{Plan, Planned};
use super::subnet::SubnetAt;
use crate::fetch::{Bucket, Fetch};

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Which subnet, at which block.
    #[serde(flatten)]
    pub subnet: SubnetAt,
    /// The snapshot's manifest, by the BLAKE3 of its bytes.
    pub manifest: Option<Digest>,
    /// Who signed it, if anybody.
    pub signer: Option<Hotkey>,
    /// Neurons of the subnet.
    pub total_miners: usize,
    /// Miners whose dataset is kept and has the rows that were asked for: fetched now, or held.
    pub downloaded: usize,
    /// Of them those whose dataset came with this run.
    pub fetched: usize,
    /// Miners whose dataset could not be had.
    pub failed: usize,
    /// Miners without metadata to fetch by: nothing, or nothing that this source reads.
    pub skipped: usize,
    /// Miners that this run was not to ask for, and whose dataset is not held.
    pub not_asked: usize,
    /// Of them those of a branch or tag, which may mean other bytes tomorrow.
    pub unpinned: usize,
    /// Miners whose dataset has fewer valid rows than were asked for: kept, so that it is not fetched again, and not
    /// counted as downloaded.
    pub below_min_rows: usize,
    /// How far the clock is behind the snapshot before, where it is: one of the two times is wrong. Snapshots go by
    /// their blocks, so nothing is lost by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_behind_ms: Option<u64>,
    /// Commitments of hotkeys that have left the subnet.
    pub left_behind: usize,
    /// How often each outcome was, by its short name.
    pub outcomes: BTreeMap<String, usize>,
    /// Requests for files.
    pub resolver_requests: u64,
    /// Requests of the API.
    pub api_requests: u64,
    /// Bytes of files over the network.
    pub network_bytes: u64,
    /// Files that the archive did not have before.
    pub new_files: u64,
    /// Bytes of lines that it did not have before.
    pub new_bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// Every miner, by uid.
    pub miners: Vec<MinerLine>,
}

/// One miner of a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MinerLine {
    /// Its place.
    pub uid: Uid,
    /// Who.
    pub hotkey: Hotkey,
    /// When it committed.
    pub committed_block: Option<u64>,
    /// `owner/name`, where the commitment names one, as the archive records it.
    pub namespace: Option<String>,
    /// The commit, branch or tag that it committed to; one that the hub does not know by its length and digest.
    pub revision: Option<String>,
    /// The outcome's short name.
    pub outcome: String,
    /// Why it does not count as downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<super::Kept>,
}

/// What a client had spent before.
pub(super) struct Spent {
    resolvers: u64,
    api: u64,
    bytes: u64,
}

impl Spent {
    pub(super) fn of(fetch: &Fetch) -> Self {
        let asked = |bucket| fetch.asked(bucket);
        Self {
            resolvers: asked(Bucket::Resolvers) + asked(Bucket::Elsewhere),
            api: asked(Bucket::Api),
            bytes: fetch.taken_bytes(),
        }
    }
}

impl Summary {
    pub(super) fn of(plan: &Plan, options: &CollectOptions, ends: &Ends, done: &Done) -> Self {
        let miners: Vec<MinerLine> = plan.miners.iter().map(|miner| line(miner, plan, ends)).collect();
        let mut summary = Self {
            subnet: plan.subnet.clone(),
            manifest: done.manifest,
            signer: options.wallet.as_ref().map(plimsoll_core::Keypair::hotkey),
            total_miners: miners.len(),
            downloaded: 0,
            fetched: 0,
            failed: 0,
            skipped: 0,
            not_asked: 0,
            unpinned: 0,
            below_min_rows: 0,
            clock_behind_ms: done.behind_ms,
            left_behind: plan.left_behind,
            outcomes: BTreeMap::new(),
            resolver_requests: 0,
            api_requests: 0,
            network_bytes: 0,
            new_files: done.new_objects,
            new_bytes: done.new_bytes,
            seconds: 0.0,
            miners,
        };
        for miner in &plan.miners {
            summary.count(miner, &ends.of(plan, miner));
        }
        summary
    }

    fn count(&mut self, miner: &Planned, outcome: &MinerOutcome) {
        *self.outcomes.entry(outcome.name().to_owned()).or_default() += 1;
        match outcome.class() {
            Class::Downloaded => self.downloaded += 1,
            Class::TooFew => self.below_min_rows += 1,
            Class::Failed => self.failed += 1,
            Class::Skipped => self.skipped += 1,
            Class::NotAsked => self.not_asked += 1,
        }
        if let MinerOutcome::Kept(kept) = outcome {
            self.fetched += usize::from(kept.is_new);
            self.unpinned += usize::from(miner.found.outcome.place().is_some_and(|place| !place.pinned));
        }
    }

    pub(super) fn spent(&mut self, before: &Spent, fetch: &Fetch) {
        let now = Spent::of(fetch);
        self.resolver_requests = now.resolvers - before.resolvers;
        self.api_requests = now.api - before.api;
        self.network_bytes = now.bytes - before.bytes;
    }
}

fn line(miner: &Planned, plan: &Plan, ends: &Ends) -> MinerLine {
    let outcome = ends.of(plan, miner);
    let source = ends.note(plan, miner).and_then(|note| note.source);
    let (namespace, revision) = source.map(|source| (source.namespace, source.revision)).unzip();
    MinerLine {
        uid: miner.found.uid,
        hotkey: miner.found.hotkey,
        committed_block: miner.found.block.map(|block| block.0),
        namespace,
        revision,
        outcome: outcome.name().to_owned(),
        why: outcome.why(),
        kept: outcome.kept().cloned(),
    }
}
