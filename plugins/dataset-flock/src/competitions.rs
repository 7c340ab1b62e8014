//! The parameters: which file holds a dataset, and what each competition asks for.

use plimsoll_sdk::serde::Deserialize;
use plimsoll_sdk::serde_json::{self, Value, json};
use plimsoll_sdk::{
    CompetitionLimits, DayWindow, Evaluation, Parameters, PluginError, Result, is_file_path, is_repository,
    is_revision,
};

/// Stands for every competition that is called by its date in UTC.
const ANY_DAY: &str = "YYYYMMDD";
const MOST_COMPETITIONS: usize = 256;
/// Larger than any file may have lines.
const MOST_ROWS: u32 = 10_000_000;

/// Where FLock's miners keep their datasets, and what its competitions ask for.
#[derive(Debug, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields)]
pub struct Flock {
    /// The file in each repository.
    pub(crate) file: String,
    competitions: Vec<Competition>,
}

/// One competition, or all that are called by their date.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields)]
struct Competition {
    id: String,
    rows: u32,
    shared_rows: u32,
    evaluation: Option<Set>,
    window: Option<Day>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields)]
struct Set {
    namespace: String,
    revision: String,
}

/// Times of day in UTC: `12:30`.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields)]
struct Day {
    opens: String,
    closes: String,
    pays: String,
}

impl Default for Flock {
    fn default() -> Self {
        let set = |namespace: &str, revision: &str| {
            Some(Set { namespace: namespace.to_owned(), revision: revision.to_owned() })
        };
        let first = Competition {
            id: "1".to_owned(),
            rows: 250,
            shared_rows: 100,
            evaluation: set(
                "flock-io/flock-off-s1-character-roleplay",
                "784fbf1e78d16c512750e3bb5391fa6b338818ae",
            ),
            window: None,
        };
        let [opens, closes, pays] = ["12:00", "12:30", "11:30"].map(str::to_owned);
        let daily = Competition {
            id: ANY_DAY.to_owned(),
            rows: 100,
            shared_rows: 33,
            evaluation: set("flock-io/flock-off-s1-competition", "main"),
            window: Some(Day { opens, closes, pays }),
        };
        Self { file: "data.jsonl".to_owned(), competitions: vec![first, daily] }
    }
}

impl Flock {
    /// What the competition `id` asks for: as it is named, or else as every day's.
    pub(crate) fn limits(&self, id: &str) -> Result<Option<CompetitionLimits>> {
        let named = |wanted: &str| self.competitions.iter().find(|competition| competition.id == wanted);
        let found = named(id).filter(|found| found.id != ANY_DAY);
        let found = found.or_else(|| is_date(id).then(|| named(ANY_DAY)).flatten());
        found.map(Competition::limits).transpose()
    }
}

impl Competition {
    fn limits(&self) -> Result<CompetitionLimits> {
        let evaluation = |Set { namespace, revision }: &Set| Evaluation {
            namespace: namespace.clone(),
            revision: revision.clone(),
        };
        Ok(CompetitionLimits {
            rows: self.rows,
            shared_rows: self.shared_rows,
            evaluation: self.evaluation.as_ref().map(evaluation),
            window: self.window.as_ref().map(Day::window).transpose()?,
        })
    }

    fn check(&self) -> Result<()> {
        let bad = |what: String| Err(PluginError::BadConfig(format!("competition `{}`: {what}", self.id)));
        if self.id.is_empty() || self.id.len() > 64 || !self.id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return bad("`id` must be 1 to 64 printable ASCII bytes".into());
        }
        if !(1..=MOST_ROWS).contains(&self.rows) {
            return bad(format!("`rows` must be from 1 to {MOST_ROWS}, it is {}", self.rows));
        }
        if let Some(Set { namespace, revision }) = &self.evaluation {
            if !is_repository(namespace) {
                return bad(format!(
                    "`evaluation.namespace` must be `owner/name` on the hub, it is `{namespace}`"
                ));
            }
            if !is_revision(revision) {
                return bad(format!(
                    "`evaluation.revision` must be a commit, branch or tag, it is `{revision}`"
                ));
            }
        }
        self.limits().map(drop)
    }
}

