//! The ceiling, raised by a thread of its own.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

/// The ceiling that is on the disk, and the one on its way there.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    durable_ns: u64,
    synced_in: Option<u64>,
    on_its_way: Option<OnItsWay>,
}

#[derive(Debug)]
struct OnItsWay {
    thread: JoinHandle<io::Result<()>>,
    sequence: u64,
    ns: u64,
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
        match std::thread::Builder::new().name("replay-ceiling".to_owned()).spawn(move || file.sync_data()) {
            Ok(thread) => self.on_its_way = Some(OnItsWay { thread, sequence, ns }),
            // No thread to be had: then the request waits.
            Err(_) => {
                here.sync_data()?;
                self.already(sequence, ns);
            }
        }
        Ok(())
    }

    /// Takes over a ceiling that has arrived; `wait`s for one that has not.
    pub(super) fn finish(&mut self, wait: bool) -> io::Result<()> {
        let Some(on_its_way) = self.on_its_way.take_if(|it| wait || it.thread.is_finished()) else {
            return Ok(());
        };
        let OnItsWay { thread, sequence, ns } = on_its_way;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that syncs broke down")))?;
        // A ceiling is a promise of the past too: it never goes down.
        self.durable_ns = self.durable_ns.max(ns);
        self.synced_in = Some(sequence);
        Ok(())
    }

    /// What was synced without a thread.
    pub(super) fn already(&mut self, sequence: u64, ns: u64) {
        self.durable_ns = self.durable_ns.max(ns);
        self.synced_in = Some(sequence);
    }
}
