//! A sweep for people.

use plimsoll_core::ByteSize;
use plimsoll_lab::sweep::{AgentSummary, CellSummary, Swept, ValidatorSummary};

use crate::screen::{self, Side};

pub(super) fn human(swept: &Swept, about: &str) -> String {
    let mut parts = vec![about.to_owned()];
    parts.extend(swept.cells.iter().map(cell));
    if swept.cells.iter().any(|cell| cell.seeds < 5) {
        parts.push("fewer than 5 seeds: intervals say little; --seeds gives more".into());
    }
    parts.push(LEGEND.into());
    parts.join("\n\n")
}

/// What the words of the tables mean.
const LEGEND: &str = "\
claims, stores: its part of all bytes that miners claim, and of those that lie on their disks; passes: of its audits
caught: miners that answered wrongly, too late or not at all by choice (lost packets apart), half of them after so long
halved: when its part of all pay first falls below half of its part of all claims
per stake: its part of all dividends divided by its part of all stake; paid: what a group's audits cost
false punishment: epochs in which an honest miner with a whole plot gets less than 0.9 of its part by bytes
[ ] hold the mean over seeds with 95 %; host/lab/SIMULATE.md explains every figure";

const VALIDATORS: [(&str, Side); 9] = [
    ("validators", Side::Left),
    ("vote", Side::Left),
    ("n", Side::Right),
    ("stake", Side::Right),
    ("dividends", Side::Right),
    ("95 %", Side::Left),
    ("per stake", Side::Right),
    ("paid, $", Side::Right),
    ("ROI", Side::Right),
];

const COLUMNS: [(&str, Side); 13] = [
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
    ("halved", Side::Right),
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
    let validators = screen::table(&VALIDATORS, cell.validators.iter().map(validator_row));
    let gini = or_none(cell.honest_gini, |gini| format!("{gini:.3}"));
    let mut lines = vec![
        head,
        table,
        validators,
        format!(
            "false punishment {}; honest audits that did not pass {}; honest Gini {gini}",
            or_none(cell.false_punishment_rate, percent),
            or_none(cell.honest_audits_not_passed_rate, percent)
        ),
        format!(
            "an honest validator pays {:.2} core-s, {} and {} $ an epoch",
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
    let after =
        |epochs: Option<f64>| epochs.map_or_else(|| "never".into(), |epochs| format!("{epochs:.0} ep."));
    vec![
        agent.name.clone(),
        agent.strategy.to_owned(),
        agent.count.to_string(),
        percent(agent.claimed_share),
        percent(agent.stored_share),
        percent(agent.emission_share),
        format!("[{}, {}]", percent(low), percent(high)),
        or_none(agent.roi, amount),
        or_none(agent.roi_ci95, |[worst, best]| format!("[{}, {}]", amount(worst), amount(best))),
        or_none(agent.audits.pass_rate(), percent),
        or_none(agent.detected_share, percent),
        or_none(agent.detected_share, |_| after(agent.detected_after_epochs)),
        after(agent.underpaid_after_epochs),
    ]
}

fn validator_row(of: &ValidatorSummary) -> Vec<String> {
    let [low, high] = of.dividend_share_ci95;
    vec![
        of.name.clone(),
        of.vote.to_owned(),
        of.count.to_string(),
        percent(of.stake_share),
        percent(of.dividend_share),
        format!("[{}, {}]", percent(low), percent(high)),
        or_none(of.dividend_per_stake, |ratio| format!("{ratio:.3}")),
        amount(of.paid_usd),
        or_none(of.roi, amount),
    ]
}

/// A figure, or a dash where there is none.
fn or_none<T>(figure: Option<T>, word: impl Fn(T) -> String) -> String {
    figure.map_or_else(|| "-".into(), word)
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
