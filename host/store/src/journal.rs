//! What is finished and durable. A small file beside the plot, replaced as a whole.
//!
//! It is written only after the plot's own bytes are durable, so that it may forget what was finished but
//! never claims what was not. Whatever cannot be read as a whole counts as "nothing is finished".
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
use crate::disk::replace_file;

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

    /// The journal of the plot with `fill_id`, or one that says that nothing is finished.
    pub(crate) fn read_or_none(path: &Path, fill_id: [u8; 16], layout: &Layout) -> Self {
        let none = Self { fill_id, sequence: 0, finished: Finished::none(layout) };
        let page = match fs::read(path) {
            Ok(page) => page,
            Err(e) if e.kind() == ErrorKind::NotFound => return none,
            Err(e) => {
                tracing::warn!(journal = %path.display(), error = %e, "cannot read the journal: nothing counts as finished");
                return none;
            }
        };
        let why = match Self::decode(&page, layout) {
            Ok(journal) if journal.fill_id == fill_id => return journal,
            Ok(_) => "it belongs to another plot",
            Err(why) => why,
        };
        tracing::warn!(journal = %path.display(), why, "the journal is unusable: nothing counts as finished");
        none
    }

    /// Replaces the file; the plot's bytes are durable already.
    pub(crate) fn write(&self, path: &Path) -> Result<(), StoreError> {
        replace_file(path, &self.encode())
    }
}

/// `<plot>.journal`.
pub(crate) fn journal_path(plot: &Path) -> PathBuf {
    crate::disk::beside(plot, "journal")
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

    fn read(bytes: &[u8]) -> Journal {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.journal");
        fs::write(&path, bytes).unwrap();
        Journal::read_or_none(&path, [6; 16], &layout())
    }

    fn is_none(journal: &Journal) -> bool {
        journal.sequence == 0 && journal.finished.passes.iter().all(Spans::is_empty)
    }

    #[test]
    fn a_journal_cut_off_anywhere_says_that_nothing_is_finished() {
        let whole = journal().encode();
        assert_eq!(read(&whole), journal());
        for len in 0..whole.len() {
            assert!(is_none(&read(&whole[..len])), "{len} bytes");
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(is_none(&read(&longer)));
    }

    #[test]
    fn a_journal_with_any_flipped_bit_says_that_nothing_is_finished() {
        let whole = journal().encode();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Journal::decode(&flipped, &layout()).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_journal_of_another_plot_or_layout_says_that_nothing_is_finished() {
        let mut other = journal();
        other.fill_id = [7; 16];
        assert!(is_none(&read(&other.encode())));
        let mut beyond = journal();
        beyond.finished.passes[1].insert(Span { first: 60, count: 11 });
        assert!(is_none(&read(&beyond.encode())));
        let mut third = journal();
        third.finished.passes.push([Span { first: 0, count: 1 }].into_iter().collect());
        assert!(is_none(&read(&third.encode())));
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
