//! What is finished and durable: two small files beside the plot, written in turn, so that there is always a
//! generation before the newest.
//!
//! A generation is written only after the plot's own bytes are durable, so that it may forget what was finished
//! but never claims what was not. The newest one that can be read as a whole holds. Where there is none though
//! there are files, nothing is guessed: days of work are not thrown away for a bad sector.
//!
//! ```text
//!   0  magic "PLIMJRNL"        16  fill id of the plot, 16 bytes
//!   8  version, u32 = 1        32  sequence number, u64
//!  12  number of runs, u32     40  runs of 24 bytes: pass u32, zero u32, first unit u64, units u64
//!  end BLAKE3 of everything before, 32 bytes
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use plimsoll_core::{Layout, Span, Spans};

use crate::StoreError;
use crate::codec::{Reader, Writer};
use crate::disk::{remove_if_there, replace_file};

const MAGIC: [u8; 8] = *b"PLIMJRNL";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 40;
const RUN_BYTES: usize = 24;

/// The finished units of each pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Finished {
    pub(crate) passes: Vec<Spans>,
}

impl Finished {
    pub(crate) fn none(layout: &Layout) -> Self {
        Self { passes: vec![Spans::new(); layout.passes.len()] }
    }

    /// The first pass that has a gap, and how many units it lacks.
    pub(crate) fn gap(&self, layout: &Layout) -> Option<(u32, u64)> {
        (0u32..).zip(layout.passes.iter().zip(&self.passes)).find_map(|(pass, (planned, done))| {
            let missing = planned.units.saturating_sub(done.units());
            (missing > 0).then_some((pass, missing))
        })
    }
}

/// One state of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Journal {
    pub(crate) fill_id: [u8; 16],
    pub(crate) sequence: u64,
    pub(crate) finished: Finished,
}

impl Journal {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let runs: Vec<(u32, Span)> = (0u32..)
            .zip(&self.finished.passes)
            .flat_map(|(pass, spans)| spans.iter().map(move |span| (pass, span)))
            .collect();
        let mut page = vec![0; HEAD_BYTES + runs.len() * RUN_BYTES];
        let mut w = Writer::new(&mut page);
        w.bytes(&MAGIC);
        w.u32(VERSION);
        w.u32(u32::try_from(runs.len()).unwrap_or(u32::MAX));
        w.bytes(&self.fill_id);
        w.u64(self.sequence);
        for (pass, span) in runs {
            w.u32(pass);
            w.u32(0);
            w.u64(span.first);
            w.u64(span.count);
        }
        let checksum = blake3::hash(&page);
        page.extend_from_slice(checksum.as_bytes());
        page
    }

    /// Reads what [`Journal::encode`] wrote for a plot of this layout.
    pub(crate) fn decode(page: &[u8], layout: &Layout) -> Result<Self, &'static str> {
        let (body, checksum) = page.split_last_chunk::<32>().ok_or("it is too short")?;
        if body.get(..8) != Some(&MAGIC) {
            return Err("it does not begin with PLIMJRNL");
        }
        if blake3::hash(body).as_bytes() != checksum {
            return Err("its checksum does not match");
        }
        Self::decode_fields(&body[8..], layout).ok_or("it contradicts the plot's layout")
    }

    fn decode_fields(fields: &[u8], layout: &Layout) -> Option<Self> {
        let mut r = Reader::new(fields);
        let (version, count) = (r.u32()?, r.u32()?);
        let (fill_id, sequence) = (r.array()?, r.u64()?);
        if version != VERSION || u64::from(count) * RUN_BYTES as u64 != r.left() as u64 {
            return None;
        }
        let mut finished = Finished::none(layout);
        for _ in 0..count {
            let pass = usize::try_from(r.u32()?).ok()?;
            r.u32()?;
            let span = Span { first: r.u64()?, count: r.u64()? };
            let end = span.first.checked_add(span.count)?;
            if end > layout.passes.get(pass)?.units {
                return None;
            }
            finished.passes[pass].insert(span);
        }
        Some(Self { fill_id, sequence, finished })
    }

    /// The newest whole generation beside `plot`, the file with `fill_id`; `None` where there never was one.
    ///
    /// # Errors
    /// [`StoreError::Io`] for a generation that cannot be read, whatever the other one says, for it may be the
    /// newer one; [`StoreError::BadJournal`] where none is whole.
    pub(crate) fn read(plot: &Path, fill_id: [u8; 16], layout: &Layout) -> Result<Option<Self>, StoreError> {
        let (mut newest, mut unusable) = (None::<Self>, None);
        for path in journal_paths(plot) {
            let page = match fs::read(&path) {
                Ok(page) => page,
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(StoreError::io(&path, "read the journal")(e)),
            };
            let why = match Self::decode(&page, layout) {
                Ok(journal) if journal.fill_id == fill_id => {
                    let newer = newest.as_ref().is_none_or(|other| other.sequence < journal.sequence);
                    if newer {
                        newest = Some(journal);
                    }
                    continue;
                }
                Ok(_) => "it belongs to another plot",
                Err(why) => why,
            };
            tracing::warn!(journal = %path.display(), why, "a generation of the journal is unusable");
            unusable = Some((path, why));
        }
        match (newest, unusable) {
            (None, Some((path, why))) => Err(StoreError::BadJournal { path, why: why.to_owned() }),
            (newest, _) => Ok(newest),
        }
    }

    /// Replaces the older generation beside `plot`, whose bytes are durable already.
    pub(crate) fn write(&self, plot: &Path) -> Result<(), StoreError> {
        let [odd, even] = journal_paths(plot);
        replace_file(if self.sequence % 2 == 1 { &odd } else { &even }, &self.encode())
    }

    /// Replaces both generations by ones that say `finished`: what is gone from the plot may not come back with the
    /// older one.
    pub(crate) fn take_back(&mut self, plot: &Path, finished: Finished) -> Result<(), StoreError> {
        self.finished = finished;
        for _ in 0..2 {
            self.sequence += 1;
            self.write(plot)?;
        }
        Ok(())
    }
}

