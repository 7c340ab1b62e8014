//! A small archive with everything that a page can meet, made by the archive's own library from rows of the real
//! subnet's shape.

use std::path::Path;

use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, Uid};
use plimsoll_datasets::archive::{
    Archive, Batch, CommitmentNote, Entry, NewFile, Outcome, Place, RawNote, SnapshotFacts, Source, Witness,
};
use plimsoll_hub::shape::{Shape, evaluation_rows};
use plimsoll_json::{Parser, lines};

pub(crate) const NETUID: u16 = 96;
/// The blocks of the snapshots: the last is signed.
pub(crate) const BLOCKS: [u64; 3] = [7_067_655, 7_074_855, 7_082_055];
/// Its rows try to be markup, to turn the page and to hide.
pub(crate) const HOSTILE: u16 = 3;
/// No dataset of it could be had.
pub(crate) const FAILED: u16 = 4;
/// It committed what is none of this subnet's: a secret.
pub(crate) const FOREIGN: u16 = 6;
/// Its dataset was taken down.
pub(crate) const TAKEN_DOWN: u16 = 8;
/// Another hotkey takes its place on the last day, with a dataset that is nearly miner 2's.
pub(crate) const REPLACED: u16 = 9;
const AT_MS: u64 = 1_790_000_000_000;
const DAY_MS: u64 = 86_400_000;
/// What the hub repeated of another commitment, and a branch that nobody resolved.
pub(crate) const TOKEN: &str = "hf_QwErTyUiOpAsDfGhJkLz";
pub(crate) const BRANCH: &str = "correct-horse-battery";
pub(crate) const SECRET: &str = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

pub(crate) const HOSTILE_ROWS: [&str; 6] = [
    r#"{"system": "</dd><script>alert('system')</script>", "conversations": [{"role": "user", "content": "<img src=x onerror=alert(1)> & \"quotes\" 'too'"}, {"role": "assistant", "content": "\u202egpj.exe\u202c \u200bhidden\u0000"}]}"#,
    "{\"conversations\": [{\"role\": \"<b>\", \"content\": \"\u{202e}raw turned\u{2066} עברית العربية\"}], \"system\": null}",
    r#"["</pre><script src=https://example.org/x.js></script>", {"a": "\ud800"}]"#,
    "{\"not json <script>alert(2)</script>\": ",
    r#"{"</title><base href=//example.org>": "javascript:alert(3)"}"#,
    r#""<svg onload=alert(4)>""#,
];

/// Makes the archive with so many miners of the shape, 256 at most.
pub(crate) fn make(folder: &Path, miners: usize) {
    let mut archive = Archive::open(folder).unwrap();
    let (shape, rows) = (Shape::new(6), evaluation_rows(6));
    for (day, block) in BLOCKS.into_iter().enumerate() {
        let mut batch = archive.batch().unwrap();
        let mut entries = Vec::new();
        for miner in shape.miners.iter().take(miners) {
            let mut chosen: Vec<String> = miner.rows.iter().map(|row| rows[*row].clone()).collect();
            change(miner.uid, day, &mut chosen, &shape, &rows);
            let mut entry = entry(miner.uid, miner.hotkey, miner.commitment.as_deref(), miner.block, day);
            if matches!(entry.outcome, Outcome::Skipped) && entry.commitment.is_some() && miner.uid != FOREIGN
            {
                let bytes = chosen.iter().map(|row| format!("{row}\n")).collect::<String>().into_bytes();
                let ids = ids_of(&bytes);
                let file = NewFile { bytes: &bytes, rows: &ids, witness: Witness::default(), from: None };
                let object = batch.put(&file).unwrap().object;
                let (n_rows, valid) = (chosen.len() as u32, ids.len() as u32);
                let bytes = bytes.len() as u64;
                entry.outcome = Outcome::Kept { object, bytes, rows: n_rows, valid, commit: [day as u8; 20] };
            }
            entries.push(entry);
        }
        let wallet = (day == 2).then(|| Keypair::from_seed(&[7; 32]));
        let at_ms = AT_MS + day as u64 * DAY_MS;
        seal(batch, (NETUID, block), entries, wallet.as_ref(), at_ms);
    }
    let last = Place { netuid: NetUid(NETUID), block: BlockNumber(BLOCKS[2]) };
    if let Some(object) = archive.show(last, Uid(TAKEN_DOWN)).unwrap().and_then(|entry| entry.object()) {
        archive.take_down(&object, "its author asked <for> it").unwrap();
    }
}

