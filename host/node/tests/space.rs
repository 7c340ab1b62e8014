//! A miner's space through the shipped schemes: filled, stopped, resumed, damaged, found, repaired.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::os::unix::fs::FileExt;
use std::path::Path;

use plimsoll_core::{Hotkey, Identity, NetUid};
use plimsoll_node::PluginChoice;
use plimsoll_node::space::{
    CheckDepth, CheckOptions, GenerateJob, GenerateOptions, Progress, Silent, check, generate, hash_only,
    repair,
};
use plimsoll_node::{Choices, NodeError};
use plimsoll_plugin::{Host, HostOptions, Scheme};
use plimsoll_store::{CancelFlag, StoreError};

fn scheme(name: &str) -> Scheme {
    let host = Host::new(HostOptions::default()).unwrap();
    Choices { scheme: PluginChoice::builtin(name), ..Choices::default() }.load_scheme(&host).unwrap()
}

fn identity(validator: u8) -> Identity {
    Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([validator; 32]) }
}

fn job(folder: &Path, validator: u8, capacity_bytes: u64) -> GenerateJob {
    let path = folder.join(format!("{validator}.plot"));
    GenerateJob { path, identity: identity(validator), capacity_bytes }
}

fn flip(path: &Path, at: u64) {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

/// Asks to stop after so many advances.
struct StopAfter(std::sync::atomic::AtomicU64, CancelFlag);

impl Progress for StopAfter {
    fn begin(&self, _: &str, _: u64, _: u64) {}

    fn advance(&self, _: &str, _: u64) {
        if self.0.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            self.1.cancel();
        }
    }

    fn finish(&self, _: &str) {}
}

#[test]
fn damage_is_named_by_its_unit_and_repair_refills_exactly_that() {
    for (name, damaged_unit, at) in
        [("proof-stream", 5, 4096 + 5 * 16_384 + 77), ("proof-seed-v1", 7, 4096 + 7 * 100_000 + 9)]
    {
        let folder = tempfile::tempdir().unwrap();
        let scheme = scheme(name);
        let job = job(folder.path(), 2, 2 << 20);
        generate(&scheme, std::slice::from_ref(&job), &GenerateOptions::default(), &Silent).unwrap();
        let whole = std::fs::read(&job.path).unwrap();
        flip(&job.path, at);
        for depth in [CheckDepth::Full, CheckDepth::AgainstSeed(None)] {
            let found = check(&job.path, Some(&scheme), &CheckOptions::new(depth), &Silent).unwrap();
            assert!(!found.clean);
            assert!(
                found.bad.iter().any(|bad| bad.units.is_some_and(|u| u.contains(damaged_unit))),
                "{found:?}"
            );
        }
        let fast = check(&job.path, None, &CheckOptions::new(CheckDepth::Fast), &Silent).unwrap();
        assert!(fast.clean, "the tree is whole, and fast reads nothing else: {fast:?}");
        let repaired = repair(&job.path, &scheme, &CancelFlag::new(), &Silent).unwrap();
        // A group of the integrity tree is four units of the one, and lies in one or two of the other.
        assert!(repaired.clean && repaired.refilled_units <= 4, "{repaired:?}");
        assert_eq!(std::fs::read(&job.path).unwrap(), whole, "{name}: the file is what it was, bit by bit");
    }
}

#[test]
fn damaged_rows_behind_the_units_are_repaired_by_filling_the_chain_again() {
    let folder = tempfile::tempdir().unwrap();
    let scheme = scheme("proof-seed-v1");
    let job = job(folder.path(), 2, 1_100_000);
    let made = generate(&scheme, std::slice::from_ref(&job), &GenerateOptions::default(), &Silent).unwrap();
    let whole = std::fs::read(&job.path).unwrap();
    flip(&job.path, 4096 + made[0].layout.units_bytes() + 3);
    let repaired = repair(&job.path, &scheme, &CancelFlag::new(), &Silent).unwrap();
    assert_eq!((repaired.clean, repaired.refilled_units), (true, made[0].layout.units));
    assert_eq!(std::fs::read(&job.path).unwrap(), whole);
}

