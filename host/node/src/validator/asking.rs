//! The network's part of a round: registrations fetched, audits sent and ruled. Nothing is decided here.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_chain::{ChainCommitment, Snapshot};
use plimsoll_core::{Digest, Hotkey, Identity, NetUid, Round, Statement, Uid};
use plimsoll_wire::evidence::{AuditOutcome, AuditSent, Registered, Response, Ruling};
use plimsoll_wire::{AuditRequest, MinerAddress, MinerClient, Outcome, SetCommitment};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::recall::RecordedAudit;
use super::{Book, Claim, Judge, Member, PlannedAudit};

/// Where a miner may be for a validator to connect to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AxonPolicy {
    /// Anywhere: for local chains and private networks.
    #[default]
    Any,
    /// Only where the public internet is, so that no miner makes a validator knock on its own neighbours.
    PublicOnly,
}

impl AxonPolicy {
    /// Whether `at` may be connected to.
    ///
    /// # Errors
    /// Why not.
    pub fn check(self, at: SocketAddr) -> Result<(), String> {
        if self == Self::Any || is_public(at.ip()) {
            return Ok(());
        }
        Err(format!("its axon {at} is not on the public internet"))
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (18..20).contains(&b);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || shared
                || benchmark)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                let unique_local = (v6.segments()[0] & 0xfe00) == 0xfc00;
                let link_local = (v6.segments()[0] & 0xffc0) == 0xfe80;
                !(v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || unique_local || link_local)
            }
        },
    }
}

/// A miner that could be audited, were its registration known and accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prospect {
    pub(crate) member: Member,
    pub(crate) at: SocketAddr,
    /// What it committed to on chain.
    pub(crate) root: Digest,
}

/// A miner that takes no part in a round, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// Its place.
    pub uid: Uid,
    /// Its key.
    pub hotkey: Hotkey,
    /// In one sentence.
    pub why: String,
}

/// Who says on chain that it keeps plots and where it serves; validator `me` is never its own miner.
pub(crate) fn prospects(
    snapshot: &Snapshot,
    commitments: &[ChainCommitment],
    me: &Hotkey,
    policy: AxonPolicy,
) -> (Vec<Prospect>, Vec<LeftOut>) {
    let said: BTreeMap<&Hotkey, &[u8]> =
        commitments.iter().map(|commitment| (&commitment.hotkey, commitment.bytes.as_slice())).collect();
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for neuron in snapshot.neurons.iter().filter(|neuron| neuron.hotkey != *me) {
        let root = said
            .get(&neuron.hotkey)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .and_then(|text| text.parse::<SetCommitment>().ok());
        let (Some(SetCommitment { root }), Some(at)) = (root, neuron.axon) else { continue };
        let member = Member { uid: neuron.uid, hotkey: neuron.hotkey, coldkey: neuron.coldkey };
        match policy.check(at) {
            Ok(()) => found.push(Prospect { member, at, root }),
            Err(why) => left_out.push(LeftOut { uid: member.uid, hotkey: member.hotkey, why }),
        }
    }
    (found, left_out)
}

/// What asking needs, whoever is asked.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) client: Arc<MinerClient>,
    pub(crate) judge: Judge,
    pub(crate) netuid: NetUid,
    /// Requests under way at the same time.
    pub(crate) turns: Arc<Semaphore>,
    /// Proofs verified at the same time.
    pub(crate) threads: Arc<Semaphore>,
    /// How long a registration may take.
    pub(crate) registration_within: Duration,
}

impl Asking {
    /// Fetches and checks the registration of everyone whose root on chain is not the one that the book has.
    pub(crate) async fn registrations(
        &self,
        prospects: &[Prospect],
        book: &Book,
    ) -> (Vec<Registered>, Vec<LeftOut>) {
        let mut asked = JoinSet::new();
        for &prospect in prospects {
            let Member { uid, hotkey, .. } = prospect.member;
            if book.pinned(&hotkey).is_none_or(|pinned| pinned.root != prospect.root) {
                let asking = self.clone();
                asked.spawn(async move {
                    let result = asking.registration(prospect).await;
                    result.map_err(|why| LeftOut { uid, hotkey, why })
                });
            }
        }
        let (mut found, mut left_out) = (Vec::new(), Vec::new());
        while let Some(result) = asked.join_next().await {
            match result {
                Ok(Ok(registered)) => found.push(registered),
                Ok(Err(out)) => left_out.push(out),
                Err(error) => tracing::error!(%error, "asking for a registration broke down"),
            }
        }
        found.sort_unstable_by_key(|registered| registered.uid);
        (found, left_out)
    }

