//! Parameters: their canonical text, and the check against the schema that a plugin brings.
//!
//! A schema comes from a plugin, so it may be hostile: it is refused when it is large, reaches outside of
//! itself, or grows without measure when its references are followed; patterns run in linear time.

use jsonschema::{PatternOptions, Validator, error::ValidationErrorKind};
use serde_json::Value;

use crate::limits::SCHEMA_BYTES;
use crate::text::tame;

/// Nodes of a schema, references followed.
const SCHEMA_NODES: usize = 20_000;
/// How deep they nest, references followed.
const SCHEMA_DEPTH: usize = 128;

/// A schema that parameters can be checked against.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) value: Value,
    validator: Validator,
}

impl Schema {
    /// Reads what `describe` gave. The error says what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.len() > SCHEMA_BYTES {
            return Err(format!("its schema has {} bytes, at most {SCHEMA_BYTES}", text.len()));
        }
        let value: Value = serde_json::from_str(text)
            .map_err(|e| format!("its schema is no JSON: {}", tame(&e.to_string(), 200)))?;
        Measure { root: &value, nodes: 0 }.visit(&value, 0)?;
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        let validator = options
            .build(&value)
            .map_err(|e| format!("its schema is no JSON schema: {}", tame(&e.to_string(), 200)))?;
        Ok(Self { value, validator })
    }

    /// Whether `params` suit. The error names the first wrong parameters, what was expected and found.
    pub(crate) fn check(&self, params: &Value) -> Result<(), String> {
        let wrong: Vec<String> = self.validator.iter_errors(params).take(5).map(|e| sentence(&e)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

/// Counts what following every reference would visit.
struct Measure<'a> {
    root: &'a Value,
    nodes: usize,
}

impl Measure<'_> {
    fn visit(&mut self, node: &Value, depth: usize) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > SCHEMA_NODES || depth > SCHEMA_DEPTH {
            return Err(
                "its schema refers to itself or grows beyond measure when its references are followed".into(),
            );
        }
        match node {
            Value::Object(map) => map.iter().try_for_each(|(key, value)| self.member(key, value, depth)),
            Value::Array(items) => items.iter().try_for_each(|item| self.visit(item, depth + 1)),
            _ => Ok(()),
        }
    }

    fn member(&mut self, key: &str, value: &Value, depth: usize) -> Result<(), String> {
        match key {
            "$ref" => {
                let inside =
                    value.as_str().and_then(|r| r.strip_prefix('#')).and_then(|p| self.root.pointer(p));
                let target = inside.ok_or_else(|| {
                    let outside = tame(&value.to_string(), 100);
                    format!("its schema refers to {outside}, only references within it are followed")
                })?;
                self.visit(target, depth + 1)
            }
            // Both would let a reference mean something else than the pointer that is followed here.
            "$dynamicRef" | "$recursiveRef" => Err(format!("its schema uses `{key}`; use `$ref`")),
            "$id" if depth > 0 => Err("its schema has an `$id` below its root; leave it out".into()),
            _ => self.visit(value, depth + 1),
        }
    }
}

/// One wrong parameter: `parameter ema.alpha: 3 is greater than the maximum of 1`.
fn sentence(error: &jsonschema::ValidationError<'_>) -> String {
    let path = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
    let what = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|n| format!("`{}`", tame(n, 64))).collect();
            let inside = if path.is_empty() { String::new() } else { format!(" in `{}`", tame(&path, 128)) };
            return format!(
                "unknown parameter {}{inside}; the schema of `plugin inspect` lists what there is",
                names.join(", ")
            );
        }
        _ => tame(&error.to_string(), 300),
    };
    if path.is_empty() {
        format!("the parameters: {what}")
    } else {
        format!("parameter `{}`: {what}", tame(&path, 128))
    }
}

