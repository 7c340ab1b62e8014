//! Which node is spoken to, and which ones rest.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plimsoll_core::Digest;
use serde_json::value::RawValue;
use subxt_rpcs::RpcClient;
use subxt_rpcs::client::rpc_params;
use tokio::sync::{Mutex, MutexGuard};

use super::{Dial, LineFault};

/// The bounds of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long one answer may take.
    pub(crate) call_timeout: Duration,
    /// How long nodes are tried until a request is given up unsent.
    pub(crate) reach_timeout: Duration,
    /// Pause between two rounds through the nodes.
    pub(crate) redial_every: Duration,
    /// How often a read is sent in all.
    pub(crate) tries: u32,
    /// How long a node rests that has had enough; twice as long each further time, to [`Limits::MAX_REST`].
    pub(crate) rest: Duration,
}

impl Limits {
    /// The longest rest.
    pub(crate) const MAX_REST: Duration = Duration::from_secs(120);
}

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) client: RpcClient,
    pub(super) place: usize,
    /// Counts connections, so that who finds this one broken does not close its successor.
    generation: u64,
}

/// The nodes, of which one at a time is connected.
pub(super) struct Nodes {
    dial: Box<dyn Dial>,
    places: Vec<String>,
    /// Requests sent, those of handshakes included.
    pub(super) requests: AtomicU64,
    state: Mutex<State>,
}

struct State {
    open: Option<Open>,
    next: usize,
    generation: u64,
    genesis: Option<Digest>,
    rests: Vec<Rest>,
    /// When all nodes were last found silent, and why.
    failed: Option<(Instant, LineFault)>,
}

#[derive(Clone, Default)]
struct Rest {
    until: Option<Instant>,
    times: u32,
    /// Why, where it is a node of another chain.
    other_chain: Option<LineFault>,
}

impl Nodes {
    pub(super) fn new(dial: Box<dyn Dial>, places: Vec<String>, genesis: Option<Digest>) -> Self {
        let rests = places.iter().map(|_| Rest::default()).collect();
        let state = State { open: None, next: 0, generation: 0, genesis, rests, failed: None };
        Self { dial, places, requests: AtomicU64::new(0), state: Mutex::new(state) }
    }

    pub(super) fn place(&self, index: usize) -> &str {
        self.places.get(index).map_or("", String::as_str)
    }

    pub(super) const fn count(&self) -> usize {
        self.places.len()
    }

