//! What a shadow keeps beside the evidence: its memory, and a line for every round that it was there for. Both can be
//! made anew from the evidence, so damage costs time and never a round.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use plimsoll_core::{Digest, Epoch};
use plimsoll_plugin::{Incentive, MEMORY_BLOB_BYTES};
use plimsoll_wire::evidence::LogHeader;
use serde::Deserialize;

use super::{Difference, is_possible};
use crate::NodeError;

const MAGIC: [u8; 16] = *b"plimsoll shadow1";
/// Magic, digests of rule and parameters, epoch.
const HEAD_BYTES: usize = 16 + 32 + 32 + 8;
const DIGEST_BYTES: usize = 32;
/// More than a line has: 65,536 miners with two reasons of 512 bytes each.
const MOST_LINE_BYTES: u64 = 256 << 20;
/// How much is read at once where the end of a line is looked for.
const STEP_BYTES: usize = 64 << 10;

/// A rule's memory, and the epoch that it stands behind.
pub(super) struct Notebook {
    memory_path: PathBuf,
    lines_path: PathBuf,
    lines: File,
    /// The epoch of the last line that was written before.
    last_line: Option<Epoch>,
    rule: [Digest; 2],
    behind: Option<Epoch>,
    memory: Vec<u8>,
}

impl Notebook {
    /// Opens what `rule` kept in `folder` for the validator of `identity`, or begins it. What stands behind `next`
    /// or a later epoch is of other evidence, and is begun anew.
    ///
    /// # Errors
    /// [`NodeError::Disk`].
    pub(super) fn open(
        folder: &Path,
        identity: &LogHeader,
        rule: &Incentive,
        next: Epoch,
    ) -> Result<Self, NodeError> {
        let rule = [rule.digest(), rule.params_digest()];
        // A validator on a chain, a rule with its parameters: each pair has files of its own.
        let of = format!("{}-{}-{}", identity.netuid, identity.validator, identity.genesis.short());
        let name = format!("shadow-{of}-{}-{}", rule[0].short(), rule[1].short());
        let memory_path = folder.join(format!("{name}.memory"));
        let lines_path = folder.join(format!("{name}.ndjson"));
        let (lines, last_line) = open_lines(&lines_path).map_err(|e| disk(&lines_path, &e))?;
        let kept = read_memory(&memory_path, rule).map_err(|e| disk(&memory_path, &e))?;
        let kept = kept.filter(|(behind, _)| is_possible(*behind, next));
        if kept.is_none() && memory_path.exists() {
            let path = memory_path.display();
            tracing::warn!(%path, "the shadow rule's memory is damaged or of other evidence: it begins anew");
        }
        let (behind, memory) = kept.map_or((None, Vec::new()), |(behind, memory)| (Some(behind), memory));
        let last_line = last_line.filter(|last| is_possible(*last, next));
        Ok(Self { memory_path, lines_path, lines, last_line, rule, behind, memory })
    }

    /// The last epoch that the memory has seen.
    pub(super) const fn behind(&self) -> Option<Epoch> {
        self.behind
    }

    pub(super) fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// The file of lines.
    pub(super) fn differences(&self) -> &Path {
        &self.lines_path
    }

    /// Writes a round's line, unless it was written before a crash.
    pub(super) fn note(&mut self, difference: &Difference) -> io::Result<()> {
        if self.last_line.is_some_and(|last| difference.epoch <= last) {
            return Ok(());
        }
        let mut line = serde_json::to_vec(difference)?;
        line.push(b'\n');
        self.lines.write_all(&line)?;
        self.last_line = Some(difference.epoch);
        Ok(())
    }

    /// Takes over the memory as `epoch` left it.
    pub(super) fn turn(&mut self, epoch: Epoch, memory: Vec<u8>) {
        (self.behind, self.memory) = (Some(epoch), memory);
    }

