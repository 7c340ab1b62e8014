//! Parameters for trying every shipped scheme in about a minute.

use std::time::Duration;

use serde_json::{Value, json};

use super::Options;

/// Small parameters, as strong as a scheme needs to claim what it can claim, on a plot that is filled in a second
/// or two; and the deadline that fits so small a plot.
#[derive(Debug, Clone)]
pub struct Small {
    /// The scheme's parameters.
    pub params: Value,
    /// The most bytes of its plot.
    pub bytes: u64,
}

impl Small {
    /// When an answer over a small plot is due: making it anew takes longer, as it would take longer than a network's
    /// deadline for a plot of real size.
    pub const DEADLINE: Duration = Duration::from_millis(20);

    /// Of the shipped scheme `name`; its defaults where those are small.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let (params, bytes) = match name {
            "proof-seed-v1" => (json!({ "chunk_bytes": 20_000 }), 1 << 20),
            // A unit alone takes longer than the deadline.
            "proof-seqpack" => (json!({ "unit_bytes": 1_048_576, "layers": 20 }), 16 << 20),
            // Eight groups of the integrity tree, so that holes can be made: labels must be quick therefore.
            "proof-scrypt" => (
                json!({ "n": 512, "checks": 1, "unit_labels": 128, "cores": 1, "deadline_ms": 20 }),
                512 << 10,
            ),
            "proof-sdr" => (json!({ "sector_bytes": 2_097_152, "deadline_ms": 20 }), 8 << 20),
            // Two plots of the least size, which claims nothing yet.
            "proof-chia" => (json!({}), 1_500_000),
            _ => (json!({}), Options::default().bytes),
        };
        Self { params, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_schemes_keep_their_defaults() {
        let small = Small::of("proof-of-mine");
        assert_eq!((small.params, small.bytes), (json!({}), Options::default().bytes));
        assert!(Small::of("proof-scrypt").bytes < 1 << 20);
    }
}
