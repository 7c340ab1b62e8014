//! `simulate`: tables of shipped scenarios, forms for programs, sweeps that go on, explanations, refusals.

use plimsoll_lab::simulate::SCENARIOS;
use serde_json::Value;

use crate::home::{Home, Ran};

/// As many epochs as each scenario asks for, so that those who come late do.
const SMALL: &str = "--seeds 2 --no-keep";

fn good(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}", ran.all());
    ran
}

#[test]
fn every_shipped_scenario_has_the_table_that_it_always_had() {
    let home = Home::warm();
    for shipped in SCENARIOS {
        let ran = good(home.run(&format!("simulate {} {SMALL}", shipped.name)));
        insta::assert_snapshot!(shipped.name, ran.out);
    }
}

#[test]
fn the_shipped_scenarios_are_listed() {
    let ran = good(Home::warm().run("simulate scenarios --json"));
    let object = ran.json();
    let names: Vec<&str> =
        object["scenarios"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, SCENARIOS.iter().map(|shipped| shipped.name).collect::<Vec<_>>());
    let table = Home::warm().run("simulate scenarios").out;
    assert!(table.contains("free-riders") && table.contains("Free riders who keep"), "{table}");
}

#[test]
fn a_sweep_has_its_cells_in_every_form() {
    let home = Home::warm();
    let line = "simulate --rule incentive-proportional,incentive-ema --strategy freeloader={keep=0.2},honest \
                --set audits.samples=5,20 --epochs 3 --seeds 2 --no-keep";
    let ran = good(home.run(&format!("{line} --json --html page.html --parquet sweep.parquet")));
    let object = ran.json();
    let cells = object["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 8);
    assert_eq!(
        (&cells[7]["rule"], &cells[7]["strategy"], &cells[7]["settings"]["audits.samples"]),
        (&"incentive-ema".into(), &"honest".into(), &"20".into())
    );
    for cell in cells {
        let agents = cell["agents"].as_array().unwrap();
        let shares: f64 = agents.iter().map(|agent| agent["emission_share"].as_f64().unwrap()).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{cell}");
        for agent in agents {
            let [low, high] = [0, 1].map(|at| agent["roi_ci95"][at].as_f64().unwrap());
            let roi = agent["roi"].as_f64().unwrap();
            assert!(low <= roi && roi <= high, "{agent}");
            assert_eq!(agent["detected_share"].is_null(), agent["honest"] == true, "{agent}");
        }
        assert!(cell["false_punishment_rate"].is_number());
        assert!(cell["honest_audits_not_passed_rate"].is_number());
        let validators = &cell["validators"][0];
        assert_eq!((&validators["vote"], &validators["dividend_share"]), (&"honest".into(), &1.0.into()));
        assert!(validators["roi"].is_number() && validators["dividend_per_stake"] == 1.0, "{validators}");
    }
    let page = std::fs::read_to_string(home.path().join("page.html")).unwrap();
    assert!(page.contains("<svg") && page.ends_with("</html>\n"));
    assert_eq!(&std::fs::read(home.path().join("sweep.parquet")).unwrap()[..4], b"PAR1");
    let csv = good(home.run(&format!("{line} --csv"))).out;
    assert_eq!(csv.lines().count(), 1 + 8 * (3 + 1), "{csv}");
    assert_eq!(
        good(home.run(&format!("{line} --json --threads 3"))).json(),
        object,
        "on any number of threads"
    );
}

#[test]
fn finished_runs_are_kept_and_taken_again() {
    let home = Home::warm();
    let counts = |line: &str| {
        let object = good(home.run(&format!("simulate --epochs 3 --json {line}"))).json();
        (
            object["kept_runs"].as_u64().unwrap(),
            object["fresh_runs"].as_u64().unwrap(),
            object["cells"].clone(),
        )
    };
    let first = counts("--seeds 2");
    assert_eq!((first.0, first.1), (0, 2));
    assert!(home.path().join(".plimsoll/simulate.redb").exists());
    let again = counts("--seeds 2");
    assert_eq!((again.0, again.1), (2, 0));
    assert_eq!(again.2, first.2, "what was kept is what was made");
    assert_eq!((counts("--seeds 3").0, counts("--seeds 3 --set prices.usd_per_alpha=2").0), (2, 0));
    assert_eq!(counts("--seeds 2 --no-keep").1, 2);
    assert_eq!(counts("--seeds 2 --keep other.redb").1, 2);
}

#[test]
fn both_fidelities_stand_side_by_side_and_an_exact_run_is_kept_replayed_and_explained() {
    let home = Home::warm();
    let line = "--scenario exact-small --epochs 3 --seeds 1";
    let object = good(home.run(&format!("simulate {line} --set fidelity=exact,sampled --json"))).json();
    let cells = object["cells"].as_array().unwrap();
    assert_eq!([&cells[0]["fidelity"], &cells[1]["fidelity"]], ["exact", "sampled"]);
    for cell in cells {
        let earned = |at: usize| cell["agents"][at]["emission_share"].as_f64().unwrap();
        assert!(earned(0) > 0.4 && earned(1) < 0.05, "honest miners, and who keeps half: {cell}");
    }
    let again = good(home.run(&format!("simulate {line} --json --threads 1"))).json();
    assert_eq!((&again["kept_runs"], &again["cells"][0]["runs"]), (&1.into(), &cells[0]["runs"]));
    let replayed =
        good(home.run("simulate replay --scenario exact-small --epochs 3 --epoch 2 --json")).json();
    assert_eq!(replayed["equal"], true);
    let explain = "simulate explain --scenario exact-small --epochs 3 --epoch 2";
    let sybil = good(home.run(&format!("{explain} --uid 15"))).out;
    assert!(sybil.contains("all that it has are the units of its owner's first hotkey"), "{sybil}");
    assert!(sybil.contains("20 samples, 0 of them not kept") && sybil.contains(": failed"), "{sybil}");
}

#[test]
fn a_damaged_file_of_runs_is_told_and_left_alone() {
    let home = Home::warm();
    home.write("runs.redb", &"no database. ".repeat(500));
    let ran = home.run("simulate --epochs 2 --seeds 1 --keep runs.redb");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("the finished runs kept in runs.redb cannot be used"), "{}", ran.err);
    assert!(ran.err.contains("--no-keep goes without one"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(home.path().join("runs.redb")).unwrap(), "no database. ".repeat(500));
}

#[test]
fn an_epoch_of_a_miner_is_explained() {
    let home = Home::warm();
    let line = "simulate explain --epochs 6 --uid 21 --epoch 4";
    insta::assert_snapshot!("explain", good(home.run(line)).out);
    let object = good(home.run(&format!("{line} --json"))).json();
    assert_eq!(
        (&object["uid"], &object["epoch"], &object["strategy"]),
        (&21.into(), &4.into(), &"freeloader".into())
    );
    let no_miner = home.run("simulate explain --epochs 6 --uid 0 --epoch 4");
    assert_eq!(no_miner.code, 2, "{}", no_miner.all());
    assert!(
        no_miner.err.contains("epoch 4 cannot be replayed: uid 0 was no miner's in it"),
        "{}",
        no_miner.err
    );
    let many = home.run("simulate explain --uid 3 --epoch 1 --rule incentive-ema,incentive-tiered");
    assert_eq!(many.code, 2);
    assert!(many.err.contains("`simulate explain` is about one run, and these flags mean 2"), "{}", many.err);
}

#[test]
fn a_run_is_made_again_and_compared() {
    let home = Home::warm();
    let replay = "simulate replay --scenario churn --epochs 6 --seed 2";
    assert_eq!(good(home.run(&format!("{replay} --json"))).json()["equal"], Value::Null);
    good(home.run("simulate --scenario churn --epochs 6 --seed 2 --seeds 1"));
    let object = good(home.run(&format!("{replay} --epoch 0 --json"))).json();
    assert_eq!(object["equal"], true);
    assert_eq!(object["epoch"]["row"]["epoch"], 0);
    let happenings = object["epoch"]["happenings"].as_array().unwrap();
    assert!(happenings.iter().any(|it| it["event"] == "weights-set"), "{object}");
    let told = good(home.run(&format!("{replay} --epoch 2"))).out;
    assert!(told.contains("the same as the run that was kept"), "{told}");
    insta::assert_snapshot!("replay_of_an_epoch", told.split_once("\nepoch").unwrap().1);
    assert_eq!(home.run(&format!("{replay} --epoch 6")).code, 2);
}

#[test]
fn an_epoch_is_told_from_kept_states_as_from_the_beginning() {
    let home = Home::warm();
    let explain = "simulate explain --scenario churn --epochs 12 --uid 8 --epoch 9";
    let told = good(home.run(explain)).out;
    assert!(!home.path().join(".plimsoll/simulate.redb").exists(), "nothing is kept that nobody asked for");
    let replay = "simulate replay --scenario churn --epochs 12 --epoch 9";
    let whole = good(home.run(&format!("{replay} --json"))).json();
    assert_eq!((&whole["from_epoch"], &whole["equal"]), (&Value::Null, &Value::Null));
    assert_eq!(good(home.run(&format!("{explain} --keep-states"))).out, told);
    let from_state = good(home.run(&format!("{replay} --json"))).json();
    assert_eq!(from_state["epoch"], whole["epoch"]);
    assert_eq!((&from_state["from_epoch"], &from_state["equal"]), (&9.into(), &true.into()));
    assert_eq!(good(home.run(explain)).out, told);
    let text = good(home.run(replay)).out;
    let head = "seed 1, from the state kept before epoch 9: it ends as the run that was kept\n\nepoch 9\n";
    assert!(text.starts_with(head), "{text}");
    // Another seed and another scenario have states of their own.
    for other in ["--seed 2", "--set audits.samples=3"] {
        assert_eq!(good(home.run(&format!("{replay} {other} --json"))).json()["from_epoch"], Value::Null);
    }
    let last = "simulate replay --scenario churn --epochs 12 --epoch 11 --json";
    assert_eq!(good(home.run(last)).json()["equal"], true, "the end of the run is kept too");
    let refused = home.run(&format!("{explain} --keep-states --no-keep"));
    assert_eq!(refused.code, 2, "{}", refused.all());
}

#[test]
fn a_scenario_that_cannot_be_is_shown_where_it_is_wrong() {
    let good = "about = \"x\"\nplugins.rule = \"incentive-proportional\"\nplugins.scheme = \"proof-stream\"\n\
                [[validators]]\nname = \"v\"\n[[miners]]\nname = \"m\"\nbytes = \"1TiB\"\n";
    let free = "strategy.freeloader = { keep = 0.5 }\n";
    let mut told = String::new();
    for text in [
        good.replace("name = \"m\"", "nmae = \"m\""),
        format!("{good}{}", free.replace("0.5", "1.5")),
        good.replace("name = \"v\"", "name = \"v\"\ncount = 0"),
        good.replace("about = \"x\"", "about = x"),
    ] {
        let home = Home::with("s.toml", &text);
        let ran = home.run("simulate --scenario s.toml");
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.all());
        told += &ran.err;
    }
    insta::assert_snapshot!("wrong_scenarios", told);
    let json = Home::with("s.toml", &good.replace("bytes", "byets")).run("simulate --scenario s.toml --json");
    let problem = &json.json()["error"]["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["column"], &problem["code"]),
        (&8.into(), &1.into(), &"unknown-key".into())
    );
}