    /// The connection there is, or a fresh one to the first node that answers and is of the right chain.
    pub(super) async fn open(&self, limits: &Limits) -> Result<Open, LineFault> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(open) = &state.open {
            return Ok(open.clone());
        }
        // Those who waited while all nodes were tried share what was found.
        if let Some((at, fault)) = &state.failed
            && *at > asked
        {
            return Err(fault.clone());
        }
        loop {
            let mut fault = match self.round(&mut state, limits).await {
                Ok(open) => return Ok(open),
                Err(fault) => fault,
            };
            if let Some(other) = state.rests.iter().find_map(|rest| rest.other_chain.clone()) {
                if state.rests.iter().all(|rest| rest.other_chain.is_some()) {
                    return Err(other);
                }
                // A wrong node is the operator's to correct, a silent one may come back by itself.
                fault = other;
            }
            let pause = limits.redial_every.max(state.shortest_rest(Instant::now()));
            if asked.elapsed() + pause >= limits.reach_timeout {
                state.failed = Some((Instant::now(), fault.clone()));
                return Err(fault);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Every node once that does not rest.
    async fn round(&self, state: &mut MutexGuard<'_, State>, limits: &Limits) -> Result<Open, LineFault> {
        let mut last = LineFault::Busy { why: "every node there is has had enough requests for now".into() };
        for step in 0..self.places.len() {
            let place = (state.next + step) % self.places.len();
            if state.rests[place].until.is_some_and(|until| until > Instant::now()) {
                continue;
            }
            match self.connect(state, place, limits).await {
                Ok(open) => {
                    state.next = place;
                    return Ok(open);
                }
                Err(fault) => {
                    tracing::debug!(place = self.place(place), %fault, "a node cannot be reached");
                    match &fault {
                        LineFault::Busy { .. } => state.rest(place, limits),
                        LineFault::OtherChain { .. } => state.bar(place, fault.clone()),
                        _ => {}
                    }
                    last = self.named(place, fault);
                }
            }
        }
        Err(last)
    }

    async fn connect(
        &self,
        state: &mut MutexGuard<'_, State>,
        place: usize,
        limits: &Limits,
    ) -> Result<Open, LineFault> {
        let why = || format!("no connection within {} ms", limits.call_timeout.as_millis());
        let dialled = tokio::time::timeout(limits.call_timeout, self.dial.dial(&self.places[place])).await;
        let client = dialled.map_err(|_| LineFault::Unreachable { why: why() })??;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let found = genesis_of(&client, limits).await?;
        let expected = *state.genesis.get_or_insert(found);
        if found != expected {
            return Err(LineFault::OtherChain { place: self.places[place].clone(), expected, found });
        }
        state.generation += 1;
        let open = Open { client, place, generation: state.generation };
        state.open = Some(open.clone());
        Ok(open)
    }

    fn named(&self, place: usize, fault: LineFault) -> LineFault {
        match fault {
            LineFault::Unreachable { why } | LineFault::Lost { why } if self.places.len() > 1 => {
                LineFault::Unreachable { why: format!("{}: {why}", self.place(place)) }
            }
            LineFault::Lost { why } => LineFault::Unreachable { why },
            other => other,
        }
    }

    /// Gives a connection up; the next one is to the next node.
    pub(super) async fn close(&self, broken: &Open) {
        let mut state = self.state.lock().await;
        if state.open.as_ref().is_some_and(|open| open.generation == broken.generation) {
            state.open = None;
            state.next = (broken.place + 1) % self.places.len();
        }
    }

    /// Lets a node rest that has had enough.
    pub(super) async fn rest(&self, busy: &Open, limits: &Limits) {
        self.close(busy).await;
        self.state.lock().await.rest(busy.place, limits);
    }

    /// A node answered: whatever it had enough of is over.
    pub(super) async fn well(&self, open: &Open) {
        let mut state = self.state.lock().await;
        if state.rests[open.place].times > 0 {
            state.rests[open.place] = Rest::default();
        }
    }

    /// The hash of block 0, once a node has told it.
    pub(super) async fn genesis(&self) -> Option<Digest> {
        self.state.lock().await.genesis
    }
}

impl State {
    fn rest(&mut self, place: usize, limits: &Limits) {
        let rest = &mut self.rests[place];
        let factor = 1u32.checked_shl(rest.times).unwrap_or(u32::MAX);
        let long = limits.rest.saturating_mul(factor).min(Limits::MAX_REST);
        let times = (rest.times + 1).min(16);
        *rest = Rest { until: Some(Instant::now() + long), times, other_chain: None };
    }

    /// A node of another chain is looked at again after the longest rest: somebody may have corrected it.
    fn bar(&mut self, place: usize, fault: LineFault) {
        let until = Some(Instant::now() + Limits::MAX_REST);
        self.rests[place] = Rest { until, times: 1, other_chain: Some(fault) };
    }

    /// Until the first node may be tried again; zero if one may be now.
    fn shortest_rest(&self, now: Instant) -> Duration {
        let left =
            |rest: &Rest| rest.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        self.rests.iter().map(left).min().unwrap_or_default()
    }
}

async fn genesis_of(client: &RpcClient, limits: &Limits) -> Result<Digest, LineFault> {
    let asked = client.request::<Box<RawValue>>("chain_getBlockHash", rpc_params![0u32]);
    let answer = tokio::time::timeout(limits.call_timeout, asked).await;
    let why = || format!("no answer within {} ms", limits.call_timeout.as_millis());
    let answer = answer.map_err(|_| LineFault::Lost { why: why() })?.map_err(LineFault::of)?;
    serde_json::from_str(answer.get()).map_err(|error| {
        let why = format!("the hash of block 0 is none: {error}");
        LineFault::Nonsense { why }
    })
}
