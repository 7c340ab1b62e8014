//! Default < file < environment < flag; above them what the subnet agreed on, which nobody overrides.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_chain::wallet::expand_home;
use serde_json::Value;

use super::keys::{self, KEYS};
use super::problem::{Code, Problem};
use super::read::{self, Found, Layer};
use super::serving;
use super::slot::Slot;
use super::source::{Origin, Place, Source};
use super::subnet::{self, Agreed};
use super::suggest;

/// A value from the command line.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    /// The key.
    pub(crate) path: String,
    /// What stands in front of the value, such as `--threshold ` or `--set space.threshold=`.
    pub(crate) before: String,
    /// The value.
    pub(crate) value: String,
}

/// All that values are read from.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// The operator's file.
    pub(crate) file: Option<PathBuf>,
    /// `PLIMSOLL_` variables.
    pub(crate) variables: Vec<(String, String)>,
    /// Flags.
    pub(crate) overrides: Vec<Override>,
}

/// Every value with its origin.
#[derive(Debug, Default)]
pub(crate) struct Layered {
    /// By key; an unset key is missing.
    pub(crate) values: BTreeMap<&'static str, Found>,
    /// What the subnet agreed on.
    pub(crate) agreed: Option<Agreed>,
}

/// Variables that are no configuration keys but begin like some: two of our flags, one of the build.
const OTHER_VARIABLES: [&str; 3] = ["PLIMSOLL_CONFIG", "PLIMSOLL_LOG", "PLIMSOLL_PLUGINS_PREBUILT"];

/// Reads all layers, and reports everything that is wrong in any of them.
pub(crate) fn read(inputs: &Inputs) -> (Layered, Vec<Problem>) {
    let mut problems = Vec::new();
    let file = inputs.file.as_deref().and_then(|path| load(Origin::File, path, None, &mut problems));
    let own = [
        file.map(|source| read::file(&source, &mut problems)).unwrap_or_default(),
        environment(&inputs.variables, &mut problems),
        flags(&inputs.overrides, &mut problems),
    ];
    let mut layered = Layered { values: defaults(), agreed: None };
    layered.values.extend(own.iter().flat_map(Layer::clone));
    if let Some(found) = layered.values.get("subnet").cloned() {
        let path = found.path();
        if let Some(source) = load(Origin::Subnet, &path, found.place.as_ref(), &mut problems) {
            agree(&mut layered, &own, &source, &mut problems);
        }
    }
    if problems.is_empty() {
        problems.extend(serving::disagreement(&layered));
    }
    (layered, problems)
}

/// The built-in values.
pub(crate) fn defaults() -> Layer {
    let with_default = KEYS.iter().filter_map(|key| Some((key, key.default?)));
    let parsed = with_default.filter_map(|(key, text)| {
        // A test holds every default against its own key.
        let table: toml::Table = format!("value = {text}").parse().ok()?;
        let written = serde_json::to_value(table.get("value")?).ok()?;
        Some((key.path, read::value(key, written, None).ok()?))
    });
    parsed.collect()
}

fn load(
    origin: Origin,
    path: &Path,
    named_at: Option<&Place>,
    problems: &mut Vec<Problem>,
) -> Option<Arc<Source>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(Arc::new(Source::file(origin, path, text))),
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            let problem = Problem::new(Code::Unreadable, message);
            problems.push(match named_at {
                Some(place) => problem.at(place),
                None => problem,
            });
            None
        }
    }
}

