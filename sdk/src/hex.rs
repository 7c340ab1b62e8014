//! Digests as people write them in parameters.

use crate::{Digest, PluginError, Result};

/// The digest of 64 hex digits, or `None` of no digits: the value of the optional parameter `name`.
///
/// # Errors
/// [`PluginError::BadConfig`] naming the parameter.
pub fn digest_parameter(name: &str, text: &str) -> Result<Option<Digest>> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits: Option<Vec<u8>> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    let bytes: Option<Vec<u8>> = digits
        .filter(|digits| digits.len() == 64)
        .map(|digits| digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect());
    let digest = bytes.and_then(|bytes| bytes.try_into().ok());
    let wrong =
        || PluginError::BadConfig(format!("`{name}` must be 64 hex digits or empty, it is \"{text}\""));
    digest.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_digits_are_a_digest_and_none_are_none() {
        assert_eq!(digest_parameter("id", &"aF".repeat(32)), Ok(Some([0xaf; 32])));
        assert_eq!(digest_parameter("id", ""), Ok(None));
        for text in
            ["00", &"0".repeat(63), &"0".repeat(65), &"0".repeat(66), &"g".repeat(64), &"é".repeat(32)]
        {
            let refusal = digest_parameter("id", text).unwrap_err().to_string();
            assert_eq!(refusal, format!("bad config: `id` must be 64 hex digits or empty, it is \"{text}\""));
        }
    }
}