#[test]
fn what_cannot_be_simulated_is_refused_by_name() {
    let home = Home::warm();
    for (line, code, words) in [
        ("--scenario free-rider", 10, "there is no scenario `free-rider`, neither shipped nor as a file"),
        ("free-rider", 10, "did you mean `free-riders`?"),
        ("explian", 10, "did you mean `explain`?"),
        ("free-riders --scenario churn", 2, "cannot be used with"),
        ("--rule incentive-nothing", 40, "there is no shipped plugin `incentive-nothing`"),
        ("--rule incentive-emma", 40, "did you mean `incentive-ema`?"),
        ("--rule incentive-ema={nonsense=1}", 3, "nonsense"),
        ("--scheme proof-nothing", 3, "there are no figures of `proof-nothing`"),
        ("--strategy freelaoder", 2, "did you mean `freeloader`?"),
        ("--strategy sybil --scenario honest-only", 2, "no group of the scenario cheats"),
        ("--set audits.sampels=3", 2, "did you mean `audits.samples`?"),
        ("--set fidelity=exact", 2, "an exact run fills every plot in memory, 256 MiB in all"),
        ("--set fidelity=exakt", 2, "expected `sampled` or `exact`"),
        ("--set audits.samples=0", 2, "`samples` must be 1 or more, it is 0"),
        ("--set plugins.max_memory=x", 2, "plugins.max_memory"),
        ("--epochs 0", 2, "0 is not in 1.."),
        ("--csv --json", 2, "cannot be used with"),
        ("--set prices.usd_per_alpha=1e308", 2, "must be 0 dollars, or from 1e-12 to 1e12, it is 1e308"),
        ("--strategy sybil={hotkeys=4000000000}", 2, "a group has at most 65536"),
        ("--figures none.json", 10, "cannot read none.json"),
    ] {
        let ran = home.run(&format!("simulate --no-keep {line}"));
        assert_eq!(ran.code, code, "{line}: {}", ran.all());
        assert!(ran.all().contains(words), "{line}: {}", ran.all());
    }
}

