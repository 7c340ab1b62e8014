//! The partition file, ours and the prototype's.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, RAO_PER_TAO, StakeRao, Uid};
use plimsoll_store::partition::{
    MinerSide, Partition, PlannedSpace, PlotEntry, ShareSide, cap_of_threshold, read_partitions,
    write_partitions,
};
use proptest::prelude::*;

const README: &str = include_str!("golden/partition-readme.json");
const CODE_ORDER: &str = include_str!("golden/partition-code-order.json");
const OURS: &str = include_str!("golden/partition-plimsoll.json");

fn read(text: &str) -> Result<Vec<Partition>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("partition.json");
    fs::write(&path, text).unwrap();
    let shown = path.display().to_string();
    read_partitions(&path).map_err(|e| e.to_string().replace(&shown, "partition.json"))
}

fn written(partitions: &[Partition]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("partition.json");
    write_partitions(&path, partitions).unwrap();
    fs::read_to_string(path).unwrap()
}

fn ours() -> Partition {
    let miner = MinerSide {
        block: BlockNumber(1737),
        subtensor: "ws://127.0.0.1:9946".into(),
        wallet_name: "my_wallet".into(),
        wallet_hotkey: "my_hotkey".into(),
        netuid: NetUid(1),
        path: "/Users/user/db_path/wallet_name/hotkey_name".into(),
        owner: "5CSkJdaN1HxDHsVev1BfzDkknGYg8Hxnsokio26m4GCPNcHQ".parse().unwrap(),
    };
    let space = PlannedSpace::by_threshold(350_062_551_040, 0.0001, 100_000).unwrap();
    let share = ShareSide {
        uid: Uid(0),
        validator: "5EnjDGNqqWnuL2HCAdxeEtN2oqtXZw6BMBe936Kfy2PFz1J1".parse().unwrap(),
        stake_rao: StakeRao(7 * RAO_PER_TAO + 999_999_999),
        bytes: 17_500_000,
    };
    let plot = PlotEntry {
        file: format!("plot-{}.plot", share.validator),
        scheme: "proof-stream".into(),
        plugin: Digest([1; 32]),
        params: Digest([2; 32]),
        unit_bytes: 100_000,
        units: 175,
        region_bytes: 17_500_000,
        disk: None,
    };
    Partition::of_share(&miner, &space, &share, Some(plot))
}

#[test]
fn the_example_of_the_prototypes_readme_reads_by_name_and_is_written_in_the_codes_order() {
    // The README lists `netuid` before `subtensor`; the code writes them the other way round.
    let partitions = read(README).unwrap();
    let [example] = &partitions[..] else { panic!("{partitions:?}") };
    assert_eq!(example.netuid, NetUid(1));
    assert_eq!(example.availble_space, 350_062_551_040);
    assert_eq!(example.plimsoll, None);
    assert!(README.find("\"netuid\"") < README.find("\"subtensor\""));
    assert_eq!(written(&partitions), CODE_ORDER);
}

#[test]
fn the_readmes_number_of_chunks_is_kept_but_is_not_the_codes() {
    // 350 is threshold_space / chunk_size, from an older program; the code gives int(size / chunk_size) + 1.
    let example = &read(README).unwrap()[0];
    assert_eq!(example.n_chunks, 350);
    assert_eq!(example.n_chunks_of_the_seed(), 176);
}

#[test]
fn our_fields_stand_behind_the_prototypes() {
    assert_eq!(written(&[ours()]), OURS);
    assert_eq!(read(OURS).unwrap(), [ours()]);
    let names: Vec<&str> = OURS
        .lines()
        .filter_map(|line| line.strip_prefix("        \"").filter(|l| !l.starts_with(' '))?.split('"').next())
        .collect();
    assert_eq!(
        names[..23],
        [
            "i",
            "block",
            "subtensor",
            "wallet_name",
            "wallet_hotkey",
            "netuid",
            "path",
            "owner",
            "validator",
            "stake",
            "size",
            "h_size",
            "threshold",
            "threshold_space",
            "h_threshold_space",
            "threshold_percent",
            "availble_space",
            "h_available_space",
            "available_percent",
            "n_chunks",
            "chunk_size",
            "seed",
            "plimsoll",
        ]
    );
}