fn environment(variables: &[(String, String)], problems: &mut Vec<Problem>) -> Layer {
    let mut layer = Layer::new();
    for (name, value) in variables.iter().filter(|(name, _)| !OTHER_VARIABLES.contains(&name.as_str())) {
        let place = Place::typed(Origin::Environment, &format!("{name}="), value);
        if let Some(key) = KEYS.iter().find(|key| key.variable() == *name) {
            insert(&mut layer, key, value, &place, problems);
        } else if let Some(section) = section_of(name) {
            let known: Vec<String> = KEYS.iter().map(keys::Key::variable).collect();
            let near = suggest::nearest(name, known.iter().map(String::as_str));
            let help = near.map(|near| format!("did you mean {near}?"));
            let message = format!("{name} sets no key of [{section}]");
            let place = Place { span: 0..name.len(), ..place };
            problems.push(Problem::new(Code::UnknownKey, message).help(help).at(&place));
        }
    }
    layer
}

/// The section that a variable's name begins with: other `PLIMSOLL_` variables are none of our business.
fn section_of(variable: &str) -> Option<&'static str> {
    let rest = variable.strip_prefix("PLIMSOLL_")?.to_lowercase();
    let names = keys::SECTIONS.iter().map(|(name, _)| *name);
    names.into_iter().find(|name| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('_')))
}

fn flags(overrides: &[Override], problems: &mut Vec<Problem>) -> Layer {
    let mut layer = Layer::new();
    for Override { path, before, value } in overrides {
        let place = Place::typed(Origin::Flag, before, value);
        if let Some(key) = keys::find(path) {
            insert(&mut layer, key, value, &place, problems);
        } else {
            let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
            let message = format!("`{path}` is no key of the configuration");
            let help = suggest::for_key(section, name, |_| true);
            let end = before.trim_end_matches('=').len();
            let place = Place { span: end.saturating_sub(path.len())..end, ..place };
            problems.push(Problem::new(Code::UnknownKey, message).about(path).help(help).at(&place));
        }
    }
    layer
}

fn insert(
    layer: &mut Layer,
    key: &'static keys::Key,
    text: &str,
    place: &Place,
    problems: &mut Vec<Problem>,
) {
    match read::value(key, key.kind.value_of(text), Some(place.clone())) {
        Ok(found) => drop(layer.insert(key.path, found)),
        Err(problem) => problems.push(problem),
    }
}

/// Puts what the subnet agreed on above everything; each layer that says otherwise is a problem.
fn agree(layered: &mut Layered, own: &[Layer], source: &Arc<Source>, problems: &mut Vec<Problem>) {
    let mut agreed = read::file(source, problems);
    for slot in Slot::ALL {
        problems.extend(subnet::complete(slot, &mut agreed));
    }
    layered.agreed = Some(Agreed { file: source.name.clone(), digest: subnet::digest(&agreed) });
    for (path, theirs) in agreed {
        let otherwise =
            own.iter().filter_map(|layer| layer.get(path)).filter(|own| own.value != theirs.value);
        for (own, place) in otherwise.filter_map(|own| Some((own, own.place.as_ref()?))) {
            let message =
                format!("`{path}` is {}, but {} agreed on {}", own.written, source.name, theirs.written);
            let help = "remove it here: an operator cannot change what the subnet agreed on".to_owned();
            problems.push(Problem::new(Code::AgreedOtherwise, message).about(path).help(help).at(place));
        }
        layered.values.insert(path, theirs);
    }
}

impl Found {
    /// Which layer it comes from.
    pub(crate) fn origin(&self) -> Origin {
        self.place.as_ref().map_or(Origin::Default, |place| place.source.origin)
    }

    /// A path as the file means it: `~` is the home folder, a relative one is relative to its file.
    pub(crate) fn path(&self) -> PathBuf {
        let text = self.value.as_str().unwrap_or_default();
        let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("~"));
        let folder = self.place.as_ref().map_or_else(PathBuf::new, |place| place.source.folder.clone());
        // An absolute path, such as one that began with `~`, replaces the folder.
        folder.join(expand_home(text, &home))
    }
}

/// JSON in one form only: keys sorted, no spaces. What digests are taken of.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let entries = sorted.iter().map(|(k, v)| format!("{}:{}", Value::from(k.as_str()), canonical(v)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}
