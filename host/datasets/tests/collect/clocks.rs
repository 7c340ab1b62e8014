//! A clock that is set, or wrong by years, before a run and during it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use plimsoll_datasets::Clock;
use plimsoll_hub::{Fault, Wait};

use crate::stage::{NETUID, Stage, commit_of, repo, rows};

const DAY_MS: u64 = 24 * 3600 * 1000;
const NOW_MS: u64 = 20_000 * DAY_MS;

fn at(ms: u64) -> Clock {
    Clock::new(move || UNIX_EPOCH + Duration::from_millis(ms))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_between_runs_is_told_and_no_snapshot_is_lost() {
    let mut stage = Stage::new(1, [repo("a/b", "c", rows("w", 2))]);
    stage.name(0, "a/b", &commit_of("c")).await;
    let mut behind = Vec::new();
    let times = [NOW_MS, NOW_MS - DAY_MS, NOW_MS + 9000 * DAY_MS, NOW_MS, 0, NOW_MS];
    for ms in times {
        stage.clock = at(ms);
        let summary = stage.collect().await;
        assert_eq!((summary.downloaded, stage.restored(&summary, 0)), (1, rows("w", 2)));
        behind.push(summary.clock_behind_ms);
        stage.ledger.advance(1);
    }
    assert_eq!(behind, [None, Some(DAY_MS), None, Some(9000 * DAY_MS), Some(NOW_MS), None]);
    assert_eq!(stage.requests(), (1, 0), "what is held does not depend on a time");
    let snapshots = stage.archive().snapshots().unwrap();
    let told: Vec<u64> = snapshots.iter().map(|snapshot| snapshot.at_ms).collect();
    assert_eq!(told, times, "in the order of their blocks, as the clock said");
    assert!(snapshots.iter().all(|snapshot| snapshot.place.netuid == NETUID));
    let newest = stage.archive().newest(NETUID).unwrap().unwrap();
    assert_eq!(newest.place, snapshots[5].place);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_years_within_a_run_changes_no_wait() {
    let names: Vec<String> = (0..6).map(|n| format!("a/set{n}")).collect();
    let mut stage = Stage::new(6, names.iter().map(|name| repo(name, name, rows(name, 2))));
    for (uid, name) in (0..).zip(&names) {
        stage.name(uid, name, &commit_of(name)).await;
    }
    let (looks, year) = (Arc::new(AtomicU64::new(0)), 365 * DAY_MS);
    let looked = Arc::clone(&looks);
    // Forwards and backwards, further each time.
    stage.clock = Clock::new(move || {
        let look = looked.fetch_add(1, Ordering::Relaxed);
        let jump = (look + 1) * year % NOW_MS;
        let ms = if look % 2 == 0 { NOW_MS + jump } else { NOW_MS - jump };
        UNIX_EPOCH + Duration::from_millis(ms)
    });
    stage.jobs = 1;
    stage.hub.fail(&names[1], Fault::TooMany(Wait::Seconds(1)), Some(1));
    stage.hub.fail(&names[3], Fault::TooMany(Wait::Date(2)), Some(1));
    stage.hub.fail(&names[5], Fault::Unavailable(Wait::Seconds(1)), Some(1));
    let summary = stage.collect().await;
    assert_eq!((summary.downloaded, summary.failed), (6, 0), "{:?}", summary.outcomes);
    assert_eq!((stage.hub.log().inside_a_wait().len(), stage.requests()), (0, (9, 0)));
    assert!(looks.load(Ordering::Relaxed) > 2);
}
