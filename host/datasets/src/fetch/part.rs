//! A file under way: bytes on disk, bytes not yet there, and digests over both.
//!
//! Nothing here waits for the network; whatever touches the disk is called on a thread for that.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use super::caps::Caps;
use super::digests::Digests;
use super::hops::Rest;
use super::journal::{Journal, Whole};
use super::place::{Place, Stop, disk, len, remove};
use super::refusal::Refusal;
use super::witness::Identity;

/// Bytes that are written at once; what a kill costs at most.
pub(super) const PIECE_BYTES: usize = 256 << 10;

pub(super) struct Part {
    place: Place,
    journal: Journal,
    identity: Identity,
    digests: Digests,
    file: Option<File>,
    written: u64,
    pending: Vec<u8>,
}

/// What a place holds already.
pub(super) enum Found {
    Whole(Journal),
    Part(Box<Part>),
    Nothing,
}

impl Part {
    /// A file of which nothing is there yet.
    pub(super) fn begin(place: Place, journal: Journal, identity: Identity, caps: &Caps) -> Self {
        let digests = Digests::new(&identity, journal.size_bytes, caps);
        Self { place, journal, identity, digests, file: None, written: 0, pending: Vec::new() }
    }

    /// What an earlier run left; bytes on disk are read and counted again.
    pub(super) fn find(
        place: &Place,
        repository: &str,
        commit: &str,
        path: &str,
        caps: &Caps,
    ) -> Result<Found, Stop> {
        let finished = place.finished()?;
        let Some(journal) = Journal::read(&place.journal()) else { return Ok(Found::Nothing) };
        let Some(identity) = Identity::parse(&journal.etag) else { return Ok(Found::Nothing) };
        if !journal.is_of(repository, commit, path) || journal.size_bytes > caps.file_bytes {
            remove(&place.part(&journal.etag))?;
            return Ok(Found::Nothing);
        }
        if finished == Some(journal.size_bytes) && is_whole(place, &journal, &identity, caps)? {
            remove(&place.part(&journal.etag))?;
            return Ok(Found::Whole(journal));
        }
        let Some(file) = place.open_part(&journal.etag, false)? else { return Ok(Found::Nothing) };
        let mut part = Self::begin(place.clone(), journal, identity, caps);
        match part.reread(file) {
            Ok(()) => Ok(Found::Part(Box::new(part))),
            Err(Stop::Refused(_)) => {
                part.discard()?;
                Ok(Found::Nothing)
            }
            Err(failed) => Err(failed),
        }
    }

    fn reread(&mut self, mut file: File) -> Result<(), Stop> {
        let path = self.place.part(&self.journal.etag);
        let there = len(&file, &path)?;
        if there > self.journal.size_bytes {
            return Err(Refusal::TooLong { expected: self.journal.size_bytes }.into());
        }
        self.written = fold(&mut file, &mut self.digests, &path)?;
        self.file = Some(file);
        Ok(())
    }

    /// Bytes that need not be asked for again.
    pub(super) fn have(&self) -> u64 {
        self.written.saturating_add(self.pending.len() as u64)
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.journal.size_bytes
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn is_complete(&self) -> bool {
        self.have() == self.journal.size_bytes
    }

    /// What is still to be asked for, if the sender can be asked for a rest.
    pub(super) fn rest(&self) -> Option<Rest> {
        let validator = self.journal.validator.clone()?;
        (self.have() > 0).then(|| Rest { from: self.have(), validator })
    }

    /// Takes the next bytes; true when enough have gathered to be written.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<bool, Refusal> {
        let expected = self.journal.size_bytes;
        if self.have().saturating_add(bytes.len() as u64) > expected {
            return Err(Refusal::TooLong { expected });
        }
        if self.pending.capacity() == 0 {
            let most = usize::try_from(expected - self.have()).unwrap_or(usize::MAX);
            self.pending.reserve(most.min(PIECE_BYTES));
        }
        self.pending.extend_from_slice(bytes);
        Ok(self.pending.len() >= PIECE_BYTES)
    }

    /// Writes what has gathered.
    pub(super) fn write(&mut self) -> Result<(), Stop> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.digests.update(&self.pending)?;
        if self.file.is_none() {
            self.journal.write(&self.place.journal())?;
        }
        self.put()
    }

    /// Checks the whole file, flushes it and gives it its name. What is wrong is removed.
    ///
    /// The journal is written before the bytes that it tells of: whoever is killed in between asks for nothing twice.
    pub(super) fn finish(mut self) -> Result<Journal, Stop> {
        let etag = self.journal.etag.clone();
        let updated = self.digests.update(&self.pending);
        let sums = match updated.and_then(|()| self.digests.sums().checked(&self.identity)) {
            Ok(sums) => sums,
            Err(refusal) => {
                self.place.clear(&etag)?;
                return Err(refusal.into());
            }
        };
        self.journal.whole = Some(Whole { sha256: sums.sha256, blake3: sums.blake3 });
        self.journal.write(&self.place.journal())?;
        self.put()?;
        let path = self.place.part(&etag);
        // An empty file was never written to.
        let file = match self.file.take() {
            Some(file) => file,
            None => self.create()?,
        };
        file.sync_all().map_err(disk(&path, "flush"))?;
        self.place.finished()?;
        self.place.seal(&etag)?;
        Ok(self.journal)
    }

    /// Puts what has gathered on the disk.
    fn put(&mut self) -> Result<(), Stop> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.create()?,
        };
        file.write_all(&self.pending).map_err(disk(&self.place.part(&self.journal.etag), "write"))?;
        self.file = Some(file);
        self.written = self.have();
        self.pending.clear();
        Ok(())
    }

    fn create(&self) -> Result<File, Stop> {
        let path = self.place.part(&self.journal.etag);
        let mut file = self.place.open_part(&self.journal.etag, true)?.ok_or(Refusal::PlaceTaken)?;
        file.set_len(0).map_err(disk(&path, "empty"))?;
        file.seek(SeekFrom::Start(0)).map_err(disk(&path, "seek"))?;
        Ok(file)
    }

    /// Forgets all of it.
    pub(super) fn discard(self) -> Result<(), Stop> {
        Ok(self.place.clear(&self.journal.etag)?)
    }
}

impl Journal {
    /// Notes by which the sender of the bytes knows them.
    pub(super) fn known_as(mut self, validator: Option<String>) -> Self {
        self.validator = validator;
        self
    }
}

/// Whether the finished file is the one that the journal tells of.
fn is_whole(place: &Place, journal: &Journal, identity: &Identity, caps: &Caps) -> Result<bool, Stop> {
    let Some(whole) = &journal.whole else { return Ok(false) };
    let path = place.file();
    let mut file = File::open(&path).map_err(disk(&path, "open"))?;
    let mut digests = Digests::new(identity, journal.size_bytes, caps);
    match fold(&mut file, &mut digests, &path) {
        Ok(_) => {}
        Err(Stop::Refused(_)) => return Ok(false),
        Err(failed) => return Err(failed),
    }
    let Ok(sums) = digests.sums().checked(identity) else { return Ok(false) };
    Ok(sums.sha256 == whole.sha256 && sums.blake3 == whole.blake3)
}

/// Takes a file in from where it stands to its end.
fn fold(file: &mut File, digests: &mut Digests, path: &std::path::Path) -> Result<u64, Stop> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut all = 0u64;
    loop {
        let n = file.read(&mut buffer).map_err(disk(path, "read"))?;
        let Some(piece) = buffer.get(..n).filter(|piece| !piece.is_empty()) else { return Ok(all) };
        digests.update(piece)?;
        all = all.saturating_add(n as u64);
    }
}
