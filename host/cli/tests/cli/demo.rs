//! `demo` and `replay`: the promised object, and evidence that gives the same weights again.

use crate::home::Home;

#[test]
fn the_demo_prints_the_one_object_that_it_promises_and_leaves_nothing_behind() {
    let home = Home::warm();
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let variables = [("TMPDIR", temporary.to_str().unwrap())];
    let ran = home.run_in(&variables, "demo --bytes 1MiB --epochs 1 --json");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with(
        r#"{"scheme":"proof-stream","epochs":1,"miners":[{"uid":1,"role":"honest","held_bytes":"#
    ));
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let miners = object["miners"].as_array().unwrap();
    let roles: Vec<&str> = miners.iter().map(|miner| miner["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["honest", "larger", "partial", "regenerator", "late", "offline"]);
    for miner in miners {
        for field in ["claimed_bytes", "passed", "failed", "late", "absent", "weight"] {
            assert!(miner[field].is_u64(), "{field}: {miner}");
        }
    }
    assert_eq!(object["replay"]["equal"], true);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_kept_demo_tells_its_story_and_replays() {
    let home = Home::warm();
    let ran = home.run(
        "demo --bytes 1MiB --epochs 1 --keep kept --incentive builtin:incentive-tiered \
         --challenge builtin:challenge-window --allocation builtin:allocation-permit",
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("plugins: allocation-permit, challenge-window, proof-stream, incentive-tiered"));
    assert!(ran.err.contains("uid 4  regenerator  committed to a whole plot, then deleted it"));
    assert!(ran.out.contains("NOT CAUGHT  regenerator holds 0 B"), "{}", ran.out);
    assert!(ran.out.contains("replayed 1 rounds: weights equal byte for byte"), "{}", ran.out);

    let replayed = home.run("replay kept/evidence");
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    assert!(replayed.out.ends_with("replayed 1 rounds and 4 proofs: weights equal byte for byte\n"));

    let log = home.path().join("kept/evidence/evidence-000001.ndjson");
    let text = std::fs::read_to_string(&log).unwrap().replace("\"passed\":1", "\"passed\":0");
    std::fs::write(&log, text).unwrap();
    let broken = home.run("replay kept/evidence --json");
    assert_eq!(broken.code, 1);
    let message = broken.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the chain is broken"), "{message}");
    assert_eq!(home.run("replay nowhere").code, 10);
}
