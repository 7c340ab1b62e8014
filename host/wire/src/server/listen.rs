//! Sockets, with caps and deadlines on every one.
//!
//! HTTP/1.1 only, and straight on hyper: `axum::serve` has no timeout for a request's head, and a server that
//! also detects HTTP/2 waits for the first bytes without one.
//!
//! Where there is no room for a connection it is told so (503) and closed; of those that are being told there are few
//! at once, and beyond them a connection is closed as it comes. Whoever is in stays in and is served, as long as
//! something of it is taken soon; see [`crowd`](super::crowd).

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::{connection, turn_away};
use super::crowd::Crowd;
use crate::limits::WireLimits;

/// How long to wait where the system gives no socket, for want of descriptors for instance.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that are told at once that there is no room.
const TOLD_AT_ONCE: usize = 64;

/// Serves `router` on `listener` until `shutdown`, then lets open requests end for
/// [`WireLimits::drain_within`].
///
/// # Errors
/// Where the listener has no address any more. A failed `accept` is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: WireLimits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let (stop, stopped) = watch::channel(false);
    let (crowd, limits) = (Arc::new(Crowd::default()), Arc::new(limits));
    let told = Arc::new(Semaphore::new(TOLD_AT_ONCE));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match crowd.enter(from.ip(), &limits, Instant::now()) {
                Some(place) => {
                    let (router, limits, stopped) = (router.clone(), Arc::clone(&limits), stopped.clone());
                    connections.spawn(async move {
                        connection(stream, from, place.guest(), router, limits, stopped).await;
                        drop(place);
                    });
                }
                None => {
                    tracing::debug!(%from, "closed: too many connections");
                    if let Ok(telling) = Arc::clone(&told).try_acquire_owned() {
                        connections.spawn(async move {
                            turn_away(stream).await;
                            drop(telling);
                        });
                    }
                }
            },
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted, trying again");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let drained = timeout(limits.drain_within, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(open = connections.len(), "open connections are cut off");
        connections.shutdown().await;
    }
    Ok(())
}
