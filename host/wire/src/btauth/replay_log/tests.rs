use std::fs;
use std::path::Path;

use plimsoll_core::{Digest, Hotkey};
use proptest::prelude::*;

use super::record::{RECORD_BYTES, Record};
use super::{LEASE_NS, MissingLog, ReplayLogError, opening};
use crate::btauth::{AuthError, Nonce, ReplayStore};
use crate::limits::{MAX_AGE_NS, MAX_AHEAD_NS};

pub(super) const S: u64 = 1_000_000_000;
pub(super) const NOW: u64 = 1_000 * S;
const ME: Hotkey = Hotkey([0xAA; 32]);
pub(super) const BOOT: Option<Digest> = Some(Digest([1; 32]));
pub(super) const NEXT_BOOT: Option<Digest> = Some(Digest([2; 32]));

pub(super) fn key(n: u8) -> Hotkey {
    Hotkey([n; 32])
}

pub(super) fn opened(folder: &Path, now_ns: u64, boot: Option<Digest>) -> ReplayStore {
    begun(folder, now_ns, boot, MissingLog::NeverServed)
}

fn begun(folder: &Path, now_ns: u64, boot: Option<Digest>, missing: MissingLog) -> ReplayStore {
    let (log, known) = opening::open(folder, ME, missing, now_ns, boot).unwrap();
    ReplayStore::remembering(log, known, now_ns)
}

/// What the disk of a killed process holds: everything that was written.
fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for name in ["replay-0.log", "replay-1.log"] {
        fs::copy(from.join(name), to.path().join(name)).unwrap();
    }
    to
}

/// What the disk may hold after the machine went down: nothing behind the last ceiling that was synced.
pub(super) fn after_power_loss(from: &Path, store: &ReplayStore, scraps: &[u8]) -> tempfile::TempDir {
    let to = copied(from);
    let renewal = &store.log().renewal;
    for name in ["replay-0.log", "replay-1.log"] {
        let path = to.path().join(name);
        let bytes = fs::read(&path).unwrap();
        let sequence = bytes.get(8..16).map_or(0, |b| u64::from_le_bytes(b.try_into().unwrap()));
        if sequence < renewal.synced_in().unwrap() {
            continue;
        }
        let (records, _) = bytes.get(48..).unwrap_or_default().as_chunks::<RECORD_BYTES>();
        let synced = (0u64..).zip(records).filter(|(place, record)| {
            Record::from_bytes(record, sequence, *place) == Some(Record::Ceiling { ns: renewal.durable_ns() })
        });
        let kept = synced.last().map_or(0, |(place, _)| 48 + (place as usize + 1) * RECORD_BYTES);
        // Behind what was synced is anything; a file that was begun anew since is not there yet.
        let lost = if kept == 0 { vec![0; scraps.len()] } else { [&bytes[..kept], scraps].concat() };
        fs::write(&path, lost).unwrap();
    }
    to
}

pub(super) fn is_refused(store: &mut ReplayStore, sender: u8, nonce_ns: u64, now_ns: u64) -> bool {
    store.admit(&key(sender), Nonce(nonce_ns), now_ns).is_err()
}

#[test]
fn what_was_taken_before_a_crash_is_refused_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    // Dated two seconds ahead: after a restart within them, only the log can know it.
    store.admit(&key(1), Nonce(NOW + 2 * S), NOW).unwrap();
    store.admit(&key(2), Nonce(NOW - 3 * S), NOW).unwrap();
    let crashed = copied(folder.path());
    let mut again = opened(crashed.path(), NOW + S, BOOT);
    assert!(matches!(again.admit(&key(1), Nonce(NOW + 2 * S), NOW + S), Err(AuthError::Replayed { .. })));
    assert!(matches!(again.admit(&key(2), Nonce(NOW - 3 * S), NOW + S), Err(AuthError::Replayed { .. })));
    assert_eq!(
        again.admit(&key(1), Nonce(NOW - 3 * S), NOW + S),
        Ok(()),
        "signed before the restart, never taken"
    );
    assert_eq!(again.admit(&key(2), Nonce(NOW + 2 * S), NOW + S), Ok(()));
}

