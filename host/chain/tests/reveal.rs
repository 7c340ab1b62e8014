//! The journal of commits that wait for their reveal, on a disk.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plimsoll_chain::reveal::{MAX_PENDING, RevealJournal, Stage, Step, WeightsPreimage};
use plimsoll_chain::{ChainError, Fault};
use plimsoll_core::{BlockNumber, Digest, Hotkey, Uid};
use proptest::prelude::*;

const HEAD: BlockNumber = BlockNumber(1000);

fn weights(index: u16, salt: u16) -> WeightsPreimage {
    WeightsPreimage {
        hotkey: Hotkey([7; 32]),
        index,
        weights: vec![(Uid(1), 30000), (Uid(5), 65535)],
        salt: vec![salt, 54321],
        version_key: 9,
    }
}

fn journal(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("reveals.json")
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

/// The text of a journal's error, and no salt in it.
fn said(error: &ChainError) -> String {
    let text = error.to_string();
    assert!(!format!("{text} {error:?} {error:#?}").contains("54321"), "{text}");
    text
}

#[test]
fn a_commit_is_on_disk_for_its_owner_only_before_its_hash_is_given_and_lives_until_it_is_revealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal(&folder);
    let mut open = RevealJournal::open(&path).unwrap();
    assert!(open.pending().is_empty() && !path.exists());
    let hash = open.note(weights(3, 1), HEAD).unwrap();
    assert_eq!(hash, weights(3, 1).hash());
    assert_eq!((mode(&path), mode(&folder.path().join("reveals.json.lock"))), (0o600, 0o600));
    drop(open);

    let mut after_crash = RevealJournal::open(&path).unwrap();
    assert_eq!(after_crash.pending()[0].preimage, weights(3, 1));
    assert_eq!(after_crash.pending()[0].stage, Stage::Sent { head: HEAD });
    let step = |journal: &mut RevealJournal, epoch| journal.steps(3, epoch, 1).unwrap().remove(0).1;
    assert_eq!(step(&mut after_crash, 20), Step::Find);
    after_crash.committed(&hash, 20).unwrap();
    drop(after_crash);

    let mut next_day = RevealJournal::open(&path).unwrap();
    assert_eq!(step(&mut next_day, 20), Step::Wait { epoch: 21 });
    assert_eq!(step(&mut next_day, 21), Step::Reveal);
    next_day.forget(&hash).unwrap();
    drop(next_day);
    assert!(RevealJournal::open(&path).unwrap().pending().is_empty());
}

#[test]
fn a_commit_whose_epoch_has_passed_is_told_once_and_gone_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut open = RevealJournal::open(&journal(&folder)).unwrap();
    let (late, other) = (open.note(weights(3, 1), HEAD).unwrap(), open.note(weights(3, 2), HEAD).unwrap());
    let elsewhere = open.note(weights(4, 3), HEAD).unwrap();
    open.committed(&late, 5).unwrap();
    open.committed(&other, 7).unwrap();
    open.committed(&elsewhere, 5).unwrap();
    let steps = open.steps(3, 8, 1).unwrap();
    let of = |at: usize| (steps[at].0.hash, &steps[at].1);
    assert_eq!(steps.len(), 2);
    assert_eq!(of(0), (other, &Step::Reveal));
    let why = format!(
        "the commit {}… of epoch 5 could be revealed in epoch 6 only, and this is epoch 8: its weights were not set",
        late.short()
    );
    assert_eq!(of(1), (late, &Step::Drop { why }));
    drop(open);
    let mut again = RevealJournal::open(&journal(&folder)).unwrap();
    let left: Vec<Digest> = again.pending().iter().map(|pending| pending.hash).collect();
    assert_eq!(left, [other, elsewhere]);
    assert_eq!(again.steps(3, 8, 1).unwrap().len(), 1);
}

#[test]
fn a_commit_that_was_sent_is_looked_for_and_dropped_only_when_it_is_absent_after_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal(&folder);
    let mut open = RevealJournal::open(&path).unwrap();
    let hash = open.note(weights(3, 1), HEAD).unwrap();
    open.signed(&hash, BlockNumber(1040)).unwrap();
    open.signed(&hash, BlockNumber(1030)).unwrap();
    assert_eq!(open.pending()[0].stage, Stage::Sent { head: BlockNumber(1040) });
    // Whoever was away for long finds it all the same.
    assert_eq!(open.steps(3, 5000, 1).unwrap()[0].1, Step::Find);
    assert_eq!(open.absent(&hash, BlockNumber(1104)).unwrap(), None);
    assert_eq!(open.pending().len(), 1);
    let told = open.absent(&hash, BlockNumber(1105)).unwrap().unwrap();
    let why = format!(
        "the commit {}… was sent at block 1040 and is not on the chain at block 1105: its weights were not set",
        hash.short()
    );
    assert_eq!(told, why);
    drop(open);
    assert!(RevealJournal::open(&path).unwrap().pending().is_empty());
}

