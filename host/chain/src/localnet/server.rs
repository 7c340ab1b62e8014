//! The ledger's server and its clock.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use plimsoll_core::{BlockNumber, Hotkey, NetUid};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::MAX_EXTRINSIC_BYTES;
use super::protocol::Problem;
use crate::ledger::Desk as _;
use crate::{Chain as _, ChainError, Extrinsic, Ledger, Refusal};

/// How long the body of a request may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// How long open connections may take to close when the server stops.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// A ledger served on loopback, with a clock if its genesis gives it a pace. Dropping it stops both.
#[derive(Debug)]
pub struct LedgerServer {
    ledger: Ledger,
    at: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    clock: Option<JoinHandle<()>>,
}

impl LedgerServer {
    /// Serves `ledger` at `at`; port 0 takes any free port. For a ledger that outlives the process, give one
    /// that is [kept in a file](Ledger::kept_in). Runs on the current tokio runtime.
    ///
    /// # Errors
    /// [`ChainError::NotLoopback`] where other machines could reach `at`; [`ChainError::Listen`].
    pub async fn start(ledger: Ledger, at: SocketAddr) -> Result<Self, ChainError> {
        if !at.ip().is_loopback() {
            return Err(ChainError::NotLoopback { at });
        }
        let listener = TcpListener::bind(at).await.map_err(|source| ChainError::Listen { at, source })?;
        let at = listener.local_addr().map_err(|source| ChainError::Listen { at, source })?;
        let (stop, stopped) = watch::channel(false);
        let app = router(ledger.clone());
        let until = wait_for(stopped.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(until).await {
                tracing::error!(%error, "the ledger's server ended");
            }
        });
        let clock = match ledger.block_ms() {
            0 => None,
            ms => Some(tokio::spawn(run_clock(ledger.clone(), Duration::from_millis(ms), stopped))),
        };
        tracing::info!(%at, genesis = %ledger.genesis().short(), "the ledger is served");
        Ok(Self { ledger, at, stop, serving, clock })
    }

    /// Where it listens.
    #[must_use]
    pub const fn at(&self) -> SocketAddr {
        self.at
    }

    /// What to write into a config: `local://127.0.0.1:9933`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        super::Endpoint::Local(self.at).to_string()
    }

    /// The ledger itself.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes no more requests, ends the clock, and saves a kept ledger.
    ///
    /// # Errors
    /// [`ChainError::Disk`] where it cannot be saved.
    pub async fn stop(mut self) -> Result<(), ChainError> {
        self.stop.send_replace(true);
        if timeout(GOODBYE_WITHIN, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
        if let Some(clock) = self.clock.take() {
            // It ends between two blocks; that it was cancelled is no failure.
            let _ = clock.await;
        }
        self.ledger.save()
    }
}

impl Drop for LedgerServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.serving.abort();
    }
}

async fn wait_for(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|&stop| stop).await;
}

async fn run_clock(ledger: Ledger, pace: Duration, stopped: watch::Receiver<bool>) {
    let mut ticks = interval(pace);
    // After a pause of the machine the chain goes on from where it was, instead of making up for the time.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let end = wait_for(stopped);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return,
            _ = ticks.tick() => {
                let ledger = ledger.clone();
                // A kept ledger writes its file.
                let _ = tokio::task::spawn_blocking(move || ledger.advance(1)).await;
            }
        }
    }
}

