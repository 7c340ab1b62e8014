//! What a passing proof shows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a scheme says a passing proof shows. A flag that is not set is not claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Claims {
    /// A unique resource is occupied.
    pub space: bool,
    /// The given bytes can be read back.
    pub retrievability: bool,
    /// A unique copy is held.
    pub replication: bool,
    /// It was held all the time.
    pub time: bool,
}

impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (self.space, "space"),
            (self.retrievability, "retrievability"),
            (self.replication, "replication"),
            (self.time, "time"),
        ];
        let set: Vec<&str> = flags.iter().filter(|(on, _)| *on).map(|&(_, name)| name).collect();
        f.write_str(if set.is_empty() { "nothing" } else { "" })?;
        f.write_str(&set.join(", "))
    }
}
