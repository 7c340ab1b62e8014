//! Reading and writing the file.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use super::Partition;
use crate::StoreError;
use crate::disk::{folder_of, replace_file};

/// A number of bytes or things. The prototype's command line parses some of them as floating point and writes
/// `100000.0`.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Whole(u64),
        Float(f64),
    }
    match Form::deserialize(from)? {
        Form::Whole(number) => Ok(number),
        Form::Float(number) if number >= 0.0 && number.fract() == 0.0 && number < 2f64.powi(53) => {
            Ok(number as u64)
        }
        Form::Float(number) => {
            Err(serde::de::Error::custom(format!("{number} is no whole number of bytes or chunks")))
        }
    }
}

/// Reads a `partition.json`, ours or the prototype's.
///
/// # Errors
/// [`StoreError::BadPartition`] with line and column; [`StoreError::Io`].
pub fn read_partitions(path: &Path) -> Result<Vec<Partition>, StoreError> {
    let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
        ErrorKind::NotFound if !folder_of(path).is_dir() => {
            StoreError::MissingFolder { path: folder_of(path).to_owned() }
        }
        _ => StoreError::Io { path: path.to_owned(), doing: "read the partitions", source: e },
    })?;
    serde_json::from_str(&text).map_err(|e| bad(path, e.to_string()))
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

fn bad(path: &Path, why: String) -> StoreError {
    StoreError::BadPartition { path: path.to_owned(), why }
}
