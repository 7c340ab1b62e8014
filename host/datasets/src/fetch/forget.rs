//! Letting go of a fetched file.

use std::path::Path;

use super::place::{Place, remove};
use crate::Error;

/// Removes the file `name` of `folder` with all that was noted of it, parts included, once it is kept elsewhere. One
/// that is not there is no error.
pub fn forget(folder: &Path, name: &str) -> Result<(), Error> {
    let Ok(place) = Place::new(folder, name) else { return Ok(()) };
    // The file first: what is noted of a file that is gone is passed over.
    remove(&place.file())?;
    remove(&place.journal())
}