#[test]
fn after_the_machine_went_down_all_that_may_have_been_taken_is_refused_and_for_seconds_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    store.admit(&key(1), Nonce(NOW + 2 * S), NOW).unwrap();
    let lost = after_power_loss(folder.path(), &store, &[]);
    let mut again = opened(lost.path(), NOW + S, NEXT_BOOT);
    let why = again.admit(&key(1), Nonce(NOW + 2 * S), NOW + S).unwrap_err();
    let ceiling_ns = NOW + MAX_AHEAD_NS + LEASE_NS;
    assert_eq!(why, AuthError::BeforeStart { signed_ns: NOW + 2 * S, floor_ns: ceiling_ns });
    assert_eq!(again.admit(&key(1), Nonce(ceiling_ns + 1), ceiling_ns), Ok(()));
    // A machine without a boot id cannot tell its own end from the process's.
    let unknown = copied(folder.path());
    assert!(is_refused(&mut opened(unknown.path(), NOW + S, None), 9, ceiling_ns, ceiling_ns));
}

#[test]
fn a_miner_that_was_stopped_knows_all_even_after_the_machine_went_down() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    store.admit(&key(1), Nonce(NOW + 2 * S), NOW).unwrap();
    drop(store);
    let mut again = opened(folder.path(), NOW + S, NEXT_BOOT);
    assert!(matches!(again.admit(&key(1), Nonce(NOW + 2 * S), NOW + S), Err(AuthError::Replayed { .. })));
    assert_eq!(again.admit(&key(2), Nonce(NOW + S), NOW + S), Ok(()));
}

#[test]
fn a_changed_byte_anywhere_lets_no_replay_through_and_costs_two_seconds_at_most_beside_the_ceiling() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    store.admit(&key(1), Nonce(NOW + 2 * S), NOW).unwrap();
    let path = |folder: &Path| folder.join("replay-1.log");
    let len = fs::metadata(path(folder.path())).unwrap().len() as usize;
    for at in (48..len).step_by(5) {
        let changed = copied(folder.path());
        let mut bytes = fs::read(path(changed.path())).unwrap();
        bytes[at] ^= 0x40;
        fs::write(path(changed.path()), bytes).unwrap();
        let mut again = opened(changed.path(), NOW + S, BOOT);
        assert!(is_refused(&mut again, 1, NOW + 2 * S, NOW + S), "byte {at}");
        let later = NOW + MAX_AHEAD_NS + LEASE_NS + 1;
        assert_eq!(again.admit(&key(2), Nonce(later), later), Ok(()));
        drop(again);
        // The damage is gone: the next start is an ordinary one.
        assert!(!is_refused(&mut opened(changed.path(), later, BOOT), 3, later, later));
    }
}

#[test]
fn a_record_that_ends_early_was_never_acted_on_and_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    store.admit(&key(1), Nonce(NOW), NOW).unwrap();
    store.admit(&key(2), Nonce(NOW), NOW).unwrap();
    let crashed = copied(folder.path());
    let path = crashed.path().join("replay-1.log");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    for _ in 0..2 {
        let mut again = opened(crashed.path(), NOW, BOOT);
        assert!(is_refused(&mut again, 1, NOW, NOW));
        assert_eq!(again.admit(&key(3), Nonce(NOW + 1), NOW), Ok(()));
        fs::copy(&path, crashed.path().join("kept")).unwrap();
        drop(again);
        fs::rename(crashed.path().join("kept"), &path).unwrap();
        let mut once_more = opened(crashed.path(), NOW, BOOT);
        assert!(is_refused(&mut once_more, 3, NOW + 1, NOW), "what follows the cut is read back");
        drop(once_more);
        fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    }
}

#[test]
fn without_a_log_nothing_is_known_unless_one_knows_better() {
    let folder = tempfile::tempdir().unwrap();
    let mut lost = begun(folder.path(), NOW, BOOT, MissingLog::Lost);
    let why = lost.admit(&key(1), Nonce(NOW + 2 * S), NOW).unwrap_err();
    assert_eq!(why, AuthError::BeforeStart { signed_ns: NOW + 2 * S, floor_ns: NOW + MAX_AHEAD_NS });
    assert_eq!(lost.admit(&key(1), Nonce(NOW + 2 * S + 1), NOW + 1), Ok(()));
    let other = tempfile::tempdir().unwrap();
    assert!(!is_refused(&mut opened(other.path(), NOW, BOOT), 1, NOW, NOW));
}

