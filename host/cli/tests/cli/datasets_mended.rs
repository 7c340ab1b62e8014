//! An archive that lost its index, whose manifest is damaged, or whose disk is full, as its operator meets it.

use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_hub::{Repo, Way};

use crate::datasets::{Stage, commit, commit_of, files, rows};
use crate::home::Ran;

const MINERS: u16 = 3;

/// Three miners, collected twice: before the second time one has committed to something else.
async fn twice_collected() -> (Stage, u64) {
    let repo = |name: &str, from: usize| {
        Repo::with_dataset(name, &commit_of(name), rows(from..from + 40), Way::Plain)
    };
    let repos = (0..=MINERS).map(|n| repo(&format!("orca/set-{n}"), usize::from(n) * 100));
    let stage = Stage::new(MINERS, repos).await;
    for uid in 0..MINERS {
        let name = format!("orca/set-{uid}");
        commit(&stage.ledger, uid, &format!("{name}:1:{}", commit_of(&name))).await;
    }
    stage.done("datasets collect");
    let len = fs::metadata(pack(&stage.data())).unwrap().len();
    commit(&stage.ledger, 2, &format!("orca/set-3:1:{}", commit_of("orca/set-3"))).await;
    stage.done("datasets collect");
    (stage, len)
}

fn pack(data: &Path) -> std::path::PathBuf {
    files(&data.join("archive/packs")).remove(0)
}

