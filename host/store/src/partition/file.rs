//! Reading and writing the file.

use std::io::ErrorKind;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Partition;
use super::fields::expect_fields;
use crate::StoreError;
use crate::disk::{folder_of, replace_file};

/// Reads a `partition.json`, ours or the prototype's.
///
/// # Errors
/// [`StoreError::BadPartition`] with line and column for what is no JSON, and with entry, field, what was found and
/// what was expected for a wrong value; [`StoreError::Io`].
pub fn read_partitions(path: &Path) -> Result<Vec<Partition>, StoreError> {
    let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
        ErrorKind::NotFound if !folder_of(path).is_dir() => {
            StoreError::MissingFolder { path: folder_of(path).to_owned() }
        }
        _ => StoreError::Io { path: path.to_owned(), doing: "read the partitions", source: e },
    })?;
    let entries: Vec<Value> = match serde_json::from_str(&text).map_err(|e| bad(path, e.to_string()))? {
        Value::Array(entries) => entries,
        _ => return Err(bad(path, "it is no array of partitions".to_owned())),
    };
    let read = |(index, entry)| {
        expect_fields(index, entry)?;
        let partition = Partition::deserialize(entry).map_err(|e| format!("entry {index}: {e}"))?;
        match &partition.plimsoll {
            Some(plot) if !is_file_name(&plot.file) => Err(format!(
                "entry {index}: plimsoll.file is `{}`, expected the name of a file in the same folder",
                plot.file.escape_debug()
            )),
            _ => Ok(partition),
        }
    };
    entries.iter().enumerate().map(read).collect::<Result<_, _>>().map_err(|why| bad(path, why))
}

/// Writes a `partition.json` in place of the old one: after a crash it is the old one or the new one.
///
/// # Errors
/// [`StoreError::BadPartition`] for a number that JSON cannot write; [`StoreError::MissingFolder`];
/// [`StoreError::Io`].
pub fn write_partitions(path: &Path, partitions: &[Partition]) -> Result<(), StoreError> {
    for partition in partitions {
        for (field, value) in [
            ("threshold", partition.threshold),
            ("threshold_percent", partition.threshold_percent),
            ("available_percent", partition.available_percent),
        ] {
            if !value.is_finite() {
                return Err(bad(path, format!("{field} of {} is {value}", partition.validator)));
            }
        }
    }
    let mut text = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut to = serde_json::Serializer::with_formatter(&mut text, indent);
    partitions.serialize(&mut to).map_err(|e| bad(path, e.to_string()))?;
    replace_file(path, &text)
}

/// Whether it is a name and nothing that leads elsewhere: a partition file never leads out of its folder.
fn is_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let only = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    only && !name.contains(['\\', '\0'])
}

fn bad(path: &Path, why: String) -> StoreError {
    StoreError::BadPartition { path: path.to_owned(), why }
}
