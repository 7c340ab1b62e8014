//! A clock that is wrong for a while.

use super::record::RECORD_BYTES;
use super::tests::{BOOT, NEXT_BOOT, NOW, S, after_power_loss, is_refused, key, opened};
use super::{LEASE_NS, SET_BACK_NS};
use crate::btauth::{AuthError, Nonce};
use crate::limits::MAX_AHEAD_NS;

const YEAR: u64 = 365 * 86_400 * S;

#[test]
fn a_clock_that_ran_ahead_and_was_set_back_leaves_no_mark() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW + YEAR, BOOT);
    store.admit(&key(1), Nonce(NOW + YEAR), NOW + YEAR).unwrap();
    store.admit(&key(2), Nonce(NOW), NOW).unwrap();
    let ceiling_ns = NOW + MAX_AHEAD_NS + LEASE_NS;
    assert_eq!(store.log().renewal.durable_ns(), ceiling_ns);
    for scraps in [&[][..], &[9; 3 * RECORD_BYTES]] {
        let lost = after_power_loss(folder.path(), &store, scraps);
        let mut again = opened(lost.path(), NOW + S, NEXT_BOOT);
        let why = again.admit(&key(2), Nonce(NOW), NOW + S).unwrap_err();
        assert_eq!(why, AuthError::BeforeStart { signed_ns: NOW, floor_ns: ceiling_ns });
        assert_eq!(again.admit(&key(2), Nonce(ceiling_ns + 1), ceiling_ns), Ok(()));
        // And what was taken in between is still known when its time comes.
        let then = again.admit(&key(1), Nonce(NOW + YEAR), NOW + YEAR);
        assert!(matches!(then, Err(AuthError::Replayed { .. })), "{then:?}");
        drop(again);
        let mut once_more = opened(lost.path(), NOW + YEAR, NEXT_BOOT);
        let then = once_more.admit(&key(1), Nonce(NOW + YEAR), NOW + YEAR);
        assert!(matches!(then, Err(AuthError::Replayed { .. })), "{then:?}");
    }
}

#[test]
fn a_run_that_was_stopped_binds_the_next_one_by_what_it_took_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = opened(folder.path(), NOW + YEAR, BOOT);
    wrong.admit(&key(1), Nonce(NOW + YEAR), NOW + YEAR).unwrap();
    drop(wrong);
    let store = opened(folder.path(), NOW, BOOT);
    let lost = after_power_loss(folder.path(), &store, &[]);
    let mut again = opened(lost.path(), NOW + S, NEXT_BOOT);
    let later = NOW + MAX_AHEAD_NS + LEASE_NS + 1;
    assert_eq!(again.admit(&key(2), Nonce(later), later), Ok(()));
    assert!(is_refused(&mut again, 1, NOW + YEAR, NOW + YEAR));
}

#[test]
fn a_machine_that_goes_down_while_its_clock_is_ahead_takes_nothing_until_then() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path(), NOW + YEAR, BOOT);
    let lost = after_power_loss(folder.path(), &store, &[]);
    let floor_ns = NOW + YEAR + MAX_AHEAD_NS + LEASE_NS;
    let mut again = opened(lost.path(), NOW, NEXT_BOOT);
    let why = again.admit(&key(1), Nonce(NOW), NOW).unwrap_err();
    assert_eq!(why, AuthError::BeforeStart { signed_ns: NOW, floor_ns });
}

#[test]
fn a_clock_that_is_set_back_by_a_minute_or_less_begins_no_run_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path(), NOW, BOOT);
    let promised_ns = store.log().renewal.durable_ns();
    store.admit(&key(1), Nonce(NOW - SET_BACK_NS), NOW - SET_BACK_NS).unwrap();
    assert_eq!(store.log().renewal.durable_ns(), promised_ns);
    store.admit(&key(1), Nonce(NOW - SET_BACK_NS - 1), NOW - SET_BACK_NS - 1).unwrap();
    assert_eq!(store.log().renewal.durable_ns(), promised_ns - SET_BACK_NS - 1);
}
