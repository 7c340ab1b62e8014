//! Sockets, with caps and deadlines on every one.
//!
//! HTTP/1.1 only, and straight on hyper: `axum::serve` has no timeout for a request's head, and a server that
//! also detects HTTP/2 waits for the first bytes without one.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::limits::WireLimits;

/// Header lines of one request; the five of btauth, and what clients and proxies add.
const MAX_HEADERS: usize = 64;
/// How long to wait where the system gives no socket, for want of descriptors for instance.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    let open = Arc::new(Open::default());
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
                    let (router, limits, stopped) = (router.clone(), limits.clone(), stopped.clone());
                    connections.spawn(async move {
                        connection(stream, from, router, limits, stopped).await;
                        drop(place);
                    });
                }
                None => tracing::debug!(%from, "closed: too many connections"),
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

async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    router: Router,
    limits: WireLimits,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers are short: waiting for more to send only costs the miner its deadline. A socket that refuses
    // the option works all the same.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(limits.head_bytes.max(8 * 1024))
        .max_headers(MAX_HEADERS);
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let mut life = pin!(sleep(limits.connection_within));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = &mut life => {
            tracing::debug!(%from, "closed: the connection lived too long");
            return;
        }
        _ = stopped.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%from, %error, "connection ended");
    }
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
