//! Heading, table and what was assumed.

use super::title;
use crate::compare::significant;
use crate::page::svg::escaped;
use crate::sweep::drive::Swept;
use crate::sweep::page::frame::percent;
use crate::sweep::summary::{AgentSummary, CellSummary, ValidatorSummary};

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

const HEADS: [&str; 15] = [
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
    "caught",
    "half of them after",
    "half paid after",
];

pub(super) fn table(swept: &Swept) -> String {
    let body = |cell: &CellSummary| body(HEADS.len(), cell, &cell.agents.iter().map(row).collect::<String>());
    tabulated(
        "Every group of miners",
        "Claims and stores are its part of all bytes that miners claim and of those that lie on their disks. Passes: of the \
         audits that honest validators judged. Caught: miners that gave a wrong answer, a late one, or none by choice; lost \
         packets count for nothing, and honest miners cannot be caught. Half paid: its part of all pay falls below half of \
         its part of all claims.",
        &HEADS,
        &swept.cells.iter().map(body).collect::<String>(),
    )
}

fn tabulated(title: &str, told: &str, heads: &[&str], bodies: &str) -> String {
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    format!(
        "<h2>{title}</h2>\n<p class=\"soft\">{told}</p>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>{heads}</tr></thead>\n{bodies}</table></div>"
    )
}

fn body(across: usize, cell: &CellSummary, rows: &str) -> String {
    let title = escaped(&title(cell));
    format!("<tbody><tr><th class=\"group\" colspan=\"{across}\">{title}</th></tr>\n{rows}</tbody>\n")
}

const VALIDATOR_HEADS: [&str; 10] =
    ["validators", "vote", "count", "stake", "dividends", "95 %", "for its stake", "alpha", "paid, $", "ROI"];

/// What validators earn: auditing has to be worth more than copying.
pub(super) fn validators(swept: &Swept) -> String {
    let body = |cell: &CellSummary| {
        body(VALIDATOR_HEADS.len(), cell, &cell.validators.iter().map(validator_row).collect::<String>())
    };
    tabulated(
        "Every group of validators",
        "For its stake: its part of all dividends divided by its part of all stake. Paid: for auditing.",
        &VALIDATOR_HEADS,
        &swept.cells.iter().map(body).collect::<String>(),
    )
}

fn validator_row(of: &ValidatorSummary) -> String {
    let cells = [
        of.vote.to_owned(),
        of.count.to_string(),
        percent(of.stake_share),
        percent(of.dividend_share),
        between(of.dividend_share_ci95, percent),
        or_none(of.dividend_per_stake, significant),
        significant(of.earned_alpha),
        significant(of.paid_usd),
        or_none(of.roi, significant),
    ];
    line(&of.name, &cells)
}

fn between([low, high]: [f64; 2], word: fn(f64) -> String) -> String {
    format!("{} to {}", word(low), word(high))
}

fn or_none<T>(figure: Option<T>, word: impl Fn(T) -> String) -> String {
    figure.map_or_else(|| "-".into(), word)
}

fn line(name: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(name))
}

fn row(agent: &AgentSummary) -> String {
    let after = |epochs: Option<f64>| {
        epochs.map_or_else(|| "never".into(), |epochs| format!("{} epochs", significant(epochs)))
    };
    let caught = match agent.detected_share {
        Some(_) => after(agent.detected_after_epochs),
        None => "-".into(),
    };
    let cells = [
        agent.strategy.to_owned(),
        agent.count.to_string(),
        percent(agent.claimed_share),
        percent(agent.stored_share),
        percent(agent.emission_share),
        between(agent.emission_share_ci95, percent),
        or_none(agent.roi, significant),
        or_none(agent.roi_ci95, |ci95| between(ci95, significant)),
        significant(agent.earned_alpha),
        significant(agent.paid_usd),
        or_none(agent.audits.pass_rate(), percent),
        or_none(agent.detected_share, percent),
        caught,
        after(agent.underpaid_after_epochs),
    ];
    line(&agent.name, &cells)
}

const CELL_HEADS: [&str; 8] = [
    "cell",
    "honest miners' epochs paid below nine tenths",
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
            or_none(cell.false_punishment_rate, percent),
            or_none(cell.honest_audits_not_passed_rate, percent),
            or_none(cell.honest_gini, significant),
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
