//! Making a plot file, or finding out how far an old one is.
//!
//! A new file gets its room and its header under the name `<plot>.new` and only then its own, so that a file
//! under a plot's name always has a readable header.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use plimsoll_core::Span;
use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::inner::Inner;
use super::ledger::Ledger;
use crate::disk::{beside, folder_of, remove_if_there, remove_temporaries_of, sync_folder_of};
use crate::header::{MAGIC, PlotHeader, SLOT_BYTES, Slots};
use crate::journal::{Finished, Journal, journal_paths, remove_journals};
use crate::lock::PlotLock;
use crate::write::{PlotFile, Writer, open_direct, open_read};
use crate::{FillOptions, Geometry, IoMethod, NODE_BYTES, PlotSpec, StoreError, free_space};

/// What the journal, its successor and the names of both may take.
const MARGIN_BYTES: u64 = 64 << 10;

pub(super) fn create_or_resume(
    path: &Path,
    spec: &PlotSpec,
    options: &FillOptions,
) -> Result<Inner, StoreError> {
    spec.check()?;
    let lock = PlotLock::exclusive(path)?;
    remove_if_there(&beside(path, "new"))?;
    journal_paths(path).iter().for_each(|journal| remove_temporaries_of(journal));
    if options.restart {
        expect_plot_magic(path)?;
        // What is there now makes room for what comes.
        let reclaimed = fs::metadata(path).map_or(0, |there| there.blocks().saturating_mul(512));
        check_room(path, Geometry::of(spec.layout.region_bytes).file_bytes.saturating_sub(reclaimed))?;
        // The journal goes first, for it must never outlive what it speaks of.
        if remove_journals(path)? {
            sync_folder_of(path)?;
        }
        if remove_if_there(path)? {
            sync_folder_of(path)?;
        }
    }
    match crate::header::read_header(path) {
        Ok((header, slots)) => {
            spec.expect_same(&header.spec, path)?;
            if header.sealed {
                heal_header(path, &header, slots)?;
                return Err(StoreError::AlreadySealed { path: path.to_owned() });
            }
            resume(path, header, options, lock)
        }
        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            create(path, spec, options, lock)
        }
        Err(other) => Err(other),
    }
}

/// Whatever is to be thrown away must at least have been a plot: one of its header slots says so.
fn expect_plot_magic(path: &Path) -> Result<(), StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(StoreError::io(path, "open")(e)),
    };
    let mut begin = [0; MAGIC.len()];
    for slot in [0, SLOT_BYTES as u64] {
        match file.read_exact_at(&mut begin, slot) {
            Ok(()) if begin == MAGIC => return Ok(()),
            Err(e) if e.kind() != ErrorKind::UnexpectedEof => {
                return Err(StoreError::io(path, "read the header")(e));
            }
            _ => {}
        }
    }
    let why = "no header slot begins with PLIMPLOT, so it is not deleted: move it away yourself".to_owned();
    Err(StoreError::NotAPlot { path: path.to_owned(), why })
}

/// Writes the slot that a crash left behind once more.
pub(crate) fn heal_header(path: &Path, header: &PlotHeader, slots: Slots) -> Result<(), StoreError> {
    let Slots::Stale(_) = slots else { return Ok(()) };
    let file = open_read(path, true).map_err(StoreError::io(path, "open"))?;
    let write = || -> std::io::Result<()> {
        file.write_all_at(&header.encode_page(), 0)?;
        file.sync_data()
    };
    write().map_err(StoreError::io(path, "write the header"))
}

fn create(path: &Path, spec: &PlotSpec, options: &FillOptions, lock: PlotLock) -> Result<Inner, StoreError> {
    let geometry = Geometry::of(spec.layout.region_bytes);
    check_room(path, geometry.file_bytes)?;
    if remove_journals(path)? {
        // The journal of a plot that is gone may not meet the one that comes.
        sync_folder_of(path)?;
    }
    let mut fill_id = [0; 16];
    getrandom::fill(&mut fill_id)
        .map_err(|e| StoreError::io(path, "draw a random number")(std::io::Error::other(e.to_string())))?;
    let header = PlotHeader::filling(spec.clone(), fill_id);
    let new = beside(path, "new");
    let made = make_file(&new, path, &geometry, &header, options.reserve);
    if made.is_err() {
        // The first error counts; a file that cannot be removed is removed by the next attempt.
        let _ = fs::remove_file(&new);
    }
    let (file, reserved) = made?;
    fs::rename(&new, path).map_err(StoreError::io(path, "name the plot"))?;
    sync_folder_of(path)?;
    let journal = Journal { fill_id, sequence: 0, finished: Finished::none(&header.spec.layout) };
    assemble(path, file, header, journal, reserved, options, lock)
}

fn make_file(
    new: &Path,
    path: &Path,
    geometry: &Geometry,
    header: &PlotHeader,
    reserve: bool,
) -> Result<(File, bool), StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(new)
        .map_err(StoreError::io(path, "create the plot"))?;
    let reserved = make_room(&file, path, geometry.file_bytes, geometry.file_bytes, reserve)?;
    let write = || -> std::io::Result<()> {
        file.write_all_at(&header.encode_page(), 0)?;
        file.sync_all()
    };
    write().map_err(StoreError::io(path, "write the header"))?;
    Ok((file, reserved))
}

