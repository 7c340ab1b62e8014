//! A body that breaks its word.

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
    pub(crate) bytes: Bytes,
    pub(crate) given: bool,
    pub(crate) then: Then,
}

impl Body for BadBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let first = !std::mem::replace(&mut self.given, true);
        if (first || self.then == Then::Again) && !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.bytes.clone()))));
        }
        match self.then {
            Then::Cut => Poll::Ready(Some(Err(std::io::Error::other("cut on request")))),
            Then::Silence | Then::Again => Poll::Pending,
        }
    }
}