#[test]
fn a_share_gives_the_prototypes_figures() {
    let ours = ours();
    assert_eq!((ours.stake, ours.n_chunks, ours.chunk_size), (7, 175, 100_000));
    assert_eq!(
        (&*ours.h_size, &*ours.h_threshold_space, &*ours.h_available_space),
        ("16.69 MB", "33.38 MB", "326.02 GB")
    );
    assert_eq!((ours.threshold, ours.threshold_space), (0.0001, 35_006_255));
    assert!((ours.threshold_percent - 49.991_065_9).abs() < 1e-6, "{}", ours.threshold_percent);
    assert!((ours.available_percent - 0.004_999_1).abs() < 1e-6);
    assert_eq!(ours.seed, format!("{}{}", ours.owner, ours.validator));
}

#[test]
fn chunks_are_the_units_of_the_plot() {
    let ours = ours();
    let miner = MinerSide {
        block: ours.block,
        subtensor: String::new(),
        wallet_name: String::new(),
        wallet_hotkey: String::new(),
        netuid: ours.netuid,
        path: ours.path.clone(),
        owner: ours.owner,
    };
    let space =
        PlannedSpace { available_bytes: 1 << 40, threshold: 0.5, cap_bytes: 1 << 39, chunk_bytes: 100_000 };
    let share =
        ShareSide { uid: ours.i, validator: ours.validator, stake_rao: StakeRao(0), bytes: 17_500_000 };
    let plot =
        PlotEntry { unit_bytes: 65_536, units: 266, region_bytes: 266 * 65_536, ..ours.plimsoll.unwrap() };
    let with = Partition::of_share(&miner, &space, &share, Some(plot));
    assert_eq!((with.n_chunks, with.chunk_size, with.size), (266, 65_536, 17_500_000));
    let without = Partition::of_share(&miner, &space, &share, None);
    assert_eq!((without.n_chunks, without.chunk_size, without.threshold), (175, 100_000, 0.5));
}

