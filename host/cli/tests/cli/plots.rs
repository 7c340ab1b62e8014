//! Dividing, filling, checking and repairing real plots, as an operator does it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::home::{Home, Ran};
use crate::server::{Server, free_port};

const MINER: &str = "--wallet.name m";

/// A miner and two validators on a chain of their own.
struct Subnet {
    home: Home,
    _chain: Server,
}

impl Subnet {
    fn new(max_size: &str) -> Self {
        let home = Home::warm();
        let port = free_port();
        home.write(
            "plimsoll.toml",
            &format!(
                "[chain]\nendpoint = \"local://127.0.0.1:{port}\"\n[space]\ndb_path = \"db\"\n\
                 max_size = \"{max_size}\"\nthreshold = 1.0\n[allocation]\npolicy = \"builtin:allocation-permit\"\n"
            ),
        );
        fs::create_dir(home.path().join("db")).unwrap();
        let chain = Server::start(home.path(), "localnet --block-ms 100");
        let subnet = Self { home, _chain: chain };
        for validator in ["--wallet.name v", "--wallet.name w"] {
            subnet.done(&format!("wallet new {validator}"));
            subnet.done(&format!("localnet register {validator}"));
            subnet.done(&format!("localnet stake 500 {validator}"));
        }
        subnet.done(&format!("wallet new {MINER}"));
        subnet.done(&format!("localnet register {MINER}"));
        subnet
    }

    fn run(&self, line: &str) -> Ran {
        self.home.run(&format!("{line} {MINER}"))
    }

    fn done(&self, line: &str) -> String {
        let ran = self.home.run(line);
        assert_eq!(ran.code, 0, "{line}\n{}{}", ran.out, ran.err);
        ran.out
    }

    fn json(&self, line: &str) -> (i32, serde_json::Value) {
        let ran = self.run(&format!("{line} --json"));
        (ran.code, ran.json())
    }

    fn plots(&self) -> Vec<PathBuf> {
        let mut plots: Vec<PathBuf> = files(&self.home.path().join("db"));
        plots.retain(|path| path.extension().is_some_and(|end| end == "plot"));
        plots.sort();
        plots
    }

    /// Starts filling and waits until a plot is there.
    fn begin_filling(&self, line: &str) -> std::process::Child {
        let before = self.plots();
        let words = format!("{line} {MINER} --log off");
        let child = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"))
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PLIMSOLL_PLUGINS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache"))
            .args(words.split_whitespace())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while self.plots() == before {
            assert!(began.elapsed() < Duration::from_secs(60), "no plot was begun");
            sleep(Duration::from_millis(1));
        }
        child
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[!byte[0]], at).unwrap();
}

#[test]
fn damage_is_named_plot_by_plot_and_exactly_that_is_repaired() {
    let subnet = Subnet::new("8MiB");
    subnet.run("allocate");
    let (code, filled) = subnet.json("generate");
    assert_eq!((code, filled["plots"].as_array().unwrap().len()), (0, 2));
    let good = subnet.run("verify");
    assert!(good.code == 0 && good.out.ends_with("2 plots, all good\n"), "{}{}", good.out, good.err);

    // One plot rots, the other is gone: both are told, and the damage decides how the check ends.
    let plots = subnet.plots();
    let whole = fs::read(&plots[0]).unwrap();
    flip(&plots[0], 4096 + 100_000);
    let other = fs::read(&plots[1]).unwrap();
    fs::remove_file(&plots[1]).unwrap();
    let found = subnet.run("verify");
    assert_eq!(found.code, 20, "{}", found.out);
    assert!(found.out.contains("FAILED") && found.out.contains("the plot is not there"), "{}", found.out);
    assert!(found.out.contains("1 of 2 plots are damaged; `plimsoll repair` refills"), "{}", found.out);
    let (code, told) = subnet.json("verify --against-seed");
    assert_eq!((code, &told["clean"], told["failed"].as_array().unwrap().len()), (20, &false.into(), 1));

    // Repair mends what can be mended and says what cannot.
    let repaired = subnet.run("repair");
    assert_eq!(repaired.code, 10, "{}", repaired.out);
    assert!(
        repaired.out.contains("repaired") && repaired.out.contains("4 units refilled"),
        "{}",
        repaired.out
    );
    assert!(fs::read(&plots[0]).unwrap() == whole, "the repaired plot is not what it was");
    subnet.done(&format!("generate {MINER}"));
    assert!(fs::read(&plots[1]).unwrap() == other, "the plot that was filled again is not what it was");
    for check in ["verify --fast", "verify --sample 50%", "verify --against-seed"] {
        assert_eq!(subnet.run(check).code, 0, "{check}");
    }
}

