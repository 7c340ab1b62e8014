//! Under which terms plugins run, for evidence that others judge again.

use std::collections::BTreeMap;

use crate::{LimitSet, Limits};

/// What runs the plugins. A verdict depends on it only where a limit is hit: fuel is counted by it.
pub const ENGINE: &str = "wasmtime 48.0.8";

impl Limits {
    /// Every limit that a verdict or a weight can hit, by name. Those of [`LimitSet::Interpreted`] have names of
    /// their own, so that both sets can stand side by side.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<String, u64> {
        // No memory has more bytes than fit.
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let named = [
            ("memory_bytes", wide(self.memory_bytes)),
            ("table_elements", wide(self.table_elements)),
            ("crossing_bytes", wide(self.crossing_bytes)),
            ("plan_fuel", self.fuel.plan),
            ("draw_fuel", self.fuel.draw),
            ("verify_fuel", self.fuel.verify),
            ("choose_fuel", self.fuel.choose),
            ("weigh_fuel", self.fuel.weigh),
        ];
        let prefix = match self.set {
            LimitSet::Compiled => "",
            LimitSet::Interpreted => "interpreted_",
        };
        named.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_built_in() {
        let lock = include_str!("../../../Cargo.lock");
        let at = lock.find("name = \"wasmtime\"\nversion = \"").unwrap();
        let version = lock[at..].split('"').nth(3).unwrap();
        assert_eq!(ENGINE, format!("wasmtime {version}"));
    }
}
