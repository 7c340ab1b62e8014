//! From text to a scenario that can be lived through, or to the line that cannot.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bounds::price;
use super::{Scenario, Strategy, Vote};

/// Why a text is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {what}")]
pub struct ScenarioError {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, what was expected.
    pub what: String,
}

/// More have no uid, and no memory.
const MOST_HOTKEYS: u64 = 65_536;

/// A step into a document.
pub(super) enum Step {
    Key(&'static str),
    At(usize),
}

use Step::{At, Key};

/// What is wrong, and where.
pub(super) struct Wrong {
    pub(super) path: Vec<Step>,
    pub(super) what: String,
}

impl Scenario {
    /// Reads `text`; `file` is what errors call it.
    ///
    /// # Errors
    /// [`ScenarioError`] at the first place that is no TOML, is not known, or cannot be.
    pub fn read(file: &str, text: &str) -> Result<Self, ScenarioError> {
        let at = |offset: usize, what: String| {
            let before = &text[..text.floor_char_boundary(offset)];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            ScenarioError { file: file.to_owned(), line, column, what }
        };
        let scenario: Self = toml::from_str(text).map_err(|error| {
            at(error.span().map_or(0, |span| span.start), error.message().trim().to_lowercase())
        })?;
        let Some(wrong) = scenario.wrong() else { return Ok(scenario) };
        let offset = DeTable::parse(text).ok().map_or(0, |table| place(&table, &wrong.path));
        Err(at(offset, wrong.what))
    }

    /// Whether it can be lived through, however it was made.
    ///
    /// # Errors
    /// What cannot be, and what was expected.
    pub fn check(&self) -> Result<(), String> {
        self.wrong().map_or(Ok(()), |wrong| Err(wrong.what))
    }

    /// The first thing in it that cannot be.
    fn wrong(&self) -> Option<Wrong> {
        self.wrong_numbers()
            .or_else(|| self.wrong_validators())
            .or_else(|| (0..self.miners.len()).find_map(|at| self.wrong_miners(at)))
            .or_else(|| self.out_of_bounds())
            .or_else(|| self.wrong_beginning())
    }

    fn wrong_numbers(&self) -> Option<Wrong> {
        let wrong = |path: Vec<Step>, what: String| Some(Wrong { path, what });
        let (subnet, prices) = (&self.subnet, &self.prices);
        let whole = [
            (vec![Key("epochs")], self.epochs, 1),
            (vec![Key("subnet"), Key("tempo_blocks")], subnet.tempo_blocks, 1),
            (vec![Key("subnet"), Key("block_ms")], subnet.block_ms, 1),
            (vec![Key("subnet"), Key("max_neurons")], subnet.max_neurons.into(), 1),
            (vec![Key("audits"), Key("audits")], self.audits.audits.into(), 1),
            (vec![Key("audits"), Key("samples")], self.audits.samples.into(), 1),
            (vec![Key("audits"), Key("deadline_ms")], self.audits.deadline_ms.into(), 1),
            (vec![Key("network"), Key("bytes_per_s")], self.network.bytes_per_s, 1),
        ];
        for (path, found, least) in whole {
            if found < least {
                let what = format!("{} must be {least} or more, it is {found}", name(&path));
                return wrong(path, what);
            }
        }
        let money = [
            ("usd_per_tib_month", prices.usd_per_tib_month),
            ("usd_per_core_hour", prices.usd_per_core_hour),
            ("usd_per_gib_traffic", prices.usd_per_gib_traffic),
            ("usd_per_alpha", prices.usd_per_alpha),
        ];
        for (key, found) in money {
            if let Some(wrong) = price(found, vec![Key("prices"), Key(key)]) {
                return Some(wrong);
            }
        }
        for (key, params) in [
            ("rule_params", &self.plugins.rule_params),
            ("scheme_params", &self.plugins.scheme_params),
            ("challenge_params", &self.plugins.challenge_params),
            ("allocation_params", &self.plugins.allocation_params),
        ] {
            if !matches!(params, Value::Object(_)) {
                return wrong(vec![Key("plugins"), Key(key)], format!("`{key}` must be a table"));
            }
        }
        share(self.network.loss, vec![Key("network"), Key("loss")])
    }

    fn wrong_validators(&self) -> Option<Wrong> {
        let count: u64 = self.validators.iter().map(|group| u64::from(group.count)).sum();
        let honest = self.validators.iter().any(|group| group.vote == Vote::Honest && group.count > 0);
        if count == 0 || !honest {
            let what = "there is no validator that audits: give one [[validators]] table a count of 1 or more and no vote";
            return Some(Wrong { path: vec![Key("validators")], what: what.into() });
        }
        for (at, group) in self.validators.iter().enumerate() {
            let path = |key| vec![Key("validators"), At(at), Key(key)];
            if group.stake_tao == 0 {
                return Some(Wrong { path: path("stake_tao"), what: "`stake_tao` must be 1 or more".into() });
            }
            let Vote::Clique { miners } = &group.vote else { continue };
            if !self.miners.iter().any(|known| known.name == *miners) {
                let what = format!("the clique votes for `{miners}`, and no [[miners]] table has that name");
                return Some(Wrong { path: path("vote"), what });
            }
        }
        let places = u64::from(self.subnet.max_neurons);
        (count >= places).then(|| Wrong {
            path: vec![Key("validators")],
            what: format!("{count} validators leave no place for a miner among {places}"),
        })
    }

