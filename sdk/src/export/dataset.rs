//! The exporter of dataset sources.

use super::lifecycle::{Exported, plugin};
use crate::bindings::dataset::exports::plimsoll::plugin::dataset_source as wire;
use crate::bindings::imports::types::PluginError as WirePluginError;
use crate::{
    CheckedRow, CompetitionLimits, DatasetSource, DayWindow, Decoded, Evaluation, Finding, NotMine, Source,
};

type Outcome<T> = std::result::Result<T, WirePluginError>;

impl<E: Exported<Plugin: DatasetSource>> wire::Guest for E {
    fn decode(commitment: Vec<u8>, block: u64) -> Outcome<wire::Decoded> {
        Ok(decoded(plugin::<E>()?.decode(&commitment, block)?))
    }

    fn encode(namespace: String, revision: String, competition: String) -> Outcome<Vec<u8>> {
        Ok(plugin::<E>()?.encode(&namespace, &revision, &competition)?)
    }

    fn check_rows(lines: Vec<Vec<u8>>, competition: String) -> Outcome<Vec<wire::Row>> {
        let rows = plugin::<E>()?.check_rows(&lines, &competition)?;
        Ok(rows.into_iter().map(row).collect())
    }

    fn competition(id: String) -> Outcome<Option<wire::Limits>> {
        Ok(plugin::<E>()?.competition(&id)?.map(limits))
    }
}

fn decoded(from: Decoded) -> wire::Decoded {
    match from {
        Decoded::Source(Source { namespace, revision, pinned, competition, path }) => {
            wire::Decoded::Source(wire::Source { namespace, revision, pinned, competition, path })
        }
        Decoded::NotMine(why) => wire::Decoded::NotMine(match why {
            NotMine::None => wire::NotMine::None,
            NotMine::Foreign => wire::NotMine::Foreign,
            NotMine::Malformed(why) => wire::NotMine::Malformed(why),
            NotMine::Encrypted(round) => wire::NotMine::Encrypted(round),
        }),
    }
}

fn row(from: CheckedRow) -> wire::Row {
    let finding = |Finding { name, what }| wire::Finding { name: name.to_owned(), what };
    match from {
        CheckedRow::Valid(id) => wire::Row::Valid(id.to_vec()),
        CheckedRow::Flawed(id, what) => wire::Row::Flawed((id.to_vec(), finding(what))),
        CheckedRow::Invalid(what) => wire::Row::Invalid(finding(what)),
    }
}

fn limits(from: CompetitionLimits) -> wire::Limits {
    let CompetitionLimits { rows, shared_rows, evaluation, window } = from;
    let evaluation =
        evaluation.map(|Evaluation { namespace, revision }| wire::Evaluation { namespace, revision });
    let window = window.map(|DayWindow { opens_minute, closes_minute, pays_minute }| wire::Window {
        opens_minute,
        closes_minute,
        pays_minute,
    });
    wire::Limits { rows, shared_rows, evaluation, window }
}
