//! What a sweep varies, and the cells that come of it: every combination.

use serde_json::{Value, json};

use super::cell::Cell;
use super::setting::{Setting, set};
use super::words::Named;
use crate::LabError;
use crate::near::nearest;
use crate::simulate::{Plugins, Scenario, SchemeFigures, Strategy};

/// The most cells of one sweep.
const MOST_CELLS: usize = 100_000;

/// What is varied. An empty list leaves the scenario's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axes {
    /// Incentive rules, with their parameters.
    pub rules: Vec<Named>,
    /// Proof schemes, with their parameters.
    pub schemes: Vec<Named>,
    /// What cheaters do, with its parameters.
    pub strategies: Vec<Named>,
    /// Keys and their values.
    pub settings: Vec<Setting>,
    /// Epochs, instead of the scenario's.
    pub epochs: Option<u64>,
}

/// A combination under way.
#[derive(Clone)]
struct Draft {
    scenario: Scenario,
    strategy: Option<String>,
    settings: Vec<(String, String)>,
}

impl Axes {
    /// Every combination: rules outermost, then schemes, strategies and settings, each in the order given. `figures`
    /// says what a scheme was measured to do under its parameters.
    ///
    /// # Errors
    /// [`LabError::Choice`] for what cannot be, [`LabError::Figures`] for a scheme without any.
    pub fn cells(
        &self,
        scenario: &Scenario,
        figures: &dyn Fn(&str, &Value) -> Result<SchemeFigures, LabError>,
    ) -> Result<Vec<Cell>, LabError> {
        self.check_size()?;
        let mut first = scenario.clone();
        if let Some(epochs) = self.epochs {
            first = set(&first, "epochs", &epochs.to_string())?;
        }
        let mut drafts = vec![Draft { scenario: first, strategy: None, settings: Vec::new() }];
        drafts = each(drafts, &self.rules, |draft, rule| {
            let Plugins { rule: name, rule_params: params, .. } = &mut draft.scenario.plugins;
            replace(name, params, rule)
        })?;
        drafts = each(drafts, &self.schemes, |draft, scheme| {
            let Plugins { scheme: name, scheme_params: params, .. } = &mut draft.scenario.plugins;
            replace(name, params, scheme)
        })?;
        drafts = each(drafts, &self.strategies, cheat)?;
        for setting in &self.settings {
            drafts = each(drafts, &setting.values, |draft, text| {
                draft.scenario = set(&draft.scenario, &setting.key, text)?;
                draft.settings.push((setting.key.clone(), text.clone()));
                Ok(())
            })?;
        }
        let finish = |draft: Draft| {
            let plugins = &draft.scenario.plugins;
            let figures = figures(&plugins.scheme, &plugins.scheme_params)?;
            let strategy = draft.strategy.unwrap_or_else(|| strategies_of(&draft.scenario));
            Cell::new(strategy, draft.settings, draft.scenario, figures)
        };
        drafts.into_iter().map(finish).collect()
    }

    fn check_size(&self) -> Result<(), LabError> {
        let lengths = [self.rules.len(), self.schemes.len(), self.strategies.len()];
        let lengths = lengths.into_iter().chain(self.settings.iter().map(|setting| setting.values.len()));
        let cells = lengths.fold(1usize, |product, length| product.saturating_mul(length.max(1)));
        if cells > MOST_CELLS {
            let why =
                format!("that is {cells} cells, at most {MOST_CELLS} make one sweep: leave some values out");
            return Err(LabError::Choice(why));
        }
        Ok(())
    }
}

/// Every draft with every choice; the drafts alone where there is nothing to choose.
fn each<T>(
    drafts: Vec<Draft>,
    choices: &[T],
    apply: impl Fn(&mut Draft, &T) -> Result<(), LabError>,
) -> Result<Vec<Draft>, LabError> {
    if choices.is_empty() {
        return Ok(drafts);
    }
    let mut out = Vec::with_capacity(drafts.len() * choices.len());
    for draft in drafts {
        for choice in choices {
            let mut next = draft.clone();
            apply(&mut next, choice)?;
            out.push(next);
        }
    }
    Ok(out)
}

