//! Under which name a table of figures has a scheme.

use plimsoll_plugin::Host;
use serde_json::Value;

use crate::LabError;
use crate::simulate::choice;

/// The name under which `plimsoll compare` writes of the scheme that is called `reference`: of a shipped one the name,
/// with or without `builtin:`; of a file what the component says of itself.
///
/// # Errors
/// What finding or loading the component says.
pub fn scheme_name(host: &Host, reference: &str, params: &Value) -> Result<String, LabError> {
    let chosen = choice(reference, params);
    if let Some(name) = chosen.reference.strip_prefix("builtin:") {
        return Ok(name.to_owned());
    }
    let plugin = chosen.resolve().map_err(Box::new)?;
    Ok(host.load_scheme(&plugin, params)?.descriptor().name.clone())
}
