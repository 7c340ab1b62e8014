//! The ceiling, raised by a thread of its own.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

/// The ceiling that is on the disk, and the one on its way there.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    durable_ns: u64,
    synced_in: Option<u64>,
    on_its_way: Option<OnItsWay>,
    /// A disk that is as slow as a test wants it: nothing is synced while this is held.
    #[cfg(test)]
    pub(super) gate: Arc<std::sync::Mutex<()>>,
}

#[derive(Debug)]
struct OnItsWay {
    thread: JoinHandle<io::Result<()>>,
    /// Its sender goes with the thread.
    ended: watch::Receiver<()>,
    sequence: u64,
    ns: u64,
}

impl OnItsWay {
    /// Whether the thread has nothing to do any more but to end.
    fn has_ended(&self) -> bool {
        self.ended.has_changed().is_err()
    }
}

/// A ceiling on its way to the disk, for one who waits without holding anything.
#[derive(Debug)]
pub(in crate::btauth) struct Arrival(watch::Receiver<()>);

impl Arrival {
    /// Returns when it has arrived, or cannot.
    pub(in crate::btauth) async fn come(mut self) {
        // Nothing is ever sent: this ends with the sender.
        while self.0.changed().await.is_ok() {}
    }
}

impl Renewal {
    pub(super) const fn durable_ns(&self) -> u64 {
        self.durable_ns
    }

    /// The number of the file that the durable ceiling is in.
    pub(super) const fn synced_in(&self) -> Option<u64> {
        self.synced_in
    }

    pub(super) const fn in_flight(&self) -> bool {
        self.on_its_way.is_some()
    }

    /// Syncs `file`, number `sequence`, to whose end a ceiling of `ns` was written.
    pub(super) fn begin(&mut self, file: Arc<File>, sequence: u64, ns: u64) -> io::Result<()> {
        let here = Arc::clone(&file);
        let (ending, ended) = watch::channel(());
        #[cfg(test)]
        let gate = Arc::clone(&self.gate);
        let sync = move || {
            let _ending = ending;
            #[cfg(test)]
            let _open = gate.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            file.sync_data()
        };
        match std::thread::Builder::new().name("replay-ceiling".to_owned()).spawn(sync) {
            Ok(thread) => self.on_its_way = Some(OnItsWay { thread, ended, sequence, ns }),
            // No thread to be had: then the request waits.
            Err(_) => {
                here.sync_data()?;
                self.already(sequence, ns);
            }
        }
        Ok(())
    }

    /// The one on its way, to wait for.
    pub(super) fn arrival(&self) -> Option<Arrival> {
        self.on_its_way.as_ref().map(|on_its_way| Arrival(on_its_way.ended.clone()))
    }

    /// Takes over a ceiling that has arrived; `wait`s for one that has not.
    pub(super) fn finish(&mut self, wait: bool) -> io::Result<()> {
        let Some(on_its_way) = self.on_its_way.take_if(|it| wait || it.has_ended()) else {
            return Ok(());
        };
        let OnItsWay { thread, sequence, ns, .. } = on_its_way;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that syncs broke down")))?;
        // A ceiling is a promise of the past too: it never goes down.
        self.durable_ns = self.durable_ns.max(ns);
        self.synced_in = Some(sequence);
        Ok(())
    }

    /// Nothing is promised: everything up to here is known instead.
    pub(super) fn forget(&mut self) {
        (self.durable_ns, self.synced_in) = (0, None);
    }

    /// What was synced without a thread.
    pub(super) fn already(&mut self, sequence: u64, ns: u64) {
        self.durable_ns = self.durable_ns.max(ns);
        self.synced_in = Some(sequence);
    }
}
