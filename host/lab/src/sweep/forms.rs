//! A sweep for programs: JSON and comma-separated values.

use serde_json::{Value, json};

use super::columns::COLUMNS;
use super::drive::Swept;
use super::summary::{AgentSummary, CellSummary};
use crate::compare::csv_cell;

impl Swept {
    /// `{"cells": [{"rule", "scheme", "strategy", "agents": [...], ...}], "kept_runs", "fresh_runs"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "cells": self.cells, "kept_runs": self.kept_runs, "fresh_runs": self.fresh_runs })
    }

    /// A line with the columns' names, then one a cell and group.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let keys: Vec<&str> = COLUMNS.iter().map(|column| column.key).collect();
        let row = |(cell, agent): (&CellSummary, &AgentSummary)| {
            let cells: Vec<String> =
                COLUMNS.iter().map(|column| csv_cell(&column.read.value(cell, agent))).collect();
            cells.join(",")
        };
        let lines: Vec<String> = std::iter::once(keys.join(",")).chain(self.rows().map(row)).collect();
        lines.join("\n")
    }

    /// Every group of every cell.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&CellSummary, &AgentSummary)> {
        self.cells.iter().flat_map(|cell| cell.agents.iter().map(move |agent| (cell, agent)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::swept;
    use super::*;

    #[test]
    fn the_json_has_the_promised_shape() {
        let object = swept().to_json();
        let cell = &object["cells"][0];
        assert_eq!(
            (&cell["rule"], &cell["scheme"]),
            (&json!("incentive-proportional"), &json!("proof-stream"))
        );
        assert_eq!(
            (&cell["strategy"], &cell["settings"]["audits.samples"]),
            (&json!("freeloader"), &json!("5"))
        );
        let agents = cell["agents"].as_array().unwrap();
        assert_eq!((agents.len(), &agents[1]["name"], &agents[1]["count"]), (2, &json!("free"), &json!(2)));
        for number in ["emission_share", "roi", "detected_after_epochs"] {
            assert!(agents[1][number].is_number(), "{number}");
        }
        assert_eq!(agents[0]["detected_after_epochs"], Value::Null);
        assert_eq!(agents[1]["roi_ci95"].as_array().unwrap().len(), 2);
        assert!(cell["false_punishment_rate"].is_number());
    }

    #[test]
    fn comma_separated_values_have_a_line_a_cell_and_group() {
        let csv = swept().to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 2 * 2);
        assert!(lines[0].starts_with("rule,rule_params,scheme,"));
        assert!(
            lines[2].contains(",\"{\"\"audits.samples\"\":\"\"5\"\"}\",")
                || lines[2].contains("\"\"audits.samples\"\"")
        );
        assert!(lines[2].contains(",free,freeloader,false,2,"), "{}", lines[2]);
    }
}
