//! A sweep for people.

use plimsoll_core::ByteSize;
use plimsoll_lab::sweep::{AgentSummary, CellSummary, Swept};

use crate::screen::{self, Side};

pub(super) fn human(swept: &Swept, about: &str) -> String {
    let mut parts = vec![about.to_owned()];
    parts.extend(swept.cells.iter().map(cell));
    if swept.cells.iter().any(|cell| cell.seeds < 5) {
        parts.push("fewer than 5 seeds: intervals say little; --seeds gives more".into());
    }
    parts.push("[ ] hold the mean over seeds with 95 %; host/lab/SIMULATE.md explains every figure".into());
    parts.join("\n\n")
}

const COLUMNS: [(&str, Side); 12] = [
    ("miners", Side::Left),
    ("does", Side::Left),
    ("n", Side::Right),
    ("claims", Side::Right),
    ("stores", Side::Right),
    ("earns", Side::Right),
    ("95 %", Side::Left),
    ("ROI", Side::Right),
    ("95 %", Side::Left),
    ("passes", Side::Right),
    ("caught", Side::Right),
    ("after", Side::Right),
];

fn cell(cell: &CellSummary) -> String {
    let mut head = format!(
        "{}, {}, {}; {} epochs, {} seeds",
        cell.rule, cell.scheme, cell.strategy, cell.epochs, cell.seeds
    );
    for (key, value) in &cell.settings {
        head.push_str(&format!("; {key} = {value}"));
    }
    let table = screen::table(&COLUMNS, cell.agents.iter().map(row));
    let gini = cell.honest_gini.map_or_else(|| "-".into(), |gini| format!("{gini:.3}"));
    let mut lines = vec![
        head,
        table,
        format!(
            "honest audits that did not pass {}; honest Gini {gini}",
            percent(cell.false_punishment_rate)
        ),
        format!(
            "a validator pays {:.2} core-s, {} and {} $ an epoch",
            cell.validator_core_s_per_epoch,
            ByteSize(cell.validator_traffic_bytes_per_epoch as u64),
            amount(cell.validator_usd_per_epoch)
        ),
    ];
    if let Some(fault) = &cell.first_fault {
        lines.push(format!(
            "PLUGINS BROKE DOWN {} times, those rounds are void; the first: {fault}",
            cell.faults_count
        ));
    }
    lines.join("\n")
}

fn row(agent: &AgentSummary) -> Vec<String> {
    let [low, high] = agent.emission_share_ci95;
    let [worst, best] = agent.roi_ci95;
    vec![
        agent.name.clone(),
        agent.strategy.to_owned(),
        agent.count.to_string(),
        percent(agent.claimed_share),
        percent(agent.stored_share),
        percent(agent.emission_share),
        format!("[{}, {}]", percent(low), percent(high)),
        amount(agent.roi),
        format!("[{}, {}]", amount(worst), amount(best)),
        percent(agent.audits.passed as f64 / agent.audits.judged().max(1) as f64),
        percent(agent.detected_share),
        agent.detected_after_epochs.map_or_else(|| "never".into(), |epochs| format!("{epochs:.1} ep.")),
    ]
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Two digits behind the point, three that count below a tenth, none above a thousand.
fn amount(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if size < 0.1 => format!("{number:.2e}"),
        size if size < 1000.0 => format!("{number:.2}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_as_many_digits_as_they_need() {
        let told: Vec<String> = [0.0, 0.00123, -0.96, 12.345, 123_456.7].into_iter().map(amount).collect();
        assert_eq!(told, ["0", "1.23e-3", "-0.96", "12.35", "123457"]);
        assert_eq!(percent(0.4567), "45.7 %");
    }
}
