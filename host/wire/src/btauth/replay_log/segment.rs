//! One of the two files.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::Hotkey;

use super::ReplayLogError;
use super::record::{RECORD_BYTES, Record};

const MAGIC: &[u8; 8] = b"PLMSRPL1";
const HEADER_BYTES: usize = 48;

/// A file and how far it is written.
#[derive(Debug)]
pub(super) struct Segment {
    file: Arc<File>,
    path: PathBuf,
    sequence: u64,
    bytes: u64,
    newest_ns: u64,
    floor_ns: u64,
}

/// What a file held when it was opened.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether it has a header at all.
    pub(super) begun: bool,
    /// Its records that are whole, in order.
    pub(super) records: Vec<Record>,
    /// Whether there is a record that is not. A last one that ends early was never acted on and does not count.
    pub(super) damaged: bool,
    /// Where a run ended by itself in here: whether everything before its end is whole.
    pub(super) whole_until_closed: Option<bool>,
}

impl Segment {
    /// Opens the file at `path`, which is made if it is not there, and reads what it holds for `me`.
    pub(super) fn open(path: PathBuf, me: &Hotkey) -> Result<(Self, Found), ReplayLogError> {
        let at = path.clone();
        let failed = |doing| {
            let at = &at;
            move |source| ReplayLogError::io(at, doing, source)
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed("open"))?;
        let mut bytes = Vec::new();
        let most = super::MOST_BYTES + (1 << 20);
        file.by_ref().take(most).read_to_end(&mut bytes).map_err(failed("read"))?;
        let mut segment =
            Self { file: Arc::new(file), path, sequence: 0, bytes: 0, newest_ns: 0, floor_ns: 0 };
        let found = segment.read(&bytes, me)?;
        Ok((segment, found))
    }

    fn read(&mut self, bytes: &[u8], me: &Hotkey) -> Result<Found, ReplayLogError> {
        let Some((header, rest)) = bytes.split_at_checked(HEADER_BYTES) else {
            // Emptied a moment before the end, or never begun.
            return Ok(Found::default());
        };
        if header.iter().all(|&b| b == 0) {
            return Ok(Found { damaged: true, ..Found::default() });
        }
        if &header[..8] != MAGIC {
            return Err(ReplayLogError::NoLog { path: self.path.clone() });
        }
        if header[16..48] != me.0 {
            let found = Hotkey::from_slice(&header[16..48]).unwrap_or(Hotkey([0; 32]));
            return Err(ReplayLogError::OtherHotkey { path: self.path.clone(), found, me: *me });
        }
        self.sequence = u64::from_le_bytes(header[8..16].try_into().unwrap_or_default());
        let (records, _torn) = rest.as_chunks::<RECORD_BYTES>();
        let mut found = Found { begun: true, ..Found::default() };
        for (place, bytes) in (0u64..).zip(records) {
            match Record::from_bytes(bytes, self.sequence, place) {
                Some(record) => {
                    self.note(&record);
                    if record == Record::Closed {
                        found.whole_until_closed = Some(!found.damaged);
                    }
                    found.records.push(record);
                }
                None => found.damaged = true,
            }
        }
        self.bytes = (HEADER_BYTES + records.len() * RECORD_BYTES) as u64;
        Ok(found)
    }

    /// Empties the file and begins it anew with a header.
    pub(super) fn restart(&mut self, sequence: u64, me: &Hotkey) -> Result<(), ReplayLogError> {
        self.empty()?;
        self.sequence = sequence;
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(MAGIC);
        header[8..16].copy_from_slice(&sequence.to_le_bytes());
        header[16..].copy_from_slice(&me.0);
        self.write(&header)
    }

    pub(super) fn append(&mut self, record: &Record) -> Result<(), ReplayLogError> {
        let place = self.bytes.saturating_sub(HEADER_BYTES as u64) / RECORD_BYTES as u64;
        self.write(&record.to_bytes(self.sequence, place))?;
        self.note(record);
        Ok(())
    }

    /// Writes at the end. What a failed write left behind is written over by the next.
    fn write(&mut self, bytes: &[u8]) -> Result<(), ReplayLogError> {
        let failed = |source| ReplayLogError::io(&self.path, "write", source);
        self.file.write_all_at(bytes, self.bytes).map_err(failed)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn note(&mut self, record: &Record) {
        match record {
            Record::Taken { nonce_ns, .. } => self.newest_ns = self.newest_ns.max(*nonce_ns),
            Record::Floor { ns } => self.floor_ns = self.floor_ns.max(*ns),
            Record::Ceiling { .. } | Record::Boot { .. } | Record::Closed => {}
        }
    }

    /// Cuts off what is behind the last whole record.
    pub(super) fn cut_torn(&self) -> io::Result<()> {
        if self.file.metadata()?.len() > self.bytes { self.file.set_len(self.bytes) } else { Ok(()) }
    }

    pub(super) fn sync(&self) -> Result<(), ReplayLogError> {
        self.file.sync_data().map_err(|source| ReplayLogError::io(&self.path, "sync", source))
    }

    /// The file, for a thread that syncs.
    pub(super) fn handle(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Empties the file without beginning it anew.
    pub(super) fn empty(&mut self) -> Result<(), ReplayLogError> {
        self.file.set_len(0).map_err(|source| ReplayLogError::io(&self.path, "empty", source))?;
        (self.sequence, self.bytes, self.newest_ns, self.floor_ns) = (0, 0, 0, 0);
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The newest nonce that is written here.
    pub(super) const fn newest_ns(&self) -> u64 {
        self.newest_ns
    }

    /// The highest floor that is written here.
    pub(super) const fn floor_ns(&self) -> u64 {
        self.floor_ns
    }
}