#[test]
fn sizes_that_python_wrote_as_floats_are_read_and_broken_ones_are_not() {
    let floats = README.replace("100000,", "100000.0,");
    assert_eq!(read(&floats).unwrap()[0].chunk_size, 100_000);
    let half = README.replace("100000,", "100000.5,");
    assert_eq!(
        read(&half).unwrap_err(),
        "partition.json: entry 0: chunk_size is 100000.5, expected a whole number of bytes or chunks"
    );
    let negative = README.replace("100000,", "-1,");
    assert!(read(&negative).is_err());
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let cut = &README[..README.len() / 2];
    assert!(read(cut).unwrap_err().starts_with("partition.json: EOF while parsing"), "{:?}", read(cut));
    let missing = README.replace("\"owner\"", "\"renamed\"");
    assert_eq!(
        read(&missing).unwrap_err(),
        "partition.json: entry 0: owner is missing, expected a hotkey's SS58 address"
    );
    let typo = README.replace("5CSkJdaN1Hx", "5CSkJdaN1Hy");
    let told = read(&typo).unwrap_err();
    assert!(told.starts_with("partition.json: entry 0: owner is \"5CSkJdaN1Hy"), "{told}");
    assert!(told.contains("checksum does not match"), "{told}");
    let gone = read_partitions(std::path::Path::new("/nowhere/at/all/partition.json")).unwrap_err();
    assert_eq!(
        gone.to_string(),
        "folder /nowhere/at/all does not exist: create it, or mount the disk that holds it"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_told_by_field_expected_and_found() {
    let told = |from: &str, to: &str| {
        assert!(OURS.contains(from), "{from}");
        read(&OURS.replacen(from, to, 1)).unwrap_err()
    };
    for (from, to, why) in [
        (
            "\"size\": 17500000",
            "\"size\": \"17 MB\"",
            "entry 0: size is \"17 MB\", expected a whole number of bytes or chunks",
        ),
        ("\"i\": 0", "\"i\": 70000", "entry 0: i is 70000, expected a whole number up to 65535"),
        ("\"threshold\": 0.0001", "\"threshold\": null", "entry 0: threshold is null, expected a number"),
        ("\"units\": 175", "\"units\": [1]", "entry 0: plimsoll.units is [1], expected a whole number"),
        (
            "\"unit_bytes\"",
            "\"unit_byte\"",
            "entry 0: plimsoll.unit_bytes is missing, expected a whole number of bytes below 4 GiB",
        ),
    ] {
        assert_eq!(told(from, to), format!("partition.json: {why}"));
    }
    assert_eq!(read("{}").unwrap_err(), "partition.json: it is no array of partitions");
    assert_eq!(read("[7]").unwrap_err(), "partition.json: entry 0 is 7, expected an object");
}

#[test]
fn fields_that_nobody_knows_are_kept() {
    let extra = README.replace("\"i\": 0,", "\"i\": 0, \"note\": {\"a\": [1, null]},");
    let partitions = read(&extra).unwrap();
    assert_eq!(partitions[0].other.len(), 1);
    assert_eq!(read(&written(&partitions)).unwrap(), partitions);
}

#[test]
fn a_threshold_is_a_share_of_what_is_free() {
    assert_eq!(cap_of_threshold(350_062_551_040, 0.0001).unwrap(), 35_006_255);
    assert_eq!(cap_of_threshold(u64::MAX, 1.0).unwrap(), u64::MAX);
    for wrong in [0.0, -0.1, 1.000_1, f64::NAN, f64::INFINITY] {
        assert_eq!(
            cap_of_threshold(100, wrong).unwrap_err().to_string(),
            format!(
                "threshold of the plot: {wrong} is no share of the free space: use a number above 0, and 1 at most"
            )
        );
    }
}

#[test]
fn a_cap_is_no_more_than_what_is_free() {
    let space = PlannedSpace::by_cap(1000, 250, 10).unwrap();
    assert_eq!((space.threshold, space.cap_bytes), (0.25, 250));
    assert_eq!(
        PlannedSpace::by_cap(1000, 2000, 10).unwrap_err().to_string(),
        "size cap of the plot: 1.95 KiB of 1000 B that are free: use more than nothing, and no more than there is"
    );
    assert!(PlannedSpace::by_cap(1000, 0, 10).is_err());
}

#[test]
fn a_number_that_json_cannot_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut partition = ours();
    partition.threshold_percent = f64::NAN;
    let error = write_partitions(&folder.path().join("p.json"), &[partition]).unwrap_err().to_string();
    assert!(error.contains("threshold_percent of 5EnjDGNq"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_partition_survives_its_own_file(
        uid: u16, block: u64, texts in proptest::collection::vec(".{0,12}", 4), netuid: u16,
        owner: [u8; 32], validator: [u8; 32], stake: u64, bytes: u64, cap in 1u64.., beyond: u64,
        chunk_bytes in 1u64..,
    ) {
        let miner = MinerSide {
            block: BlockNumber(block), subtensor: texts[0].clone(), wallet_name: texts[1].clone(),
            wallet_hotkey: texts[2].clone(), netuid: NetUid(netuid), path: texts[3].clone().into(),
            owner: Hotkey(owner),
        };
        let space = PlannedSpace::by_cap(cap.saturating_add(beyond), cap, chunk_bytes).unwrap();
        let share = ShareSide {
            uid: Uid(uid), validator: Hotkey(validator), stake_rao: StakeRao(stake), bytes,
        };
        let partition = Partition::of_share(&miner, &space, &share, None);
        prop_assert_eq!(read(&written(std::slice::from_ref(&partition))).unwrap(), [partition]);
    }
}
