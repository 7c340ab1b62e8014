//! Real processes: writers that are killed, and locks between them.
//!
//! This binary starts itself again with one of the roles below and kills it. Each role is a test of its own too,
//! which runs it to its end.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "how a child tells its parent")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, fs, thread};

use plimsoll_core::{Digest, Span};
use plimsoll_store::scrub::{Depth, ScrubOptions, scrub};
use plimsoll_store::{FillOptions, Filling, Plot, PlotSpec, StoreError};
use support::{eager, expected_region, fill, sealed, spec};

const PLOT: &str = "PLIMSOLL_TEST_PLOT";

fn small() -> PlotSpec {
    spec(30_000, 64)
}

/// The plot that the parent named, or one of our own.
fn plot_of_role() -> (Option<tempfile::TempDir>, PathBuf) {
    match env::var_os(PLOT) {
        Some(path) => (None, path.into()),
        None => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.plot");
            (Some(folder), path)
        }
    }
}

fn start(role: &str, plot: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", role, "--nocapture", "--test-threads", "1"])
        .env(PLOT, plot)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills with SIGKILL after a while; gives what it said, and whether it had ended by itself.
fn kill_after(mut child: Child, wait: Duration) -> (String, bool) {
    thread::sleep(wait);
    let ended = child.try_wait().unwrap().is_some_and(|status| status.success());
    child.kill().unwrap();
    child.wait().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    (said, ended)
}

/// Between `least` and `most`, different for every `round`.
fn instant(round: u64, least: Duration, most: Duration) -> Duration {
    let dice = Digest::of(&round.to_le_bytes()).0;
    least + (most - least).mul_f64(f64::from(dice[0]) / 255.0)
}

/// Waits until the child has said that it is `doing` something, a while longer, and kills it. Whether it was hit
/// on the way: before it said that it had `done` so.
fn kill_while(mut child: Child, doing: &str, done: &str, wait: Duration) -> bool {
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line == doing), "the child ended before it was {doing}");
    thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    !said.any(|line| line == done)
}

/// Kills again and again, sooner after a child that was quicker and later after one that was hit, until `hits`
/// were hit on the way; `round` prepares each and checks what is left.
fn until_hit(hits: u32, mut round: impl FnMut(Duration) -> bool) {
    let (mut hit, mut wait) = (0, Duration::from_millis(2));
    for rounds in 0.. {
        if hit == hits {
            return;
        }
        assert!(rounds < 400, "{hit} of {hits} were hit on the way, now after {wait:?}");
        if round(wait) {
            hit += 1;
            wait = wait.mul_f64(1.3);
        } else {
            wait = wait.mul_f64(0.6);
        }
    }
}

