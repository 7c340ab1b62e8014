//! Schemes that lie about sizes or never end: a clear error, and nothing left behind that looks like a plot.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::OnceLock;

use plimsoll_core::{Hotkey, Identity, NetUid};
use plimsoll_node::space::{CheckDepth, CheckOptions, GenerateJob, GenerateOptions, Silent, check, generate};
use plimsoll_plugin::{BuildOptions, Host, HostOptions, Limits, PluginRef, Scheme, build};
use plimsoll_store::{Plot, StoreError};
use serde_json::json;

/// More than one span, so that the first ones are finished when it goes wrong.
const PLOT_BYTES: u64 = 12 << 20;

fn component() -> Vec<u8> {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    let compile = || {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unruly");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unruly-target");
        let options = BuildOptions { offline: false, target_dir: Some(target) };
        let made = build(&dir, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
        std::fs::read(made.component).unwrap()
    };
    BUILT.get_or_init(compile).clone()
}

/// With a hundredth of the fuel, so that what never ends does so soon.
fn unruly(manner: u64) -> Scheme {
    let mut limits = Limits::default();
    limits.fuel.fill /= 100;
    let host = Host::new(HostOptions { limits, ..Default::default() }).unwrap();
    host.load_scheme(&PluginRef::new("unruly.wasm", component()), &json!({ "manner": manner })).unwrap()
}

fn job(folder: &Path) -> GenerateJob {
    let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    GenerateJob { path: folder.join("a.plot"), identity, capacity_bytes: PLOT_BYTES }
}

/// What `generate` says, and the folder that it left.
fn generated(manner: u64) -> (Result<(), String>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = GenerateOptions { workers: Some(1), ..GenerateOptions::default() };
    let made = generate(&unruly(manner), &[job(folder.path())], &options, &Silent);
    (made.map(drop).map_err(|error| error.to_string()), folder)
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_scheme_that_behaves_leaves_a_whole_plot() {
    let (made, folder) = generated(0);
    made.unwrap();
    let found = check(&folder.path().join("a.plot"), None, &CheckOptions::new(CheckDepth::Full), &Silent);
    assert!(found.unwrap().clean);
}

#[test]
fn a_plan_that_lies_about_its_size_is_refused_before_a_file_is_made() {
    let (too_much, folder) = generated(1);
    let message = too_much.unwrap_err();
    assert_eq!(
        message,
        "plugin `unruly.wasm` breaks its contract in `plan`: the plan takes 12582913 bytes, only 12582912 were offered"
    );
    assert_eq!(files(folder.path()), 0);
    let (incoherent, folder) = generated(2);
    let message = incoherent.unwrap_err();
    assert!(
        message.ends_with("the plan says 193 units of 65536 bytes in a region of 12582912 bytes"),
        "{message}"
    );
    assert_eq!(files(folder.path()), 0);
}

/// What is left is not sealed, whoever asks, and another scheme finds its own way over it.
fn nothing_looks_whole(folder: &Path) {
    let path = folder.join("a.plot");
    let opened = Plot::open(&path).map(drop);
    assert!(matches!(opened, Err(StoreError::NotSealed { .. })), "{opened:?}");
    let checked = check(&path, None, &CheckOptions::new(CheckDepth::Full), &Silent);
    assert!(checked.is_err() || !checked.unwrap().clean);
    let restarted = GenerateOptions { restart: true, ..GenerateOptions::default() };
    generate(&unruly(0), &[job(folder)], &restarted, &Silent).unwrap();
    assert!(Plot::open(&path).is_ok(), "the way on is a restart");
}

#[test]
fn a_pass_that_never_ends_runs_out_of_fuel_and_its_plot_stays_unsealed() {
    let (made, folder) = generated(4);
    let message = made.unwrap_err();
    assert_eq!(
        message,
        "plugin `unruly.wasm` broke down in `fill`: out of fuel: it used all 200000000 units of this call without an end"
    );
    nothing_looks_whole(folder.path());
}

#[test]
fn a_fill_that_writes_over_and_over_is_stopped() {
    let (made, folder) = generated(5);
    let message = made.unwrap_err();
    assert!(message.contains("several times the whole plot"), "{message}");
    nothing_looks_whole(folder.path());
}

#[test]
fn a_fill_beyond_its_own_plan_is_an_error_and_not_a_larger_file() {
    let (made, folder) = generated(3);
    let message = made.unwrap_err();
    assert!(message.contains("outside of a region of 12582912 bytes"), "{message}");
    nothing_looks_whole(folder.path());
}

#[test]
fn units_that_are_said_to_be_filled_and_were_not_written_are_never_sealed() {
    let (made, folder) = generated(6);
    let message = made.unwrap_err();
    assert!(message.contains("units from 0 are filled, but ") && message.contains("not sealed"), "{message}");
    nothing_looks_whole(folder.path());
}
