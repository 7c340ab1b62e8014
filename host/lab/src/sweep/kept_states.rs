//! States of runs, kept beside the finished ones: so that one epoch can be lived through again without the others.

use redb::{ReadableDatabase, TableDefinition, TableError};

use super::cell::Cell;
use super::keep::Keep;
use crate::LabError;
use crate::simulate::SavedState;

/// From [`Cell::name`] and an epoch to a digest, the length of the engine's name, the name, and the state before that
/// epoch. The number is the form's version.
const STATES: TableDefinition<'_, (&[u8; 32], u64), &[u8]> = TableDefinition::new("states-1");
/// Keeps the digests of kept states apart from all other hashes.
const SEAL_KEY: &[u8; 32] = b"plimsoll: states of kept runs, 1";
const SEAL_BYTES: usize = 32;

/// What is kept of a run's states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptState {
    /// Nothing that is early enough.
    Nothing,
    /// A state, but of a run that another engine made: that run may be another.
    OtherEngine(String),
    /// The last state that is early enough.
    State(SavedState),
}

impl Keep {
    /// Keeps the states of a run, instead of all that are kept of it. They are on the disk when this returns.
    ///
    /// # Errors
    /// [`LabError::Kept`], such as for a full disk.
    pub fn keep_states(&self, cell: &Cell, seed: u64, states: &[SavedState]) -> Result<(), LabError> {
        let name = cell.name(seed).0;
        let write = self.database.begin_write().map_err(|error| self.wrong(&error))?;
        {
            let mut table = write.open_table(STATES).map_err(|error| self.wrong(&error))?;
            table
                .retain_in((&name, 0)..=(&name, u64::MAX), |_, _| false)
                .map_err(|error| self.wrong(&error))?;
            for state in states {
                let value = sealed(&name, state, &Cell::engine());
                table.insert((&name, state.epoch), value.as_slice()).map_err(|error| self.wrong(&error))?;
            }
        }
        write.commit().map_err(|error| self.wrong(&error))
    }

    /// The last state of a run that is kept from before `epoch`, or from its beginning.
    ///
    /// # Errors
    /// [`LabError::Kept`] where the file cannot be read, or does not hold what was kept.
    pub fn state_before(&self, cell: &Cell, seed: u64, epoch: u64) -> Result<KeptState, LabError> {
        let name = cell.name(seed);
        let read = self.database.begin_read().map_err(|error| self.wrong(&error))?;
        let table = match read.open_table(STATES) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(KeptState::Nothing),
            table => table.map_err(|error| self.wrong(&error))?,
        };
        let mut early = table.range((&name.0, 0)..=(&name.0, epoch)).map_err(|error| self.wrong(&error))?;
        let Some(last) = early.next_back() else { return Ok(KeptState::Nothing) };
        let (key, value) = last.map_err(|error| self.wrong(&error))?;
        let epoch = key.value().1;
        let (engine, bytes) = opened(&name.0, epoch, value.value()).ok_or_else(|| {
            self.wrong(&format!("the state of run {} before epoch {epoch} is damaged", name.short()))
        })?;
        Ok(match engine == Cell::engine() {
            true => KeptState::State(SavedState { epoch, bytes: bytes.to_vec() }),
            false => KeptState::OtherEngine(engine.to_owned()),
        })
    }
}

fn sealed(name: &[u8; 32], state: &SavedState, engine: &str) -> Vec<u8> {
    let length = u8::try_from(engine.len()).unwrap_or(u8::MAX);
    let engine = &engine.as_bytes()[..usize::from(length)];
    let body = [&[length][..], engine, &state.bytes].concat();
    [&seal_of(name, state.epoch, &body)[..], &body].concat()
}

/// The engine's name and the state.
fn opened<'a>(name: &[u8; 32], epoch: u64, value: &'a [u8]) -> Option<(&'a str, &'a [u8])> {
    let (seal, body) = value.split_at_checked(SEAL_BYTES)?;
    if seal != seal_of(name, epoch, body) {
        return None;
    }
    let (&length, rest) = body.split_first()?;
    let (engine, bytes) = rest.split_at_checked(usize::from(length))?;
    Some((std::str::from_utf8(engine).ok()?, bytes))
}

fn seal_of(name: &[u8; 32], epoch: u64, body: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hasher = blake3::Hasher::new_keyed(SEAL_KEY);
    hasher.update(name).update(&epoch.to_le_bytes()).update(body);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::samples::cell;
    use super::*;

    fn states(epochs: &[u64]) -> Vec<SavedState> {
        epochs.iter().map(|&epoch| SavedState { epoch, bytes: vec![epoch as u8; 10] }).collect()
    }

    fn found(keep: &Keep, seed: u64, epoch: u64) -> Option<u64> {
        match keep.state_before(&cell(), seed, epoch).unwrap() {
            KeptState::State(state) => {
                assert_eq!(state.bytes, [state.epoch as u8; 10]);
                Some(state.epoch)
            }
            KeptState::Nothing => None,
            KeptState::OtherEngine(engine) => panic!("{engine}"),
        }
    }

    #[test]
    fn the_nearest_state_before_an_epoch_is_found_in_another_process_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.redb");
        Keep::open(&path).unwrap().keep_states(&cell(), 3, &states(&[0, 4, 8, 12])).unwrap();
        let keep = Keep::open(&path).unwrap();
        assert_eq!([0, 3, 4, 11, 12, 99].map(|epoch| found(&keep, 3, epoch)), [0, 0, 4, 8, 12, 12].map(Some));
        assert_eq!(found(&keep, 4, 99), None, "of another seed");
        keep.keep_states(&cell(), 3, &states(&[1])).unwrap();
        assert_eq!([found(&keep, 3, 0), found(&keep, 3, 99)], [None, Some(1)], "those before are gone");
    }

    #[test]
    fn a_state_that_another_engine_made_is_told_apart_and_a_damaged_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::open(&folder.path().join("runs.redb")).unwrap();
        let name = cell().name(3).0;
        let put = |value: &[u8]| {
            let write = keep.database.begin_write().unwrap();
            write.open_table(STATES).unwrap().insert((&name, 2), value).unwrap();
            write.commit().unwrap();
            keep.state_before(&cell(), 3, 5)
        };
        let value = sealed(&name, &states(&[2])[0], "0.0.1, engine 7");
        assert_eq!(put(&value).unwrap(), KeptState::OtherEngine("0.0.1, engine 7".into()));
        for at in 0..value.len() {
            let mut damaged = value.clone();
            damaged[at] ^= 1;
            let error = put(&damaged).unwrap_err().to_string();
            assert!(error.contains("before epoch 2 is damaged"), "{error}");
        }
        assert!(put(&value[..20]).is_err());
        let elsewhere = sealed(&name, &states(&[3])[0], &Cell::engine());
        assert!(put(&elsewhere).is_err(), "a state of another epoch");
    }
}