/// The one text of a JSON value: keys sorted by their bytes, no spaces. Its BLAKE3 is what a plot, a log and
/// a subnet know the parameters by.
#[must_use]
pub(crate) fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let fields: Vec<String> = keys
                .iter()
                .map(|k| format!("{}:{}", Value::from(k.as_str()), canonical_json(&map[*k])))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical_json).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        Schema::read(
            r#"{"type": "object", "additionalProperties": false, "properties": {
                "alpha": {"type": "number", "minimum": 0, "maximum": 1},
                "hash": {"enum": ["blake3", "sha256"]},
                "tiers": {"type": "array", "items": {"type": "object", "required": ["from"], "properties": {"from": {"type": "integer"}}}}
            }}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_wrong_parameter_is_named_with_what_was_expected_and_found() {
        let wrong = |params: Value| schema().check(&params).unwrap_err();
        insta::assert_snapshot!(wrong(json!({"alpha": 3})), @"parameter `alpha`: 3 is greater than the maximum of 1");
        insta::assert_snapshot!(wrong(json!({"alpha": "x"})), @r#"parameter `alpha`: "x" is not of type "number""#);
        insta::assert_snapshot!(wrong(json!({"hash": "md5"})), @r#"parameter `hash`: "md5" is not one of "blake3" or "sha256""#);
        insta::assert_snapshot!(wrong(json!({"alhpa": 1})), @"unknown parameter `alhpa`; the schema of `plugin inspect` lists what there is");
        insta::assert_snapshot!(wrong(json!({"tiers": [{}]})), @r#"parameter `tiers.0`: "from" is a required property"#);
        insta::assert_snapshot!(wrong(json!([1])), @r#"the parameters: [1] is not of type "object""#);
        schema().check(&json!({"alpha": 0.5, "hash": "sha256"})).unwrap();
    }

    #[test]
    fn a_schema_that_would_explode_or_reach_out_is_refused() {
        let mut bomb = String::from(r#"{"$defs": {"a0": {"type": "object"}"#);
        for i in 1..40 {
            let below = format!(r##"{{"$ref": "#/$defs/a{}"}}"##, i - 1);
            bomb += &format!(r#", "a{i}": {{"allOf": [{below}, {below}]}}"#);
        }
        bomb += r##"}, "$ref": "#/$defs/a39"}"##;
        insta::assert_snapshot!(Schema::read(&bomb).unwrap_err(), @"its schema refers to itself or grows beyond measure when its references are followed");
        let outside = r#"{"$ref": "https://example.com/schema.json"}"#;
        insta::assert_snapshot!(Schema::read(outside).unwrap_err(), @r#"its schema refers to "https://example.com/schema.json", only references within it are followed"#);
        assert!(Schema::read(r##"{"$ref": "#"}"##).unwrap_err().contains("refers to itself"));
        assert!(Schema::read("{").unwrap_err().starts_with("its schema is no JSON: "));
        assert!(
            Schema::read(r#"{"type": "nothing"}"#).unwrap_err().starts_with("its schema is no JSON schema: ")
        );
        assert!(Schema::read(&" ".repeat(SCHEMA_BYTES + 1)).unwrap_err().contains("at most"));
        Schema::read(
            r##"{"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}"##,
        )
        .unwrap();
    }

    #[test]
    fn a_pattern_runs_in_linear_time() {
        let schema = Schema::read(r#"{"properties": {"a": {"pattern": "^(a+)+$"}}}"#).unwrap();
        assert!(schema.check(&json!({"a": format!("{}b", "a".repeat(5000))})).is_err());
    }

    #[test]
    fn equal_parameters_have_one_text() {
        let one: Value =
            serde_json::from_str(r#"{"b": [1, 2.5, null], "a": {"y": "ä\n", "x": true}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":{"x":true,"y":"ä\n"},"b":[1,2.5,null]}"#).unwrap();
        assert_eq!(canonical_json(&one), canonical_json(&other));
        assert_eq!(canonical_json(&one), r#"{"a":{"x":true,"y":"ä\n"},"b":[1,2.5,null]}"#);
    }
}