#[test]
fn a_log_that_cannot_be_this_ones_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path(), NOW, BOOT);
    let open = |me| opening::open(folder.path(), me, MissingLog::Lost, NOW, BOOT).unwrap_err();
    assert!(matches!(open(ME), ReplayLogError::Locked { .. }));
    assert!(open(ME).to_string().contains("is open in another process: stop that miner"));
    drop(store);
    let why = open(key(3)).to_string();
    assert!(why.ends_with("give each hotkey a folder of its own") && why.contains(&ME.to_ss58()), "{why}");
    fs::write(folder.path().join("replay-0.log"), [b'x'; 100]).unwrap();
    assert!(open(ME).to_string().ends_with("replay-0.log is no log of taken requests: move it away"));
}

#[test]
fn the_files_stay_short_and_nothing_in_them_is_forgotten_too_early() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    store.log_mut().segment_bytes = 20 * RECORD_BYTES as u64;
    let mut taken = Vec::new();
    for n in 0..600 {
        let now_ns = NOW + n * S;
        taken.push((n as u8 % 5, now_ns));
        store.admit(&key(n as u8 % 5), Nonce(now_ns), now_ns).unwrap();
        let files = ["replay-0.log", "replay-1.log"].map(|name| folder.path().join(name));
        for file in files {
            assert!(fs::metadata(file).unwrap().len() < 60 * RECORD_BYTES as u64);
        }
        if n % 97 == 0 {
            let crashed = copied(folder.path());
            // Also with a clock that was set back by a minute in between.
            let now_ns = now_ns.saturating_sub(60 * S);
            let mut again = opened(crashed.path(), now_ns, BOOT);
            for &(sender, nonce_ns) in &taken {
                assert!(is_refused(&mut again, sender, nonce_ns, now_ns), "{sender} {nonce_ns} at {n}");
            }
        }
    }
}

#[test]
fn a_flood_fills_the_log_to_its_cap_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    (store.log_mut().segment_bytes, store.log_mut().most_bytes) = (1000, 4000);
    let results: Vec<_> = (0..400).map(|n| store.admit(&key(1), Nonce(NOW + n), NOW)).collect();
    let taken = results.iter().take_while(|result| result.is_ok()).count();
    assert!((60..120).contains(&taken), "{taken}");
    assert_eq!(results[taken], Err(AuthError::Unremembered));
    let later = NOW + MAX_AGE_NS + S;
    assert_eq!(store.admit(&key(1), Nonce(later), later), Ok(()), "what is stale makes room");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Requests, restarts and ends of the machine in any order, on a clock that also steps back: whatever was
    /// taken once is never taken again.
    #[test]
    fn nothing_is_taken_twice_whatever_ends_the_run(
        steps in prop::collection::vec((0u8..10, 0u8..3, 0u64..12, 0u64..4), 1..60),
        scraps in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut folder = tempfile::tempdir().unwrap();
        let (mut boot, mut now_ns) = (1u8, NOW);
        let id = |n: u8| Some(Digest([n; 32]));
        let mut store = opened(folder.path(), now_ns, id(boot));
        store.log_mut().segment_bytes = 12 * RECORD_BYTES as u64;
        let mut taken = std::collections::HashSet::new();
        for (what, sender, age, step) in steps {
            now_ns += step * S;
            match what {
                0 => {
                    let crashed = copied(folder.path());
                    drop(store);
                    folder = crashed;
                    store = opened(folder.path(), now_ns, id(boot));
                }
                1 => {
                    let lost = after_power_loss(folder.path(), &store, &scraps);
                    drop(store);
                    (folder, boot) = (lost, boot + 1);
                    store = opened(folder.path(), now_ns, id(boot));
                }
                2 => {
                    drop(store);
                    store = opened(folder.path(), now_ns, id(boot));
                }
                3 => now_ns -= 3 * S,
                8 => now_ns += 100 * S,
                9 => now_ns = now_ns.saturating_sub(100 * S).max(NOW / 2),
                _ => {}
            }
            store.log_mut().segment_bytes = 12 * RECORD_BYTES as u64;
            let nonce_ns = now_ns + MAX_AHEAD_NS - age * S;
            if store.admit(&key(sender), Nonce(nonce_ns), now_ns).is_ok() {
                prop_assert!(taken.insert((sender, nonce_ns)), "taken twice");
            }
        }
    }
}
