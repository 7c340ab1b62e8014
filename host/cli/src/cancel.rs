//! Ctrl-C and SIGTERM: the first asks the running work to stop at a durable point, the second ends at once.

use std::ops::ControlFlow;
use std::sync::Arc;

use plimsoll_store::CancelFlag;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::exit::{Exit, Failure};
use crate::screen;

/// Whether the user wants to stop. Clones share one flag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancel {
    flag: CancelFlag,
    asked: Arc<Notify>,
}

impl Cancel {
    /// Listens to Ctrl-C and SIGTERM from now on. `stopping` is said once, when the first arrives.
    ///
    /// # Errors
    /// [`Exit::Error`] where the system has no signals to listen to.
    pub(crate) fn on_signals(stopping: &'static str) -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|e| Failure::new(Exit::Error, format!("cannot listen to signals: {e}")))
        };
        let (mut interrupt, mut terminate) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        let cancel = Self::default();
        let shared = cancel.clone();
        tokio::spawn(async move {
            next(&mut interrupt, &mut terminate).await;
            screen::note(&format!("{stopping}; once more ends at once"));
            shared.cancel();
            next(&mut interrupt, &mut terminate).await;
            // The user has asked twice: destructors are waived on purpose, journals are made for this.
            std::process::exit(Exit::Interrupted as i32);
        });
        Ok(cancel)
    }

    /// Asks to stop.
    pub(crate) fn cancel(&self) {
        self.flag.cancel();
        self.asked.notify_waiters();
    }

    /// Whether someone asked.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.flag.is_cancelled()
    }

    /// The same, as those ask who go on from step to step.
    pub(crate) fn flow(&self) -> ControlFlow<()> {
        if self.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Waits until someone asks.
    pub(crate) async fn cancelled(&self) {
        let asked = self.asked.notified();
        tokio::pin!(asked);
        // Registered before the flag is read: a request in between is not missed.
        asked.as_mut().enable();
        if !self.is_cancelled() {
            asked.await;
        }
    }

    /// The bare flag, for the libraries.
    pub(crate) fn flag(&self) -> CancelFlag {
        self.flag.clone()
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_learns_of_the_request() {
        let cancel = Cancel::default();
        let (waiting, flag) = (cancel.clone(), cancel.flag());
        let waiter = tokio::spawn(async move { waiting.cancelled().await });
        assert!(!cancel.is_cancelled());
        cancel.cancel();
        waiter.await.unwrap();
        cancel.cancelled().await;
        assert!(flag.is_cancelled() && cancel.is_cancelled());
    }
}
