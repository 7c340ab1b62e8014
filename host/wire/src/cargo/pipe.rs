//! A body that is made while it is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{CargoClaim, CargoSource, Check};

/// Pieces that wait to be sent.
const AHEAD: usize = 2;

/// A body of a length known beforehand, fed by [`pump`].
pub(crate) struct PipedBody {
    pieces: mpsc::Receiver<Bytes>,
    left_bytes: u64,
}

impl PipedBody {
    pub(crate) fn new(bytes: u64) -> (mpsc::Sender<Bytes>, Self) {
        let (sender, pieces) = mpsc::channel(AHEAD);
        (sender, Self { pieces, left_bytes: bytes })
    }
}

impl Body for PipedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match ready!(self.pieces.poll_recv(cx)) {
            Some(piece) => {
                self.left_bytes = self.left_bytes.saturating_sub(piece.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            None if self.left_bytes == 0 => Poll::Ready(None),
            // The pump gave up: the other side must see a broken transfer.
            None => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left_bytes == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left_bytes)
    }
}

/// Sends what `source` has, as long as it is what `claim` says and the other side takes a piece within `stall`.
/// The last piece goes only when the whole is right.
pub(crate) async fn pump(
    mut source: Box<dyn CargoSource>,
    claim: CargoClaim,
    to: mpsc::Sender<Bytes>,
    stall: Duration,
) -> io::Result<()> {
    let mut check = Check::of_download(claim);
    let mut held: Option<Bytes> = None;
    while let Some(piece) = source.read().await? {
        check.pass(&piece).map_err(io::Error::other)?;
        if let Some(before) = held.replace(piece) {
            send(&to, before, stall).await?;
        }
    }
    check.finish().map_err(io::Error::other)?;
    match held {
        Some(last) => send(&to, last, stall).await,
        None => Ok(()),
    }
}

async fn send(to: &mpsc::Sender<Bytes>, piece: Bytes, stall: Duration) -> io::Result<()> {
    match timeout(stall, to.send(piece)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