#[test]
fn what_the_help_shows_can_be_run() {
    let home = Home::warm();
    let help = home.run("simulate --help").out;
    let words: Vec<&str> = help.split_whitespace().collect();
    let after = |flag: &str| {
        let shown = words.windows(2).find(|two| two[0] == flag && two[1].contains('=')).unwrap();
        shown[1].trim_end_matches('.').to_owned()
    };
    let rule = after("--rule");
    let (rule, file) = rule.rsplit_once(',').unwrap();
    assert!(rule.contains("={") && file == "./mine.wasm", "{rule}");
    component(&home, "incentive-tiered", "mine.wasm");
    let line =
        format!("simulate --rule {rule},{file} --set {} --epochs 2 --seeds 1 --no-keep", after("--set"));
    assert_eq!(good(home.run(&format!("{line} --json"))).json()["cells"].as_array().unwrap().len(), 4);
    let said = home.run("simulate --rule incentive-ema=3 --no-keep").all();
    let params = said.split_once("a table such as ").unwrap().1.split_once(',').unwrap().0;
    good(home.run(&format!("simulate --rule incentive-ema={params} --epochs 2 --seeds 1 --no-keep")));
}

/// Writes a shipped component as a file, as if it were one's own.
fn component(home: &Home, name: &str, file: &str) {
    std::fs::write(home.path().join(file), plimsoll_bundle::find(name).unwrap().component).unwrap();
}

