//! Parameters for trying every shipped scheme in about a minute.

use serde_json::{Value, json};

/// Small parameters of the shipped scheme `name`: as strong as its claims need, on a plot that is filled in a few
/// seconds. Its defaults, where those are small.
#[must_use]
pub fn small_params(name: &str) -> Value {
    match name {
        "proof-seed-v1" => json!({ "chunk_bytes": 20_000 }),
        _ => json!({}),
    }
}
