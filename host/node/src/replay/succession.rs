//! Several logs together: each of a validator's begins where its one before ended.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use plimsoll_core::{Digest, Hotkey, NetUid};
use plimsoll_wire::evidence::{LogHeader, Predecessor};
use plimsoll_wire::{EvidenceError, EvidenceReader};

use super::report::{Difference, LogEnd, ReplayReport};
use super::{GOES_ON, replay};
use crate::NodeError;
use crate::validator::{Judge, LogSettings, same_plugin};

/// Recomputes logs, oldest first, each under the plugins that `judge` finds for it. Of a validator's logs, the
/// next must name the end of the one before, and start from the epoch and the memory that follow from that
/// one's replay. What was begun and never used is passed over.
///
/// # Errors
/// As [`replay`].
pub fn replay_logs(
    paths: &[PathBuf],
    judge: impl Fn(&Path) -> Result<Judge, NodeError>,
) -> Result<Vec<(PathBuf, ReplayReport)>, NodeError> {
    let mut ends: HashMap<(NetUid, Hotkey, Digest), (LogHeader, LogEnd)> = HashMap::new();
    let mut reports = Vec::new();
    for path in paths {
        let header = match EvidenceReader::open(path) {
            Ok(reader) => reader.header().clone(),
            Err(EvidenceError::Empty | EvidenceError::Torn { line: 0, .. }) if paths.len() > 1 => {
                tracing::warn!(path = %path.display(), "a log without a header is passed over");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let mut report = replay(path, &judge(path)?)?;
        let whose = (header.netuid, header.validator, header.genesis);
        if let Some((before, end)) = ends.get(&whose) {
            report.notes.retain(|note| note != GOES_ON);
            report.differences.extend(breaks(before, end, &header)?);
        }
        ends.insert(whose, (header, report.end));
        reports.push((path.clone(), report));
    }
    Ok(reports)
}

/// What of `next`'s header does not follow from the log before.
fn breaks(before: &LogHeader, end: &LogEnd, next: &LogHeader) -> Result<Vec<Difference>, NodeError> {
    let said = next.predecessor;
    let text = |of: fn(&Predecessor) -> String| said.as_ref().map_or_else(|| "none".to_owned(), of);
    let keeps = same_plugin(&before.pins.incentive, &next.pins.incentive);
    let memory = if keeps { end.memory } else { Digest::of(&[]) };
    let first_epoch = LogSettings::of(next)?.first_epoch.to_string();
    let compared = [
        ("the last line of the log before", end.head.to_string(), text(|said| said.head.to_string())),
        ("the length of the log before", end.lines.to_string(), text(|said| said.lines.to_string())),
        (
            "the memory at the end of the log before",
            end.memory.to_string(),
            text(|said| said.memory.to_string()),
        ),
        ("the memory that the log starts from", memory.to_string(), Digest::of(&next.memory).to_string()),
        ("the log's first epoch", end.next_epoch.to_string(), first_epoch),
    ];
    let differs = compared.into_iter().filter(|(_, expected, found)| expected != found);
    Ok(differs
        .map(|(what, expected, found)| Difference {
            epoch: None,
            uid: None,
            what: what.into(),
            expected,
            found,
        })
        .collect())
}