fn snapshots(stage: &Stage) -> Vec<u64> {
    let list = stage.json("datasets list --snapshots");
    let blocks = list["snapshots"].as_array().unwrap().iter().map(|of| of["block"].as_u64().unwrap());
    blocks.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_index_is_made_again_by_the_verb_that_the_error_names() {
    let (stage, _) = twice_collected().await;
    let before = stage.json("datasets list");
    stage.done("datasets checkout --dir before");
    fs::remove_file(stage.data().join("archive/index.redb")).unwrap();
    let refused = stage.run("datasets collect");
    assert_eq!(refused.code, 20, "{}", refused.all());
    assert!(refused.all().contains("with `datasets fsck --rebuild-index`"), "{}", refused.all());
    let ran = stage.run("datasets fsck --deep --rebuild-index");
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.err.contains("made the index again from ") && ran.err.contains(", 2 snapshots; "),
        "{}",
        ran.err
    );
    assert!(ran.out.ends_with(": sound\n"), "{}", ran.out);
    assert_eq!(stage.json("datasets list"), before);
    stage.done("datasets checkout --dir after");
    let tree = |name: &str| {
        let folder = stage.home.path().join(name);
        let of = |path: &std::path::PathBuf| {
            (path.strip_prefix(&folder).unwrap().to_owned(), fs::read(path).unwrap())
        };
        files(&folder).iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!((tree("after").len(), tree("after")), (usize::from(MINERS), tree("before")));
    assert_eq!(stage.json("datasets collect")["resolver_requests"], 0, "nothing is fetched again");
    // Over one that is there, too, and told to programs.
    let told = stage.json("datasets fsck --rebuild-index");
    assert_eq!((&told["rebuilt"]["snapshots"], &told["rebuilt"]["lost_bytes"]), (&2.into(), &0.into()));
    let nowhere = stage.run("datasets fsck --rebuild-index --data-dir nowhere");
    assert!(nowhere.code == 10 && !stage.home.path().join("nowhere").exists(), "{}", nowhere.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_manifest_is_dropped_by_name_and_the_rest_stays() {
    let (stage, len) = twice_collected().await;
    let blocks = snapshots(&stage);
    let (first, last) = (*blocks.iter().min().unwrap(), *blocks.iter().max().unwrap());
    damage_entries(&pack(&stage.data()), len as usize);
    let ran = stage.run("datasets fsck --repair");
    assert_eq!(ran.code, 20, "{}", ran.all());
    assert!(ran.out.contains(&format!("damaged: snapshot of netuid 96 at block {last}: ")), "{}", ran.out);
    assert!(ran.out.contains("cannot be fetched again: --drop-snapshot NETUID:BLOCK"), "{}", ran.out);
    let whole = stage.run(&format!("datasets fsck --drop-snapshot 96:{first}"));
    assert!(whole.code != 0 && whole.err.contains(" is whole, so it is kept"), "{}", whole.all());
    assert_eq!(stage.run("datasets fsck --drop-snapshot 96").code, 2);
    let ran = stage.run(&format!("datasets fsck --deep --drop-snapshot 96:{last}"));
    assert_eq!(ran.code, 0, "{}", ran.all());
    let told = format!("dropped the damaged snapshot of netuid 96 at block {last}; nothing of that block is");
    assert!(ran.err.contains(&told), "{}", ran.err);
    assert_eq!(snapshots(&stage), [first]);
    stage.ledger.advance(1);
    assert_eq!(stage.json("datasets collect")["resolver_requests"], 0, "its files are still there");
    stage.done("datasets checkout");
    let path = stage.data().join("miner_datasets/miner_2/data.jsonl");
    assert_eq!(fs::read_to_string(path).unwrap(), rows(300..340));
}

/// Damages the first block of entries from byte `from` on.
fn damage_entries(pack: &Path, from: usize) {
    let mut bytes = fs::read(pack).unwrap();
    let mut at = from;
    loop {
        assert_eq!(&bytes[at..at + 4], b"PLBK");
        let number = u64::from_le_bytes(bytes[at + 8..at + 16].try_into().unwrap());
        if (1u64 << 40..1u64 << 41).contains(&number) {
            break;
        }
        let size = |field: usize| u32::from_le_bytes(bytes[at + field..at + field + 4].try_into().unwrap());
        at += 64 + size(20) as usize + size(28) as usize;
    }
    bytes[at + 64] ^= 1;
    fs::write(pack, bytes).unwrap();
}

/// Runs it with files of at most so many blocks of 512 bytes, as a disk that is full would do.
fn limited(stage: &Stage, blocks: u32, line: &str) -> Ran {
    let output = Command::new("sh")
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"])
        .arg(assert_cmd::cargo::cargo_bin!("plimsoll"))
        .args(line.split_whitespace())
        .current_dir(stage.home.path())
        .env_clear()
        .env("HOME", stage.home.path())
        .env("HF_ENDPOINT", stage.hub.address())
        .env("PLIMSOLL_PLUGINS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_by_every_verb_that_writes_and_the_next_run_goes_on() {
    let (stage, _) = twice_collected().await;
    let bytes = fs::read(pack(&stage.data())).unwrap();
    for line in [
        "datasets checkout --dir out",
        "datasets export --out rows.jsonl",
        "datasets gc --last 1 --yes",
        "datasets fsck --repair",
    ] {
        if line.ends_with("--repair") {
            let mut bad = fs::read(pack(&stage.data())).unwrap();
            bad[300] ^= 1;
            fs::write(pack(&stage.data()), bad).unwrap();
        }
        // 2 KB: none of the files that these write, nor the index.
        let ran = limited(&stage, 4, line);
        assert!(ran.code != 0 && ran.err.to_lowercase().contains("file too large"), "{line}: {}", ran.all());
        assert!(!line.contains("export") || !stage.home.path().join("rows.jsonl").exists());
        if !line.ends_with("--repair") {
            assert_eq!(fs::read(pack(&stage.data())).unwrap(), bytes, "{line}");
            assert!(stage.done("datasets fsck --deep").contains(": sound"), "{line}");
        }
        assert_eq!(stage.run(line).code, 0, "{line}");
    }
    assert!(stage.done("datasets fsck --deep").contains(": sound"));
    assert_eq!(files(&stage.home.path().join("out")).len(), usize::from(MINERS));
    assert_eq!(snapshots(&stage).len(), 1);
}