impl Day {
    fn window(&self) -> Result<DayWindow> {
        Ok(DayWindow {
            opens_minute: minute("opens", &self.opens)?,
            closes_minute: minute("closes", &self.closes)?,
            pays_minute: minute("pays", &self.pays)?,
        })
    }
}

/// The minute of the day that a text such as `12:30` means.
fn minute(name: &str, text: &str) -> Result<u16> {
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let time = text.split_once(':').filter(|(hours, minutes)| digits(hours) && digits(minutes));
    let number = |part: &str| part.parse::<u16>().ok();
    time.and_then(|(hours, minutes)| Some((number(hours)?, number(minutes)?)))
        .filter(|(hours, minutes)| *hours < 24 && *minutes < 60)
        .map(|(hours, minutes)| hours * 60 + minutes)
        .ok_or_else(|| {
            PluginError::BadConfig(format!("`window.{name}` must be a time such as 12:30, it is `{text}`"))
        })
}

/// Whether `id` is a day that there is: `20261121`.
fn is_date(id: &str) -> bool {
    if id.len() != 8 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let number = |at: std::ops::Range<usize>| id[at].parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(0..4), number(4..6), number(6..8));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

impl Parameters for Flock {
    fn schema() -> String {
        let text = |about: &str| json!({ "description": about, "type": "string" });
        let time = |about: &str| json!({ "description": about, "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" });
        let whole = |about: &str, least: u32| json!({ "description": about, "type": "integer", "minimum": least, "maximum": MOST_ROWS });
        let evaluation = table(
            "The rows that all datasets are measured by.",
            &[
                ("namespace", text("The repository: `owner/name`.")),
                ("revision", text("A commit, branch or tag.")),
            ],
            2,
        );
        let window = table(
            "When commitments are taken and when it pays, in UTC.",
            &[("opens", time("From.")), ("closes", time("Until.")), ("pays", time("When it pays."))],
            3,
        );
        let competition = table(
            "One competition.",
            &[
                (
                    "id",
                    text("As commitments name it; YYYYMMDD stands for every one that is called by its date."),
                ),
                ("rows", whole("Of a file the first so many rows count.", 1)),
                ("shared_rows", whole("Two datasets that share more rows than this are copies.", 0)),
                ("evaluation", evaluation),
                ("window", window),
            ],
            3,
        );
        let mut file = text("The file in each repository.");
        file["default"] = Self::default().file.into();
        let competitions = json!({
            "description": "What each competition asks for.", "type": "array", "items": competition,
            "maxItems": MOST_COMPETITIONS, "default": Self::default().competitions.iter().map(written).collect::<Vec<_>>(),
        });
        let about = "Where FLock's miners keep their datasets, and what its competitions ask for.";
        table(about, &[("file", file), ("competitions", competitions)], 0).to_string()
    }

    fn check(&self) -> Result<()> {
        let bad = |what: String| Err(PluginError::BadConfig(what));
        if !is_file_path(&self.file) {
            return bad(format!("`file` must be the path of a file in a repository, it is `{}`", self.file));
        }
        if self.competitions.len() > MOST_COMPETITIONS {
            return bad(format!("`competitions` must have at most {MOST_COMPETITIONS} entries"));
        }
        let mut ids: Vec<&str> = self.competitions.iter().map(|competition| &*competition.id).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return bad(format!("`competitions` has two called `{}`", pair[0]));
        }
        self.competitions.iter().try_for_each(Competition::check)
    }
}

/// The schema of a table of which the first `required` entries must be there.
fn table(about: &str, entries: &[(&str, Value)], required: usize) -> Value {
    let properties: serde_json::Map<String, Value> =
        entries.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = entries[..required].iter().map(|(name, _)| *name).collect();
    json!({
        "description": about, "type": "object", "properties": properties, "required": required,
        "additionalProperties": false,
    })
}

/// A competition as an operator writes it.
fn written(from: &Competition) -> Value {
    let Competition { id, rows, shared_rows, evaluation, window } = from;
    let mut out = json!({ "id": id, "rows": rows, "shared_rows": shared_rows });
    if let Some(Set { namespace, revision }) = evaluation {
        out["evaluation"] = json!({ "namespace": namespace, "revision": revision });
    }
    if let Some(Day { opens, closes, pays }) = window {
        out["window"] = json!({ "opens": opens, "closes": closes, "pays": pays });
    }
    out
}