    async fn registration(&self, Prospect { member, at, root }: Prospect) -> Result<Registered, String> {
        let _turn = self.turns.acquire().await.map_err(|e| e.to_string())?;
        let miner = MinerAddress { hotkey: member.hotkey, at };
        let exchange = self.client.registrations(&miner, self.netuid, self.registration_within).await;
        let (set, answer) = match exchange.outcome {
            Outcome::Answered { content, answer, .. } => (content, answer),
            Outcome::Refused { why, .. } => return Err(format!("it refused to register: {why}")),
            Outcome::Late { elapsed_ms, .. } => return Err(format!("it registered after {elapsed_ms} ms")),
            Outcome::Absent { why } => return Err(format!("it did not register: {why}")),
            Outcome::Garbage { why } => return Err(format!("its registration does not count: {why}")),
        };
        if set.root() != root {
            return Err(format!("its registrations have the root {}, on chain is {root}", set.root()));
        }
        let expected =
            Identity { netuid: self.netuid, owner: member.hotkey, validator: self.client.hotkey() };
        let (judge, own) = (self.judge.clone(), set.own.clone());
        self.blocking(move || judge.admit(&expected, &own)).await??;
        let signature = answer.signature;
        Ok(Registered { uid: member.uid, set, root, request: exchange.request, signature })
    }

    /// Sends every planned audit at its time, and rules each answer as it comes.
    pub(crate) async fn audits(
        &self,
        round: &Round,
        plan: Vec<PlannedAudit>,
        entrants: &BTreeMap<Uid, (MinerAddress, Claim)>,
    ) -> Vec<RecordedAudit> {
        let mut asked = JoinSet::new();
        for planned in plan {
            let uid = planned.audit.uid;
            match (planned.challenge.clone(), entrants.get(&uid)) {
                (Ok(challenge), Some(&(miner, claim))) => {
                    let (asking, round) = (self.clone(), *round);
                    asked.spawn(async move { asking.audit(&round, planned, challenge, miner, claim).await });
                }
                (Err(error), _) => tracing::error!(%uid, %error, "no challenge could be drawn"),
                (Ok(_), None) => tracing::error!(%uid, "an audit of a miner that is no candidate"),
            }
        }
        let mut done = Vec::new();
        while let Some(result) = asked.join_next().await {
            match result {
                Ok(recorded) => done.extend(recorded),
                Err(error) => tracing::error!(%error, "an audit broke down"),
            }
        }
        // The log wants them in the order in which they were signed.
        done.sort_unstable_by_key(|audit: &RecordedAudit| audit.sent.request.nonce);
        done
    }

    async fn audit(
        &self,
        round: &Round,
        planned: PlannedAudit,
        challenge: Vec<u8>,
        miner: MinerAddress,
        claim: Claim,
    ) -> Option<RecordedAudit> {
        let PlannedAudit { audit, .. } = planned;
        tokio::time::sleep(Duration::from_millis(audit.start_ms.into())).await;
        let turn = self.turns.acquire().await.ok()?;
        let request = AuditRequest {
            netuid: self.netuid,
            epoch: round.epoch,
            block: round.block,
            registration: claim.registration,
            challenge,
            deadline_ms: audit.deadline_ms,
        };
        let exchange = match self.client.audit(&miner, &request).await {
            Ok(exchange) => exchange,
            Err(error) => {
                tracing::error!(uid = %audit.uid, %error, "an audit could not be sent");
                return None;
            }
        };
        drop(turn);
        let response = Response::from(exchange.outcome);
        let ruling = self.rule(claim.statement, request.challenge.clone(), response.clone()).await;
        tracing::debug!(uid = %audit.uid, ruling = ?ruling, "audited");
        let nonce = exchange.request.nonce;
        let outcome = AuditOutcome { uid: audit.uid, nonce, response, ruling };
        let sent = AuditSent {
            uid: audit.uid,
            samples: audit.samples,
            focus: audit.focus,
            audit: request,
            request: exchange.request,
        };
        Some(RecordedAudit { sent, outcome })
    }

    async fn rule(&self, statement: Statement, challenge: Vec<u8>, response: Response) -> Ruling {
        let judge = self.judge.clone();
        let ruled = self.blocking(move || judge.rule(&statement, &challenge, &response)).await;
        ruled.unwrap_or_else(|why| Ruling::Undecided { why })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(|e| e.to_string())?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(thread);
            result
        });
        done.await.map_err(|e| format!("the verifier broke down: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_policy_refuses_what_only_a_neighbour_could_reach() {
        for near in [
            "127.0.0.1:1",
            "10.1.2.3:1",
            "192.168.1.1:1",
            "169.254.169.254:80",
            "100.64.0.1:1",
            "0.0.0.0:1",
            "[::1]:1",
            "[fe80::1]:1",
            "[fd00::1]:1",
            "[::ffff:127.0.0.1]:1",
            "224.0.0.1:1",
        ] {
            let at: SocketAddr = near.parse().unwrap();
            assert!(AxonPolicy::PublicOnly.check(at).is_err(), "{near}");
            assert!(AxonPolicy::Any.check(at).is_ok(), "{near}");
        }
        for far in ["8.8.4.4:8091", "[2001:4860:4860::8844]:8091", "172.32.0.1:1"] {
            assert_eq!(AxonPolicy::PublicOnly.check(far.parse().unwrap()), Ok(()), "{far}");
        }
    }
}
