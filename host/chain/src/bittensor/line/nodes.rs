//! Which node is spoken to, and which ones rest.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::Digest;
use serde_json::value::RawValue;
use subxt_rpcs::RpcClient;
use subxt_rpcs::client::rpc_params;
use tokio::sync::Mutex;

use super::bucket::Bucket;
use super::rest::Rest;
use super::{Dial, LineFault};
use crate::bittensor::places::shown;

/// Our own queue for a paced node may be this long; who would wait longer is told so.
pub(super) const MAX_QUEUE: Duration = Duration::from_secs(60);

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
    /// The longest rest of a node that has had enough, or is of another chain.
    pub(crate) const MAX_REST: Duration = Duration::from_secs(120);
    /// The longest rest of a node that cannot be reached, or whose connections break.
    pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(60);
}

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) client: RpcClient,
    pub(super) place: usize,
    /// Counts connections, so that who finds this one broken does not close its successor.
    pub(super) generation: u64,
    /// Whether it has answered anything.
    is_well: Arc<AtomicBool>,
}

/// The nodes, of which one at a time is connected.
pub(super) struct Nodes {
    dial: Box<dyn Dial>,
    places: Vec<String>,
    bucket: Option<Bucket>,
    /// Requests sent, those of handshakes included.
    pub(super) requests: AtomicU64,
    /// Held for moments only.
    state: StdMutex<State>,
    /// Held while nodes are dialled: one at a time does that for all.
    dialling: Mutex<()>,
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

impl Nodes {
    pub(super) fn new(
        dial: Box<dyn Dial>,
        places: Vec<String>,
        genesis: Option<Digest>,
        bucket: Option<Bucket>,
    ) -> Self {
        let rests = places.iter().map(|_| Rest::default()).collect();
        let state = State { open: None, next: 0, generation: 0, genesis, rests, failed: None };
        let (state, dialling) = (StdMutex::new(state), Mutex::new(()));
        Self { dial, places, bucket, requests: AtomicU64::new(0), state, dialling }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node's address as it may be shown: what follows the port may be a key.
    pub(super) fn place(&self, index: usize) -> String {
        self.places.get(index).map_or_else(String::new, |place| shown(place))
    }

    pub(super) const fn count(&self) -> usize {
        self.places.len()
    }

    /// Waits for the turn to send a request.
    pub(super) async fn pace(&self) -> Result<(), LineFault> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        let token = bucket.take(Instant::now(), MAX_QUEUE).map_err(|wait| {
            let why = format!("{} s of requests wait already at the pace that is set", wait.as_secs());
            LineFault::Busy { why }
        })?;
        tokio::time::sleep(token.wait()).await;
        token.used();
        Ok(())
    }

