//! Collectors that are killed. This binary starts itself again with the role below and kills it; the role is a test of
//! its own too, which runs it to its end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use plimsoll_core::{Digest, NetUid};
use plimsoll_datasets::archive::{Archive, Depth, Retention};

use crate::support::{check_day, collect};

const FOLDER: &str = "PLIMSOLL_TEST_ARCHIVE";
const MINERS: u16 = 40;
const DAYS: u64 = 30;

/// Goes on collecting where the archive ends, and lets go of old days on the way.
#[test]
fn role_collect_day_after_day() {
    let own = tempfile::tempdir().unwrap();
    let folder = env::var_os(FOLDER).map_or(own.path().to_owned(), Into::into);
    let mut archive = Archive::open_patiently(&folder, Duration::from_secs(10)).unwrap();
    archive.set_pack_bytes(60_000);
    let next = archive.newest(NetUid(96)).unwrap().map_or(0, |s| s.place.block.0 / 100 + 1);
    println!("\nfrom {next}");
    for day in next..DAYS {
        collect(&mut archive, day, MINERS);
        println!("\nkept {day}");
        if day % 6 == 5 {
            archive.gc(&Retention { last: Some(4), ..Retention::default() }).unwrap();
        }
    }
}

fn start(folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "crashes::role_collect_day_after_day", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_collector_killed_at_any_instant_keeps_what_it_had_told_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut kept, mut hits) = (None, 0);
    for round in 0..60u64 {
        let mut child = start(folder.path());
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // From before the index is opened to some days later.
        let dice = Digest::of(&round.to_le_bytes()).0;
        if dice[0] > 40 {
            assert!(said.any(|line| line.starts_with("from ")), "the child ended before it began");
        }
        thread::sleep(Duration::from_micros(u64::from(dice[1]) * 500));
        child.kill().unwrap();
        hits += u32::from(!child.wait().unwrap().success());
        for line in said {
            let day = line.strip_prefix("kept ").map(|day| day.parse::<u64>().unwrap());
            kept = day.or(kept);
        }
        let archive = Archive::open_to_read(folder.path());
        let Ok(archive) = archive else {
            // Killed before there was an archive.
            assert_eq!(kept, None, "{}", archive.unwrap_err());
            continue;
        };
        let newest = archive.newest(NetUid(96)).unwrap().map(|s| s.place.block.0 / 100);
        assert!(newest >= kept, "day {kept:?} was told to be kept, the newest is {newest:?}");
        let report = archive.fsck(Depth::Objects).unwrap();
        assert_eq!(report.damages, [], "round {round}");
        if let Some(day) = newest {
            check_day(&archive, day, MINERS);
        }
        if newest == Some(DAYS - 1) {
            break;
        }
    }
    assert!(hits >= 5, "{hits} were hit on the way");
    assert!(start(folder.path()).wait().unwrap().success());
    let archive = Archive::open_to_read(folder.path()).unwrap();
    check_day(&archive, DAYS - 1, MINERS);
    assert!(archive.snapshots().unwrap().len() >= 4);
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
}