#[test]
fn a_stopped_run_resumes_to_the_same_files_and_a_third_run_does_nothing() {
    for name in ["proof-stream", "proof-seed-v1"] {
        let (folder, undisturbed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let scheme = scheme(name);
        let jobs = |at: &Path| vec![job(at, 2, 40 << 20), job(at, 3, 20 << 20)];
        let expected =
            generate(&scheme, &jobs(undisturbed.path()), &GenerateOptions::default(), &Silent).unwrap();
        let options = GenerateOptions { workers: Some(1), ..GenerateOptions::default() };
        let stop = StopAfter(4.into(), options.cancel.clone());
        let stopped = generate(&scheme, &jobs(folder.path()), &options, &stop);
        assert!(
            matches!(&stopped, Err(error) if error.to_string().contains("stopped on request")),
            "{stopped:?}"
        );
        let resumed = generate(&scheme, &jobs(folder.path()), &GenerateOptions::default(), &Silent).unwrap();
        assert!(resumed[0].resumed_bytes >= 16_000_000, "what was finished is not filled again: {resumed:?}");
        for (resumed, expected) in resumed.iter().zip(&expected) {
            assert_eq!(resumed.commitment, expected.commitment);
            assert_eq!(resumed.integrity_root, expected.integrity_root);
            assert_eq!(std::fs::read(&resumed.path).unwrap(), std::fs::read(&expected.path).unwrap());
        }
        let again = generate(&scheme, &jobs(folder.path()), &GenerateOptions::default(), &Silent).unwrap();
        assert!(again.iter().all(|plot| plot.resumed_bytes == plot.bytes));
    }
}

#[test]
fn hashing_without_storing_gives_the_commitment_of_the_plot() {
    for name in ["proof-stream", "proof-seed-v1"] {
        let folder = tempfile::tempdir().unwrap();
        let scheme = scheme(name);
        let job = job(folder.path(), 2, 3 << 20);
        let made =
            generate(&scheme, std::slice::from_ref(&job), &GenerateOptions::default(), &Silent).unwrap();
        let hashed =
            hash_only(&scheme, &job.identity, job.capacity_bytes, &CancelFlag::new(), &Silent).unwrap();
        assert!(hashed.commitment.is_some());
        assert_eq!(hashed.commitment, made[0].commitment, "{name}");
    }
}

#[test]
fn plots_that_do_not_fit_the_disk_together_are_refused_before_the_first_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let free = plimsoll_store::free_space(folder.path()).unwrap().free_bytes;
    let half = free / 2 + (64 << 20);
    let jobs = [job(folder.path(), 2, half), job(folder.path(), 3, half)];
    let refused = generate(&scheme("proof-stream"), &jobs, &GenerateOptions::default(), &Silent);
    assert!(matches!(refused, Err(NodeError::Store(StoreError::NoSpace { .. }))), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was left behind");
}

#[test]
fn another_scheme_is_refused_before_it_touches_a_plot() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path(), 2, 1 << 20);
    generate(&scheme("proof-stream"), std::slice::from_ref(&job), &GenerateOptions::default(), &Silent)
        .unwrap();
    flip(&job.path, 4096);
    let refused =
        repair(&job.path, &scheme("proof-seed-v1"), &CancelFlag::new(), &Silent).unwrap_err().to_string();
    assert!(refused.contains("its scheme is proof-stream, expected proof-seed-v1"), "{refused}");
}

#[test]
fn a_chain_that_is_wrong_from_its_first_unit_on_does_not_speak_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let scheme = scheme("proof-seed-v1");
    let [own, other] = [2, 3].map(|validator| job(folder.path(), validator, 2 << 20));
    generate(&scheme, &[own.clone(), other.clone()], &GenerateOptions::default(), &Silent).unwrap();
    // Another chain, whose links are all right, under this one's header.
    let region = 4096..4096 + 20 * 100_000;
    let foreign = std::fs::read(&other.path).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&own.path).unwrap();
    file.write_all_at(&foreign[region.clone()], region.start as u64).unwrap();
    let depth = CheckDepth::AgainstSeed(None);
    let found = check(&own.path, Some(&scheme), &CheckOptions::new(depth), &Silent).unwrap();
    let bad: u64 = found.bad.iter().map(|bad| bad.bytes).sum();
    assert!(!found.clean && bad >= region.len() as u64, "{bad} of {} bytes: {found:?}", region.len());

    // A sample has nothing to hold a unit against but the unit before it, and says so.
    let sample = Some(("1/2".parse().unwrap(), plimsoll_core::Digest([4; 32])));
    let depth = CheckDepth::AgainstSeed(sample);
    let found = check(&own.path, Some(&scheme), &CheckOptions::new(depth), &Silent).unwrap();
    assert!(found.remarks[0].contains("only shows that each unit drawn follows"), "{found:?}");
    let good = check(&other.path, Some(&scheme), &CheckOptions::new(CheckDepth::AgainstSeed(None)), &Silent);
    let good = good.unwrap();
    assert!(good.clean && good.remarks.is_empty(), "{good:?}");
}
