//! The table of keys against the files, the layers and the settings that are made of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::keys::{KEYS, SECTIONS};
use super::kind::Kind;
use super::layers::{Inputs, Layered, Override, defaults, read};
use super::problem::{Code, Problem};
use super::read::{Layer, file};
use super::settings::Config;
use super::source::{Origin, Source};
use super::{subnet, suggest, template};

fn parsed(origin: Origin, text: &str) -> (Layer, Vec<Problem>) {
    let mut problems = Vec::new();
    let source = Arc::new(Source::file(origin, Path::new("x.toml"), text.into()));
    (file(&source, &mut problems), problems)
}

fn layered(
    files: &[(&str, &str)],
    variables: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> (Layered, Vec<Problem>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    let overrides = flags.iter().map(|(path, value)| Override {
        path: (*path).into(),
        before: format!("--set {path}="),
        value: (*value).into(),
    });
    read(&Inputs {
        file: Some(folder.path().join("plimsoll.toml")),
        variables: variables.iter().map(pair).collect(),
        overrides: overrides.collect(),
    })
}

fn value(layered: &Layered, path: &str) -> (Value, Origin) {
    let found = &layered.values[path];
    (found.value.clone(), found.origin())
}

#[test]
fn every_key_has_a_section_a_name_of_its_own_and_a_sound_default() {
    let mut variables = BTreeSet::new();
    for key in &KEYS {
        assert!(variables.insert(key.variable()), "{} twice", key.path);
        assert!(
            key.section().is_empty() || SECTIONS.iter().any(|(name, _)| *name == key.section()),
            "{}",
            key.path
        );
        assert!(!key.about.is_empty() && key.about.ends_with('.'), "{}", key.path);
    }
    let with_default = KEYS.iter().filter(|key| key.default.is_some()).count();
    assert_eq!(defaults().len(), with_default, "a default does not pass the check of its own key");
}

#[test]
fn the_settings_are_made_of_the_defaults_alone() {
    let config = Config::from_layers(&Layered { values: defaults(), agreed: None }).unwrap();
    assert_eq!(config.wallet.name, "default");
    assert_eq!(config.space.chunk_size.0, 100_000);
    assert!((config.space.threshold - 0.0001).abs() < f64::EPSILON);
    assert_eq!(config.space.max_size, None);
    assert_eq!(config.chain.endpoint.to_string(), "local://127.0.0.1:9933");
    assert_eq!(config.proof.name, "builtin:proof-stream");
    assert_eq!(config.proof.params, json!({}));
    assert!(config.space.db_path.is_absolute(), "{}", config.space.db_path.display());
    assert_eq!(config.plugins.limits(), plimsoll_plugin::Limits::default());
    assert_eq!(config.plugins.interpreted(), None);
    assert_eq!(config.miner.limits(), plimsoll_wire::WireLimits::default());
    assert_eq!(config.miner.callers(), plimsoll_wire::CallerLists::default());
    assert!(!config.miner.axon_v10 && config.miner.replay_dir.is_none());
}

#[test]
fn keys_of_the_miner_that_do_not_go_together_are_told_where_they_stand() {
    let said = |text: &str| {
        let (_, problems) = layered(&[("plimsoll.toml", text)], &[], &[]);
        problems.iter().map(|problem| (problem.message.clone(), problem.place.is_some())).collect::<Vec<_>>()
    };
    let more = "[miner]\nconnections = 32\nconnections_per_address = 64\n";
    assert_eq!(said(more), [("`miner.connections_per_address` is 64, expected 1 to 32".to_owned(), true)]);
    let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    let both = format!("[miner]\nonly = [\"{alice}\"]\ndeny = [\"{alice}\"]\n");
    let expected = "expected no hotkey that is on the list `only` too";
    assert_eq!(said(&both), [(format!("`miner.deny` is {alice}, {expected}"), true)]);

    // A lower cap alone is sound: what one may take of it by default follows.
    let (lower, problems) = layered(
        &[("plimsoll.toml", "[miner]\nconnections = 32\n")],
        &[("PLIMSOLL_MINER_ANSWERS_AT_ONCE", "1"), ("PLIMSOLL_MINER_DENY", alice)],
        &[("miner.axon_v10", "true")],
    );
    assert!(problems.is_empty(), "{problems:?}");
    let miner = Config::from_layers(&lower).unwrap().miner;
    let limits = miner.limits();
    assert_eq!((limits.connections_per_address, limits.answers_at_once_per_caller), (32, 1));
    assert!(miner.axon_v10 && !miner.callers().serve(&alice.parse().unwrap()));
}

#[test]
fn interpreters_get_wider_limits_only_where_they_are_allowed() {
    let mut config = Config::from_layers(&Layered { values: defaults(), agreed: None }).unwrap();
    config.plugins.allow = "interpreted".into();
    let built_in = plimsoll_plugin::Limits::interpreted();
    assert_eq!(config.plugins.interpreted(), Some(built_in));
    assert_eq!(config.plugins.limits(), plimsoll_plugin::Limits::default());
    config.plugins.fuel_percent = 50;
    config.plugins.max_component.0 = 64 << 20;
    config.plugins.max_memory.0 = 1 << 20;
    let half = config.plugins.interpreted().unwrap();
    assert_eq!((half.fuel.weigh, half.component_bytes), (built_in.fuel.weigh / 2, 64 << 20));
    assert_eq!(half.memory_bytes, built_in.memory_bytes);
}

#[test]
fn a_fresh_file_sets_nothing_and_is_sound() {
    let (layer, problems) = parsed(Origin::File, &template());
    assert!(problems.is_empty(), "{problems:?}");
    assert!(layer.is_empty(), "{:?}", layer.keys());
}

#[test]
fn a_fresh_file_without_its_comment_signs_says_the_defaults() {
    let fresh = template();
    let sets = |line: &&str| {
        let body = line.trim_start_matches("# ");
        body.starts_with('[') || KEYS.iter().any(|key| body.starts_with(&format!("{} = ", key.name())))
    };
    let text: Vec<&str> = fresh.lines().filter(sets).map(|line| line.trim_start_matches("# ")).collect();
    let (layer, problems) = parsed(Origin::File, &text.join("\n"));
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(layer.len(), KEYS.len(), "a key is missing in the file");
    let built_in = defaults();
    for key in &KEYS {
        let default = built_in.get(key.path).map(|found| &found.value);
        if default.is_some() {
            assert_eq!(Some(&layer[key.path].value), default, "{}", key.path);
        }
    }
}

#[test]
fn later_layers_win_and_every_value_knows_its_own() {
    let (all, problems) = layered(
        &[("plimsoll.toml", "[space]\nthreshold = 0.1\nmax_size = \"2TB\"\nworkers = 3\n")],
        &[("PLIMSOLL_SPACE_THRESHOLD", "0.2"), ("PLIMSOLL_SPACE_WORKERS", "4"), ("PLIMSOLL_OTHER", "x")],
        &[("space.threshold", "0.3")],
    );
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(value(&all, "space.threshold"), (json!(0.3), Origin::Flag));
    assert_eq!(value(&all, "space.workers"), (json!(4), Origin::Environment));
    assert_eq!(value(&all, "space.max_size"), (json!(2_000_000_000_000_u64), Origin::File));
    assert_eq!(value(&all, "space.io"), (json!("auto"), Origin::Default));
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let text = "[space]\ndb_path = \"plots\"\n[wallet]\npath = \"/keys\"\n[proof]\nscheme = \"my.wasm\"\n";
    let (all, problems) = layered(&[("plimsoll.toml", text)], &[], &[("validator.evidence_dir", "logs")]);
    assert!(problems.is_empty(), "{problems:?}");
    let config = Config::from_layers(&all).unwrap();
    let folder = all.values["space.db_path"].place.as_ref().unwrap().source.folder.clone();
    assert_eq!(config.space.db_path, folder.join("plots"));
    assert_eq!(config.proof.name, folder.join("my.wasm").display().to_string());
    assert_eq!(config.wallet.path, PathBuf::from("/keys"));
    assert_eq!(config.validator.evidence_dir, PathBuf::from("logs"));
}

const PIN: &str = "1111111111111111111111111111111111111111111111111111111111111111";

#[test]
fn what_a_subnet_agreed_on_stands_above_every_layer() {
    let agreed =
        format!("[chain]\nnetuid = 64\n[proof]\nscheme = \"builtin:proof-stream\"\nblake3 = \"{PIN}\"\n");
    let own = "subnet = \"subnet.toml\"\n[chain]\nnetuid = 64\n[space]\nthreshold = 0.5\n";
    let (all, problems) = layered(&[("plimsoll.toml", own), ("subnet.toml", &agreed)], &[], &[]);
    assert!(problems.is_empty(), "the same value is no override: {problems:?}");
    assert_eq!(value(&all, "chain.netuid"), (json!(64), Origin::Subnet));
    assert_eq!(value(&all, "proof.params"), (json!({}), Origin::Subnet));

    let own = format!("{own}[proof.params]\nhash = \"sha256\"\n");
    let files = [("plimsoll.toml", own.as_str()), ("subnet.toml", agreed.as_str())];
    let (_, problems) = layered(&files, &[("PLIMSOLL_CHAIN_NETUID", "7")], &[("chain.netuid", "8")]);
    let keys: Vec<_> = problems.iter().map(|problem| (problem.code, problem.key.as_deref())).collect();
    let otherwise = |key| (Code::AgreedOtherwise, Some(key));
    assert_eq!(keys, [otherwise("chain.netuid"), otherwise("chain.netuid"), otherwise("proof.params")]);
}

#[test]
fn a_subnet_names_no_plugin_without_its_pin() {
    let own = [("plimsoll.toml", "subnet = \"subnet.toml\"")];
    let complaint = |agreed: &str| {
        let (_, problems) = layered(&[own[0], ("subnet.toml", agreed)], &[], &[]);
        problems
            .iter()
            .map(|problem| problem.message.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let no_pin = complaint("[incentive]\nrule = \"builtin:incentive-ema\"");
    assert_eq!(no_pin, ["subnet.toml has no `incentive.blake3`"]);
    let no_name = complaint(&format!("[incentive]\nblake3 = \"{PIN}\""));
    assert_eq!(no_name, ["subnet.toml has no `incentive.rule`"]);
}

#[test]
fn the_digest_of_an_agreement_depends_on_its_values_only() {
    let digest = |text: &str| subnet::digest(&parsed(Origin::Subnet, text).0);
    let one = digest("[chain]\nnetuid = 64\n[plugins]\nmax_memory = \"64MiB\"");
    assert_eq!(
        one,
        digest("# agreed\n[plugins]\nmax_memory = 67_108_864\n[chain]\nnetuid = 0x40 # sixty-four")
    );
    assert_ne!(one, digest("[chain]\nnetuid = 65\n[plugins]\nmax_memory = \"64MiB\""));
    assert_ne!(one, digest("[chain]\nnetuid = 64"));
    // Golden: operators compare this line, so it may never change.
    assert_eq!(one.to_string(), "11e58a744e724e20dba4beebf78c36de07e00bf626ae0666f6fa77a86d4ea9dc");
}

#[test]
fn every_kind_refuses_what_it_cannot_mean() {
    let wrong = [
        (Kind::Share, json!(0)),
        (Kind::Share, json!(1.01)),
        (Kind::Share, json!("half")),
        (Kind::Size { least: 1 }, json!(0)),
        (Kind::Size { least: 1 }, json!(-5)),
        (Kind::Size { least: 1 }, json!("5 apples")),
        (Kind::Count { least: 1, most: 9 }, json!(10)),
        (Kind::Count { least: 1, most: 9 }, json!(1.5)),
        (Kind::WalletName, json!("../x")),
        (Kind::WalletName, json!("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")),
        (Kind::HotkeyName, json!("xpub.txt")),
        (Kind::Path, json!("")),
        (Kind::Pin, json!("12ab")),
        (Kind::Pin, json!("zz".repeat(32))),
        (Kind::Endpoint, json!("ws://example.org")),
        (Kind::Endpoint, json!("local://127.0.0.1")),
        (Kind::Address, json!("0.0.0.0")),
        (Kind::Address, json!("0.0.0.0:0")),
        (Kind::Address, json!("localhost:80")),
        (Kind::Choice(&["auto", "direct"]), json!("Auto")),
        (Kind::Params, json!([1])),
        (Kind::Switch, json!("yes")),
        (Kind::Hotkeys, json!([1])),
        (Kind::Hotkeys, json!(["ada"])),
        (Kind::Hotkeys, json!("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")),
    ];
    for (kind, value) in wrong {
        assert!(kind.check(&value).is_err(), "{kind:?} takes {value}");
    }
}

#[test]
fn a_text_of_the_environment_means_what_toml_would_have_meant() {
    assert_eq!(Kind::Count { least: 0, most: 9999 }.value_of("5_000"), json!(5000));
    assert_eq!(Kind::Share.value_of("0.5"), json!(0.5));
    assert_eq!(Kind::Size { least: 1 }.value_of("2TB"), json!("2TB"));
    assert_eq!(Kind::Params.value_of(r#"{"hash": "sha256"}"#), json!({"hash": "sha256"}));
    assert!(Kind::Params.check(&Kind::Params.value_of("sha256")).is_err());
    assert_eq!(Kind::Switch.value_of("true"), json!(true));
    assert_eq!(Kind::Hotkeys.value_of("a, b"), json!(["a", "b"]));
    assert_eq!(Kind::Hotkeys.value_of("[]"), json!([]));
    assert_eq!(Kind::Hotkeys.value_of(""), json!([]));
    let bytes = Kind::Size { least: 1 };
    assert_eq!(bytes.check(&bytes.value_of("100000")), Ok(json!(100_000)));
}

#[test]
fn the_word_that_was_meant_is_found() {
    assert_eq!(suggest::nearest("treshold", ["threshold", "db_path"].into_iter()), Some("threshold"));
    assert_eq!(suggest::nearest("DB-Path", ["threshold", "db_path"].into_iter()), Some("db_path"));
    assert_eq!(suggest::nearest("banana", ["threshold", "db_path"].into_iter()), None);
    let for_key = |section, name| suggest::for_key(section, name, |_| true);
    assert_eq!(for_key("space", "netuid").as_deref(), Some("`netuid` belongs to [chain]"));
    assert_eq!(for_key("", "walet").as_deref(), Some("did you mean `wallet`?"));
    assert_eq!(for_key("wallet", "treshold").as_deref(), Some("did you mean `threshold` in [space]?"));
    assert_eq!(for_key("wallet", "banana"), None);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader_and_every_problem_can_be_shown(
        text in "(\\[?[a-z.]{1,9}\\]?|threshold = |netuid|\\[space\\]|\"[^\"]{0,3}\"|[=\n 0-9'\"#{}\\[\\],äx])*"
    ) {
        for origin in [Origin::File, Origin::Subnet] {
            let (_, problems) = parsed(origin, &text);
            let shown = crate::screen::problems(&problems);
            for problem in &problems {
                let place = problem.place.as_ref().unwrap();
                prop_assert!(place.span.end <= text.len() && text.get(place.span.clone()).is_some());
                prop_assert!(serde_json::to_string(problem).is_ok());
            }
            prop_assert!(shown.matches('×').count() >= problems.len());
        }
    }
}
