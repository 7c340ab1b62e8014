//! Economic laws that a plugin breaks on purpose.
//!
//! They travel in the component, among the references of its descriptor, as lines `waives LAW: REASON`: every
//! language can write them, the contract needs no field for them, and a host that does not know them shows them as
//! the sentences that they are.

use serde::Serialize;

const PREFIX: &str = "waives ";

/// One law and why it does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// Its name, as in [`crate::INCENTIVE_LAWS`].
    pub law: String,
    /// Why the plugin breaks it.
    pub reason: String,
}

/// Parts waivers from what are references indeed.
pub(crate) fn part(references: Vec<String>) -> (Vec<String>, Vec<Waiver>) {
    let mut waivers = Vec::new();
    let others = references.into_iter().filter(|line| match waiver(line) {
        Some(waiver) => {
            waivers.push(waiver);
            false
        }
        None => true,
    });
    (others.collect(), waivers)
}

fn waiver(line: &str) -> Option<Waiver> {
    let (law, reason) = line.strip_prefix(PREFIX)?.split_once(": ")?;
    let named = !law.is_empty() && law.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    named.then(|| Waiver { law: law.to_owned(), reason: reason.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_with_a_law_and_a_reason_is_a_waiver() {
        let lines =
            ["waives splitting: by logarithm", "waives nothing", "waives Two laws: so", "Waives law, 1999"];
        let (references, waivers) = part(lines.map(str::to_owned).into());
        assert_eq!(references, lines[1..]);
        assert_eq!(waivers, [Waiver { law: "splitting".into(), reason: "by logarithm".into() }]);
    }
}
