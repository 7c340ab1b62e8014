//! Reads all subnets, a few at a time.

use std::sync::Arc;

use plimsoll_chain::{Chain, ChainCommitment, ChainError, Snapshot, SubnetSummary};
use plimsoll_core::NetUid;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::confirm::confirm;
use super::rank::{LEAST_PERMILLE, sort};
use super::{Candidate, Choice, FindError, Hub};
use crate::source::{Committed, Source};

/// Of the candidates, the best one and the one that it is compared with are confirmed at the hub.
const COMPARED: usize = 2;

/// A subnet to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its number.
    pub netuid: NetUid,
    /// What it is called, if that is known.
    pub name: String,
}

impl From<&SubnetSummary> for Subnet {
    fn from(from: &SubnetSummary) -> Self {
        Self { netuid: from.netuid, name: from.name.clone() }
    }
}

/// Which of `subnets` has the datasets of `source`. Each is read by `jobs` readers at a time at most; the best are
/// confirmed at the hub, if there is one to ask. A subnet that cannot be read stops no other from being looked at, but
/// nobody is chosen while it may be the one.
///
/// # Errors
/// [`FindError::NoneFound`], [`FindError::Ambiguous`] and [`FindError::Unread`] with all that was looked at; [`FindError::Chain`] where
/// nothing could be read.
pub async fn search(
    chain: &Arc<dyn Chain>,
    source: &Source,
    subnets: &[Subnet],
    hub: Option<&dyn Hub>,
    jobs: usize,
) -> Result<Choice, FindError> {
    let mut choice = Choice::default();
    let mut first_error = None;
    for (subnet, read) in read_all(chain, subnets, jobs).await {
        match read {
            Ok((snapshot, commitments)) => {
                let committed: Vec<Committed> = commitments.iter().map(Committed::plain).collect();
                let survey = source.survey(&snapshot.neurons, &committed)?;
                choice.candidates.push(Candidate::new(subnet.netuid, subnet.name, &survey));
            }
            Err(error) => {
                choice.unread.push((subnet.netuid, error.to_string()));
                first_error.get_or_insert(error);
            }
        }
    }
    if let (true, Some(error)) = (choice.candidates.is_empty(), first_error) {
        return Err(error.into());
    }
    sort(&mut choice.candidates);
    if let Some(hub) = hub {
        confirm_best(&mut choice.candidates, hub).await;
    }
    choice.decided(source.plugin().name())
}

/// Asks the hub until both that are compared are confirmed. Who is found out sinks, and the next one is asked about:
/// however many decoys there are, they hide nobody.
async fn confirm_best(candidates: &mut [Candidate], hub: &dyn Hub) {
    let is_open = |candidate: &&mut Candidate| {
        candidate.confirmed.is_none() && candidate.score_permille() >= LEAST_PERMILLE
    };
    while let Some(candidate) = candidates.iter_mut().take(COMPARED).find(is_open) {
        confirm(candidate, hub).await;
        sort(candidates);
    }
}

type Read = Result<(Snapshot, Vec<ChainCommitment>), ChainError>;

/// Every subnet's neurons and commitments, in the order of `subnets`.
async fn read_all(chain: &Arc<dyn Chain>, subnets: &[Subnet], jobs: usize) -> Vec<(Subnet, Read)> {
    let readers = Arc::new(Semaphore::new(jobs.max(1)));
    let mut running = JoinSet::new();
    for (at, subnet) in subnets.iter().cloned().enumerate() {
        let (chain, readers) = (Arc::clone(chain), Arc::clone(&readers));
        running.spawn(async move {
            // Nobody closes it.
            let _turn = readers.acquire_owned().await.ok();
            let read = chain.snapshot_with_commitments(subnet.netuid).await;
            (at, subnet, read)
        });
    }
    let mut all = Vec::with_capacity(subnets.len());
    while let Some(done) = running.join_next().await {
        match done {
            Ok(read) => all.push(read),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
    all.sort_by_key(|(at, ..)| *at);
    all.into_iter().map(|(_, subnet, read)| (subnet, read)).collect()
}
