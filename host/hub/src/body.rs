//! A body that breaks its word.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body, Frame};

/// What comes after the bytes that are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// The connection breaks.
    Cut,
    /// Nothing, for ever.
    Silence,
    /// The same bytes again, for ever.
    Again,
}

/// Some bytes, and then something else than an end.
pub(crate) struct BadBody {
    bytes: Bytes,
    given: bool,
    then: Then,
    /// Before a cut: the bytes must have left by then.
    before_cut: Pin<Box<tokio::time::Sleep>>,
}

/// What bytes need to reach a client on the same machine.
const BEFORE_CUT: std::time::Duration = std::time::Duration::from_millis(20);

impl BadBody {
    pub(crate) fn new(bytes: Bytes, then: Then) -> Self {
        Self { bytes, given: false, then, before_cut: Box::pin(tokio::time::sleep(BEFORE_CUT)) }
    }
}

impl Body for BadBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let first = !std::mem::replace(&mut self.given, true);
        if (first || self.then == Then::Again) && !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.bytes.clone()))));
        }
        match self.then {
            Then::Cut => {
                let over = self.before_cut.as_mut().poll(context);
                over.map(|()| Some(Err(std::io::Error::other("cut on request"))))
            }
            Then::Silence | Then::Again => Poll::Pending,
        }
    }
}