    /// Keeps the memory on the disk, all of the file or none.
    pub(super) fn keep(&self) -> io::Result<()> {
        let Some(epoch) = self.behind else { return Ok(()) };
        let [plugin, params] = &self.rule;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&plugin.0);
        bytes.extend_from_slice(&params.0);
        bytes.extend_from_slice(&epoch.0.to_le_bytes());
        bytes.extend_from_slice(&self.memory);
        bytes.extend_from_slice(&Digest::of(&bytes).0);
        let folder = self.memory_path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_data()?;
        file.persist(&self.memory_path).map(drop).map_err(|e| e.error)
    }
}

fn disk(path: &Path, error: &io::Error) -> NodeError {
    NodeError::Disk { path: path.into(), reason: error.to_string() }
}

/// A kept memory that is whole and this rule's; `None` where there is none.
fn read_memory(path: &Path, [plugin, params]: [Digest; 2]) -> io::Result<Option<(Epoch, Vec<u8>)>> {
    let most = HEAD_BYTES + MEMORY_BLOB_BYTES + DIGEST_BYTES;
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(most as u64 + 1).read_to_end(&mut bytes)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let whole =
        bytes.split_last_chunk::<DIGEST_BYTES>().filter(|(body, digest)| Digest::of(body).0 == **digest);
    Ok(whole.and_then(|(body, _)| {
        let (head, memory) = body.split_at_checked(HEAD_BYTES)?;
        let (of, epoch) = head.split_last_chunk::<8>()?;
        let expected = [MAGIC.as_slice(), &plugin.0, &params.0].concat();
        (of == expected).then(|| (Epoch(u64::from_le_bytes(*epoch)), memory.to_vec()))
    }))
}

#[derive(Deserialize)]
struct Line {
    epoch: Epoch,
}

/// The file of lines, at its end, without a torn last one; and the epoch of the last. Only its last line and a torn one
/// are read, however long it is.
fn open_lines(path: &Path) -> io::Result<(File, Option<Epoch>)> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    let whole = newline_before(&mut file, length)?.map_or(0, |at| at + 1);
    if whole < length {
        file.set_len(whole)?;
    }
    let Some(end) = whole.checked_sub(1) else { return Ok((file, None)) };
    let begin = newline_before(&mut file, end)?.map_or(0, |at| at + 1);
    if end - begin > MOST_LINE_BYTES {
        return Ok((file, None));
    }
    file.seek(SeekFrom::Start(begin))?;
    let line: Option<Line> = serde_json::from_reader(BufReader::new((&file).take(end - begin))).ok();
    Ok((file, line.map(|line| line.epoch)))
}

