//! Lists as they are typed: `a,b={x=1,y=2},"c,d"`.

use serde_json::Value;

use crate::LabError;

/// A name, and what was given for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// What stands behind `=`, as TOML or JSON.
    pub value: Option<Value>,
}

impl Named {
    /// Every `name` or `name=value` of a list.
    ///
    /// # Errors
    /// [`LabError::Choice`] for an empty name or a bracket that is not closed.
    pub fn list(text: &str) -> Result<Vec<Self>, LabError> {
        pieces(text)?.into_iter().map(Self::one).collect()
    }

    fn one(piece: &str) -> Result<Self, LabError> {
        let (name, given) = match piece.split_once('=') {
            Some((name, given)) => (name.trim(), Some(value(given))),
            None => (piece.trim(), None),
        };
        if name.is_empty() {
            return Err(LabError::Choice(format!("`{piece}` has no name: expected NAME or NAME=VALUE")));
        }
        Ok(Self { name: name.to_owned(), value: given })
    }
}

/// The pieces between commas, except for commas within brackets or quotes.
pub(super) fn pieces(text: &str) -> Result<Vec<&str>, LabError> {
    let (mut depth, mut quote, mut start) = (0u32, None, 0);
    let mut found = Vec::new();
    let open = || LabError::Choice(format!("`{text}` opens a bracket or a quote and does not close it"));
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(mark), _) if letter == mark => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.checked_sub(1).ok_or_else(open)?,
            (None, ',') if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 || quote.is_some() {
        return Err(open());
    }
    found.push(text[start..].trim());
    Ok(found)
}

/// A value of a scenario: TOML, else JSON, else the text itself, such as `10TiB`.
pub(super) fn value(text: &str) -> Value {
    #[derive(serde::Deserialize)]
    struct Given {
        v: Value,
    }
    let toml = toml::from_str(&format!("v = {}", text.trim())).map(|given: Given| given.v);
    toml.or_else(|_| serde_json::from_str(text)).unwrap_or_else(|_| Value::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn commas_within_brackets_and_quotes_divide_nothing() {
        assert_eq!(pieces("a, b={x=1,y=[2,3]} ,\"c,d\"").unwrap(), ["a", "b={x=1,y=[2,3]}", "\"c,d\""]);
        assert_eq!(pieces("").unwrap(), [""]);
        for text in ["a={b", "a}", "\"a"] {
            let error = pieces(text).unwrap_err().to_string();
            assert_eq!(error, format!("`{text}` opens a bracket or a quote and does not close it"));
        }
    }

    #[test]
    fn values_are_toml_or_json_or_words() {
        let cases = [
            ("40_000", json!(40_000)),
            ("0.5", json!(0.5)),
            ("true", json!(true)),
            ("{ keep = 0.5 }", json!({ "keep": 0.5 })),
            ("{\"keep\": 0.5}", json!({ "keep": 0.5 })),
            ("10TiB", json!("10TiB")),
            ("\"10TiB\"", json!("10TiB")),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn a_list_has_names_and_what_is_given_for_them() {
        let list = Named::list("honest,freeloader={keep=0.5}").unwrap();
        assert_eq!(list[0], Named { name: "honest".into(), value: None });
        assert_eq!(list[1], Named { name: "freeloader".into(), value: Some(json!({ "keep": 0.5 })) });
        assert_eq!(
            Named::list("a,,b").unwrap_err().to_string(),
            "`` has no name: expected NAME or NAME=VALUE"
        );
    }
}
