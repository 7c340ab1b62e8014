//! Datasets counted, laid over an evaluation set, chosen from and shown by owner, by the real command.

use std::collections::BTreeSet;

use plimsoll_hub::{Repo, Way};

use crate::datasets::{Stage, commit, commit_of, rows};

/// Rows of other kinds: without an answer, with an empty one, in Cyrillic, of another shape.
const ODD: &str = r#"{"conversations": [{"role": "user", "content": "Anybody there?"}]}
{"conversations": [{"role": "user", "content": "Silence?"}, {"role": "assistant", "content": ""}]}
{"conversations": [{"role": "user", "content": "Прилив?"}, {"role": "assistant", "content": "Да."}]}
{"text": "潮汐"}
"#;

/// Five datasets of competition 1, of which two are the same set, one repeats a row and one is longer than what counts;
/// one of another competition.
async fn stage() -> Stage {
    let repo = |name: &str, text: String| Repo::with_dataset(name, &commit_of(name), text, Way::Plain);
    let all = [
        ("orca/tides", rows(0..150), "1"),
        ("lumen/tides", rows((0..150).rev()), "1"),
        ("orca/more", rows(100..130) + &rows([100]) + ODD, "1"),
        ("north/daily", rows(1000..1020), "20261121"),
        ("tidal/long", rows(0..260), "1"),
        ("brine/broken", rows(290..292) + "{\"conversations\": [\n", "1"),
    ];
    let stage = Stage::new(8, all.iter().map(|(name, text, _)| repo(name, text.clone()))).await;
    for ((name, _, competition), uid) in all.iter().zip(1..) {
        commit(&stage.ledger, uid, &format!("{name}:{competition}:{}", commit_of(name))).await;
    }
    stage.done("datasets collect");
    stage
}

fn evaluation(stage: &Stage) {
    stage.home.write("evaluation.jsonl", &(rows(0..300) + &rows([7])));
}