/// Where the last newline before byte `end` stands, looked for from there backwards.
fn newline_before(file: &mut File, mut end: u64) -> io::Result<Option<u64>> {
    let mut piece = [0; STEP_BYTES];
    while end > 0 {
        let length = end.min(STEP_BYTES as u64);
        let (begin, piece) = (end - length, &mut piece[..length as usize]);
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(begin + at as u64));
        }
        end = begin;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: [Digest; 2] = [Digest([1; 32]), Digest([2; 32])];

    fn notebook(folder: &Path) -> Notebook {
        let (memory_path, lines_path) = (folder.join("m"), folder.join("l"));
        let (lines, last_line) = open_lines(&lines_path).unwrap();
        let kept = read_memory(&memory_path, RULE).unwrap();
        let (behind, memory) = kept.map_or((None, Vec::new()), |(behind, memory)| (Some(behind), memory));
        Notebook { memory_path, lines_path, lines, last_line, rule: RULE, behind, memory }
    }

    #[test]
    fn a_memory_is_kept_whole_and_every_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_memory(&folder.path().join("m"), RULE).unwrap(), None);
        for (epoch, memory) in [(Epoch(0), vec![]), (Epoch(u64::MAX), b"streaks".to_vec())] {
            let mut first = notebook(folder.path());
            first.turn(epoch, memory.clone());
            first.keep().unwrap();
            let again = notebook(folder.path());
            assert_eq!((again.behind(), again.memory()), (Some(epoch), &memory[..]));
        }
        let path = folder.path().join("m");
        let sound = std::fs::read(&path).unwrap();
        for at in 0..sound.len() {
            let mut flipped = sound.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert_eq!(read_memory(&path, RULE).unwrap(), None, "byte {at}");
            std::fs::write(&path, &sound[..at]).unwrap();
            assert_eq!(read_memory(&path, RULE).unwrap(), None, "cut at {at}");
        }
        std::fs::write(&path, &sound).unwrap();
        assert!(read_memory(&path, RULE).unwrap().is_some());
        assert_eq!(read_memory(&path, [RULE[1], RULE[0]]).unwrap(), None, "another rule's");
    }

    #[test]
    fn a_torn_line_is_cut_off_and_a_round_gets_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let round = |epoch| plimsoll_core::Round {
            epoch: Epoch(epoch),
            block: plimsoll_core::BlockNumber(9),
            beacon: Digest([0; 32]),
        };
        let name = super::super::RuleName { name: "r".into(), plugin: RULE[0], params_digest: RULE[1] };
        let line = |epoch| Difference::broken(&round(epoch), name.clone(), "why".into());
        let mut first = notebook(folder.path());
        first.note(&line(4)).unwrap();
        first.note(&line(5)).unwrap();
        let whole = std::fs::read(folder.path().join("l")).unwrap();
        std::fs::write(folder.path().join("l"), [&whole[..], b"{\"epoch\":6,\"blo"].concat()).unwrap();
        let mut again = notebook(folder.path());
        assert_eq!(again.last_line, Some(Epoch(5)));
        again.note(&line(5)).unwrap();
        assert_eq!(std::fs::read(folder.path().join("l")).unwrap(), whole);
        again.note(&line(6)).unwrap();
        let text = std::fs::read_to_string(folder.path().join("l")).unwrap();
        let epochs: Vec<u64> =
            text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().epoch.0).collect();
        assert_eq!(epochs, [4, 5, 6]);
    }

    #[test]
    fn the_last_line_is_found_wherever_lines_end_among_the_pieces_that_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let line = |epoch: u64, length: usize| {
            let start = format!("{{\"epoch\":{epoch},\"x\":\"");
            let fill = "x".repeat(length - start.len() - 3);
            format!("{start}{fill}\"}}\n")
        };
        let around = [100, STEP_BYTES - 1, STEP_BYTES, STEP_BYTES + 1, 2 * STEP_BYTES, 3 * STEP_BYTES + 7];
        for before in around {
            for last in around {
                for torn in [0, 1, STEP_BYTES - 1, STEP_BYTES, 2 * STEP_BYTES + 1] {
                    let whole = line(6, before) + &line(7, last);
                    std::fs::write(&path, whole.clone() + &"t".repeat(torn)).unwrap();
                    let (file, epoch) = open_lines(&path).unwrap();
                    assert_eq!(epoch, Some(Epoch(7)), "{before} {last} {torn}");
                    assert_eq!(file.metadata().unwrap().len(), whole.len() as u64, "{before} {last} {torn}");
                }
            }
        }
        for (text, length, epoch) in [
            ("", 0, None),
            ("torn", 0, None),
            ("\n", 1, None),
            ("{\"epoch\":3}\n", 12, Some(Epoch(3))),
            ("{\"epoch\":3}\nno line\n{\"ep", 20, None),
        ] {
            std::fs::write(&path, text).unwrap();
            let (file, found) = open_lines(&path).unwrap();
            assert_eq!((found, file.metadata().unwrap().len()), (epoch, length), "{text:?}");
        }
    }

    #[test]
    fn a_file_larger_than_memory_is_opened_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let mut file = File::create(&path).unwrap();
        // A hole of 8 TiB takes no disk, and nobody could read it.
        file.set_len(8 << 40).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"\n{\"epoch\":8}\n").unwrap();
        assert_eq!(open_lines(&path).unwrap().1, Some(Epoch(8)));
    }
}
