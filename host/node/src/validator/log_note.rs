//! Which log a validator wrote last, noted in its lock file: so that damage to another validator's log in the same
//! folder is not taken for damage to its own.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use plimsoll_core::Hotkey;

/// A header names its validator before anything that can be long.
const HEADER_BEGIN_BYTES: u64 = 4096;
/// More than a log's name has.
const MOST_NAME_BYTES: usize = 64;

/// Notes that the log at `path` is this validator's newest.
pub(super) fn write(identity: &File, path: &Path) -> io::Result<()> {
    let name = path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
    if read(identity)?.as_deref() == path.file_name().and_then(OsStr::to_str) {
        return Ok(());
    }
    identity.set_len(0)?;
    identity.write_all_at(name, 0)
}

/// The name that was noted; `None` before the first note, or where an older version wrote the lock file.
pub(super) fn read(identity: &File) -> io::Result<Option<String>> {
    let mut bytes = [0; MOST_NAME_BYTES];
    let len = identity.read_at(&mut bytes, 0)?;
    Ok(std::str::from_utf8(&bytes[..len]).ok().filter(|name| !name.is_empty()).map(str::to_owned))
}

/// Whether a log that cannot be read may be `validator`'s: it was noted, or its first bytes name the validator, or
/// nothing was noted and nobody else has a lock file in `folder`.
pub(super) fn may_be_own(
    folder: &Path,
    path: &Path,
    identity: &File,
    validator: &Hotkey,
) -> io::Result<bool> {
    let noted = read(identity)?;
    if noted.as_deref().map(OsStr::new) == path.file_name() {
        return Ok(true);
    }
    let mut begin = Vec::new();
    File::open(path)?.take(HEADER_BEGIN_BYTES).read_to_end(&mut begin)?;
    if String::from_utf8_lossy(&begin).contains(&validator.to_string()) {
        return Ok(true);
    }
    Ok(noted.is_none() && !others_are_here(folder, validator)?)
}

fn others_are_here(folder: &Path, validator: &Hotkey) -> io::Result<bool> {
    let own = format!("-{validator}-");
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("validator-") && name.ends_with(".lock") && !name.contains(&own) {
            return Ok(true);
        }
    }
    Ok(false)
}
