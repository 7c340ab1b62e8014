//! Leaves of the integrity tree, made while their bytes are still hot.
//!
//! A leaf on the disk is either the chaining value of what was last put into its whole group, or zero, which
//! means "not known": whatever covers only a part of a group makes its leaf zero again. Leaves become durable
//! by the same sync as the bytes they stand for; whoever completes the tree reads the groups of zero leaves.
//!
//! They wait in memory for that sync: a small cached write takes a file's lock for itself alone and so waits
//! for every direct write that is under way, and these are what keeps the disk busy.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_core::{Digest, SpaceError};

use super::PlotFile;
use crate::GROUP_BYTES;
use crate::error::device;
use crate::tree::{UNKNOWN, leaf_of, write_nodes};

/// Leaves that wait at most, before they are written without anybody asking: those of 4 GiB.
const MOST_WAITING: usize = 1 << 16;

/// Leaves on their way to the file, by group.
#[derive(Debug, Default)]
pub(super) struct Leaves(Mutex<BTreeMap<u64, Digest>>);

impl Leaves {
    /// Every change of the map is one step, so that a panic elsewhere leaves it whole.
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, Digest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes `bytes`, just put at `offset`: whole groups get their leaf, parts of groups lose it.
    pub(super) fn note(&self, file: &PlotFile, offset: u64, bytes: &[u8]) -> Result<(), SpaceError> {
        let geometry = file.geometry();
        let end = offset + bytes.len() as u64;
        let (first, last) = (offset / GROUP_BYTES, (end - 1) / GROUP_BYTES);
        let leaf = |index: u64| {
            let group = geometry.group(index);
            if group.offset < offset || group.offset + group.len > end {
                return UNKNOWN;
            }
            let at = (group.offset - offset) as usize;
            leaf_of(geometry, index, &bytes[at..at + group.len as usize])
        };
        let made: Vec<(u64, Digest)> = (first..=last).map(|index| (index, leaf(index))).collect();
        let mut waiting = self.waiting();
        waiting.extend(made);
        if waiting.len() >= MOST_WAITING { write_all(&mut waiting, file) } else { Ok(()) }
    }

    /// Hands everything that waits to the file.
    pub(super) fn settle(&self, file: &PlotFile) -> Result<(), SpaceError> {
        write_all(&mut self.waiting(), file)
    }
}

/// Writes run by run; what could not be written goes on waiting.
fn write_all(waiting: &mut BTreeMap<u64, Digest>, file: &PlotFile) -> Result<(), SpaceError> {
    while let Some((&first, _)) = waiting.first_key_value() {
        let run: Vec<Digest> = (first..)
            .zip(&*waiting)
            .take_while(|(at, (index, _))| at == *index)
            .map(|(_, (_, l))| *l)
            .collect();
        let end = first + run.len() as u64;
        write_nodes(file.cached(), file.geometry(), 0, first, &run)
            .map_err(|e| device(file.path(), first * GROUP_BYTES, (end - first) * GROUP_BYTES, &e))?;
        *waiting = waiting.split_off(&end);
    }
    Ok(())
}
