//! Who is let in: so many connections at once, and none that keeps quiet.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// How many connections are open at once; others wait outside.
const CONNECTIONS: usize = 128;
/// How long a connection may go without a byte of an answer: while its request is told, while a page is made, while it
/// is read, and between two requests.
const QUIET: Duration = Duration::from_secs(30);

/// A listener that lets only so many in.
#[derive(Debug)]
pub(super) struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
    quiet: Duration,
}

impl Door {
    pub(super) fn of(listener: TcpListener) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(CONNECTIONS)), quiet: QUIET }
    }
}

impl Listener for Door {
    type Io = Guest<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Guest::new(stream, room, self.quiet), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when nothing is written to it for too long.
pub(super) struct Guest<T> {
    stream: T,
    quiet: Duration,
    until: Pin<Box<Sleep>>,
    _room: Option<OwnedSemaphorePermit>,
}

impl<T> Guest<T> {
    fn new(stream: T, room: Option<OwnedSemaphorePermit>, quiet: Duration) -> Self {
        Self { stream, quiet, until: Box::pin(sleep(quiet)), _room: room }
    }

    fn late(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        self.until.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut.into())
    }

    /// What came of writing: more time, or none left.
    fn wrote<N>(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<N>>) -> Poll<io::Result<N>> {
        match wrote {
            Poll::Pending => self.late(context).map(Err),
            Poll::Ready(wrote) => {
                self.until.as_mut().reset(Instant::now() + self.quiet);
                Poll::Ready(wrote)
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guest<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // First: who sends a byte now and then is no less late.
        if let Poll::Ready(late) = self.late(context) {
            return Poll::Ready(Err(late));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guest<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.wrote(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn only_so_many_are_let_in_at_once() {
        let mut door = Door::of(TcpListener::bind("127.0.0.1:0").await.unwrap());
        door.room = Arc::new(Semaphore::new(2));
        let address = door.local_addr().unwrap();
        let _outside = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        let first = door.accept().await;
        let _second = door.accept().await;
        assert!(tokio::time::timeout(Duration::from_millis(100), door.accept()).await.is_err());
        drop(first);
        let _third = door.accept().await;
    }

    #[tokio::test]
    async fn a_guest_that_keeps_quiet_or_drips_has_to_go() {
        let (stream, mut other) = tokio::io::duplex(8);
        let mut guest = Guest::new(stream, None, Duration::from_millis(20));
        let error = guest.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        // A byte more does not make up for it, an answer does.
        other.write_all(b"x").await.unwrap();
        assert_eq!(guest.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        guest.quiet = Duration::from_hours(1);
        guest.write_all(b"answer").await.unwrap();
        assert_eq!(guest.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_guest_that_does_not_read_has_to_go() {
        let (stream, _other) = tokio::io::duplex(8);
        let mut guest = Guest::new(stream, None, Duration::from_millis(20));
        let error = guest.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