    /// Later ones displace others; those of the beginning all have their places.
    fn wrong_beginning(&self) -> Option<Wrong> {
        let places = u64::from(self.subnet.max_neurons);
        let mut taken: u64 = self.validators.iter().map(|group| u64::from(group.count)).sum();
        for (at, group) in self.miners.iter().enumerate().filter(|(_, group)| group.joins_epoch == 0) {
            let hotkeys = u64::from(group.count) * u64::from(group.hotkeys());
            taken = taken.saturating_add(hotkeys);
            if taken > places {
                let what = format!(
                    "{taken} hotkeys have a place from the beginning, with the {hotkeys} of `{}`, and the subnet has {places}: give \
                     `subnet.max_neurons` more, or some of them a `joins_epoch` of 1 or more",
                    group.name
                );
                return Some(Wrong { path: vec![Key("miners"), At(at), Key("count")], what });
            }
        }
        None
    }

    fn wrong_hotkeys(&self, at: usize) -> Option<Wrong> {
        let group = &self.miners[at];
        let (hotkeys, parts) = (group.hotkeys, &group.hotkey_parts);
        let is_sybil = matches!(group.strategy, Strategy::Sybil { .. });
        let all = u64::from(group.count) * u64::from(group.hotkeys());
        let (key, what) = match () {
            () if hotkeys == 0 => ("hotkeys", "`hotkeys` must be 1 or more, it is 0".to_owned()),
            () if is_sybil && (hotkeys > 1 || !parts.is_empty()) => {
                let key = if hotkeys > 1 { "hotkeys" } else { "hotkey_parts" };
                (key, format!("a sybil's hotkeys are those of its strategy: leave `{key}` out"))
            }
            () if !parts.is_empty() && parts.len() as u64 != u64::from(hotkeys) => {
                let what = format!(
                    "`hotkey_parts` must have one number for each of {hotkeys} hotkeys, it has {}",
                    parts.len()
                );
                ("hotkey_parts", what)
            }
            () if !parts.is_empty() && parts.iter().all(|&part| part == 0) => {
                ("hotkey_parts", "one of `hotkey_parts` must be 1 or more".to_owned())
            }
            () if all > MOST_HOTKEYS => {
                let what = format!("`{}` are {all} hotkeys, a group has at most {MOST_HOTKEYS}", group.name);
                ("count", what)
            }
            () => return None,
        };
        Some(Wrong { path: vec![Key("miners"), At(at), Key(key)], what })
    }

