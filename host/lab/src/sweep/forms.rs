//! A sweep for programs: JSON and comma-separated values.

use serde_json::{Value, json};

use super::columns::{COLUMNS, Group, Line};
use super::drive::Swept;
use super::summary::{AgentSummary, CellSummary};
use crate::compare::csv_cell;

impl Swept {
    /// `{"cells": [{"rule", "scheme", "strategy", "agents": [...], "validators": [...], ...}], "kept_runs", "fresh_runs"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "cells": self.cells, "kept_runs": self.kept_runs, "fresh_runs": self.fresh_runs })
    }

    /// A line with the columns' names, then one a cell and group, of miners and of validators.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let keys: Vec<&str> = COLUMNS.iter().map(|column| column.key).collect();
        let row = |line: Line<'_>| {
            let cells: Vec<String> =
                COLUMNS.iter().map(|column| csv_cell(&column.read.value(&line))).collect();
            cells.join(",")
        };
        let lines: Vec<String> = std::iter::once(keys.join(",")).chain(self.lines().map(row)).collect();
        lines.join("\n")
    }

    /// Every group of every cell, miners before validators.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.cells.iter().flat_map(|cell| {
            let miners = cell.agents.iter().map(Group::Miners);
            let validators = cell.validators.iter().map(Group::Validators);
            miners.chain(validators).map(move |group| Line { cell, group })
        })
    }

    /// Every group of miners of every cell.
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
        let validators = cell["validators"].as_array().unwrap();
        assert_eq!((validators.len(), &validators[0]["name"]), (1, &json!("v")));
        assert_eq!(validators[0]["dividend_per_stake"], json!(1.0));
    }

    #[test]
    fn what_is_not_there_is_null_and_an_empty_cell() {
        let mut swept = swept();
        for cell in &mut swept.cells {
            (cell.agents[0].roi, cell.agents[0].roi_ci95) = (None, None);
        }
        let object = swept.to_json();
        let honest = &object["cells"][0]["agents"][0];
        for figure in ["roi", "roi_ci95", "detected_after_epochs", "detected_share"] {
            assert_eq!(honest[figure], Value::Null, "{figure}");
        }
        let csv = swept.to_csv();
        let column = |key| COLUMNS.iter().position(|column| column.key == key).unwrap();
        // Settings have no comma that a cell would be divided by.
        let cells: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
        assert_eq!((cells.len(), cells[column("roi")]), (COLUMNS.len(), ""));
    }

    #[test]
    fn comma_separated_values_have_a_line_a_cell_and_group() {
        let csv = swept().to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 2 * 3);
        assert!(lines[0].starts_with("rule,rule_params,scheme,"));
        assert!(
            lines[2].contains(",\"{\"\"audits.samples\"\":\"\"5\"\"}\",")
                || lines[2].contains("\"\"audits.samples\"\"")
        );
        assert!(lines[2].contains(",free,miners,freeloader,false,2,"), "{}", lines[2]);
        assert!(lines[3].contains(",v,validators,honest,,1,"), "{}", lines[3]);
    }
}
