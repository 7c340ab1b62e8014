//! What stands for the body in the signed string.

use sha3::{Digest as _, Sha3_256};

/// The hex SHA3-256 of the hex SHA3-256 of each field's text, one behind the other.
#[must_use]
pub fn body_hash(fields: &[&str]) -> String {
    let mut hasher = Sha3_256::new();
    for field in fields {
        hasher.update(hex::encode(Sha3_256::digest(field.as_bytes())));
    }
    hex::encode(hasher.finalize())
}