    fn wrong_miners(&self, at: usize) -> Option<Wrong> {
        let group = &self.miners[at];
        let path = |key| vec![Key("miners"), At(at), Key(key)];
        let inner = |kind, key| vec![Key("miners"), At(at), Key("strategy"), Key(kind), Key(key)];
        if self.miners[..at].iter().any(|other| other.name == group.name) {
            let what = format!("two [[miners]] tables have the name `{}`", group.name);
            return Some(Wrong { path: path("name"), what });
        }
        if group.bytes.0 == 0 {
            return Some(Wrong { path: path("bytes"), what: "`bytes` must be 1 or more".into() });
        }
        if let Some(wrong) = self.wrong_hotkeys(at) {
            return Some(wrong);
        }
        if group.leaves_epoch.is_some_and(|leaves| leaves <= group.joins_epoch) {
            let what = format!("it leaves before it joins, in epoch {}", group.joins_epoch);
            return Some(Wrong { path: path("leaves_epoch"), what });
        }
        let least = |kind, key, found: u64| {
            let what = format!("`{key}` must be 1 or more, it is {found}");
            (found == 0).then(|| Wrong { path: inner(kind, key), what })
        };
        match &group.strategy {
            Strategy::Honest => None,
            Strategy::Growing { up_to, .. } => (up_to.0 < group.bytes.0).then(|| Wrong {
                path: inner("growing", "up_to"),
                what: format!("`up_to` is {up_to}, below the {} that it begins with", group.bytes),
            }),
            Strategy::Flaky { fails, repair_epochs } => share(*fails, inner("flaky", "fails"))
                .or_else(|| least("flaky", "repair_epochs", *repair_epochs)),
            Strategy::Freeloader { keep } => share(*keep, inner("freeloader", "keep")),
            Strategy::Regenerator { keep, cores } => share(*keep, inner("regenerator", "keep"))
                .or_else(|| least("regenerator", "cores", (*cores).into())),
            Strategy::Outsourcer { bytes_per_s, .. } => least("outsourcer", "bytes_per_s", *bytes_per_s),
            Strategy::Sybil { hotkeys } => least("sybil", "hotkeys", (*hotkeys).into()),
            Strategy::OnDemand { bytes_per_s, usd_per_tib_month, .. } => {
                least("on-demand", "bytes_per_s", *bytes_per_s)
                    .or_else(|| price(*usd_per_tib_month, inner("on-demand", "usd_per_tib_month")))
            }
            Strategy::Selective { stake_from } => share(*stake_from, inner("selective", "stake_from")),
        }
    }
}

fn share(found: f64, path: Vec<Step>) -> Option<Wrong> {
    let what = format!("{} must be a share from 0 to 1, it is {found}", name(&path));
    (!(0.0..=1.0).contains(&found)).then_some(Wrong { path, what })
}

pub(super) fn name(path: &[Step]) -> String {
    match path.last() {
        Some(Key(key)) => format!("`{key}`"),
        _ => "the value".into(),
    }
}

/// The offset of the deepest part of `path` that is in the document.
fn place(table: &Spanned<DeTable<'_>>, path: &[Step]) -> usize {
    let mut found = table.span().start;
    let mut here: Option<&DeValue<'_>> = None;
    for step in path {
        let table = match here {
            None => Some(table.get_ref()),
            Some(value) => value.as_table(),
        };
        let next = match (step, table) {
            (Key(key), Some(table)) => table.get(*key),
            (At(at), _) => here.and_then(DeValue::as_array).and_then(|all| all.get(*at)),
            (Key(_), None) => None,
        };
        let Some(next) = next else { break };
        (found, here) = (next.span().start, Some(next.get_ref()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"about = "two honest miners"

[plugins]
rule = "incentive-proportional"
scheme = "proof-stream"

[[validators]]
name = "v"

[[miners]]
name = "honest"
bytes = "1TiB"
count = 2

[[miners]]
name = "free"
bytes = "1TiB"
strategy.freeloader = { keep = 0.5 }
"#;

    fn said(change: impl Fn(&str) -> String) -> String {
        Scenario::read("s.toml", &change(GOOD)).unwrap_err().to_string()
    }

    #[test]
    fn a_scenario_is_read_with_bittensors_terms_where_it_names_none() {
        let scenario = Scenario::read("s.toml", GOOD).unwrap();
        assert_eq!((scenario.epochs, scenario.subnet.tempo_blocks, scenario.miners.len()), (100, 360, 2));
        assert_eq!(scenario.miners[0].strategy, Strategy::Honest);
        assert_eq!(scenario.miners[1].strategy, Strategy::Freeloader { keep: 0.5 });
        assert_eq!(Scenario::read("s.toml", &toml::to_string(&scenario).unwrap()), Ok(scenario));
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        let of = |from: &'static str, to: &'static str| said(move |good| good.replace(from, to));
        assert_eq!(
            of("keep = 0.5", "keep = 1.5"),
            "s.toml:18:32: `keep` must be a share from 0 to 1, it is 1.5"
        );
        assert_eq!(
            of("name = \"v\"", "name = \"v\"\ncount = 0"),
            "s.toml:7:1: there is no validator that audits: give one [[validators]] table a count of 1 or more and no vote"
        );
        let unknown = of("count = 2", "cuont = 2");
        assert!(unknown.starts_with("s.toml:13:1: unknown field `cuont`, expected one of"), "{unknown}");
        let unknown = of("freeloader", "frealoader");
        assert!(unknown.starts_with("s.toml:18:10: unknown variant `frealoader`"), "{unknown}");
        assert_eq!(
            of("name = \"free\"", "name = \"honest\""),
            "s.toml:16:8: two [[miners]] tables have the name `honest`"
        );
        assert_eq!(
            of("bytes = \"1TiB\"\ncount", "bytes = 0\ncount"),
            "s.toml:12:9: `bytes` must be 1 or more"
        );
        assert_eq!(
            of("keep = 0.5 }", "keep = 0.5 }\nhotkeys = 2\nhotkey_parts = [1]"),
            "s.toml:20:16: `hotkey_parts` must have one number for each of 2 hotkeys, it has 1"
        );
        assert_eq!(
            of("keep = 0.5 }", "keep = 0.5 }\nhotkeys = 1\nhotkey_parts = [0]"),
            "s.toml:20:16: one of `hotkey_parts` must be 1 or more"
        );
        assert_eq!(
            of("keep = 0.5 }", "keep = 0.5 }\nhotkeys = 0"),
            "s.toml:19:11: `hotkeys` must be 1 or more, it is 0"
        );
        assert_eq!(
            of("freeloader = { keep = 0.5 }", "sybil = { hotkeys = 2 }\nhotkeys = 2"),
            "s.toml:19:11: a sybil's hotkeys are those of its strategy: leave `hotkeys` out"
        );
        assert_eq!(
            of("keep = 0.5 }", "keep = 0.5 }\njoins_epoch = 1\ncount = 70_000"),
            "s.toml:20:9: `free` are 70000 hotkeys, a group has at most 65536"
        );
        assert_eq!(
            of("keep = 0.5 }", "keep = 0.5 }\ncount = 254"),
            "s.toml:19:9: 257 hotkeys have a place from the beginning, with the 254 of `free`, and the subnet has 256: give \
             `subnet.max_neurons` more, or some of them a `joins_epoch` of 1 or more"
        );
        assert!(of("[plugins]", "[plugins").starts_with("s.toml:3:9: "));
    }
}
