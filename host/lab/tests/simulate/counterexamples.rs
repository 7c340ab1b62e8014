//! Scenarios that `plugin test` prints where a plugin breaks an economic law: each runs, and shows what it says.

use std::collections::BTreeSet;

use plimsoll_lab::simulate::{Run, Scenario, SchemeFigures, prepare};
use plimsoll_node::PluginChoice;
use plimsoll_plugin::{ALLOCATION_LAWS, INCENTIVE_LAWS, conform};
use serde_json::{Value, json};

use crate::faults::COMPONENT;
use crate::lab::{HOST, group, lived, ready, run, scenario};
use crate::laws::nothing_is_lost;

const VALIDATORS: &str = "[[validators]]\nname = \"v\"\ncount = 2\n";

/// Every broken law of a plugin, whether its scenario says that it shows it, and the scenario lived through for some
/// epochs.
fn broken_laws(plugin: &PluginChoice, params: &Value) -> Vec<(&'static str, bool, Run)> {
    let report = conform(&HOST, &plugin.resolve().unwrap(), params);
    let found = report.checks.into_iter().filter_map(|check| Some((check.law?, check.counterexample?)));
    let lived = found.map(|(law, counterexample)| {
        let mut scenario = Scenario::read(&counterexample.file, &counterexample.scenario).unwrap();
        scenario.epochs = 12;
        let is_shown = !scenario.about.contains("a simulation does not show it");
        scenario.network.loss = 0.0;
        let figures =
            SchemeFigures::shipped(&scenario.plugins.scheme, &scenario.plugins.scheme_params).unwrap();
        let run = run(&prepare(scenario, &HOST, figures).unwrap(), 1);
        nothing_is_lost(&run);
        assert_eq!(run.faults, [], "{}", counterexample.scenario);
        (law, is_shown, run)
    });
    lived.collect()
}

/// Whether a run shows what its law says.
fn shows(law: &str, run: &Run) -> bool {
    let earned = |name| group(run, name).earned_rao;
    match law {
        "more" => earned("fewer bytes") > earned("more bytes"),
        "failing" => earned("failing") > earned("passing"),
        "absent" => earned("never proves anything") > 0,
        "splitting" | "splitting-coldkey" => earned("split") > earned("one hotkey"),
        "weights" => run.miners_rao == 0,
        _ => false,
    }
}

#[test]
fn every_counterexample_of_a_rule_runs_and_shows_what_it_says() {
    let shipped = ["beta", "ema", "filetao", "latency", "log", "proportional", "tiered"];
    let shipped = shipped.map(|name| (PluginChoice::builtin(&format!("incentive-{name}")), json!({})));
    let capped = (PluginChoice::builtin("incentive-proportional"), json!({ "most_gib": 1 }));
    let broken = PluginChoice { reference: COMPONENT.clone(), ..PluginChoice::builtin("") };
    let broken = (9..=13).map(|manner| (broken.clone(), json!({ "manner": manner })));
    let (mut seen, mut shown) = (BTreeSet::new(), BTreeSet::new());
    let mut wrong = Vec::new();
    for (plugin, params) in shipped.into_iter().chain([capped]).chain(broken) {
        for (law, is_shown, run) in broken_laws(&plugin, &params) {
            seen.insert(law);
            match is_shown {
                true if shows(law, &run) => drop(shown.insert(law)),
                true => wrong.push(format!("{} {params}, {law}: {:#?}", plugin.reference, run.groups)),
                false => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, INCENTIVE_LAWS.into_iter().collect());
    assert_eq!(
        shown.into_iter().collect::<Vec<_>>(),
        ["absent", "failing", "more", "splitting", "splitting-coldkey", "weights"]
    );
}

#[test]
fn every_counterexample_of_a_policy_runs() {
    let mut seen = BTreeSet::new();
    for name in ["even", "permit", "stake"] {
        for (law, _, run) in broken_laws(&PluginChoice::builtin(&format!("allocation-{name}")), &json!({})) {
            assert_eq!(run.groups.len(), 1, "{name}, {law}");
            seen.insert(law);
        }
    }
    assert!(seen.is_subset(&ALLOCATION_LAWS.into_iter().collect()), "{seen:?}");
    assert!(seen.contains("splitting"), "{seen:?}");
}

/// Nothing of the scenario but the number of hotkeys tells the two apart.
#[test]
fn a_plot_split_over_hotkeys_earns_as_much_by_bytes_and_more_by_the_logarithm_the_more_so_with_many_coldkeys()
{
    let share = |rule: &str, more: &str| {
        let mut scenario = scenario(&format!(
            "{VALIDATORS}[[miners]]\nname = \"whole\"\nbytes = \"4TiB\"\n\
             [[miners]]\nname = \"split\"\nbytes = \"4TiB\"\nhotkeys = 4\n{more}"
        ));
        scenario.plugins.rule = format!("incentive-{rule}");
        let run = run(&ready(scenario), 1);
        let (whole, split) = (&run.miners[0], &run.miners[1]);
        // Units of 64 KiB and whole bytes of shares are lost in the division.
        assert!(
            split.stored_bytes.abs_diff(whole.stored_bytes) < 1 << 20,
            "all parts lie on disks of their own"
        );
        assert_eq!(split.costs.registration_rao, 4 * whole.costs.registration_rao);
        assert_eq!(group(&run, "split").audits.judged(), 4 * group(&run, "whole").audits.judged());
        assert_eq!(run.honest.audits.pass_rate(), Some(1.0));
        group(&run, "split").emission_share
    };
    for more in ["", "one_coldkey = true", "hotkey_parts = [1, 2, 3, 4]"] {
        let even = share("proportional", more);
        assert!((even - 0.5).abs() < 1e-3, "{more}: {even}");
    }
    // Four times nearly the same; of one family 1 + 0.8 + 0.64 + 0.512 times.
    let (apart, family) = (share("log", ""), share("log", "one_coldkey = true"));
    assert!(apart > 0.77 && (0.70..0.75).contains(&family), "{apart}, {family}");
}

#[test]
fn a_hotkey_without_a_byte_claims_nothing() {
    let run = lived(&format!(
        "{VALIDATORS}[[miners]]\nname = \"two\"\nbytes = \"1TiB\"\nhotkeys = 2\nhotkey_parts = [0, 1]\n"
    ));
    assert_eq!(run.faults, []);
    assert_eq!(group(&run, "two").audits.judged(), 2 * 12);
}