fn seal(
    mut batch: Batch<'_>,
    (netuid, block): (u16, u64),
    entries: Vec<Entry>,
    wallet: Option<&Keypair>,
    at_ms: u64,
) {
    let place = Place { netuid: NetUid(netuid), block: BlockNumber(block) };
    let block_hash = Digest::of(&block.to_le_bytes());
    let standings = Default::default();
    let facts = SnapshotFacts { chain: Digest([0x2f; 32]), place, block_hash, entries, standings };
    batch.snapshot(facts, wallet, at_ms, false).unwrap();
    batch.commit().unwrap();
}

/// Another archive, of two subnets. Subnet 96 was collected first, at higher blocks; on its second day miner 0 has
/// another owner and miner 1 is gone. Subnet 1 has more datasets than can be compared.
pub(crate) fn make_others(folder: &Path) {
    let mut archive = Archive::open(folder).unwrap();
    let entry = |uid: u16, owner: u8| Entry {
        uid: Uid(uid),
        hotkey: Hotkey([0x11; 32]),
        coldkey: Some(Hotkey([owner; 32])),
        commitment: None,
        outcome: Outcome::Skipped,
    };
    seal(archive.batch().unwrap(), (96, 7_000_000), vec![entry(0, 1), entry(1, 1)], None, AT_MS);
    seal(archive.batch().unwrap(), (96, 7_000_100), vec![entry(0, 2)], None, AT_MS + DAY_MS);
    let mut batch = archive.batch().unwrap();
    let bytes = b"{\"text\": \"the only row\"}\n";
    let ids = ids_of(bytes);
    let file = NewFile { bytes, rows: &ids, witness: Witness::default(), from: None };
    let object = batch.put(&file).unwrap().object;
    let kept = Outcome::Kept { object, bytes: bytes.len() as u64, rows: 1, valid: 1, commit: [0; 20] };
    let entries = (0..=4_096).map(|uid| Entry { outcome: kept.clone(), ..entry(uid, 1) }).collect();
    seal(batch, (1, 5_000), entries, None, AT_MS + 2 * DAY_MS);
}

/// What is particular about a few of them, and how they change from day to day.
fn change(uid: u16, day: usize, chosen: &mut Vec<String>, shape: &Shape, rows: &[String]) {
    match uid {
        HOSTILE => *chosen = HOSTILE_ROWS.map(str::to_owned).to_vec(),
        REPLACED if day == 2 => {
            *chosen = shape.miners[2].rows.iter().map(|row| rows[*row].clone()).collect();
            chosen[0] = chosen[0].replacen("You are ", "You are never ", 1);
        }
        1 if day > 0 => {
            // Rows removed, added, moved and changed.
            chosen.truncate(240);
            chosen.extend(rows.iter().rev().take(3 + day).cloned());
            let moved = chosen.remove(10);
            chosen.insert(200, moved);
            chosen[5] = chosen[5].replacen("You are ", "You were once ", 1);
        }
        _ => {}
    }
}

/// Kept ones are told from these by the caller: here they have nothing to fetch yet.
fn entry(uid: u16, hotkey: [u8; 32], commitment: Option<&str>, block: u64, day: usize) -> Entry {
    let hotkey = if uid == REPLACED && day == 2 { Hotkey([0x99; 32]) } else { Hotkey(hotkey) };
    let source = commitment.and_then(|text| {
        let mut parts = text.split(':').map(str::to_owned);
        let (namespace, competition, revision) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Source { namespace, revision, competition })
    });
    let (raw, source) = match (uid, commitment) {
        (FOREIGN, _) => (Some(SECRET), None),
        (_, text) => (text, source),
    };
    // A branch that the hub did not resolve is recorded as the collector does it.
    let is_resolved = uid != FAILED;
    let branch = |source| Source { revision: BRANCH.to_owned(), ..source };
    let source = if is_resolved { source } else { source.map(branch) };
    let note =
        |raw: &str| CommitmentNote { block: BlockNumber(block), raw: RawNote::of(raw.as_bytes()), source };
    let note = raw.map(|raw| note(raw).told(is_resolved));
    let outcome = if uid == FAILED {
        let text = "the hub says <b>404</b>: \u{202e}no such repository for ".to_owned() + TOKEN;
        Outcome::Failed { kind: "repo-not-found".to_owned(), text }
    } else {
        Outcome::Skipped
    };
    Entry { uid: Uid(uid), hotkey, coldkey: None, commitment: note, outcome }
}

/// The rows that are JSON.
fn ids_of(bytes: &[u8]) -> Vec<(usize, plimsoll_datasets::RowId)> {
    let mut parser = Parser::new();
    lines(bytes).filter_map(|row| Some((row.range.start, parser.row_id(row.bytes).ok()?))).collect()
}
