//! Rounds of `plimsoll datasets collect --every`: which failures the next one may not have.

use std::io::ErrorKind;

use plimsoll_chain::{ChainError, Fault};
use plimsoll_datasets::archive::ArchiveError;
use plimsoll_datasets::collect::CollectError;
use serde_json::json;

use crate::exit::Failure;
use crate::global::Global;

/// How many rounds went well, and how many failed since.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    succeeded: u64,
    failed: u64,
    failed_in_a_row: u64,
}

impl Rounds {
    pub(super) fn succeeded(&mut self) {
        self.succeeded += 1;
        self.failed_in_a_row = 0;
    }

    /// Tells of a round that failed and will be tried again.
    pub(super) fn failed(
        &mut self,
        error: &CollectError,
        minutes: u64,
        global: &Global,
    ) -> Result<(), Failure> {
        self.failed += 1;
        self.failed_in_a_row += 1;
        let Self { succeeded, failed, failed_in_a_row } = *self;
        let why = Failure::of(crate::exit::Exit::Error, error).message;
        let outcome = json!({
            "failed": why,
            "failed_in_a_row": failed_in_a_row,
            "rounds_failed": failed,
            "rounds_succeeded": succeeded,
            "next_in_minutes": minutes,
        });
        global.emit(&outcome, || {
            let times = if failed_in_a_row > 1 {
                format!(", {failed_in_a_row} rounds in a row")
            } else {
                String::new()
            };
            let s = if minutes == 1 { "" } else { "s" };
            format!(
                "this round failed{times}: {why}\nno snapshot was made; tried again in {minutes} minute{s}"
            )
        })
    }
}

/// Whether the next round may go well without anybody changing a setting or a permission.
pub(super) fn may_pass(error: &CollectError) -> bool {
    match error {
        CollectError::Chain(error) => may_chain_pass(error),
        CollectError::Archive(error) => may_archive_pass(error),
        CollectError::Disk { source, .. } => may_disk_pass(source.kind()),
        // Whoever left may come back, and a node that tells half may tell all.
        CollectError::NoSuchUid { .. }
        | CollectError::NoSuchHotkey { .. }
        | CollectError::NoGenesis { .. } => true,
        // A plugin that does not start, another chain's archive, a date where blocks have no pace.
        _ => false,
    }
}

fn may_chain_pass(error: &ChainError) -> bool {
    match error.fault() {
        Fault::Network => true,
        Fault::Chain => error.refusal().is_some_and(plimsoll_chain::Refusal::may_pass_later),
        _ => false,
    }
}

fn may_archive_pass(error: &ArchiveError) -> bool {
    match error {
        ArchiveError::InUse { .. } => true,
        ArchiveError::Disk { source, .. } => may_disk_pass(source.kind()),
        // `fsck --repair` may mend it between two rounds.
        error => error.is_damage(),
    }
}

/// A full disk is emptied and a lost one comes back; a permission is not given by waiting.
fn may_disk_pass(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{Digest, NetUid, Uid};

    use super::*;

    fn disk(kind: ErrorKind) -> CollectError {
        CollectError::Disk { path: "x".into(), doing: "write", source: kind.into() }
    }

    #[test]
    fn what_passes_is_waited_for_and_nothing_else() {
        let in_use = ArchiveError::InUse { path: "x".into(), holder: "process 7".into() };
        let archive_disk =
            |kind: ErrorKind| ArchiveError::Disk { path: "x".into(), doing: "write", source: kind.into() };
        let text = || "x".to_owned();
        for passing in [
            ChainError::Unreachable { endpoint: text(), why: text() }.into(),
            ChainError::NoAnswer { endpoint: text(), asked: "x", why: text() }.into(),
            ChainError::BadAnswer { endpoint: text(), why: text() }.into(),
            in_use.into(),
            archive_disk(ErrorKind::StorageFull).into(),
            disk(ErrorKind::StorageFull),
            disk(ErrorKind::NotFound),
            CollectError::NoSuchUid { netuid: NetUid(1), uid: Uid(7), block: 5 },
        ] {
            assert!(may_pass(&passing), "{passing}");
        }
        let (kept, found) = (Digest([1; 32]), Digest([2; 32]));
        for lasting in [
            ChainError::Endpoint { text: text(), why: text() }.into(),
            ChainError::OtherChain { endpoint: text(), expected: kept, found }.into(),
            ChainError::Refused(plimsoll_chain::Refusal::NoSubnet { netuid: NetUid(1) }).into(),
            archive_disk(ErrorKind::PermissionDenied).into(),
            ArchiveError::OtherChain { kept, asked: found }.into(),
            CollectError::OtherChain { kept, found },
            disk(ErrorKind::PermissionDenied),
            CollectError::NoPace,
        ] {
            assert!(!may_pass(&lasting), "{lasting}");
        }
    }
}
