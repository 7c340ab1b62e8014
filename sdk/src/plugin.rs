//! What every plugin is, whatever its kind.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{PluginError, Result};

/// A plugin of any kind. Its functions take `&self`: what it may know between calls is its parameters.
///
/// Nothing here gives a plugin a clock, randomness, a file or the network: the same input gives the same
/// bytes on every validator.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// What it is called, as in `builtin:NAME`.
    const NAME: &'static str;
    /// What it does, in one sentence.
    const SUMMARY: &'static str;
    /// What it does *not* do, in one sentence: the weakness that a user should know of.
    const LIMITS: &'static str;
    /// Papers, specifications or repositories that its formulas come from.
    const REFERENCES: &'static [&'static str] = &[];
    /// Economic laws that it breaks on purpose, each by its name with the reason: `[("splitting", "pays by
    /// logarithm")]`. [`crate::laws`] and `plimsoll plugin test` name the laws; both skip or show what is waived.
    ///
    /// They travel in the component, as references of the form `waives splitting: pays by logarithm`.
    const WAIVERS: &'static [(&'static str, &'static str)] = &[];

    /// Its parameters; [`NoParameters`] if it has none. See [`crate::parameters!`].
    type Config: Parameters;

    /// Made once, from parameters that were checked against their bounds.
    ///
    /// # Errors
    /// [`PluginError::BadConfig`] naming the parameter, where two of them do not go together.
    fn new(config: Self::Config) -> Result<Self>;
}

/// Parameters that an operator sets in a TOML table. [`crate::parameters!`] writes this for plain numbers
/// and switches; write it by hand for anything nested.
pub trait Parameters: DeserializeOwned {
    /// A JSON schema of an object with `additionalProperties: false`; the host checks the table against it.
    fn schema() -> String;

    /// Whether each parameter is within its bounds.
    ///
    /// # Errors
    /// [`PluginError::BadConfig`] naming the parameter, what it may be and what it is.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// For a plugin that has nothing to set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

impl Parameters for NoParameters {
    fn schema() -> String {
        crate::parameters::schema("No parameters.", &[])
    }
}

/// A plugin from the JSON of its parameters; `{}` means all defaults.
///
/// # Errors
/// [`PluginError::BadConfig`] naming the parameter.
pub fn from_json<P: Plugin>(json: &str) -> Result<P> {
    let table: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)
        .map_err(|e| PluginError::BadConfig(format!("the parameters are no JSON object: {e}")))?;
    let config: P::Config =
        serde_path_to_error::deserialize(serde_json::Value::Object(table)).map_err(|e| {
            let path = e.path().to_string();
            let reason = e.into_inner();
            PluginError::BadConfig(if path == "." {
                reason.to_string()
            } else {
                format!("`{path}`: {reason}")
            })
        })?;
    config.check()?;
    P::new(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::parameters! {
        /// Two of each.
        struct Sample {
            /// How many.
            n_things: u32 = 3, from 1 to 1_000;
            /// Whether at all.
            enabled: bool = true;
        }
    }

    struct Echo(Sample);
    impl Plugin for Echo {
        const NAME: &'static str = "echo";
        const SUMMARY: &'static str = "Keeps its parameters.";
        const LIMITS: &'static str = "Does nothing else.";
        type Config = Sample;
        fn new(config: Sample) -> Result<Self> {
            Ok(Self(config))
        }
    }

    fn refusal(json: &str) -> String {
        from_json::<Echo>(json).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_empty_table_means_all_defaults() {
        let echo = from_json::<Echo>("{}").unwrap();
        assert_eq!(echo.0, Sample { n_things: 3, enabled: true });
        assert_eq!(echo.0, Sample::default());
    }

    #[test]
    fn a_refusal_names_the_parameter_and_what_it_may_be() {
        assert_eq!(
            refusal(r#"{"things": 3}"#),
            "bad config: `things`: unknown field `things`, expected `n_things` or `enabled`"
        );
        assert_eq!(refusal(r#"{"n_things": 0}"#), "bad config: `n_things` must be from 1 to 1000, it is 0");
        assert_eq!(
            refusal(r#"{"enabled": 7}"#),
            "bad config: `enabled`: invalid type: integer `7`, expected a boolean"
        );
        assert!(refusal("[4, true]").starts_with("bad config: the parameters are no JSON object: "));
        assert!(refusal("{} {}").starts_with("bad config: the parameters are no JSON object: "));
    }

    #[test]
    fn the_schema_says_what_the_checks_check() {
        let schema: serde_json::Value = serde_json::from_str(&Sample::schema()).unwrap();
        assert_eq!(
            schema,
            serde_json::json!({
                "type": "object",
                "additionalProperties": false,
                "description": "Two of each.",
                "properties": {
                    "n_things": {
                        "description": "How many.", "type": "integer", "default": 3, "minimum": 1, "maximum": 1000
                    },
                    "enabled": { "description": "Whether at all.", "type": "boolean", "default": true }
                }
            })
        );
    }
}