fn fill_to_the_end(threads: u64) {
    let (_folder, path) = plot_of_role();
    let spec = small();
    let filling = match Filling::create_or_resume(&path, &spec, &eager()) {
        Ok(filling) => filling,
        Err(StoreError::AlreadySealed { .. }) => return,
        Err(other) => panic!("{other}"),
    };
    let pieces: Vec<Span> = filling.remaining(0).into_iter().flat_map(|s| s.pieces(2)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let space = filling.space();
        while let Some(&span) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            fill(&space, &spec, span);
            filling.finished(0, span).unwrap();
            // Where another thread is at a checkpoint, this span waits for the next.
            filling.checkpoint().unwrap();
            println!("\ndurable {} {}", span.first, span.count);
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    println!("\nsealing");
    let plot = filling.seal(Some(Digest([9; 32]))).unwrap();
    println!("\nsealed");
    assert_eq!(plot.header().integrity_root, Digest::of(&expected_region(&spec)));
}

#[test]
fn role_fill_to_the_end() {
    fill_to_the_end(1);
}

#[test]
fn role_fill_by_four_threads() {
    fill_to_the_end(4);
}

#[test]
fn role_repair_all_of_it() {
    let (folder, path) = plot_of_role();
    let spec = small();
    if folder.is_some() {
        drop(sealed(&path, &spec));
    }
    let plot = Plot::open_exclusive(&path).unwrap();
    let space = plot.repair_space().unwrap();
    println!("\nrepairing");
    for span in Span::between(0, spec.layout.units).pieces(1) {
        fill(&space, &spec, span);
    }
    plot.finish_repair().unwrap();
    println!("\nrepaired");
}

#[test]
fn role_hold_the_plot_until_told() {
    let (folder, path) = plot_of_role();
    let filling = Filling::create_or_resume(&path, &small(), &FillOptions::default()).unwrap();
    println!("\nholding");
    if folder.is_none() {
        let _ = std::io::stdin().read(&mut [0]);
    }
    assert_eq!(filling.remaining(0).len(), 1);
}

/// Whatever was said to be durable is finished and there.
fn check_what_was_said(said: &str, path: &Path, expected: &[u8]) {
    let spec = small();
    let filling = match Filling::create_or_resume(path, &spec, &FillOptions::default()) {
        Ok(filling) => filling,
        Err(StoreError::AlreadySealed { .. }) => return,
        Err(other) => panic!("{other}"),
    };
    let (remaining, region) = (filling.remaining(0), filling.region());
    for line in said.lines().filter_map(|l| l.strip_prefix("durable ")) {
        let Some((first, count)) = line.split_once(' ') else { continue };
        let span = Span { first: first.parse().unwrap(), count: count.parse().unwrap() };
        for unit in span.first..span.end() {
            assert!(!remaining.iter().any(|r| r.contains(unit)), "unit {unit} would be repeated");
        }
    }
    // And everything that counts as finished is right.
    let unit_bytes = spec.layout.unit_bytes as usize;
    let mut found = vec![0; unit_bytes];
    for unit in (0..spec.layout.units).filter(|u| !remaining.iter().any(|r| r.contains(*u))) {
        region.read_at(unit * unit_bytes as u64, &mut found).unwrap();
        assert!(found == expected[unit as usize * unit_bytes..][..unit_bytes], "unit {unit} is not there");
    }
}

/// Kills `role` so often, resumes each time, and holds what comes out against a file that nobody disturbed.
fn killed_and_resumed(role: &str, most_kills: u32) {
    let folder = tempfile::tempdir().unwrap();
    let (whole, path) = (folder.path().join("whole.plot"), folder.path().join("a.plot"));
    let expected = expected_region(&small());
    drop(sealed(&whole, &small()));
    let whole = fs::read(whole).unwrap();
    let (mut kills, mut on_the_way) = (0, 0);
    let mut most = Duration::from_millis(90);
    for round in 0.. {
        if kills == most_kills {
            break;
        }
        let wait = instant(round, Duration::ZERO, most);
        let (said, ended) = kill_after(start(role, &path), wait);
        kills += u32::from(!ended);
        let has_begun = said.contains("\ndurable ");
        on_the_way += u32::from(!ended && has_begun);
        // Whatever the machine's speed: some are killed early, some on the way, some late.
        most = most.mul_f64(if ended {
            0.8
        } else if has_begun {
            1.0
        } else {
            1.1
        });
        assert!(round < 2000, "{kills} kills, now within {most:?}");
        check_what_was_said(&said, &path, &expected);
        if Plot::open(&path).is_ok() {
            assert!(fs::read(&path).unwrap() == whole, "after {kills} kills");
            fs::remove_file(&path).unwrap();
        }
    }
    assert!(on_the_way > 0, "every writer was killed before it had written anything");
    assert!(start(role, &path).wait().unwrap().success());
    assert!(fs::read(&path).unwrap() == whole);
}

#[test]
fn killed_at_fifty_instants_and_resumed_the_file_equals_an_uninterrupted_one() {
    killed_and_resumed("role_fill_to_the_end", 50);
}

#[test]
fn a_writer_of_four_threads_killed_and_resumed_gives_the_same_file() {
    killed_and_resumed("role_fill_by_four_threads", 25);
}

#[test]
fn killed_while_sealing_the_plot_is_complete_or_resumable() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, path) = (folder.path().join("whole.plot"), folder.path().join("a.plot"));
    drop(sealed(&whole, &small()));
    let whole = fs::read(whole).unwrap();
    until_hit(6, |wait| {
        let filling =
            Filling::create_or_resume(&path, &small(), &FillOptions { restart: true, ..eager() }).unwrap();
        support::fill_rest(&filling, 64).unwrap();
        drop(filling);
        let hit = kill_while(start("role_fill_to_the_end", &path), "sealing", "sealed", wait);
        match Filling::create_or_resume(&path, &small(), &FillOptions::default()) {
            Ok(filling) => {
                assert_eq!(filling.remaining(0), [], "everything was durable");
                drop(filling.seal(Some(Digest([9; 32]))).unwrap());
            }
            Err(StoreError::AlreadySealed { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        assert!(fs::read(&path).unwrap() == whole, "killed after {wait:?}");
        hit
    });
}

#[test]
fn a_killed_repair_touches_no_good_bytes_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &small()));
    let whole = fs::read(&path).unwrap();
    until_hit(6, |wait| {
        let mut damaged = whole.clone();
        damaged[4096 + 300_000..4096 + 400_000].fill(0);
        fs::write(&path, &damaged).unwrap();
        let hit = kill_while(start("role_repair_all_of_it", &path), "repairing", "repaired", wait);
        let report = scrub(&Plot::open(&path).unwrap(), &ScrubOptions::new(Depth::Full)).unwrap();
        assert!(report.bad.iter().all(|run| run.region.offset >= 262_144 && run.region.offset < 400_000));
        assert!(start("role_repair_all_of_it", &path).wait().unwrap().success());
        assert!(fs::read(&path).unwrap() == whole, "killed after {wait:?}");
        hit
    });
}

#[test]
fn a_second_process_is_told_which_one_holds_the_plot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let mut holder = start("role_hold_the_plot_until_told", &path);
    let mut said = BufReader::new(holder.stdout.take().unwrap());
    let mut line = String::new();
    while line.trim() != "holding" {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the holder ended early");
    }
    let error = Filling::create_or_resume(&path, &small(), &FillOptions::default()).err().unwrap();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("{} is in use by process {} (", path.display(), holder.id())),
        "{text}"
    );
    assert!(text.ends_with("): wait for it, or stop it"), "{text}");
    holder.stdin.take().unwrap().write_all(b"x").unwrap();
    assert!(holder.wait().unwrap().success());
    Filling::create_or_resume(&path, &small(), &FillOptions::default()).unwrap();
}
