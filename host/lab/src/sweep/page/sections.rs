//! Heading, table and what was assumed.

use super::title;
use crate::compare::significant;
use crate::page::svg::escaped;
use crate::sweep::drive::Swept;
use crate::sweep::page::frame::percent;
use crate::sweep::summary::{AgentSummary, CellSummary};

pub(super) fn heading(swept: &Swept, about: &str) -> String {
    let runs: usize = swept.cells.iter().map(|cell| cell.seeds).sum();
    let faults: u64 = swept.cells.iter().map(|cell| cell.faults_count).sum();
    let warning = match swept.cells.iter().find_map(|cell| cell.first_fault.as_ref()) {
        Some(fault) => format!(
            "<p class=\"flag\">Plugins broke down {faults} times; those rounds are void. The first: {}</p>",
            escaped(fault)
        ),
        None => String::new(),
    };
    format!(
        "<h1>Who earns what</h1>\n<p>{}</p>\n<p class=\"soft\">{} cells, {runs} runs, plimsoll {}. Figures are means over \
         seeds; intervals hold the mean with 95\u{a0}% (bootstrap).</p>{warning}",
        escaped(about),
        swept.cells.len(),
        env!("CARGO_PKG_VERSION")
    )
}

const HEADS: [&str; 14] = [
    "miners",
    "does",
    "count",
    "claims",
    "stores",
    "earns",
    "95 %",
    "ROI",
    "95 %",
    "alpha",
    "paid, $",
    "passes",
    "found out after",
    "found out",
];

pub(super) fn table(swept: &Swept) -> String {
    let heads: String = HEADS.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    let bodies: String = swept.cells.iter().map(body).collect();
    format!(
        "<h2>Every group</h2>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>{heads}</tr></thead>\n{bodies}</table></div>"
    )
}

fn body(cell: &CellSummary) -> String {
    let rows: String = cell.agents.iter().map(row).collect();
    let (across, title) = (HEADS.len(), escaped(&title(cell)));
    format!("<tbody><tr><th class=\"group\" colspan=\"{across}\">{title}</th></tr>\n{rows}</tbody>\n")
}

fn row(agent: &AgentSummary) -> String {
    let between = |[low, high]: [f64; 2], word: fn(f64) -> String| format!("{} to {}", word(low), word(high));
    let cells = [
        agent.strategy.to_owned(),
        agent.count.to_string(),
        percent(agent.claimed_share),
        percent(agent.stored_share),
        percent(agent.emission_share),
        between(agent.emission_share_ci95, percent),
        significant(agent.roi),
        between(agent.roi_ci95, significant),
        significant(agent.earned_alpha),
        significant(agent.paid_usd),
        percent(agent.audits.passed as f64 / agent.audits.judged().max(1) as f64),
        agent
            .detected_after_epochs
            .map_or_else(|| "never".into(), |epochs| format!("{} epochs", significant(epochs))),
        percent(agent.detected_share),
    ];
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(&agent.name))
}

const CELL_HEADS: [&str; 7] = [
    "cell",
    "honest audits that did not pass",
    "honest Gini",
    "validator, core-s an epoch",
    "bytes an epoch",
    "$ an epoch",
    "plugins broke down",
];

/// What holds of a cell as a whole.
pub(super) fn cells(swept: &Swept) -> String {
    let heads: String = CELL_HEADS.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    let row = |cell: &CellSummary| {
        let figures = [
            percent(cell.false_punishment_rate),
            cell.honest_gini.map_or_else(|| "-".into(), significant),
            significant(cell.validator_core_s_per_epoch),
            significant(cell.validator_traffic_bytes_per_epoch),
            significant(cell.validator_usd_per_epoch),
            cell.faults_count.to_string(),
        ];
        let figures: String = figures.iter().map(|figure| format!("<td>{figure}</td>")).collect();
        format!("<tr><th scope=\"row\">{}</th>{figures}</tr>\n", escaped(&title(cell)))
    };
    let rows: String = swept.cells.iter().map(row).collect();
    format!(
        "<h2>Every cell</h2>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table></div>"
    )
}

/// What each cell is, so that anyone can make it again.
pub(super) fn runs(swept: &Swept) -> String {
    let entry = |(number, cell): (usize, &CellSummary)| {
        let seeds = match (cell.runs.first(), cell.runs.last()) {
            (Some(first), Some(last)) => format!("seeds {} to {}", first.seed, last.seed),
            _ => "no seeds".into(),
        };
        let told = format!(
            "{}: rule parameters {}, scheme parameters {}, {}, {}, {} epochs, {seeds}, BLAKE3 {}",
            title(cell),
            cell.rule_params,
            cell.scheme_params,
            cell.challenge,
            cell.allocation,
            cell.epochs,
            cell.cell_blake3
        );
        format!("<dt>{}</dt><dd>{}</dd>", number + 1, escaped(&told))
    };
    format!(
        "<h2>What went in</h2>\n<dl>{}</dl>",
        swept.cells.iter().enumerate().map(entry).collect::<String>()
    )
}
