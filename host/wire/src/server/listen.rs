//! Sockets, with caps and deadlines on every one.
//!
//! HTTP/1.1 only, and straight on hyper: `axum::serve` has no timeout for a request's head, and a server that
//! also detects HTTP/2 waits for the first bytes without one.
//!
//! Where there is no room for a connection it is told so (503) and closed; of those that are being told there are few
//! at once, and beyond them a connection is closed as it comes. Whoever is in stays in and is served.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::{connection, turn_away};
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
    let (open, limits) = (Arc::new(Open::default()), Arc::new(limits));
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
            Ok((stream, from)) => match open.enter(from.ip(), &limits) {
                Some(place) => {
                    let (router, limits, stopped) = (router.clone(), Arc::clone(&limits), stopped.clone());
                    connections.spawn(async move {
                        connection(stream, from, router, limits, stopped).await;
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

/// Who is connected.
#[derive(Debug, Default)]
struct Open(Mutex<(usize, HashMap<IpAddr, usize>)>);

/// One connection's place; leaving gives it back.
struct Place {
    open: Arc<Open>,
    from: IpAddr,
}

impl Open {
    fn enter(self: &Arc<Self>, from: IpAddr, limits: &WireLimits) -> Option<Place> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of_one) = &mut *held;
        let here = of_one.get(&from).copied().unwrap_or(0);
        if *all >= limits.connections || here >= limits.connections_per_address {
            return None;
        }
        *all += 1;
        of_one.insert(from, here + 1);
        Some(Place { open: Arc::clone(self), from })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of_one) = &mut *held;
        *all = all.saturating_sub(1);
        if let Some(here) = of_one.get_mut(&self.from) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                of_one.remove(&self.from);
            }
        }
    }
}
