//! One connection of the load: as little work as can be, for it shares the machine with what is measured.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use super::plan::Planned;
use crate::answer::SignedAnswer;
use crate::btauth::SignedRequest;

/// What became of a connection's requests.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) latencies_us: Vec<u64>,
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) turned_away: bool,
    pub(super) ended: Option<Instant>,
    pub(super) samples: Vec<Sample>,
}

/// An answer whose signature is verified later.
pub(super) struct Sample {
    request: SignedRequest,
    answer: Vec<u8>,
    head_bytes: usize,
}

/// How long a connection may take to come about, and an answer to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks as planned from `begins` on. `flooding`: connects then, and its own beginning is when it is connected.
pub(super) async fn talk(at: SocketAddr, begins: Instant, flooding: bool, plan: Vec<Planned>) -> Tally {
    let mut tally = Tally::default();
    if flooding {
        sleep_until(begins).await;
    }
    let Ok(Ok(mut stream)) = timeout(PATIENCE, TcpStream::connect(at)).await else {
        tally.turned_away = true;
        return tally;
    };
    let _ = stream.set_nodelay(true);
    let mut heard = Vec::with_capacity(16 * 1024);
    let begins = if flooding { Instant::now() } else { begins };
    let unasked = plan.len() as u64;
    for (n, planned) in (0u64..).zip(plan) {
        let due = begins + planned.due;
        sleep_until(due).await;
        // Where nothing has a time of its own, it counts from when it is sent.
        let from = if planned.due == Duration::ZERO { Instant::now() } else { due };
        let asked = timeout(PATIENCE, ask(&mut stream, &planned.bytes, &mut heard)).await;
        match asked {
            Ok(Ok((200, head_bytes))) => {
                let us = u64::try_from(from.elapsed().as_micros()).unwrap_or(u64::MAX);
                tally.latencies_us.push(us);
                tally.ended = Some(Instant::now());
                let answer = &heard;
                let sample = |request| Sample { request, answer: answer.clone(), head_bytes };
                tally.samples.extend(planned.sampled.map(sample));
            }
            Ok(Ok((503, _))) if n == 0 && flooding => tally.turned_away = true,
            Ok(Ok(_)) => tally.refused += 1,
            Ok(Err(_)) if n == 0 && flooding => tally.turned_away = true,
            Ok(Err(_)) | Err(_) => {
                tally.failed += unasked - n;
                return tally;
            }
        }
        if tally.turned_away {
            return tally;
        }
    }
    tally
}

/// Sends `bytes` and fills `heard` with one whole answer: its status, and the bytes of its head.
async fn ask(stream: &mut TcpStream, bytes: &[u8], heard: &mut Vec<u8>) -> io::Result<(u16, usize)> {
    heard.clear();
    // What has no room for us may have closed already: it is heard all the same.
    let sent = stream.write_all(bytes).await;
    let (mut head, mut whole) = (None, usize::MAX);
    while heard.len() < whole {
        if stream.read_buf(heard).await? == 0 {
            sent?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head.is_none()
            && let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let (status, body_bytes) = status_and_length(&heard[..end])?;
            (head, whole) = (Some((status, end + 4)), end + 4 + body_bytes);
        }
    }
    head.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn status_and_length(head: &[u8]) -> io::Result<(u16, usize)> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let head = std::str::from_utf8(head).map_err(|_| wrong())?;
    let status = head.get(9..12).and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Ok((status, length.map_or(Some(0), |text| text.parse().ok()).ok_or_else(wrong)?))
}

impl Sample {
    /// Whether the miner signed this answer to this request.
    pub(super) fn verify(&self) -> Result<(), String> {
        let (head, body) = self.answer.split_at(self.head_bytes);
        let head = String::from_utf8_lossy(head);
        let mut headers = HeaderMap::new();
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        SignedAnswer::verify(&headers, &self.request, 200, body).map(drop).map_err(|why| why.to_string())
    }
}
