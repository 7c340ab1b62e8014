//! Broken schemes as components, built once from their crates.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, RwLock};

use plimsoll_lab::attack::{Finding, Options, Outcome, Report, attack, attack_only};
use plimsoll_plugin::{BuildOptions, Host, HostOptions, PluginRef, Scheme, build};
use serde_json::{Value, json};

static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(HostOptions::default()).unwrap());
static BUILT: LazyLock<Mutex<HashMap<String, Vec<u8>>>> = LazyLock::new(Mutex::default);
/// Reports by scheme, parameters and options: several tests look at the same one.
static REPORTS: LazyLock<Mutex<HashMap<String, Arc<OnceLock<Report>>>>> = LazyLock::new(Mutex::default);

/// Held while schemes are attacked: by all together, or by one whose outcome hangs on measured times.
static TURNS: RwLock<()> = RwLock::new(());

/// The component of a crate in `tests/broken`. Its target folder is kept between runs, so that the SDK is compiled
/// once.
fn component(name: &str) -> Vec<u8> {
    let mut built = BUILT.lock().unwrap();
    let compile = || {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken").join(name);
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken-target");
        let options = BuildOptions { offline: false, target_dir: Some(target) };
        let made = build(&dir, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
        std::fs::read(made.component).unwrap()
    };
    built.entry(name.to_owned()).or_insert_with(compile).clone()
}

/// A broken scheme, or with `flawed` off its mended twin.
pub(crate) fn scheme(name: &str, flawed: bool) -> Scheme {
    with_params(name, &json!({ "flawed": flawed }))
}

/// A scheme of `tests/broken` with parameters of its own.
pub(crate) fn with_params(name: &str, params: &Value) -> Scheme {
    HOST.load_scheme(&PluginRef::new(name, component(name)), params).unwrap()
}

/// A shipped scheme.
pub(crate) fn builtin(name: &str, params: &Value) -> Scheme {
    let shipped = plimsoll_bundle::find(name).unwrap();
    HOST.load_scheme(&PluginRef::new(format!("builtin:{name}"), shipped.component), params).unwrap()
}

/// Small and quick; the figures are as exact as in a long run.
pub(crate) fn options() -> Options {
    Options { bytes: 1 << 20, audits: 60, effort_fuel: 100_000_000, ..Options::default() }
}

/// The report of a scheme, made once for all tests that ask for the same.
pub(crate) fn attacked(scheme: &Scheme, options: &Options) -> Report {
    let key = format!("{} {} {options:?}", scheme.name(), scheme.params());
    let place = Arc::clone(REPORTS.lock().unwrap().entry(key).or_default());
    place.get_or_init(|| attacked_anew(scheme, options)).clone()
}

pub(crate) fn attacked_anew(scheme: &Scheme, options: &Options) -> Report {
    let _turn = TURNS.read().unwrap_or_else(PoisonError::into_inner);
    attack(scheme, options, &mut |_| ()).unwrap()
}

/// Attacks with nothing else on this process's clock.
pub(crate) fn attacked_alone(scheme: &Scheme, options: &Options) -> Report {
    let _turn = TURNS.write().unwrap_or_else(PoisonError::into_inner);
    attack(scheme, options, &mut |_| ()).unwrap()
}

/// The same with one attack only.
pub(crate) fn attacked_alone_by(name: &str, scheme: &Scheme, options: &Options) -> Report {
    let _turn = TURNS.write().unwrap_or_else(PoisonError::into_inner);
    attack_only(scheme, options, &[name]).unwrap()
}

pub(crate) fn finding<'a>(report: &'a Report, attack: &str) -> &'a Finding {
    report.findings.iter().find(|finding| finding.attack == attack).unwrap()
}

/// What every report keeps to, whatever the scheme.
pub(crate) fn is_coherent(report: &Report) {
    let refuted: Vec<_> = report.findings.iter().filter(|found| found.outcome == Outcome::Refuted).collect();
    assert_eq!(refuted.iter().map(|found| found.attack).collect::<Vec<_>>(), report.refuted);
    for found in &report.findings {
        assert!(!found.text.is_empty(), "{found:?}");
        assert_eq!(!found.refutes.is_empty(), found.outcome == Outcome::Refuted, "{found:?}");
        let points = found.points.iter();
        assert!(points.clone().all(|point| point.passed.low <= point.passed.high), "{found:?}");
    }
}