    /// The connection there is, or a fresh one to the first node that answers and is of the right chain.
    pub(super) async fn open(&self, limits: &Limits) -> Result<Open, LineFault> {
        let asked = Instant::now();
        if let Some(open) = &self.state().open {
            return Ok(open.clone());
        }
        let _turn = self.dialling.lock().await;
        {
            let state = self.state();
            if let Some(open) = &state.open {
                return Ok(open.clone());
            }
            // Those who waited while all nodes were tried share what was found.
            if let Some((at, fault)) = &state.failed
                && *at > asked
            {
                return Err(fault.clone());
            }
        }
        loop {
            let mut fault = match self.round(limits).await {
                Ok(open) => return Ok(open),
                Err(fault) => fault,
            };
            let pause = {
                let state = self.state();
                if let Some(other) = state.rests.iter().find_map(Rest::other_chain) {
                    // A wrong node is the operator's to correct, a silent one may come back by itself.
                    fault = other.clone();
                    if state.rests.iter().all(|rest| rest.other_chain().is_some()) {
                        return Err(fault);
                    }
                }
                limits.redial_every.max(state.shortest_rest(Instant::now()))
            };
            if asked.elapsed() + pause >= limits.reach_timeout {
                self.state().failed = Some((Instant::now(), fault.clone()));
                return Err(fault);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Every node once that does not rest.
    async fn round(&self, limits: &Limits) -> Result<Open, LineFault> {
        let mut last = None;
        let first = self.state().next;
        for step in 0..self.places.len() {
            let place = (first + step) % self.places.len();
            if self.state().rests[place].is_on(Instant::now()) {
                continue;
            }
            // A handshake ends with a request.
            self.pace().await?;
            match self.connect(place, limits).await {
                Ok(open) => return Ok(open),
                Err(fault) => {
                    tracing::debug!(place = self.place(place), %fault, "a node cannot be reached");
                    let fault = self.named(place, fault);
                    self.state().rests[place].fail(&fault, limits);
                    last = Some(fault);
                }
            }
        }
        let why = || "every node there is has had enough requests for now".into();
        let resting = || self.state().rests.iter().find_map(Rest::why);
        Err(last.or_else(resting).unwrap_or_else(|| LineFault::Busy { why: why() }))
    }

    async fn connect(&self, place: usize, limits: &Limits) -> Result<Open, LineFault> {
        let why = || format!("no connection within {} ms", limits.call_timeout.as_millis());
        let dialled = tokio::time::timeout(limits.call_timeout, self.dial.dial(&self.places[place])).await;
        let client = dialled.map_err(|_| LineFault::Unreachable { why: why() })??;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let found = genesis_of(&client, limits).await?;
        let mut state = self.state();
        let expected = *state.genesis.get_or_insert(found);
        if found != expected {
            return Err(LineFault::OtherChain { place: self.place(place), expected, found });
        }
        state.generation += 1;
        let is_well = Arc::new(AtomicBool::new(false));
        let open = Open { client, place, generation: state.generation, is_well };
        state.open = Some(open.clone());
        state.next = place;
        Ok(open)
    }

    /// What went wrong before there was a connection: nothing was sent.
    fn named(&self, place: usize, fault: LineFault) -> LineFault {
        let why = match fault {
            LineFault::Unreachable { why } | LineFault::Lost { why } => why,
            refused @ LineFault::Refused { .. } => refused.to_string(),
            other => return other,
        };
        match self.places.len() {
            1 => LineFault::Unreachable { why },
            _ => LineFault::Unreachable { why: format!("{}: {why}", self.place(place)) },
        }
    }

    /// Gives a connection up; the next one is to the next node.
    pub(super) fn close(&self, broken: &Open) {
        self.state().close(broken);
    }

    /// Gives up whatever connection there is.
    pub(super) fn leave_open(&self) {
        let mut state = self.state();
        if let Some(open) = state.open.clone() {
            state.close(&open);
        }
    }

    /// Gives a connection up that broke, or whose node has had enough: the node rests, if need be.
    pub(super) fn fail(&self, broken: &Open, fault: &LineFault, limits: &Limits) {
        let mut state = self.state();
        // Many may find the same connection broken: that is one fault.
        if !state.close(broken) {
            return;
        }
        let rest = &mut state.rests[broken.place];
        // A connection that served may break once; the next one is made at once.
        if matches!(fault, LineFault::Busy { .. }) || !broken.is_well.load(Ordering::Relaxed) {
            rest.fail(fault, limits);
        }
    }

    /// A node answered: whatever was wrong with it is over. Looks at the state once a connection only.
    pub(super) fn well(&self, open: &Open) {
        if open.is_well.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut state = self.state();
        if state.open.as_ref().is_some_and(|now| now.generation == open.generation) {
            state.rests[open.place] = Rest::default();
        }
    }

    /// The hash of block 0, once a node has told it.
    pub(super) fn genesis(&self) -> Option<Digest> {
        self.state().genesis
    }

    /// How many connections there were so far.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }
}

impl State {
    /// Whether it was still there.
    fn close(&mut self, broken: &Open) -> bool {
        let is_there = self.open.as_ref().is_some_and(|open| open.generation == broken.generation);
        if is_there {
            self.open = None;
            self.next = (broken.place + 1) % self.rests.len();
        }
        is_there
    }

    /// Until the first node may be tried again; zero if one may be now.
    fn shortest_rest(&self, now: Instant) -> Duration {
        self.rests.iter().map(|rest| rest.left(now)).min().unwrap_or_default()
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
