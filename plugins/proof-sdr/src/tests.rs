use super::*;
use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
use plimsoll_sdk::pure::{digest_of, merkle_depth};
use plimsoll_sdk::{Hotkey, LARGEST_PROOF_BYTES, from_json, laws};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn identity() -> Identity {
    Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
}

fn scheme(json: &str) -> Sectors {
    from_json(json).unwrap()
}

fn filled(scheme: &Sectors, sectors: u64) -> MemoryRegion {
    let layout = scheme.plan(&identity(), sectors * scheme.shape.sector_bytes()).unwrap();
    let plot = MemoryPlot::new(layout.region_bytes).unwrap();
    scheme.fill(&plot, &identity(), 0, Span { first: 0, count: layout.units }).unwrap();
    plot.finish()
}

fn committed(scheme: &Sectors, region: &MemoryRegion) -> Statement {
    let layout = scheme.plan(&identity(), region.size_bytes()).unwrap();
    let commitment = scheme.commit(region, &identity(), &layout).unwrap();
    Statement { identity: identity(), unit_bytes: layout.unit_bytes, units: layout.units, commitment }
}

fn verdict(scheme: &Sectors, region: &MemoryRegion, of: &Statement, samples: u32, round: u64) -> Verdict {
    let randomness = digest_of(HASH, &round.to_le_bytes());
    let challenge = scheme.draw(of, &randomness, samples, None).unwrap();
    let Answer::Proof(proof) = scheme.prove(region, of, &challenge).unwrap() else { panic!("none") };
    scheme.verify(of, &challenge, &proof).unwrap()
}