fn router(ledger: Ledger) -> Router {
    Router::new()
        .route("/v1/head", get(head))
        .route("/v1/blocks/{height}", get(block))
        .route("/v1/subnets", get(subnets))
        .route("/v1/subnets/{netuid}", get(snapshot))
        .route("/v1/subnets/{netuid}/commitments", get(commitments))
        .route("/v1/subnets/{netuid}/weights", get(weights))
        .route("/v1/subnets/{netuid}/figures", get(figures))
        .route("/v1/accounts/{hotkey}", get(account))
        .route("/v1/extrinsics", post(submit))
        .fallback(async || problem(StatusCode::NOT_FOUND, "a local ledger has no such path"))
        .method_not_allowed_fallback(async || {
            problem(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method")
        })
        .with_state(ledger)
}

async fn head(State(ledger): State<Ledger>) -> Response {
    read(ledger, async |ledger| ledger.head().await).await
}

async fn block(State(ledger): State<Ledger>, Path(height): Path<String>) -> Response {
    match height.parse() {
        Ok(height) => read(ledger, async move |ledger| ledger.block_hash(BlockNumber(height)).await).await,
        Err(_) => no_number(&height),
    }
}

async fn subnets(State(ledger): State<Ledger>) -> Response {
    read(ledger, async |ledger| ledger.subnets().await).await
}

async fn snapshot(State(ledger): State<Ledger>, Path(netuid): Path<String>) -> Response {
    match netuid.parse() {
        Ok(netuid) => read(ledger, async move |ledger| ledger.snapshot(NetUid(netuid)).await).await,
        Err(_) => no_number(&netuid),
    }
}

async fn commitments(State(ledger): State<Ledger>, Path(netuid): Path<String>) -> Response {
    match netuid.parse() {
        Ok(netuid) => read(ledger, async move |ledger| ledger.commitments(NetUid(netuid)).await).await,
        Err(_) => no_number(&netuid),
    }
}

async fn weights(State(ledger): State<Ledger>, Path(netuid): Path<String>) -> Response {
    match netuid.parse() {
        Ok(netuid) => read(ledger, async move |ledger| ledger.weights(NetUid(netuid)).await).await,
        Err(_) => no_number(&netuid),
    }
}

async fn figures(State(ledger): State<Ledger>, Path(netuid): Path<String>) -> Response {
    match netuid.parse() {
        Ok(netuid) => read(ledger, async move |ledger| ledger.figures(NetUid(netuid))).await,
        Err(_) => no_number(&netuid),
    }
}

async fn account(State(ledger): State<Ledger>, Path(hotkey): Path<String>) -> Response {
    match hotkey.parse::<Hotkey>() {
        Ok(hotkey) => read(ledger, async move |ledger| ledger.turn(&hotkey).await).await,
        Err(error) => problem(StatusCode::BAD_REQUEST, &format!("`{}`: {error}", clipped(&hotkey))),
    }
}

/// Asks the ledger on a thread that may wait: someone may hold it for a thousand epochs.
async fn read<T: Serialize + Send + 'static>(
    ledger: Ledger,
    ask: impl AsyncFnOnce(Ledger) -> Result<T, ChainError> + Send + 'static,
) -> Response {
    let here = Handle::current();
    match tokio::task::spawn_blocking(move || here.block_on(ask(ledger))).await {
        Ok(done) => answer(done),
        Err(_) => broken(),
    }
}

async fn submit(State(ledger): State<Ledger>, body: Body) -> Response {
    let body: Bytes = match timeout(BODY_WITHIN, to_bytes(body, MAX_EXTRINSIC_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let why = format!("an extrinsic has at most {MAX_EXTRINSIC_BYTES} bytes, and arrives whole");
            return problem(StatusCode::PAYLOAD_TOO_LARGE, &why);
        }
        Err(_) => return problem(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"),
    };
    let extrinsic: Extrinsic = match serde_json::from_slice(&body) {
        Ok(extrinsic) => extrinsic,
        Err(error) => {
            let why = format!("the body is no extrinsic: {}", clipped(&error.to_string()));
            return problem(StatusCode::BAD_REQUEST, &why);
        }
    };
    // A kept ledger writes its file before it answers.
    match tokio::task::spawn_blocking(move || ledger.submit(&extrinsic)).await {
        Ok(done) => answer(done),
        Err(_) => broken(),
    }
}

fn answer<T: Serialize>(done: Result<T, ChainError>) -> Response {
    let error = match done {
        Ok(value) => return Json(value).into_response(),
        Err(error) => error,
    };
    let status = match error.refusal() {
        Some(Refusal::NoSubnet { .. }) => StatusCode::NOT_FOUND,
        Some(Refusal::BadSignature { .. } | Refusal::NotSudo { .. }) => StatusCode::FORBIDDEN,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let problem = Problem { error: error.to_string(), refusal: error.refusal().cloned() };
    (status, Json(problem)).into_response()
}

fn problem(status: StatusCode, error: &str) -> Response {
    (status, Json(Problem { error: error.to_owned(), refusal: None })).into_response()
}

fn broken() -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, "the ledger failed at this call")
}

fn no_number(text: &str) -> Response {
    problem(StatusCode::BAD_REQUEST, &format!("`{}` is no number that is possible here", clipped(text)))
}

/// What a stranger sent is never sent back at length.
fn clipped(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::{LedgerClient, LedgerGenesis};

    // One thread serves: it must not be the one that waits.
    #[tokio::test(flavor = "current_thread")]
    async fn while_one_request_waits_for_the_ledger_others_are_answered() {
        let ledger = Ledger::new(LedgerGenesis::development(NetUid(1))).unwrap();
        let server = LedgerServer::start(ledger.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (is_held, held) = channel();
        let (let_go, answered) = channel::<()>();
        let holder = std::thread::spawn(move || {
            let mut in_time = false;
            ledger.hold(|| {
                is_held.send(()).unwrap();
                in_time = answered.recv_timeout(Duration::from_secs(30)).is_ok();
            });
            in_time
        });
        held.recv().unwrap();
        let client = LedgerClient::new(server.at()).unwrap();
        let waiting = tokio::spawn(async move { client.head().await });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..20 {
            let nowhere = http.get(format!("http://{}/v1/nowhere", server.at())).send().await.unwrap();
            assert_eq!(nowhere.status(), 404);
        }
        let_go.send(()).unwrap();
        assert!(holder.join().unwrap(), "nobody was answered while the ledger was held");
        assert_eq!(waiting.await.unwrap().unwrap().block, BlockNumber(0));
    }
}
