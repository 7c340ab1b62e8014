use super::*;

const TEXT: &str = r#"
about = "free riders"
plugins.rule = "incentive-ema"
plugins.rule_params = { keep_permille = 500 }
plugins.scheme = "proof-stream"
[[validators]]
name = "v"
[[miners]]
name = "honest"
bytes = "1TiB"
[[miners]]
name = "free"
bytes = "1TiB"
strategy.freeloader = { keep = 0.5 }
"#;

fn scenario() -> Scenario {
    Scenario::read("s.toml", TEXT).unwrap()
}

fn figures(scheme: &str, params: &Value) -> Result<SchemeFigures, LabError> {
    Ok(SchemeFigures { params: params.clone(), ..SchemeFigures::shipped(scheme, &json!({}))? })
}

fn cells(axes: &Axes) -> Result<Vec<Cell>, String> {
    axes.cells(&scenario(), &figures).map_err(|error| error.to_string())
}

fn list(text: &str) -> Vec<Named> {
    Named::list(text).unwrap()
}

#[test]
fn without_any_axis_there_is_the_scenario_itself() {
    let cells = cells(&Axes::default()).unwrap();
    assert_eq!((cells.len(), &cells[0].scenario), (1, &scenario()));
    assert_eq!((cells[0].rule.as_str(), cells[0].strategy.as_str()), ("incentive-ema", "freeloader"));
}

#[test]
fn every_combination_is_a_cell_and_the_last_axis_runs_first() {
    let axes = Axes {
        rules: list("incentive-proportional,incentive-ema"),
        schemes: list("proof-stream,proof-merkle"),
        strategies: list("honest,sybil={hotkeys=3}"),
        settings: vec![
            Setting::read("audits.samples=5,20").unwrap(),
            Setting::read("miners.free.count=1,2,3").unwrap(),
        ],
        epochs: Some(7),
    };
    let cells = cells(&axes).unwrap();
    assert_eq!(cells.len(), 2 * 2 * 2 * 2 * 3);
    let digests: std::collections::BTreeSet<_> = cells.iter().map(Cell::digest).collect();
    assert_eq!(digests.len(), cells.len());
    let told = |cell: &Cell| {
        let settings: Vec<&str> = cell.settings.iter().map(|(_, value)| value.as_str()).collect();
        format!("{} {} {} {}", cell.rule, cell.scheme, cell.strategy, settings.join(" "))
    };
    assert_eq!(told(&cells[0]), "incentive-proportional proof-stream honest 5 1");
    assert_eq!(told(&cells[1]), "incentive-proportional proof-stream honest 5 2");
    assert_eq!(told(&cells[47]), "incentive-ema proof-merkle sybil={\"hotkeys\":3} 20 3");
    assert!(cells.iter().all(|cell| cell.scenario.epochs == 7));
}

#[test]
fn parameters_stay_with_the_plugin_that_they_are_of() {
    let rules = list("incentive-ema,incentive-proportional,incentive-ema={keep_permille=250}");
    let cells = cells(&Axes { rules, ..Axes::default() }).unwrap();
    let params: Vec<&Value> = cells.iter().map(|cell| &cell.scenario.plugins.rule_params).collect();
    assert_eq!(params, [&json!({ "keep_permille": 500 }), &json!({}), &json!({ "keep_permille": 250 })]);
}

#[test]
fn every_strategy_that_has_a_usual_form_can_be_a_word() {
    for (word, _) in USUAL {
        let cells = cells(&Axes { strategies: list(word), ..Axes::default() }).unwrap();
        assert_eq!(cells[0].scenario.miners[1].strategy.word(), word);
        assert_eq!(cells[0].scenario.miners[0].strategy, Strategy::Honest);
    }
}

#[test]
fn what_cannot_be_is_told_by_name() {
    let refused =
        |strategies: &str| cells(&Axes { strategies: list(strategies), ..Axes::default() }).unwrap_err();
    assert_eq!(
        refused("freelaoder"),
        "strategy `freelaoder`: there is no such strategy: did you mean `freeloader`?"
    );
    assert!(refused("growing").contains("it needs its bounds"));
    assert_eq!(refused("freeloader={keep=2.0}"), "`freeloader`: `keep` must be a share from 0 to 1, it is 2");
    assert!(refused("sybil={keep=1}").contains("unknown field `keep`"));
    let rules = list("incentive-ema=3");
    assert_eq!(
        cells(&Axes { rules, ..Axes::default() }).unwrap_err(),
        "the parameters of `incentive-ema` must be a table such as {keep_permille=900}, found 3"
    );
    let honest = Scenario { miners: scenario().miners[..1].to_vec(), ..scenario() };
    let none = Axes { strategies: list("sybil"), ..Axes::default() }.cells(&honest, &figures).unwrap_err();
    assert!(
        none.to_string().starts_with("no group of the scenario cheats, so none can be `sybil`"),
        "{none}"
    );
    let many = Setting { key: "epochs".into(), values: vec!["1".into(); 400] };
    let many = Axes { settings: vec![many.clone(), many], ..Axes::default() };
    assert!(cells(&many).unwrap_err().contains("that is 160000 cells, at most 100000"));
}

#[test]
fn a_cell_is_named_by_everything_that_goes_in_and_not_by_its_description() {
    let first = |scenario: &Scenario| Axes::default().cells(scenario, &figures).unwrap().remove(0);
    let digest = first(&scenario()).digest();
    assert_eq!(first(&Scenario { about: "other".into(), ..scenario() }).digest(), digest);
    assert_ne!(first(&Scenario { epochs: 99, ..scenario() }).digest(), digest);
    let slow =
        |scheme: &str, params: &Value| Ok(SchemeFigures { verify_us: 9.0, ..figures(scheme, params)? });
    assert_ne!(Axes::default().cells(&scenario(), &slow).unwrap()[0].digest(), digest);
    assert_ne!(first(&scenario()).key(1), first(&scenario()).key(2));
}
