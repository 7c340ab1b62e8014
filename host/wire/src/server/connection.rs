//! One connection, from its first byte to its end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::crowd::Guest;
use super::paced::Paced;
use crate::limits::WireLimits;
use crate::messages::{Refusal, RefusalCode};

/// Header lines of one request; the five of btauth, and what clients and proxies add.
const MAX_HEADERS: usize = 64;
/// How often a connection that has outlived its time is looked at while a large body moves on it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long somebody is told that there is no room.
const TELL_WITHIN: Duration = Duration::from_secs(1);

/// Large bodies that move on one connection; it lives as long as there is one.
#[derive(Clone, Default)]
struct Moving(Arc<AtomicUsize>);

/// A large body that moves.
pub(super) struct Busy(Option<Moving>);

impl Busy {
    /// On the connection that `request` came by.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let moving = request.extensions().get::<Moving>().cloned();
        if let Some(moving) = &moving {
            moving.0.fetch_add(1, Ordering::SeqCst);
        }
        Self(moving)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(moving) = &self.0 {
            moving.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

pub(super) async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    guest: Guest,
    router: Router,
    limits: Arc<WireLimits>,
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
    let moving = Moving::default();
    let (routes, marked) = (TowerToHyperService::new(router), (moving.clone(), guest.clone()));
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(marked.0.clone());
        request.extensions_mut().insert(marked.1.clone());
        routes.call(request)
    });
    let stream = Paced::new(stream, limits.body_within);
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut life = pin!(lived(&limits, &guest, &moving));
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

async fn lived(limits: &WireLimits, guest: &Guest, moving: &Moving) {
    let first = limits.stranger_within.min(limits.connection_within);
    sleep(first).await;
    if !guest.is_known() && moving.0.load(Ordering::SeqCst) == 0 {
        return;
    }
    sleep(limits.connection_within.saturating_sub(first)).await;
    while moving.0.load(Ordering::SeqCst) > 0 {
        sleep(LOOK_AGAIN).await;
    }
}

/// Tells a connection for which there is no room so, unread and unsigned, and lets it hear that before it is closed.
pub(super) async fn turn_away(mut stream: TcpStream) {
    let refusal =
        Refusal::new(RefusalCode::Busy, "the miner has as many connections as it may: try again later");
    let body = refusal.to_bytes();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let told = async {
        stream.write_all(&[head.as_bytes(), &body].concat()).await?;
        stream.shutdown().await?;
        // Closed with bytes unread, a socket takes back what it has sent.
        let (mut scrap, mut heard) = ([0; 1024], 0);
        while heard < 64 * 1024 {
            match stream.read(&mut scrap).await? {
                0 => break,
                n => heard += n,
            }
        }
        std::io::Result::Ok(())
    };
    let _ = timeout(TELL_WITHIN, told).await;
}