/// Parameters stay where the same plugin is named without any.
fn replace(name: &mut String, params: &mut Value, named: &Named) -> Result<(), LabError> {
    match &named.value {
        Some(given @ Value::Object(_)) => *params = given.clone(),
        Some(given) => {
            let why = format!(
                "the parameters of `{}` must be a table such as {{keep_permille=900}}, found {given}",
                named.name
            );
            return Err(LabError::Choice(why));
        }
        None if *name != named.name => *params = json!({}),
        None => {}
    }
    name.clone_from(&named.name);
    Ok(())
}

/// Every group that does not keep what it claims does this instead.
fn cheat(draft: &mut Draft, named: &Named) -> Result<(), LabError> {
    let strategy = strategy(named)?;
    let mut cheaters = 0;
    for group in draft.scenario.miners.iter_mut().filter(|group| !group.strategy.is_honest()) {
        group.strategy = strategy.clone();
        cheaters += 1;
    }
    if cheaters == 0 {
        let why = format!(
            "no group of the scenario cheats, so none can be `{}`: set `miners.NAME.strategy`, or take a scenario with cheaters",
            named.name
        );
        return Err(LabError::Choice(why));
    }
    draft.scenario.check().map_err(|why| LabError::Choice(format!("`{}`: {why}", named.name)))?;
    draft.strategy = Some(match &named.value {
        Some(value) => format!("{}={value}", named.name),
        None => named.name.clone(),
    });
    Ok(())
}

/// What a bare word stands for.
const USUAL: [(&str, &str); 8] = [
    ("honest", ""),
    ("flaky", r#"{"fails":0.02,"repair_epochs":4}"#),
    ("freeloader", r#"{"keep":0.5}"#),
    ("regenerator", r#"{"keep":0.0,"cores":4}"#),
    ("outsourcer", r#"{"rtt_ms":20,"bytes_per_s":125000000}"#),
    ("sybil", r#"{"hotkeys":4}"#),
    ("on-demand", r#"{"rtt_ms":150,"bytes_per_s":50000000,"usd_per_tib_month":1.0}"#),
    ("selective", r#"{"stake_from":0.2}"#),
];

/// A strategy as a scenario file would have it behind `strategy.`; a bare word has the usual parameters.
fn strategy(named: &Named) -> Result<Strategy, LabError> {
    let name = named.name.as_str();
    let wrong = |why: String| LabError::Choice(format!("strategy `{name}`: {why}"));
    let usual = USUAL.iter().find(|(word, _)| *word == name).map(|(_, params)| *params);
    let whole = match (&named.value, usual) {
        (Some(params), _) => json!({ name: params }),
        (None, Some("")) => json!(name),
        (None, Some(params)) => {
            let params: Value = serde_json::from_str(params).map_err(|error| wrong(error.to_string()))?;
            json!({ name: params })
        }
        (None, None) if name == "growing" => {
            return Err(wrong(
                "it needs its bounds: growing={bytes_per_epoch=\"1TiB\",up_to=\"20TiB\"}".into(),
            ));
        }
        (None, None) => {
            let words: Vec<&str> = USUAL.iter().map(|(word, _)| *word).chain(["growing"]).collect();
            let near = nearest(name, words.iter().copied());
            let near = near.map_or_else(
                || format!("there are {}", words.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(wrong(format!("there is no such strategy: {near}")));
        }
    };
    serde_json::from_value(whole).map_err(|error| wrong(error.to_string()))
}

/// The words of what a scenario's own cheaters do; `honest` where nobody cheats.
fn strategies_of(scenario: &Scenario) -> String {
    let mut words: Vec<&str> = Vec::new();
    for group in scenario.miners.iter().filter(|group| !group.strategy.is_honest()) {
        if !words.contains(&group.strategy.word()) {
            words.push(group.strategy.word());
        }
    }
    if words.is_empty() { "honest".into() } else { words.join("+") }
}

#[cfg(test)]
mod tests;