fn read(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(stage.home.path().join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn datasets_are_counted_and_shown_by_owner() {
    let stage = stage().await;
    insta::assert_snapshot!("datasets_analyse", stage.done("datasets analyse"));
    insta::assert_snapshot!("datasets_analyse_one", stage.done("datasets analyse 3"));
    let all = stage.json("datasets analyse");
    assert_eq!((&all["datasets"], &all["all"]["rows"]), (&6.into(), &(150 + 150 + 35 + 20 + 260 + 2).into()));
    assert_eq!(
        (&all["all"]["distinct_rows"], &all["all"]["unreadable_lines"]),
        (&(260 + 4 + 20 + 2).into(), &1.into())
    );
    let one = &stage.json("datasets analyse 3")["miners"][0];
    for (name, value) in [
        ("repeated_rows", 1),
        ("conversations", 34),
        ("odd_turns", 1),
        ("empty_contents", 1),
        ("out_of_order", 0),
        ("unreadable_lines", 0),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    assert_eq!((&one["roles"]["user"], &one["roles"]["assistant"]), (&34.into(), &33.into()));
    let scripts: Vec<&String> = one["scripts"].as_object().unwrap().keys().collect();
    assert_eq!(scripts, ["cyrillic", "han", "latin"]);
    assert_eq!(one["longest_row"]["bytes"], one["row_bytes"]["max"]);
    for uid in ["0", "7", "99"] {
        let ran = stage.run(&format!("datasets analyse 1 {uid}"));
        let told = format!("no dataset of uid {uid} is kept in this snapshot");
        assert!(ran.code == 2 && ran.err.contains(&told), "{}", ran.all());
    }

    insta::assert_snapshot!("datasets_owners_by_account", stage.done("datasets owners --by account"));
    let owners = stage.json("datasets owners");
    assert_eq!(owners["owners"].as_array().unwrap().len(), 1, "all have one coldkey");
    let owner = &owners["owners"][0];
    assert_eq!((&owner["uids"].as_array().unwrap().len(), &owner["datasets"]), (&8, &6.into()));
    assert_eq!((&owner["shared_within"], &owner["shared_beyond"]), (&150.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_set_is_covered_in_part() {
    let stage = stage().await;
    evaluation(&stage);
    let ran = stage.run("datasets coverage --evaluation evaluation.jsonl");
    assert!(
        ran.code == 2 && ran.err.contains("datasets of several competitions are kept: 1, 20261121"),
        "{}",
        ran.all()
    );
    let line = "datasets coverage --evaluation evaluation.jsonl --competition 1";
    let text = stage.done(&format!("{line} --positions --unused unused.jsonl --top 2"));
    insta::assert_snapshot!("datasets_coverage", text);
    // Of uid 5 the first 250 rows count, of uid 6 none: its file is refused.
    assert_eq!(read(&stage, "unused.jsonl"), rows(250..300));
    let told = stage.json(line);
    assert_eq!(
        (&told["evaluation_rows"], &told["evaluation_repeated"], &told["used_rows"], &told["unused_rows"]),
        (&300.into(), &1.into(), &250.into(), &50.into())
    );
    let golden = |line: &str| stage.json(line)["golden_rows"].as_array().unwrap().len();
    // Of four datasets three hold rows 0 to 149, all hold 100 to 129.
    assert_eq!((golden(line), golden(&format!("{line} --golden 76"))), (150, 30));
    assert_eq!((golden(&format!("{line} --golden 25")), golden(&format!("{line} --golden 26"))), (250, 150));
    assert_eq!(
        (&told["refused"], &told["datasets_of_other_competitions"]),
        (&serde_json::json!([6]), &1.into())
    );
    let miners = told["miners"].as_array().unwrap();
    assert_eq!(
        (&miners[0]["same_set"], &miners[1]["same_set"]),
        (&serde_json::json!([2]), &serde_json::json!([1]))
    );
    assert_eq!(miners[0]["set"], miners[1]["set"]);
    assert_eq!(
        (&miners[2]["rows"], &miners[2]["in_evaluation"], &miners[2]["not_in_evaluation"]),
        (&35.into(), &30.into(), &4.into())
    );
    assert!(miners[0].get("positions").is_none());
    let placed = stage.json(&format!("{line} --positions"));
    assert_eq!(placed["miners"][1]["positions"][0], 150, "the last of 150 comes first");
    assert_eq!(placed["miners"][2]["positions"][34], serde_json::Value::Null);

    for (text, told) in [
        (String::new(), "evaluation.jsonl is no evaluation set: it has no rows"),
        ("\n \n".to_owned(), "evaluation.jsonl is no evaluation set: it has no rows"),
        (rows(0..3) + "\n{\"x\": \n", "evaluation.jsonl is no evaluation set: line 5 is no row: "),
        (
            "\u{feff}".to_owned() + &rows(0..3),
            "evaluation.jsonl is no evaluation set: the file begins with a byte order mark",
        ),
    ] {
        stage.home.write("evaluation.jsonl", &text);
        let ran = stage.run(line);
        assert!(ran.code == 2 && ran.err.contains(told), "{told}: {}", ran.all());
    }
    for (line, code, told) in [
        ("datasets coverage --evaluation none.jsonl --competition 1", 21, "cannot read none.jsonl"),
        (
            "datasets coverage --evaluation evaluation.jsonl --competition 9",
            2,
            "no dataset of this snapshot is for competition",
        ),
        ("datasets coverage --evaluation evaluation.jsonl --golden 101", 2, "--golden"),
        ("datasets coverage", 2, "--evaluation"),
    ] {
        let ran = stage.run(line);
        assert!(ran.code == code && ran.err.contains(told), "{line}: {}", ran.all());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_down_is_counted_and_left_out() {
    let stage = stage().await;
    let object = stage.json("datasets show 3")["object"].as_str().unwrap().to_owned();
    stage.done(&format!("datasets gc --take-down {object} --reason asked --yes"));
    let all = stage.json("datasets analyse");
    assert_eq!((&all["datasets"], &all["taken_down"]), (&5.into(), &1.into()));
    assert_eq!(all["miners"].as_array().unwrap().len(), 5);
    evaluation(&stage);
    let told = stage.json("datasets coverage --evaluation evaluation.jsonl --competition 1");
    assert_eq!((&told["datasets"], &told["used_rows"]), (&3.into(), &250.into()));
    // The repeated row of uid 3 is also another's, its four odd ones are nobody else's.
    let ran = stage.run("datasets select --rows 999 --seed 1 --flawed --out all.jsonl");
    assert!(ran.code == 2 && ran.err.contains("there are 282 different rows"), "{}", ran.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_chooses_rows_and_always_the_same() {
    let stage = stage().await;
    insta::assert_snapshot!(
        "datasets_select",
        stage.done("datasets select --rows 20 --seed 7 --out few.jsonl")
    );
    let few = read(&stage, "few.jsonl");
    let many = stage.json("datasets select --rows 60 --seed 7 --out many.jsonl");
    assert!(
        few.lines().count() == 20 && read(&stage, "many.jsonl").starts_with(&few),
        "a larger choice begins with it"
    );
    assert_eq!(
        many["files"][0]["blake3"],
        plimsoll_core::Digest::of(read(&stage, "many.jsonl").as_bytes()).to_string()
    );
    stage.done("datasets select --rows 20 --seed 8 --out other.jsonl");
    assert_ne!(read(&stage, "other.jsonl"), few);

    let line = "datasets select --rows 60 --seed 7 --split train=0.75,test=0.25 --out parts.jsonl";
    let told = stage.json(line);
    assert_eq!(told["files"][1]["file"], "parts.test.jsonl");
    let [train, test] = ["train", "test"].map(|part| read(&stage, &format!("parts.{part}.jsonl")));
    let set = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (train, test) = (set(&train), set(&test));
    assert!(train.is_disjoint(&test) && !test.is_empty());
    assert_eq!(train.union(&test).cloned().collect::<BTreeSet<_>>(), set(&read(&stage, "many.jsonl")));
    stage.done(&line.replace("--seed 7", "--seed 8"));
    let other = set(&read(&stage, "parts.train.jsonl"));
    assert!(other.is_disjoint(&test), "what is tested with is never trained with");

    // Uid 1 committed first: what 2, 3 and 5 have of it, too, is its.
    stage.done("datasets select --rows 150 --seed 1 --sourced --filter rows=150.. --out sourced.jsonl");
    for line in read(&stage, "sourced.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let hour = row["value"]["conversations"][1]["content"].as_str().unwrap();
        let hour: u64 = hour.split(' ').nth(3).unwrap().parse().unwrap();
        let wanted = if hour < 150 { 1 } else { 5 };
        assert_eq!((&row["uid"], &row["row"]), (&wanted.into(), &hour.into()));
    }

    let ran = stage.run("datasets select --rows 500 --seed 1 --filter uid=3 --out few.jsonl");
    assert!(
        ran.code == 2 && ran.err.contains("there are 32 different rows to choose from, 500 were asked for"),
        "{}",
        ran.all()
    );
    assert!(
        ran.err.contains("--rows 32 takes all of them; --flawed takes those with a flaw, too: 2 lines"),
        "{}",
        ran.err
    );
    assert_eq!(read(&stage, "few.jsonl"), few, "a choice that cannot be made replaces nothing");
    stage.done("datasets select --rows 34 --seed 1 --filter uid=3 --flawed --out flawed.jsonl");
    for (line, told) in [
        ("datasets select --rows 5 --seed 1", "--out"),
        ("datasets select --rows 0 --seed 1 --out x", "--rows"),
        ("datasets select --rows 5 --seed 1 --split a=0.5 --out x", "they must add up to 1"),
    ] {
        let ran = stage.run(line);
        assert!(ran.code == 2 && ran.err.contains(told), "{line}: {}", ran.all());
    }
}
