//! Datasets under the rules of several competitions, and what is written out of them.

use plimsoll_hub::{Repo, Way};

use crate::datasets::{Stage, commit, commit_of, rows};

/// Of competition 1 (the first 250 rows, 100 shared): 1 to 4, of whom 4 has a line that is no JSON. Of a day's (the
/// first 100, 33 shared): 5 and 6. Of one that nobody knows: 7 and 8.
async fn mixed() -> Stage {
    let altered =
        |from: std::ops::Range<usize>| rows(from).replace("What is the tide", "How high is the tide");
    let miners = [
        (1, "orca/tides", "1", rows(0..300)),
        // Shares 150 rows with uid 1 all in all, and 100 of those that count.
        (2, "lumen/tides", "1", rows((1000..1150).chain(150..300))),
        (3, "north/copy", "1", rows((0..101).chain(2000..2020))),
        (4, "tidal/broken", "1", rows(0..200) + "{\"conversations\": [\n"),
        (5, "keel/day", "20261121", rows(0..300)),
        (6, "brine/day", "20261121", rows((66..100).chain(4000..4200))),
        (7, "spar/late", "late", rows(0..120)),
        (8, "mast/late", "late", rows(0..119) + &altered(5000..5040)),
    ];
    let repos = miners
        .iter()
        .map(|(_, name, _, text)| Repo::with_dataset(name, &commit_of(name), text.clone(), Way::Plain));
    let stage = Stage::new(9, repos.collect::<Vec<_>>()).await;
    for (uid, name, competition, _) in &miners {
        commit(&stage.ledger, *uid, &format!("{name}:{competition}:{}", commit_of(name))).await;
    }
    stage.done("datasets collect");
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn each_competition_judges_its_own_by_the_rows_that_it_uses() {
    let stage = mixed().await;
    insta::assert_snapshot!("contest_overlap", stage.done("datasets overlap"));
    insta::assert_snapshot!("contest_overlap_limit", stage.done("datasets overlap --limit 99 --min 150"));
    insta::assert_snapshot!("contest_validate", stage.done("datasets validate"));
    let overlap = stage.json("datasets overlap --matrix");
    assert_eq!(overlap["not_judged"], serde_json::json!([7, 8]));
    assert_eq!(overlap["refused"], serde_json::json!([4]));
    assert_eq!(overlap["competitions"][0]["rows_used"], 250);
    assert_eq!(overlap["matrix"][0], serde_json::json!([250, 100, 101, 0, 100, 34, 120, 119]));
    let strangers: Vec<bool> =
        overlap["pairs"].as_array().unwrap().iter().map(|pair| pair["same_competition"] == false).collect();
    assert!(strangers.contains(&true) && strangers.contains(&false));
    // The same rows decide what a filter takes.
    let uids = |filter: &str| -> Vec<u64> {
        let listed = stage.json(&format!("datasets list --filter {filter}"));
        listed["miners"].as_array().unwrap().iter().map(|miner| miner["uid"].as_u64().unwrap()).collect()
    };
    assert_eq!((uids("overlap=119.."), uids("overlap=..99")), (vec![1, 7, 8], vec![4, 6]));
    assert_eq!((uids("valid=0"), uids("valid=300..")), (vec![4], vec![1, 2, 5]));
    assert_eq!((uids("incentive=0").len(), uids("stake=0").len(), uids("incentive=1..").len()), (8, 8, 0));
    let coldkey = stage.json("datasets show 1")["coldkey"].as_str().unwrap().to_owned();
    assert_eq!(uids(&format!("coldkey={coldkey}")).len(), 8);
    assert_eq!(uids("coldkey=5Nobody"), Vec::<u64>::new());
    let exported = |filter: &str| stage.done(&format!("datasets export --filter {filter}")).lines().count();
    assert_eq!((exported("overlap=119.."), exported("overlap=..99")), (300 + 120 + 159, 200 + 234));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_set_must_be_whole() {
    let stage = mixed().await;
    let whole = rows(0..300);
    stage.home.write("eval.jsonl", &whole);
    let told = stage.json("datasets validate --evaluation eval.jsonl");
    let of = |at: usize| (&told["miners"][at]["in_evaluation"], &told["miners"][at]["only_evaluation_rows"]);
    assert_eq!(of(0), (&250.into(), &true.into()));
    assert_eq!(of(1), (&100.into(), &false.into()));
    assert_eq!(of(3), (&serde_json::Value::Null, &serde_json::Value::Null), "a refused file");
    stage.home.write("empty.jsonl", "\n \n");
    stage.home.write("half.jsonl", &(rows(0..2) + "{\"conversations\": [\n" + &rows(2..4)));
    std::fs::write(stage.home.path().join("latin.jsonl"), b"\"\xe9\"\n").unwrap();
    for (name, said) in [
        ("empty", "empty.jsonl is no evaluation set: it has no rows"),
        ("half", "half.jsonl is no evaluation set: line 3 is no row: no-json: "),
        ("latin", "latin.jsonl is no evaluation set: "),
        ("none", "cannot read none.jsonl"),
    ] {
        let ran = stage.run(&format!("datasets validate --evaluation {name}.jsonl"));
        assert!(ran.code != 0 && ran.err.contains(said), "{name}: {}", ran.all());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn near_rows_are_shown_with_what_differs() {
    let stage = mixed().await;
    // Rows that differ in a number are near to one another.
    let told = stage.json("datasets overlap --near --similarity 0.5");
    let pairs = told["near"].as_array().unwrap();
    let is_found = |pair: &&serde_json::Value| pair["left"] == 1 && pair["right"] == 2;
    let found = pairs.iter().find(is_found).unwrap_or_else(|| panic!("{told}"));
    // The others of its 250 are uid 2's too.
    assert!((1..=150).contains(&found["left_rows"].as_u64().unwrap()) && found["shared"] == 100, "{found}");
    assert!(pairs.iter().all(|pair| pair["left"] != 4 && pair["right"] != 4), "a refused file has no rows");
    assert_eq!(told["rows_left_out"], 0);
    assert_eq!(stage.run("datasets overlap --near --similarity 0.3").code, 2);
    assert_eq!(stage.run("datasets overlap --similarity 0.8").code, 2, "only with --near");
    assert_eq!(stage.run("datasets overlap --near --matrix").code, 2);
}

fn essay(seed: usize, changed: &str) -> String {
    let word = |n: usize| format!("w{:x}", (n * 7_919 + seed * 104_729) % 1_048_573);
    let words: Vec<String> = (0..60).map(word).collect();
    format!(
        "{{\"conversations\": [{{\"role\": \"user\", \"content\": \"{changed} {}\"}}, {{\"role\": \"assistant\", \"content\": \"{}\"}}]}}\n",
        words[..20].join(" "),
        words[20..].join(" ")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copier_who_changes_a_word_of_each_row_is_found_by_near_rows() {
    let text = |changed: &str| (0..30).map(|seed| essay(seed, changed)).collect::<String>();
    let long = format!("{{\"conversations\": [], \"x\": \"\u{202e}\u{9b}2J{}\"}}\n", "tide ".repeat(20_000));
    let texts =
        [("orca/own", text("Ebb")), ("lumen/altered", text("Neap")), ("north/else", rows(0..30) + &long)];
    let repos =
        texts.iter().map(|(name, text)| Repo::with_dataset(name, &commit_of(name), text.clone(), Way::Plain));
    let stage = Stage::new(4, repos.collect::<Vec<_>>()).await;
    for (uid, (name, _)) in (1..).zip(&texts) {
        commit(&stage.ledger, uid, &format!("{name}:1:{}", commit_of(name))).await;
    }
    stage.done("datasets collect");
    assert_eq!(stage.json("datasets overlap --min 1")["pairs"], serde_json::json!([]));
    insta::assert_snapshot!("contest_near", stage.done("datasets overlap --near"));
    let told = stage.json("datasets overlap --near --min 30");
    let pair = &told["near"][0];
    assert_eq!(
        (&pair["left"], &pair["right"], &pair["left_rows"], &pair["right_rows"]),
        (&1.into(), &2.into(), &30.into(), &30.into())
    );
    assert_eq!((&pair["shared"], pair["examples"].as_array().unwrap().len()), (&0.into(), 3));
    assert_eq!((&told["near"].as_array().unwrap().len(), &told["rows_left_out"]), (&1, &1.into()));
    assert_eq!(stage.json("datasets overlap --near --min 31")["near"], serde_json::json!([]));
    // The long row is cut and cannot speak to the terminal; nothing of it is lost to programs.
    let shown = stage.done("datasets show 3 --rows 31");
    let cut = format!("… ({} bytes left out)", long.len() - 1 - 1000);
    assert!(shown.lines().any(|line| line.ends_with(&cut)), "{shown}");
    assert!(shown.ends_with("whole rows: `plimsoll datasets export --filter uid=3`\n"), "{shown}");
    assert!(!shown.contains('\u{202e}') && !shown.contains('\u{9b}') && shown.len() < 20_000);
    let whole = stage.json("datasets show 3 --rows 31")["first_rows"][30].as_str().unwrap().len();
    assert_eq!(whole, long.len() - 1);
    let differs = stage.done("datasets diff uid:2 uid:3");
    assert!(!differs.contains('\u{202e}') && differs.contains("bytes left out)") && differs.len() < 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_down_is_in_no_export_and_a_full_disk_leaves_the_old_file() {
    let stage = mixed().await;
    let object = stage.json("datasets show 2")["object"].as_str().unwrap().parse().unwrap();
    let mut archive = plimsoll_datasets::archive::Archive::open(&stage.data()).unwrap();
    archive.take_down(&object, "asked for").unwrap();
    drop(archive);
    let told = stage.json("datasets export --format csv --out rows.csv");
    assert_eq!((&told["datasets"], &told["taken_down"]), (&7.into(), &1.into()));
    let text = std::fs::read_to_string(stage.home.path().join("rows.csv")).unwrap();
    assert_eq!(told["bytes"], text.len());
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("uid,hotkey,coldkey,incentive,stake_rao,repo,commit,row,row_id,text"));
    assert!(
        lines.next().unwrap().starts_with("1,5") && text.contains(",0,0,orca/tides,"),
        "{}",
        &text[..300]
    );
    let distinct = stage.json("datasets export --distinct --format parquet --out rows.parquet");
    // Each row of all but uid 2, once.
    assert_eq!(distinct["rows"], 300 + 20 + 200 + 40);
    for line in ["overlap", "validate", "list --filter overlap=0.."] {
        stage.done(&format!("datasets {line}"));
    }
    let ran = stage.run("datasets export --format parquet --out /dev/full");
    assert!(ran.code == 21 && ran.err.contains("/dev/full: cannot write the "), "{}", ran.all());
}
