//! An answer whose beginning is sent at once, and whose rest when it is made.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::Frame;

type Rest = Pin<Box<dyn Future<Output = String> + Send>>;

/// A body in two pieces.
struct InTwo {
    begin: Option<String>,
    rest: Option<Rest>,
}

/// A body that begins at once; `rest` is not begun before somebody reads on.
pub(super) fn in_two(begin: String, rest: impl Future<Output = String> + Send + 'static) -> Body {
    Body::new(InTwo { begin: Some(begin), rest: Some(Box::pin(rest)) })
}

impl hyper::body::Body for InTwo {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(begin) = self.begin.take() {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from(begin)))));
        }
        let Some(rest) = self.rest.as_mut() else { return Poll::Ready(None) };
        let text = std::task::ready!(rest.as_mut().poll(context));
        self.rest = None;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(text)))))
    }

    fn is_end_stream(&self) -> bool {
        self.begin.is_none() && self.rest.is_none()
    }
}