#[test]
fn filling_that_is_interrupted_or_killed_goes_on_to_the_same_plot() {
    let subnet = Subnet::new("1GiB");
    subnet.run("allocate");
    let mut child = subnet.begin_filling("generate");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("`plimsoll generate` resumes where it stopped"), "{said}");

    let (code, first) = subnet.json("generate");
    assert_eq!(code, 0);
    let roots = |told: &serde_json::Value| -> Vec<String> {
        let root = |plot: &serde_json::Value| plot["integrity_root"].as_str().unwrap().to_owned();
        told["plots"].as_array().unwrap().iter().map(root).collect()
    };
    for _ in 0..2 {
        for plot in subnet.plots() {
            fs::remove_file(plot).unwrap();
        }
        let mut child = subnet.begin_filling("generate");
        child.kill().unwrap();
        child.wait().unwrap();
        let (code, again) = subnet.json("generate");
        assert_eq!((code, roots(&again)), (0, roots(&first)));
    }
    assert_eq!(subnet.run("verify").code, 0);
}

#[test]
fn nothing_is_thrown_away_and_nothing_is_planned_without_being_asked() {
    let subnet = Subnet::new("8MiB");
    let planned = subnet.run("allocate --dry-run");
    assert_eq!(planned.code, 0, "{}", planned.err);
    let left: Vec<PathBuf> = subnet.plots();
    assert!(left.is_empty(), "{left:?}");
    assert!(!files(&subnet.home.path().join("db")).iter().any(|path| path.ends_with("partition.json")));
    let early = subnet.run("generate");
    assert!(early.code == 10 && early.err.contains("run `plimsoll allocate` first"), "{}", early.err);

    subnet.run("allocate");
    subnet.done(&format!("generate {MINER}"));
    let before: Vec<Vec<u8>> = subnet.plots().iter().map(|plot| fs::read(plot).unwrap()).collect();
    let asked = subnet.run("generate --restart");
    assert!(asked.code != 0 && asked.err.contains("--yes"), "{}{}", asked.out, asked.err);
    let after: Vec<Vec<u8>> = subnet.plots().iter().map(|plot| fs::read(plot).unwrap()).collect();
    assert!(before == after, "a restart that nobody confirmed changed a plot");
}

#[test]
fn a_disk_that_is_not_mounted_is_told_by_every_verb_and_nothing_is_written_in_its_place() {
    let subnet = Subnet::new("8MiB");
    let (disk, aside) = (subnet.home.path().join("db"), subnet.home.path().join("aside"));
    subnet.run("allocate");
    subnet.done(&format!("generate {MINER}"));
    // Unmounted: the same path, an empty folder.
    fs::rename(&disk, &aside).unwrap();
    fs::create_dir(&disk).unwrap();
    for verb in ["allocate", "allocate --dry-run", "generate", "verify", "repair", "miner"] {
        let ran = subnet.run(verb);
        assert_eq!(ran.code, 21, "{verb}\n{}{}", ran.out, ran.err);
        assert!(ran.err.contains("is not the disk that the plots were made on"), "{verb}: {}", ran.err);
        assert_eq!(ran.err.contains("--new-disk"), verb.starts_with("allocate"), "{verb}: {}", ran.err);
        assert_eq!(fs::read_dir(&disk).unwrap().count(), 0, "{verb} wrote to the wrong disk");
    }
    // Mounted again.
    fs::remove_dir(&disk).unwrap();
    fs::rename(&aside, &disk).unwrap();
    assert_eq!(subnet.run("verify").code, 0);
    // Replaced on purpose.
    fs::rename(&disk, &aside).unwrap();
    fs::create_dir(&disk).unwrap();
    assert_eq!(subnet.run("allocate --new-disk").code, 0);
    assert_eq!(subnet.run("allocate").code, 0);
}

#[test]
fn dividing_again_leaves_filled_plots_usable_and_says_so() {
    let subnet = Subnet::new("8MiB");
    subnet.run("allocate");
    subnet.done(&format!("generate {MINER}"));
    subnet.done("localnet stake 4000 --wallet.name v");
    let again = subnet.run("allocate --policy builtin:allocation-stake");
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("are there and stay as they are; only the rest was divided"), "{}", again.out);
    assert_eq!(subnet.run("generate").code, 0);
    let verified = subnet.run("verify");
    assert!(
        verified.code == 0 && verified.out.contains("checked against its commitment"),
        "{}",
        verified.out
    );
    let sampled = subnet.run("verify --sample 50%");
    assert!(sampled.out.contains("checked against its integrity tree"), "{}", sampled.out);
}

#[test]
fn nothing_is_filled_for_a_hotkey_that_the_wallet_no_longer_has() {
    let subnet = Subnet::new("8MiB");
    subnet.run("allocate");
    fs::remove_dir_all(subnet.home.path().join(".bittensor/wallets/m")).unwrap();
    subnet.done(&format!("wallet new {MINER}"));
    let refused = subnet.run("generate");
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("partition.json was made for the hotkey 5"), "{}", refused.err);
    assert!(subnet.plots().is_empty());
}

#[test]
fn the_flags_of_a_local_chain_may_stand_before_what_is_asked_of_it() {
    let subnet = Subnet::new("8MiB");
    let shown = subnet.home.run("localnet --json show").json();
    assert_eq!(shown["snapshot"]["neurons"].as_array().unwrap().len(), 3);
    let strange = subnet.home.run("localnet --tempo 5 show");
    assert_eq!(strange.code, 2);
    assert!(strange.err.contains("--tempo and --state are for serving a chain"), "{}", strange.err);
}
