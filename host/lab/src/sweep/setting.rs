//! Keys of a scenario that a sweep changes: `audits.samples=5,20`, `miners.free riders.count=1,2,4`.

use serde_json::Value;

use super::words::{pieces, value};
use crate::LabError;
use crate::simulate::Scenario;

/// One key and the values that it takes in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// Its values as they were typed.
    pub values: Vec<String>,
}

/// Tables whose keys are a plugin's own: it checks them itself.
const FREE: [&str; 4] = ["rule_params", "scheme_params", "challenge_params", "allocation_params"];
/// Lists of named tables.
const NAMED: [&str; 2] = ["miners", "validators"];

impl Setting {
    /// Reads `KEY=VALUE,VALUE`.
    ///
    /// # Errors
    /// [`LabError::Choice`] without `=`, without a value, or with a bracket that is not closed.
    pub fn read(text: &str) -> Result<Self, LabError> {
        let Some((key, values)) = text.split_once('=') else {
            return Err(LabError::Choice(format!(
                "`{text}` has no `=`: expected KEY=VALUE or KEY=VALUE,VALUE"
            )));
        };
        let values: Vec<String> = pieces(values)?.into_iter().map(str::to_owned).collect();
        if values.iter().any(String::is_empty) {
            return Err(LabError::Choice(format!("`{text}` has an empty value")));
        }
        Ok(Self { key: key.trim().to_owned(), values })
    }

    /// Whether a scenario has such a key; else it may be one of something else.
    #[must_use]
    pub fn is_of(&self, scenario: &Scenario) -> bool {
        serde_json::to_value(scenario).is_ok_and(|mut whole| place(&mut whole, &self.key).is_some())
    }
}

/// `scenario` with `key` set to `text`, and checked again.
///
/// # Errors
/// [`LabError::Choice`] for a key that it does not have, with one that it has, or a value that cannot be.
pub(super) fn set(scenario: &Scenario, key: &str, text: &str) -> Result<Scenario, LabError> {
    let wrong = |why: String| LabError::Choice(format!("`{key}={text}`: {why}"));
    let mut whole = serde_json::to_value(scenario).map_err(|error| wrong(error.to_string()))?;
    match place(&mut whole, key) {
        Some(place) => *place = value(text),
        None => return Err(LabError::Choice(unknown(scenario, key))),
    }
    let changed: Scenario = serde_json::from_value(whole).map_err(|error| wrong(error.to_string()))?;
    changed.check().map_err(wrong)?;
    Ok(changed)
}

/// Where `key` stands in a scenario; made where it may be and is not yet.
fn place<'a>(whole: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    let (section, rest) = key.split_once('.').unwrap_or((key, ""));
    if !NAMED.contains(&section) {
        return within(whole, key);
    }
    // Names may hold dots: the longest one that fits is meant.
    let tables = whole.get_mut(section)?.as_array_mut()?.iter_mut();
    let named = |table: &Value| Some(format!("{}.", table.get("name")?.as_str()?));
    let fits = tables.filter_map(|table| {
        let name = named(table)?;
        rest.starts_with(&name).then_some((name.len(), table))
    });
    let (length, table) = fits.max_by_key(|(length, _)| *length)?;
    within(table, &rest[length..])
}

fn within<'a>(table: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    let (first, rest) = key.split_once('.').unwrap_or((key, ""));
    let map = table.as_object_mut()?;
    if FREE.contains(&first) && !rest.is_empty() {
        let mut here = map.get_mut(first)?;
        for step in rest.split('.') {
            here = here.as_object_mut()?.entry(step).or_insert(Value::Null);
        }
        return Some(here);
    }
    let next = map.get_mut(first)?;
    if rest.is_empty() { Some(next) } else { within(next, rest) }
}