#[test]
fn the_laws_hold() {
    laws::proof_scheme::<Sectors>(r#"{"sector_bytes": 2048}"#, 2 * 4096 + 9);
    laws::proof_scheme::<Sectors>(r#"{"sector_bytes": 2048, "layers": 1, "relabel": 2}"#, 3 * 2048);
    laws::proof_scheme::<Sectors>(r#"{"sector_bytes": 2048, "layers": 3, "relabel": 0}"#, 6144);
}

/// The layers' SHA-256 and the known answer are Filecoin's: proofs 1.2, `filecoin-sdr.json`.
#[test]
fn the_labels_are_those_of_filecoin() {
    let porep_id = format!("05{}", "00".repeat(31));
    let replica_id = "8d19183d17d912ee90e372b74a8adfa87e7fd70b6ef55a122ef1b01d2ca02800";
    let json = format!(r#"{{"sector_bytes": 2048, "porep_id": "{porep_id}", "replica_id": "{replica_id}"}}"#);
    let region = filled(&scheme(&json), 1);
    let layers: Vec<String> =
        region.bytes.chunks(2048).map(|layer| hex(&digest_of(HashKind::Sha256, layer))).collect();
    assert_eq!(
        layers,
        [
            "2e03ffeed8557bc1370b56fad9f39c65018269eeb2f629b05f2dea53f01d0419",
            "b88e9a2d9826eccc24d1def38c849c069cb4ac0ef569e2204c3f1125d61d72e9",
        ]
    );
    let (porep_id, replica_id) = ("7b".repeat(32), "09".repeat(32));
    let json = format!(
        r#"{{"sector_bytes": 2048, "layers": 11, "porep_id": "{porep_id}", "replica_id": "{replica_id}"}}"#
    );
    let last = hex(&filled(&scheme(&json), 1).bytes[11 * 2048 - 32..]);
    assert_eq!(last, "cfef0db78bf3b3ab9f1169774d2e7a77bc9054499d954834b51ca7c788110206");
}

#[test]
fn the_bytes_of_a_plot_never_change() {
    let scheme = scheme(r#"{"sector_bytes": 2048}"#);
    let region = filled(&scheme, 2);
    let root = committed(&scheme, &region).commitment.unwrap();
    assert_eq!(root, digest_of(HASH, &region.bytes));
    let found = [scheme.shape.porep_id, scheme.replica_id(&identity(), 1), root].map(|id| hex(&id));
    assert_eq!(
        found,
        [
            "9959655ceddcdd1d46220d7d51ed21d6a5fed4ae4dbe02703fd724991d00bc8c",
            "dd2b5bd870bb95722789afd2af8852ae9cb9b90786fbadfd68c6257f36b32e39",
            "80a89656c46523c66cc87005c14264483198ac3f3c860f419de0279e07a6c4cc"
        ]
    );
}

#[test]
fn a_wrong_label_under_a_sound_commitment_is_found_when_it_is_made_again() {
    let scheme = scheme(r#"{"sector_bytes": 2048}"#);
    let mut region = filled(&scheme, 1);
    let honest = committed(&scheme, &region);
    assert!((0..40).all(|round| verdict(&scheme, &region, &honest, 4, round) == Verdict::Valid));
    // A quarter of the first layer is made up.
    region.bytes[..512].fill(7);
    let statement = committed(&scheme, &region);
    let verdicts: Vec<Verdict> =
        (0..120).map(|round| verdict(&scheme, &region, &statement, 1, round)).collect();
    let wrong = verdicts.iter().filter(|verdict| **verdict != Verdict::Valid).count();
    // 16 of 128 labels are wrong, and some 60 more no longer follow from a parent.
    assert!((15..=110).contains(&wrong), "{wrong} of 120");
    let reasons = verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Invalid(reason) => Some(reason),
        Verdict::Valid => None,
    });
    assert!(
        reasons
            .clone()
            .all(|reason| reason.starts_with("label ") && reason.ends_with(" of sector 0 is wrong"))
    );
    assert!(reasons.count() > 0);
}

#[test]
fn a_sector_that_fits_no_unit_comes_in_parts_one_after_another() {
    let scheme = scheme(r#"{"sector_bytes": 34359738368, "layers": 11}"#);
    let layout = scheme.plan(&identity(), 800 << 30).unwrap();
    assert_eq!((layout.unit_bytes, layout.units), (1 << 30, 2 * 11 * 32));
    assert_eq!(layout.region_bytes, (2 * 11) << 35);
    assert_eq!(layout.passes[0].order, Order::Sequential);
    assert!((64_u64 << 30..65 << 30).contains(&layout.memory_bytes), "{}", layout.memory_bytes);
    let small = Sectors { config: Config::default(), ..self::scheme("{}") };
    let layout = small.plan(&identity(), 64 << 20).unwrap();
    assert_eq!((layout.unit_bytes, layout.units), (16 << 20, 4));
    assert_eq!(layout.passes[0].order, Order::Independent);
    // Two layers of two sectors, and a table of 56 bytes a node with 2048 × 12 of the round function.
    assert_eq!(layout.memory_bytes, (32 << 20) + (56 << 18) + (12 << 11));
}

#[test]
fn the_largest_proof_of_the_largest_plot_fits() {
    for relabel in 0..=2 {
        let scheme = scheme(&format!(r#"{{"relabel": {relabel}}}"#));
        for units in [1, 2, 3, 1000, (1 << 20) + 1, 1 << 24] {
            let (identity, commitment) = (identity(), Some([0; 32]));
            let statement = Statement { identity, unit_bytes: 16 << 20, units, commitment };
            let (_, leaves) = scheme.committed(&statement).unwrap();
            for round in 0..9 {
                let challenge =
                    scheme.draw(&statement, &[round; 32], scheme.most_samples(&statement), None).unwrap();
                let challenge = SpanChallenge::parse(&challenge, &statement, u32::MAX).unwrap();
                let (samples, again) = challenge.items(1 << 19, relabel);
                let opening = |leaf: u64| 1024 + 32 * merkle_depth(leaves, leaf) as usize;
                let proof: usize =
                    32 + scheme.opened(&samples, &again).into_iter().map(opening).sum::<usize>();
                assert!(proof <= LARGEST_PROOF_BYTES, "{proof} bytes for {units} units");
                assert_eq!(again.len(), samples.len().min(relabel as usize));
            }
        }
    }
}

#[test]
fn space_is_claimed_only_where_a_layer_outlasts_the_deadline_twenty_times() {
    let claims = |json: &str| scheme(json).proves();
    let space = Claims { space: true, replication: true, ..Claims::default() };
    assert_eq!(claims("{}"), Claims::default());
    // 2^28 labels at 475 ns: 127.5 s.
    assert_eq!(claims(r#"{"sector_bytes": 8589934592}"#), space);
    assert_eq!(claims(r#"{"sector_bytes": 8589934592, "deadline_ms": 6376}"#), Claims::default());
    assert_eq!(claims(r#"{"sector_bytes": 8589934592, "layers": 1}"#), Claims::default());
    assert_eq!(claims(r#"{"sector_bytes": 8589934592, "relabel": 0}"#), Claims::default());
    let fixed = format!(r#"{{"sector_bytes": 8589934592, "replica_id": "{}"}}"#, "00".repeat(32));
    assert_eq!(claims(&fixed), Claims::default());
}

/// The attack that no size withstands: it drops every label of which no parent went before it.
#[test]
fn some_fifteen_in_a_hundred_labels_follow_from_kept_parents_in_one_step() {
    let scheme = scheme(r#"{"sector_bytes": 32768}"#);
    let labels = 2 * 1024;
    let mut gone = vec![false; labels];
    for at in 0..labels {
        let parents = scheme.shape.parents(at as u64);
        gone[at] = parents.iter().all(|&parent| !gone[parent as usize]);
    }
    let region = filled(&scheme, 1);
    let held = region.bytes.as_chunks::<32>().0;
    for at in (0..labels).filter(|&at| gone[at]) {
        let parents: Vec<Digest> =
            scheme.shape.parents(at as u64).iter().map(|&parent| held[parent as usize]).collect();
        let Place { layer, node, .. } = scheme.shape.place(at as u64);
        let made = sdr_label(&scheme.replica_id(&identity(), 0), layer, node, parents.as_flattened());
        assert_eq!(made, held[at]);
    }
    let share = gone.iter().filter(|gone| **gone).count() as f64 / labels as f64;
    assert!((0.14..0.19).contains(&share), "{share}");
}

#[test]
fn a_plot_that_no_proof_has_room_for_is_neither_planned_nor_asked() {
    let scheme = |relabel: u32| scheme(&format!(r#"{{"relabel": {relabel}}}"#));
    let units = 1 << 25;
    let statement =
        Statement { identity: identity(), unit_bytes: 16 << 20, units, commitment: Some([0; 32]) };
    let refusal = "bad input: `relabel` 2 opens 28 leaves beside a sample, and of a plot of 549755813888 leaves of \
                   1024 bytes 28 fit a proof: make smaller plots, or lower `relabel`";
    let refused = [
        scheme(2).plan(&identity(), units << 24).unwrap_err(),
        scheme(2).draw(&statement, &[1; 32], 1, None).unwrap_err(),
        scheme(2).verify(&statement, &[0; 52], &[]).unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.to_string() == refusal), "{refused:?}");
    assert_eq!(scheme(2).most_samples(&statement), 0);
    assert!(scheme(1).most_samples(&statement) > 0);
    assert!(scheme(1).draw(&statement, &[1; 32], 1, None).is_ok());
    assert!(scheme(2).plan(&identity(), (units << 24) / 2).is_ok());
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let refusal = |json: &str| from_json::<Sectors>(json).err().unwrap().to_string();
    assert_eq!(refusal(r#"{"layers": 0}"#), "bad config: `layers` must be from 1 to 64, it is 0");
    assert_eq!(
        refusal(r#"{"sector_bytes": 3000}"#),
        "bad config: `sector_bytes` must be a power of two, 3000 is none"
    );
    assert_eq!(
        refusal(r#"{"sector_bytes": 32}"#),
        "bad config: `sector_bytes` must be from 2048 to 68719476736, it is 32"
    );
    assert_eq!(
        refusal(r#"{"porep_id": "0g"}"#),
        "bad config: `porep_id` must be 64 hex digits or empty, it is \"0g\""
    );
    let short = refusal(r#"{"replica_id": "00"}"#);
    assert_eq!(short, "bad config: `replica_id` must be 64 hex digits or empty, it is \"00\"");
    let small = scheme("{}").plan(&identity(), 100).unwrap_err().to_string();
    assert_eq!(small, "bad input: 100 bytes hold no sector: one takes 16777216 bytes, 2 layers of 8388608");
    let statement =
        Statement { identity: identity(), unit_bytes: 1 << 30, units: 3, commitment: Some([0; 32]) };
    let large = scheme(r#"{"sector_bytes": 34359738368}"#);
    let partial = large.verify(&statement, &[0; 52], &[]).unwrap_err().to_string();
    assert_eq!(partial, "bad input: 3 units are not whole sectors");
}