#[test]
fn the_eleventh_commit_of_a_hotkey_and_the_same_one_twice_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut open = RevealJournal::open(&journal(&folder)).unwrap();
    open.note(weights(3, 0), HEAD).unwrap();
    assert_eq!(
        said(&open.note(weights(3, 0), HEAD).unwrap_err()),
        "cannot commit and reveal weights: these weights are committed already, with the same salt: draw a fresh one"
    );
    for salt in 1..u16::try_from(MAX_PENDING).unwrap() {
        open.note(weights(3, salt), HEAD).unwrap();
    }
    assert_eq!(
        said(&open.note(weights(3, 99), HEAD).unwrap_err()),
        "the chain refused: 10 commits of this hotkey wait for their reveal already, and the chain keeps no more: wait \
         for the next epoch"
    );
    open.note(weights(4, 99), HEAD).unwrap();
    let nobody = Digest([9; 32]);
    let none = "cannot commit and reveal weights: no commit 09090909… waits for its reveal";
    assert_eq!(said(&open.forget(&nobody).unwrap_err()), none);
    assert_eq!(said(&open.committed(&nobody, 1).unwrap_err()), none);
}

#[test]
fn a_second_process_and_a_file_that_others_can_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal(&folder);
    let mut open = RevealJournal::open(&path).unwrap();
    open.note(weights(3, 1), HEAD).unwrap();
    let second = RevealJournal::open(&path).unwrap_err();
    assert_eq!(second.fault(), Fault::Disk);
    assert_eq!(
        said(&second),
        format!(
            "{}: another process keeps its reveals here: stop it or choose another folder",
            path.display()
        )
    );
    drop(open);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(
        said(&RevealJournal::open(&path).unwrap_err()),
        format!("{0}: others can read the salts of commits (mode 0640): run `chmod 600 {0}`", path.display())
    );
}

#[test]
fn every_changed_byte_of_the_file_is_found_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal(&folder);
    let mut open = RevealJournal::open(&path).unwrap();
    open.note(weights(3, 1), HEAD).unwrap();
    let (kept, bytes) = (open.pending().to_vec(), fs::read(&path).unwrap());
    drop(open);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x01;
        fs::write(&path, &changed).unwrap();
        match RevealJournal::open(&path) {
            Ok(opened) => assert_eq!(opened.pending(), kept, "byte {at}"),
            Err(error) => {
                let text = said(&error);
                assert!(text.contains("this is no whole journal of reveals: "), "byte {at}: {text}");
            }
        }
    }
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len]).unwrap();
        said(&RevealJournal::open(&path).unwrap_err());
    }
}

#[derive(Debug, Clone)]
enum Did {
    Note { index: u16, salt: u16 },
    Committed { at: usize, epoch: u64 },
    Forget { at: usize },
    Absent { at: usize, head: u64 },
    Steps { index: u16, epoch: u64 },
}

fn did() -> impl Strategy<Value = Did> {
    prop_oneof![
        (0u16..2, 0u16..40).prop_map(|(index, salt)| Did::Note { index, salt }),
        (0usize..8, 0u64..20).prop_map(|(at, epoch)| Did::Committed { at, epoch }),
        (0usize..8).prop_map(|at| Did::Forget { at }),
        (0usize..8, 1000u64..1130).prop_map(|(at, head)| Did::Absent { at, head }),
        (0u16..2, 0u64..22).prop_map(|(index, epoch)| Did::Steps { index, epoch }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A plain list beside the journal, which is closed and opened again after each change.
    #[test]
    fn after_any_changes_and_a_restart_after_each_the_journal_holds_what_a_list_would(
        changes in proptest::collection::vec(did(), 1..20),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = journal(&folder);
        let mut list: Vec<(u16, Digest, Stage)> = Vec::new();
        for change in changes {
            let mut journal = RevealJournal::open(&path).unwrap();
            match change {
                Did::Note { index, salt } => {
                    let hash = weights(index, salt).hash();
                    let full = list.iter().filter(|row| row.0 == index).count() >= MAX_PENDING;
                    let refused = full || list.iter().any(|row| row.1 == hash);
                    prop_assert_eq!(journal.note(weights(index, salt), HEAD).is_err(), refused);
                    if !refused {
                        list.push((index, hash, Stage::Sent { head: HEAD }));
                    }
                }
                Did::Committed { at, epoch } => {
                    if let Some(row) = list.get_mut(at) {
                        journal.committed(&row.1, epoch).unwrap();
                        row.2 = Stage::Committed { epoch };
                    }
                }
                Did::Forget { at } => {
                    if at < list.len() {
                        journal.forget(&list.remove(at).1).unwrap();
                    }
                }
                Did::Absent { at, head } => {
                    if let Some(row) = list.get(at) {
                        let late = matches!(row.2, Stage::Sent { head: sent } if head > sent.0 + 64);
                        let told = journal.absent(&row.1, BlockNumber(head)).unwrap();
                        prop_assert_eq!(told.is_some(), late);
                        if late {
                            list.remove(at);
                        }
                    }
                }
                Did::Steps { index, epoch } => {
                    let steps = journal.steps(index, epoch, 2).unwrap();
                    prop_assert_eq!(steps.len(), list.iter().filter(|row| row.0 == index).count());
                    list.retain(|row| row.0 != index || match row.2 {
                        Stage::Sent { .. } => true,
                        Stage::Committed { epoch: committed } => epoch <= committed + 2,
                    });
                }
            }
            drop(journal);
            let after = RevealJournal::open(&path).unwrap();
            let held: Vec<_> = after.pending().iter().map(|p| (p.preimage.index, p.hash, p.stage)).collect();
            prop_assert_eq!(&held, &list);
        }
    }
}
