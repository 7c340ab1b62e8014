//! `simulate`, broken off by real signals: finished runs are not made again, and the end is the same to the byte.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::home::Home;

const RUNS: u64 = 64;
const SWEEP: &str = "simulate --rule incentive-proportional,incentive-ema --set audits.samples=5,20 \
                     --epochs 30 --seeds 16 --threads 2";

/// A sweep that goes on, and its standard error.
struct Sweeping {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Sweeping {
    fn begin(home: &Home) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"))
            .current_dir(home.path())
            .env_clear()
            .env("HOME", home.path())
            .env("PLIMSOLL_PLUGINS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache"))
            .args(SWEEP.split_whitespace())
            .args(["--keep", "runs.redb", "--log", "off"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        Self { child, said }
    }

    /// Waits until it says that it has finished a run; before that it may have said how many are kept.
    fn has_finished_some(&mut self) {
        let mut all = String::new();
        loop {
            let from = all.len();
            assert!(
                self.said.read_line(&mut all).unwrap() > 0,
                "it ended before anything was finished: {all}"
            );
            let line = &all[from..];
            if !line.starts_with("0 of ") && line.contains(" runs, ") && line.contains(" epochs, eta ") {
                return;
            }
        }
    }

    /// Sends a signal; its exit code and what it said after that.
    fn ended_by(mut self, signal: &str) -> (Option<i32>, String) {
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

#[test]
fn a_sweep_that_is_interrupted_and_killed_goes_on_to_the_end_that_it_would_have_had() {
    let home = Home::warm();
    let made = |name: &str, keep: &str| {
        let ran = home.run(&format!("{SWEEP} {keep} --json --parquet {name}.parquet --html {name}.html"));
        assert_eq!(ran.code, 0, "{}", ran.all());
        let files =
            ["parquet", "html"].map(|end| std::fs::read(home.path().join(format!("{name}.{end}"))).unwrap());
        (ran.json(), files)
    };
    let counts =
        |object: &serde_json::Value| ["kept_runs", "fresh_runs"].map(|key| object[key].as_u64().unwrap());

    let mut first = Sweeping::begin(&home);
    first.has_finished_some();
    let (code, said) = first.ended_by("-INT");
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("finished runs are kept") && said.contains("goes on where it stopped"), "{said}");

    let mut second = Sweeping::begin(&home);
    let mut told = String::new();
    second.said.read_line(&mut told).unwrap();
    let kept_first: u64 = told.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{told}"));
    assert_eq!(
        told,
        format!("{kept_first} runs are kept from before, {} are to be made\n", RUNS - kept_first)
    );
    assert!(kept_first > 0);
    second.has_finished_some();
    assert_eq!(second.ended_by("-KILL").0, None, "a signal ended it");

    let (resumed, resumed_files) = made("resumed", "--keep runs.redb");
    let [kept, fresh] = counts(&resumed);
    assert!(kept > kept_first && fresh > 0 && kept + fresh == RUNS, "{kept_first}, {kept}, {fresh}");
    let (whole, whole_files) = made("whole", "--no-keep");
    assert_eq!(counts(&whole), [0, RUNS]);
    assert_eq!(resumed["cells"].to_string(), whole["cells"].to_string());
    assert!(resumed_files == whole_files, "the files differ");
    assert_eq!(counts(&made("again", "--keep runs.redb").0), [RUNS, 0]);
}
