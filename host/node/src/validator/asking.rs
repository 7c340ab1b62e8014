//! The network's part of a round: registrations fetched, audits sent and ruled. Nothing is decided here.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_chain::{ChainCommitment, Snapshot};
use plimsoll_core::{Audit, Digest, Hotkey, Identity, NetUid, Round, Statement, Uid};
use plimsoll_wire::evidence::{
    AuditOutcome, AuditSent, AuditUnsent, EvidenceLog, Record, Registered, Response, Ruling,
};
use plimsoll_wire::{AuditRequest, MinerAddress, MinerClient, Outcome, SetCommitment};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use super::{Book, Claim, Judge, Member, PlannedAudit, Tally};
use crate::NodeError;

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

/// What became of a round's audits.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) tallies: BTreeMap<Uid, Tally>,
    /// How many were sent.
    pub(crate) audits: u64,
}

impl Asked {
    fn answered(&mut self, outcome: AuditOutcome, log: &mut EvidenceLog) -> Result<(), NodeError> {
        self.audits += 1;
        self.tallies.entry(outcome.uid).or_default().enter(&outcome.response, &outcome.ruling);
        Ok(log.append(&Record::AuditOutcome(outcome))?)
    }

    fn unsent(&mut self, unsent: AuditUnsent, log: &mut EvidenceLog) -> Result<(), NodeError> {
        tracing::error!(uid = %unsent.uid, why = unsent.why, "an audit could not be sent");
        self.tallies.entry(unsent.uid).or_default().enter_unsent();
        Ok(log.append(&Record::AuditUnsent(unsent))?)
    }
}

/// An audit that is to be noted before it is sent.
struct Sending {
    sent: AuditSent,
    noted: oneshot::Sender<()>,
}

/// What became of one audit.
enum Ended {
    Answered(AuditOutcome),
    Unsent(AuditUnsent),
}

fn unsent(audit: &Audit, drawn: bool, why: &str) -> AuditUnsent {
    let Audit { uid, samples, focus, deadline_ms, .. } = *audit;
    AuditUnsent { uid, samples, focus, deadline_ms, drawn, why: why.chars().take(500).collect() }
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

    /// Sends every planned audit at its time, and rules each answer as it comes. Each is in the log before it
    /// is sent, and what became of it as soon as it is known: a validator that dies in a round leaves behind
    /// what it asked.
    pub(crate) async fn audits(
        &self,
        round: &Round,
        plan: Vec<PlannedAudit>,
        entrants: &BTreeMap<Uid, (MinerAddress, Claim)>,
        log: &mut EvidenceLog,
    ) -> Result<Asked, NodeError> {
        let (tell, mut told) = mpsc::unbounded_channel();
        let (mut under_way, mut asked) = (JoinSet::new(), Asked::default());
        for planned in plan {
            let PlannedAudit { audit, challenge } = planned;
            match (challenge, entrants.get(&audit.uid)) {
                (Ok(challenge), Some(&(miner, claim))) => {
                    let (asking, round, tell) = (self.clone(), *round, tell.clone());
                    under_way.spawn(async move {
                        asking.audit(&round, audit, challenge, miner, claim, &tell).await
                    });
                }
                (Err(error), _) => asked.unsent(unsent(&audit, false, &error.to_string()), log)?,
                (Ok(_), None) => asked.unsent(unsent(&audit, true, "it is no candidate"), log)?,
            }
        }
        drop(tell);
        loop {
            tokio::select! {
                biased;
                Some(Sending { sent, noted }) = told.recv() => {
                    log.append(&Record::AuditSent(sent))?;
                    // Whoever waits for this may be gone with the round.
                    let _ = noted.send(());
                }
                Some(ended) = under_way.join_next() => match ended {
                    Ok(Ended::Answered(outcome)) => asked.answered(outcome, log)?,
                    Ok(Ended::Unsent(unsent)) => asked.unsent(unsent, log)?,
                    Err(error) => {
                        return Err(NodeError::System { doing: "go on with an audit", reason: error.to_string() });
                    }
                },
                else => return Ok(asked),
            }
        }
    }

    async fn audit(
        &self,
        round: &Round,
        audit: Audit,
        challenge: Vec<u8>,
        miner: MinerAddress,
        claim: Claim,
        tell: &mpsc::UnboundedSender<Sending>,
    ) -> Ended {
        tokio::time::sleep(Duration::from_millis(audit.start_ms.into())).await;
        let unsent = |why: &str| Ended::Unsent(unsent(&audit, true, why));
        let turn = match self.turns.acquire().await {
            Ok(turn) => turn,
            Err(error) => return unsent(&error.to_string()),
        };
        let request = AuditRequest {
            netuid: self.netuid,
            epoch: round.epoch,
            block: round.block,
            registration: claim.registration,
            challenge,
            deadline_ms: audit.deadline_ms,
        };
        let signed = match self.client.sign_audit(&miner, &request) {
            Ok(signed) => signed,
            Err(error) => return unsent(&error.to_string()),
        };
        let nonce = signed.nonce;
        let Audit { uid, samples, focus, .. } = audit;
        let (noted, in_log) = oneshot::channel();
        let sent = AuditSent { uid, samples, focus, audit: request.clone(), request: signed.clone() };
        if tell.send(Sending { sent, noted }).is_err() || in_log.await.is_err() {
            return unsent("the log takes nothing any more");
        }
        let exchange = self.client.send_audit(&miner, &request, signed).await;
        drop(turn);
        let response = Response::from(exchange.outcome);
        let ruling = self.rule(claim.statement, request.challenge, response.clone()).await;
        tracing::debug!(%uid, ?ruling, "audited");
        Ended::Answered(AuditOutcome { uid, nonce, response, ruling })
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