/// Reserves `file_bytes`, of which `needed_bytes` are not yet on the disk; says whether it could.
pub(crate) fn make_room(
    file: &File,
    path: &Path,
    file_bytes: u64,
    needed_bytes: u64,
    reserve: bool,
) -> Result<bool, StoreError> {
    let reserved = match reserve.then(|| rustix::fs::fallocate(file, FallocateFlags::empty(), 0, file_bytes))
    {
        None | Some(Err(Errno::OPNOTSUPP | Errno::NOSYS)) => false,
        Some(Ok(())) => true,
        Some(Err(Errno::NOSPC | Errno::DQUOT)) => return Err(no_space(path, needed_bytes)),
        Some(Err(e)) => return Err(StoreError::io(path, "reserve room")(e.into())),
    };
    if !reserved {
        if reserve {
            tracing::warn!(plot = %path.display(), "the file system cannot reserve room: another writer may fill the disk");
        }
        file.set_len(file_bytes).map_err(StoreError::io(path, "set the length"))?;
    }
    Ok(reserved)
}

fn no_space(path: &Path, needed_bytes: u64) -> StoreError {
    let free_bytes = free_space(folder_of(path)).map_or(0, |space| space.free_bytes);
    StoreError::NoSpace { path: path.to_owned(), needed_bytes, free_bytes: free_bytes.min(needed_bytes) }
}

pub(crate) fn check_room(path: &Path, needed_bytes: u64) -> Result<(), StoreError> {
    let free_bytes = free_space(folder_of(path))?.free_bytes;
    let needed_bytes = needed_bytes + MARGIN_BYTES;
    if free_bytes < needed_bytes {
        return Err(StoreError::NoSpace { path: path.to_owned(), needed_bytes, free_bytes });
    }
    Ok(())
}

fn resume(
    path: &Path,
    header: PlotHeader,
    options: &FillOptions,
    lock: PlotLock,
) -> Result<Inner, StoreError> {
    let geometry = header.geometry();
    let file = open_read(path, true).map_err(StoreError::io(path, "open"))?;
    let there = file.metadata().map_err(StoreError::io(path, "measure"))?;
    let read = Journal::read(path, header.fill_id, &header.spec.layout)?;
    let none = Finished::none(&header.spec.layout);
    let mut journal = read.unwrap_or(Journal { fill_id: header.fill_id, sequence: 0, finished: none });
    if there.len() < geometry.file_bytes {
        take_back_what_is_cut_off(path, &file, there.len(), &header, &mut journal)?;
    }
    let missing = geometry.file_bytes.saturating_sub(there.blocks().saturating_mul(512));
    if missing > 0 {
        check_room(path, missing)?;
    }
    let reserved = make_room(&file, path, geometry.file_bytes, missing, options.reserve)?;
    assemble(path, file, header, journal, reserved, options, lock)
}

/// The file ends at `there`. Before it gets its length back, and zeros with it, the journal forgets every unit
/// that reached past the end, and the leaf that was cut through becomes one that is not known.
fn take_back_what_is_cut_off(
    path: &Path,
    file: &File,
    there: u64,
    header: &PlotHeader,
    journal: &mut Journal,
) -> Result<(), StoreError> {
    let (layout, geometry) = (&header.spec.layout, header.geometry());
    let kept = there.saturating_sub(geometry.region_offset).min(geometry.region_bytes);
    tracing::warn!(plot = %path.display(), kept, "the plot was cut short: what was behind is filled again");
    let before = journal.finished.clone();
    let mut finished = before.clone();
    if kept < geometry.region_bytes {
        finished = Finished::none(layout);
        // Only where a unit's bytes are its own: not behind the units, and not where passes share them.
        let own = layout.passes.len() == 1 && layout.units_bytes() == layout.region_bytes;
        let whole = if own { kept / u64::from(layout.unit_bytes) } else { 0 };
        let within = |span: Span| Span::between(span.first, span.end().min(whole));
        finished.passes[0] = before.passes[0].iter().map(within).collect();
    }
    if finished != before {
        journal.take_back(path, finished)?;
    }
    let torn = there.saturating_sub(geometry.tree_offset) % NODE_BYTES;
    let zeros = [0; NODE_BYTES as usize];
    file.write_all_at(&zeros[..torn as usize], there - torn).map_err(StoreError::io(path, "write the tree"))
}

fn assemble(
    path: &Path,
    file: File,
    header: PlotHeader,
    journal: Journal,
    reserved: bool,
    options: &FillOptions,
    lock: PlotLock,
) -> Result<Inner, StoreError> {
    let (direct, why) = open_direct(path, options.io)?;
    let method = IoMethod { direct: direct.is_some(), why, reserved };
    let single_pass = header.spec.layout.passes.len() == 1;
    let writer = Writer::new(PlotFile::new(path, header.geometry(), file, direct), single_pass);
    let ledger = Ledger::new(journal);
    Ok(Inner::new(header, writer, method, options.clone(), ledger, lock))
}