/// `<plot>.journal` for odd sequence numbers, `<plot>.journal2` for even ones.
pub(crate) fn journal_paths(plot: &Path) -> [PathBuf; 2] {
    ["journal", "journal2"].map(|suffix| crate::disk::beside(plot, suffix))
}

/// Removes both generations; says whether there was one.
pub(crate) fn remove_journals(plot: &Path) -> Result<bool, StoreError> {
    let [odd, even] = journal_paths(plot);
    Ok(remove_if_there(&odd)? | remove_if_there(&even)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Order, Pass};
    use proptest::prelude::*;

    fn layout() -> Layout {
        let pass = |units| Pass { name: String::new(), units, order: Order::Independent };
        Layout {
            unit_bytes: 10,
            units: 500,
            region_bytes: 5000,
            memory_bytes: 0,
            passes: vec![pass(500), pass(70)],
        }
    }

    fn journal() -> Journal {
        let span = |first, count| Span { first, count };
        let passes =
            vec![[span(0, 9), span(20, 100)].into_iter().collect(), [span(3, 4)].into_iter().collect()];
        Journal { fill_id: [6; 16], sequence: 5, finished: Finished { passes } }
    }

    fn beside(generations: [Option<&[u8]>; 2]) -> Result<Option<Journal>, StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("a.plot");
        for (path, bytes) in journal_paths(&plot).iter().zip(generations) {
            if let Some(bytes) = bytes {
                fs::write(path, bytes).unwrap();
            }
        }
        Journal::read(&plot, [6; 16], &layout())
    }

    fn is_bad(found: &Result<Option<Journal>, StoreError>) -> bool {
        matches!(found, Err(StoreError::BadJournal { .. }))
    }

    #[test]
    fn the_newer_generation_holds_whichever_file_it_is_in() {
        let newer = journal();
        let older = Journal { sequence: 4, finished: Finished::none(&layout()), ..journal() };
        let (new, old) = (newer.encode(), older.encode());
        for generations in [[Some(&new[..]), Some(&old[..])], [Some(&old), Some(&new)], [None, Some(&new)]] {
            assert_eq!(beside(generations).unwrap(), Some(newer.clone()));
        }
        assert_eq!(beside([None, None]).unwrap(), None);
    }

    #[test]
    fn a_journal_cut_off_anywhere_gives_way_to_the_generation_before_it_and_is_refused_alone() {
        let whole = journal().encode();
        let older = Journal { sequence: 4, finished: Finished::none(&layout()), ..journal() };
        let before = older.encode();
        for len in 0..whole.len() {
            let torn = Some(&whole[..len]);
            assert_eq!(beside([torn, Some(&before)]).unwrap(), Some(older.clone()), "{len} bytes");
            assert!(is_bad(&beside([torn, None])) && is_bad(&beside([torn, torn])), "{len} bytes");
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(is_bad(&beside([Some(&longer), None])));
    }

    #[test]
    fn a_journal_with_any_flipped_bit_is_not_whole() {
        let whole = journal().encode();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Journal::decode(&flipped, &layout()).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_journal_of_another_plot_or_layout_is_refused() {
        let mut other = journal();
        other.fill_id = [7; 16];
        assert!(is_bad(&beside([Some(&other.encode()), None])));
        let mut beyond = journal();
        beyond.finished.passes[1].insert(Span { first: 60, count: 11 });
        assert!(is_bad(&beside([Some(&beyond.encode()), None])));
        let mut third = journal();
        third.finished.passes.push([Span { first: 0, count: 1 }].into_iter().collect());
        assert!(is_bad(&beside([Some(&third.encode()), None])));
    }

    #[test]
    fn a_journal_that_cannot_be_read_is_an_error_whatever_the_other_says_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("a.plot");
        let [odd, even] = journal_paths(&plot);
        // Reading a folder fails as a bad sector does: with an error that is not "there is none".
        fs::create_dir(&odd).unwrap();
        fs::write(&even, journal().encode()).unwrap();
        let text = Journal::read(&plot, [6; 16], &layout()).unwrap_err().to_string();
        assert!(text.starts_with(&format!("{}: cannot read the journal: ", odd.display())), "{text}");
        assert!(odd.is_dir());
    }

    #[test]
    fn generations_are_written_in_turn_and_what_is_taken_back_is_gone_from_both() {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("a.plot");
        let of = |path: &Path| Journal::decode(&fs::read(path).unwrap(), &layout()).unwrap();
        let [odd, even] = journal_paths(&plot);
        let mut journal = journal();
        journal.write(&plot).unwrap();
        assert!(odd.exists() && !even.exists());
        journal.sequence += 1;
        journal.write(&plot).unwrap();
        assert_eq!((of(&odd).sequence, of(&even).sequence), (5, 6));
        journal.take_back(&plot, Finished::none(&layout())).unwrap();
        assert_eq!((of(&odd).sequence, of(&even).sequence), (7, 8));
        assert!([&odd, &even].iter().all(|path| of(path).finished == Finished::none(&layout())));
        assert!(remove_journals(&plot).unwrap() && !remove_journals(&plot).unwrap());
    }

    #[test]
    fn the_bytes_of_a_journal_are_these() {
        let bytes = journal().encode();
        assert_eq!(
            hex::encode(&bytes[..bytes.len() - 32]),
            concat!(
                "504c494d4a524e4c",
                "01000000",
                "03000000",
                "06060606060606060606060606060606",
                "0500000000000000",
                "00000000",
                "00000000",
                "0000000000000000",
                "0900000000000000",
                "00000000",
                "00000000",
                "1400000000000000",
                "6400000000000000",
                "01000000",
                "00000000",
                "0300000000000000",
                "0400000000000000",
            )
        );
    }

    proptest! {
        #[test]
        fn a_journal_survives_its_own_bytes(
            sequence: u64, fill_id: [u8; 16],
            runs in proptest::collection::vec((0usize..2, 0u64..60, 0u64..10), 0..30),
        ) {
            let mut finished = Finished::none(&layout());
            runs.iter().for_each(|&(pass, first, count)| finished.passes[pass].insert(Span { first, count }));
            let journal = Journal { fill_id, sequence, finished };
            prop_assert_eq!(Journal::decode(&journal.encode(), &layout()), Ok(journal));
        }

        #[test]
        fn no_bytes_make_reading_a_journal_panic(bytes: Vec<u8>) {
            prop_assert!(Journal::decode(&bytes, &layout()).is_err());
            // Behind a right checksum too.
            let mut sealed = MAGIC.to_vec();
            sealed.extend(bytes);
            let checksum = blake3::hash(&sealed);
            sealed.extend(checksum.as_bytes());
            let _ = Journal::decode(&sealed, &layout());
        }
    }
}
