//! What a year of a subnet takes in the archive, and how fast it comes back.
//!
//! ```text
//! cargo run --release -p plimsoll-datasets --example archive_year -- FOLDER [SHAPE] [DAYS] [MINERS]
//! ```
//!
//! 250 rows of about 726 bytes a miner, as on the real subnet. SHAPE is what changes from day to day:
//! `miners`: a tenth of the miners publish all new rows; `rows`: every miner replaces a tenth of its rows;
//! `pool`: a tenth of the miners draw their rows anew from 5,301 that all share.
#![allow(clippy::unwrap_used, reason = "a program for measuring ends at the first failure")]
#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, Uid};
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{
    Archive, CommitmentNote, Depth, Entry, NewFile, Outcome, Place, RawNote, SnapshotFacts, Source, Witness,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const ROWS: usize = 250;
const POOL: u64 = 5_301;

/// 4,096 words, whose letters are about as frequent as in text.
fn words() -> Vec<Vec<u8>> {
    let mut dice = ChaCha8Rng::seed_from_u64(4096);
    let mut letter =
        || b"etaoinshrdlcumwfgypbvk"[(dice.next_u32() % 22 * (dice.next_u32() % 22) / 21) as usize];
    (0..4096).map(|word| (0..3 + word % 6).map(|_| letter()).chain([b' ']).collect()).collect()
}

/// A row of words, the same for the same number.
fn row(words: &[Vec<u8>], number: u64, out: &mut Vec<u8>) {
    let mut dice = ChaCha8Rng::seed_from_u64(number);
    let end = out.len() + 640 + (dice.next_u32() % 100) as usize;
    out.extend_from_slice(format!("{{\"system\": null, \"id\": {number}, \"conversations\": [").as_bytes());
    while out.len() < end {
        // Some words are more frequent than others.
        let dice = dice.next_u32() as usize;
        out.extend_from_slice(&words[(dice & 4095) * (dice >> 12 & 4095) / 4096]);
    }
    out.extend_from_slice(b"]}\n");
}

struct Subnet {
    shape: String,
    dice: ChaCha8Rng,
    next_row: u64,
    miners: Vec<(u64, Vec<u64>)>,
}

impl Subnet {
    fn fresh(&mut self) -> u64 {
        match self.shape.as_str() {
            "pool" => self.dice.next_u64() % POOL,
            _ => {
                self.next_row += 1;
                self.next_row
            }
        }
    }

    fn day(&mut self, day: u64) {
        for miner in 0..self.miners.len() {
            let changed = match self.shape.as_str() {
                _ if day == 0 => ROWS,
                "rows" => ROWS / 10,
                _ if self.dice.next_u32().is_multiple_of(10) => ROWS,
                _ => 0,
            };
            for _ in 0..changed {
                let at = if changed == ROWS { None } else { Some(self.dice.next_u32() as usize % ROWS) };
                let fresh = self.fresh();
                let rows = &mut self.miners[miner].1;
                match at {
                    Some(at) => rows[at] = fresh,
                    None => {
                        rows.rotate_left(1);
                        rows[ROWS - 1] = fresh;
                    }
                }
            }
            self.miners[miner].0 += u64::from(changed > 0);
        }
    }
}

fn entry(uid: usize, version: u64, object: Digest, bytes: u64) -> Entry {
    let commit = Digest::of(format!("{uid} {version}").as_bytes());
    let source = Source {
        namespace: format!("account-{}/dataset-of-miner-{uid}", uid % 56),
        revision: hex::encode(&commit.0[..20]),
        competition: "1".to_owned(),
    };
    let raw = RawNote::of(format!("{}:1:{}", source.namespace, source.revision).as_bytes());
    let commitment = Some(CommitmentNote { block: BlockNumber(version), raw, source: Some(source) });
    let hotkey = Hotkey(Digest::of(&uid.to_le_bytes()).0);
    let rows = ROWS as u32;
    let mut served = [0; 20];
    served.copy_from_slice(&commit.0[..20]);
    let outcome = Outcome::Kept { object, bytes, rows, valid: rows, commit: served };
    Entry { uid: Uid(uid as u16), hotkey, coldkey: None, commitment, outcome }
}

fn place(day: u64) -> Place {
    Place { netuid: NetUid(96), block: BlockNumber(7_000_000 + day * 7200) }
}

fn collect(
    archive: &mut Archive,
    words: &[Vec<u8>],
    subnet: &Subnet,
    day: u64,
    last: &mut [Option<(u64, Entry)>],
) {
    let mut batch = archive.batch().unwrap();
    let mut entries = Vec::new();
    for (uid, (version, numbers)) in subnet.miners.iter().enumerate() {
        if last[uid].as_ref().is_none_or(|(known, _)| known != version) {
            let (mut bytes, mut rows) = (Vec::new(), Vec::new());
            for number in numbers {
                rows.push((bytes.len(), RowId::of(&number.to_le_bytes())));
                row(words, *number, &mut bytes);
            }
            let file = NewFile { bytes: &bytes, rows: &rows, witness: Witness::default(), from: None };
            let object = batch.put(&file).unwrap().object;
            last[uid] = Some((*version, entry(uid, *version, object, bytes.len() as u64)));
        }
        entries.extend(last[uid].iter().map(|(_, entry)| entry.clone()));
    }
    let facts =
        SnapshotFacts { chain: Digest([1; 32]), place: place(day), block_hash: Digest::default(), entries };
    batch.snapshot(facts, None, 0, false).unwrap();
    batch.commit().unwrap();
}

/// The slowest and the mean of some runs, in milliseconds.
fn times(runs: u64, mut run: impl FnMut(u64)) -> String {
    let mut all = Vec::new();
    for index in 0..runs {
        let begun = Instant::now();
        run(index);
        all.push(begun.elapsed());
    }
    let mean = all.iter().sum::<Duration>() / all.len() as u32;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!("mean {:.1} ms, slowest {:.1} ms", ms(mean), all.iter().copied().map(ms).fold(0.0, f64::max))
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let words = words();
    let word = |at: usize, other: &str| given.get(at).cloned().unwrap_or(other.to_owned());
    let (folder, shape) = (word(0, "/tmp/archive-year"), word(1, "miners"));
    let (days, miners) = (word(2, "365").parse::<u64>().unwrap(), word(3, "256").parse::<usize>().unwrap());
    let folder = Path::new(&folder);
    let mut subnet = Subnet {
        shape,
        dice: ChaCha8Rng::seed_from_u64(6),
        next_row: 0,
        miners: vec![(0, vec![0; ROWS]); miners],
    };
    let (mut used, mut distinct_bytes, mut put) = (HashSet::new(), 0u64, Duration::ZERO);
    let mut last = vec![None; miners];
    for day in 0..days {
        subnet.day(day);
        for number in subnet.miners.iter().flat_map(|(_, rows)| rows) {
            if used.insert(*number) {
                let mut bytes = Vec::new();
                row(&words, *number, &mut bytes);
                distinct_bytes += bytes.len() as u64;
            }
        }
        let begun = Instant::now();
        let mut archive = Archive::open(folder).unwrap();
        collect(&mut archive, &words, &subnet, day, &mut last);
        put += begun.elapsed();
    }
    let archive = Archive::open_to_read(folder).unwrap();
    let disk_bytes = archive.disk_bytes().unwrap();
    println!("shape                {}", subnet.shape);
    println!("snapshots            {days} of {miners} miners");
    println!("distinct row bytes   {distinct_bytes} in {} rows", used.len());
    println!("bytes on the disk    {disk_bytes}, ratio {:.3}", disk_bytes as f64 / distinct_bytes as f64);
    let index = std::fs::metadata(archive.folder().join("index.redb")).unwrap().len();
    println!("of which index       {index}");
    println!("a day collected      {:.3} s, rows made up included", put.as_secs_f64() / days as f64);
    let some = |index: u64| (index * 7919 + 1) % days;
    let restore =
        times(40, |n| drop(archive.restore(place(some(n)), Uid((n * 61 % miners as u64) as u16)).unwrap()));
    println!("restore              {restore}");
    println!(
        "diff of two days     {}",
        times(20, |n| drop(archive.diff_days(place(some(n)), place(some(n + 5))).unwrap()))
    );
    println!("row ids of a day     {}", times(10, |n| drop(archive.rows(place(some(n))).unwrap())));
    println!(
        "history of a uid     {}",
        times(5, |n| drop(archive.history(NetUid(96), Uid(n as u16)).unwrap()))
    );
    let begun = Instant::now();
    let report = archive.fsck(Depth::Stored).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert!(report.is_sound());
    println!(
        "fsck                 {:.2} s, {:.2} GB/s of stored bytes",
        seconds,
        report.bytes as f64 / seconds / 1e9
    );
}