#[test]
fn a_scheme_of_ones_own_is_simulated_with_its_figures() {
    let home = Home::warm();
    component(&home, "proof-merkle", "mine.wasm");
    let row = serde_json::json!({
        "name": "proof-merkle", "params": "{}", "failure": null, "flags": [], "unit_bytes": 65_536,
        "samples_per_challenge_count": 20, "fill_mib_per_cpu_s": 500.0, "unit_regenerate_us": 12.5,
        "unit_regenerates_alone": true, "prove_cold_p50_ms": 2.75, "prove_warm_p50_ms": 0.75,
        "prove_read_bytes": 25_000.0, "verify_us": 300.0, "proof_bytes": 5760.5, "not_eligible_fraction": 0.0,
    });
    home.write("figures.json", &serde_json::json!({ "schemes": [row] }).to_string());
    let few = "--epochs 2 --seeds 1 --no-keep --json";
    for scheme in ["./mine.wasm", "builtin:proof-merkle", "proof-merkle"] {
        let ran = good(home.run(&format!("simulate --scheme {scheme} --figures figures.json {few}")));
        assert_eq!(ran.json()["cells"][0]["scheme"], scheme);
    }
    let shipped = good(home.run(&format!("simulate --scheme builtin:proof-merkle {few}")));
    assert_eq!(shipped.json()["cells"][0]["scheme"], "builtin:proof-merkle");
    // What is in a file may be anything, whatever it calls itself.
    let ran = home.run("simulate --scheme ./mine.wasm --no-keep");
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.err.contains("there are no figures of `./mine.wasm`"), "{}", ran.err);
    assert!(ran.err.contains("`plimsoll compare --json --schemes ./mine.wasm`"), "{}", ran.err);
    let ran = home.run("simulate --scheme proof-stream --figures figures.json --no-keep");
    assert!(
        ran.err.contains("there are no figures of `proof-stream`: there are those of proof-merkle"),
        "{}",
        ran.err
    );
}

#[test]
fn a_bench_has_every_promised_figure() {
    let ran = good(Home::warm().run("bench simulate --epochs 3 --miners 8 --validators 2 --cells 4 --json"));
    let object = ran.json();
    for figure in ["seconds", "peak_rss_bytes", "weigh_us", "speedup_two_threads", "replay_ms"] {
        assert!(object[figure].as_f64().unwrap() > 0.0, "{figure} of {object}");
    }
}
