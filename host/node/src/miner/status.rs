//! A miner's status over HTTP, for this machine only: `/status` in full, `/readyz` 200 or 503.

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Health, MinerStatus};
use crate::NodeError;

/// A status server that runs until it is dropped.
pub struct StatusServer {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl StatusServer {
    /// Serves `health` at `at`; port 0 takes any that is free.
    ///
    /// # Errors
    /// [`NodeError::Listen`], also for an address that other machines could reach.
    pub async fn start(health: Health, at: SocketAddr) -> Result<Self, NodeError> {
        let failed = |reason: String| NodeError::Listen { at, reason };
        if !at.ip().is_loopback() {
            return Err(failed("a status is for this machine only, such as 127.0.0.1:8092".into()));
        }
        let listener = TcpListener::bind(at).await.map_err(|e| failed(e.to_string()))?;
        let address = listener.local_addr().map_err(|e| failed(e.to_string()))?;
        let router = Router::new()
            .route("/status", get(|State(health): State<Health>| async move { Json(health.status()) }))
            .route("/readyz", get(|State(health): State<Health>| async move { readiness(&health.status()) }))
            .with_state(health);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the status server ended");
            }
        });
        Ok(Self { address, serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for StatusServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn readiness(status: &MinerStatus) -> (StatusCode, String) {
    if status.ready {
        return (StatusCode::OK, "ready\n".into());
    }
    let mut lines: Vec<String> =
        status.faults.iter().map(|fault| format!("{}: {}", fault.validator, fault.why)).collect();
    for plot in status.plots.iter().filter(|plot| !plot.ready) {
        let why = plot.why.as_deref().unwrap_or("not read and proven within the last minute");
        lines.push(format!("{}: {why}", plot.validator));
    }
    lines.extend(status.unannounced.iter().map(|why| format!("not announced: {why}")));
    (StatusCode::SERVICE_UNAVAILABLE, lines.join("\n") + "\n")
}