fn unknown(scenario: &Scenario, key: &str) -> String {
    let known = keys(scenario);
    let near = crate::near::nearest(key, known.iter().map(String::as_str));
    let near = near.map_or_else(
        || "the keys are those of its file, such as audits.samples or miners.NAME.count".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    format!("the scenario has no key `{key}`: {near}")
}

/// Every key that can be set, dotted.
#[must_use]
pub fn keys(scenario: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(whole) = serde_json::to_value(scenario) {
        collect(&whole, "", &mut found);
    }
    found
}

fn collect(value: &Value, before: &str, found: &mut Vec<String>) {
    let Value::Object(map) = value else { return };
    for (key, inner) in map {
        let path = format!("{before}{key}");
        if let (true, Some(tables)) = (before.is_empty() && NAMED.contains(&key.as_str()), inner.as_array()) {
            for table in tables {
                let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
                collect(table, &format!("{path}.{name}."), found);
            }
            continue;
        }
        collect(inner, &format!("{path}."), found);
        found.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Strategy;

    const TEXT: &str = r#"
about = "two groups"
plugins.rule = "incentive-proportional"
plugins.scheme = "proof-stream"
[[validators]]
name = "v"
[[miners]]
name = "honest"
bytes = "1TiB"
[[miners]]
name = "honest.not"
bytes = "1TiB"
strategy.freeloader = { keep = 0.5 }
"#;

    fn scenario() -> Scenario {
        Scenario::read("s.toml", TEXT).unwrap()
    }

    fn with(key: &str, text: &str) -> Scenario {
        set(&scenario(), key, text).unwrap()
    }

    fn refused(key: &str, text: &str) -> String {
        set(&scenario(), key, text).unwrap_err().to_string()
    }

    #[test]
    fn every_kind_of_key_can_be_set() {
        assert_eq!(with("audits.samples", "7").audits.samples, 7);
        assert_eq!(with("epochs", "9").epochs, 9);
        assert_eq!(with("miners.honest.bytes", "3TiB").miners[0].bytes.0, 3 << 40);
        assert_eq!(with("miners.honest.leaves_epoch", "3").miners[0].leaves_epoch, Some(3));
        let keep = with("miners.honest.not.strategy.freeloader.keep", "0.25").miners[1].strategy.clone();
        assert_eq!(keep, Strategy::Freeloader { keep: 0.25 });
        let sybil = with("miners.honest.strategy", "{ sybil = { hotkeys = 2 } }").miners[0].strategy.clone();
        assert_eq!(sybil, Strategy::Sybil { hotkeys: 2 });
        assert_eq!(with("plugins.rule_params.decay", "0.5").plugins.rule_params["decay"], 0.5);
        assert_eq!(with("validators.v.stake_tao", "40_000").validators[0].stake_tao, 40_000);
    }

    #[test]
    fn an_unknown_key_is_told_with_a_near_one() {
        assert_eq!(
            refused("audits.sampels", "1"),
            "the scenario has no key `audits.sampels`: did you mean `audits.samples`?"
        );
        assert_eq!(
            refused("miners.honest.not.strategy.freeloader.keeps", "1"),
            "the scenario has no key `miners.honest.not.strategy.freeloader.keeps`: did you mean \
             `miners.honest.not.strategy.freeloader.keep`?"
        );
        assert!(refused("x", "1").ends_with("such as audits.samples or miners.NAME.count"));
        assert!(!Setting::read("space.threshold=1").unwrap().is_of(&scenario()));
    }

    #[test]
    fn a_value_that_cannot_be_is_told_with_its_key() {
        assert_eq!(
            refused("audits.samples", "0"),
            "`audits.samples=0`: `samples` must be 1 or more, it is 0"
        );
        let of_type = refused("audits.samples", "many");
        assert!(of_type.starts_with("`audits.samples=many`: invalid type: string \"many\""), "{of_type}");
        let size = refused("miners.honest.bytes", "3TuB");
        assert!(size.contains("unknown unit") || size.contains("untagged"), "{size}");
    }

    #[test]
    fn a_setting_has_a_key_and_values() {
        let setting = Setting::read("audits.samples=5, 20").unwrap();
        assert_eq!((setting.key.as_str(), setting.values), ("audits.samples", vec!["5".into(), "20".into()]));
        assert!(Setting::read("audits").unwrap_err().to_string().contains("has no `=`"));
        assert!(Setting::read("audits.samples=").unwrap_err().to_string().contains("has an empty value"));
    }
}
