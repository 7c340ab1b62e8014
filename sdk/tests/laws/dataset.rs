//! The laws of dataset sources.

use plimsoll_sdk::{
    CheckedRow, CompetitionLimits, DatasetSource, Decoded, Finding, NotMine, PluginError, Result, Source,
    is_commit, is_repository, is_revision, laws,
};

use crate::{assert_breaks, broken, sample};

sample!(Lines);

impl<const FAULT: u8> DatasetSource for Lines<FAULT> {
    fn decode(&self, commitment: &[u8], _block: u64) -> Result<Decoded> {
        if FAULT == 1 {
            // Cuts wherever it likes, also within a letter.
            let text = String::from_utf8_lossy(commitment);
            let _ = &text[..text.len() / 2];
        }
        let Some((namespace, revision)) =
            str::from_utf8(commitment).ok().and_then(|text| text.split_once('@'))
        else {
            return Ok(NotMine::Foreign.into());
        };
        let is_lawful = is_repository(namespace) || FAULT == 2;
        if !is_lawful || !(is_revision(revision) || FAULT == 3) {
            return Ok(NotMine::Malformed("a part is wrong".into()).into());
        }
        Ok(Decoded::Source(Source {
            namespace: namespace.to_owned(),
            revision: revision.to_owned(),
            pinned: is_commit(revision) || FAULT == 4,
            competition: if FAULT == 5 { "a b".to_owned() } else { String::new() },
            path: if FAULT == 6 { "../data" } else { "data" }.to_owned(),
        }))
    }

    fn encode(&self, namespace: &str, revision: &str, _competition: &str) -> Result<Vec<u8>> {
        match FAULT {
            7 => Ok(format!("{namespace}@x{revision}").into_bytes()),
            8 => Err(PluginError::BadInput("no".into())),
            _ => Ok(format!("{namespace}@{revision}").into_bytes()),
        }
    }

    fn check_row(&self, line: &[u8], _competition: &str) -> Result<CheckedRow> {
        if line.is_empty() || (FAULT == 9 && line == b"A line.") {
            return Ok(CheckedRow::Invalid(Finding::new(
                if FAULT == 10 { "No Name" } else { "empty" },
                "nothing there",
            )));
        }
        if FAULT == 11 && line[0] >= 0x80 {
            return Err(PluginError::BadInput("no text".into()));
        }
        Ok(CheckedRow::Valid([line.len() as u8; 16]))
    }

    fn check_rows(&self, lines: &[Vec<u8>], competition: &str) -> Result<Vec<CheckedRow>> {
        let mut rows =
            lines.iter().map(|line| self.check_row(line, competition)).collect::<Result<Vec<_>>>()?;
        match FAULT {
            12 => drop(rows.pop()),
            13 => rows.swap(0, 1),
            _ => {}
        }
        Ok(rows)
    }

    fn competition(&self, _id: &str) -> Result<Option<CompetitionLimits>> {
        let rows = u32::from(FAULT != 14);
        Ok(Some(CompetitionLimits { rows, shared_rows: 0, evaluation: None, window: None }))
    }
}

fn tried<const FAULT: u8>() {
    laws::dataset_source::<Lines<FAULT>>("{}", &["owner/name@main", "a/b@v1.0"], &["A line.", "Another one"]);
}

#[test]
fn an_honest_source_passes() {
    assert_eq!(broken(tried::<0>), "no law was broken");
}

#[test]
fn every_fault_of_a_source_is_caught() {
    assert_breaks("decode never panics", tried::<1>);
    assert_breaks("a namespace is a repository of the hub", tried::<2>);
    assert_breaks("a revision is a commit, branch or tag", tried::<3>);
    assert_breaks("only a commit is pinned", tried::<4>);
    assert_breaks("a competition has at most 64 printable ASCII bytes", tried::<5>);
    assert_breaks("a path is a file in a repository", tried::<6>);
    assert_breaks("what it encodes it decodes again", tried::<7>);
    assert_breaks("what it decodes it encodes", tried::<8>);
    assert_breaks("the samples are rows", tried::<9>);
    assert_breaks("a finding has a short plain name", tried::<10>);
    assert_breaks("check_rows works", tried::<11>);
    assert_breaks("each line gets its answer", tried::<12>);
    assert_breaks("a line is the same alone and among others", tried::<13>);
    assert_breaks("limits can be kept", tried::<14>);
}
