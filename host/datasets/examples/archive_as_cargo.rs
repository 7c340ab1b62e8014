//! A snapshot of an archive, audited: its manifest and files become one content, `proof-merkle` commits to it, and any
//! part of it that is asked for is shown to be there.
//!
//! ```text
//! cargo run --release -p plimsoll-datasets --example archive_as_cargo -- [DATA_DIR]
//! ```
//!
//! DATA_DIR is what `plimsoll datasets collect` filled; without it a snapshot is made up. The commitment is the BLAKE3 of the
//! content, the manifest stands at its beginning: so whoever knows the manifest's id and the commitment can check that
//! the audited bytes are the snapshot's.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{Answer, BlockNumber, Digest, Hotkey, Identity, NetUid, Statement, Verdict};
use plimsoll_datasets::archive::{Archive, Place};
use plimsoll_datasets::bench::{Change, NETUID, YearRequest, measure_year};
use plimsoll_plugin::{Host, HostOptions, MemorySpace, PluginRef};

const SAMPLES: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let given = std::env::args().nth(1);
    let data = given.as_deref().map_or(scratch.path(), Path::new);
    if given.is_none() {
        measure_year(data, YearRequest { days: 2, miners: 16, change: Change::Rows })?;
    }
    let archive = Archive::open_to_read(data)?;
    let newest = |netuid| archive.newest(netuid).ok().flatten();
    let mut netuids = archive.snapshots()?.into_iter().map(|snapshot| snapshot.place.netuid);
    let snapshot = newest(NETUID).or_else(|| netuids.next_back().and_then(newest));
    let place: Place = snapshot.ok_or("the archive has no snapshot")?.place;
    let content = scratch.path().join("content");
    let root = archive.write_cargo(place, &content)?;
    let (manifest, _) = archive.manifest(place)?;
    println!("snapshot     subnet {} at block {}", place.netuid, place.block);
    println!("manifest     {}", manifest.id());
    audit(std::fs::read(&content)?, root)
}

/// Commits, asks, answers and checks; then lies in one byte of every chunk.
fn audit(content: Vec<u8>, root: Digest) -> Result<(), Box<dyn Error>> {
    let component = plimsoll_bundle::find("proof-merkle").ok_or("no proof-merkle is shipped")?.component;
    let plugin = PluginRef::new("builtin:proof-merkle", component);
    let scheme = Host::new(HostOptions::default())?.load_scheme(&plugin, &serde_json::json!({}))?;
    let mut prover = scheme.instance()?;
    let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    let layout = prover.plan(&identity, content.len() as u64)?;
    let lost = MemorySpace::with(content.iter().map(|byte| byte ^ 1).collect());
    let kept = Arc::new(MemorySpace::with(content));
    let commitment = prover.commit(kept.clone(), &identity, &layout)?;
    println!("content      {} bytes, {} chunks under {root}", layout.region_bytes, layout.units);
    if commitment != Some(root) {
        return Err("the scheme commits to other bytes than the archive wrote".into());
    }
    let statement = Statement { identity, unit_bytes: layout.unit_bytes, units: layout.units, commitment };
    let mut verifier = scheme.instance()?;
    let challenge = verifier.draw(&statement, &Digest::of(&BlockNumber(7).0.to_le_bytes()), SAMPLES, None)?;
    for (whose, space) in [("kept", kept), ("altered", Arc::new(lost))] {
        let Answer::Proof(proof) = prover.prove(space, &statement, &challenge)? else {
            return Err("the scheme did not answer".into());
        };
        let verdict = verifier.verify(&statement, &challenge, &proof)?;
        println!("{whose:<12} {SAMPLES} chunks, a proof of {} bytes: {verdict:?}", proof.len());
        if (verdict == Verdict::Valid) != (whose == "kept") {
            return Err(format!("the verdict on {whose} bytes is wrong").into());
        }
    }
    Ok(())
}
