//! The columns of the flat table, one row a cell and group: for CSV and Parquet.

use serde_json::{Value, json};

use super::summary::{AgentSummary, CellSummary};

type Of<T> = fn(&CellSummary, &AgentSummary) -> T;

/// How a column is read, and of what type it is.
#[derive(Clone, Copy)]
pub(super) enum Read {
    Text(Of<Option<String>>),
    Truth(Of<bool>),
    Whole(Of<u64>),
    Number(Of<Option<f64>>),
}

pub(super) struct Column {
    pub(super) key: &'static str,
    pub(super) read: Read,
}

const fn text(key: &'static str, read: Of<Option<String>>) -> Column {
    Column { key, read: Read::Text(read) }
}

const fn whole(key: &'static str, read: Of<u64>) -> Column {
    Column { key, read: Read::Whole(read) }
}

const fn number(key: &'static str, read: Of<Option<f64>>) -> Column {
    Column { key, read: Read::Number(read) }
}

const fn truth(key: &'static str, read: Of<bool>) -> Column {
    Column { key, read: Read::Truth(read) }
}

/// All of them, in order.
pub(super) const COLUMNS: &[Column] = &[
    text("rule", |cell, _| Some(cell.rule.clone())),
    text("rule_params", |cell, _| Some(cell.rule_params.to_string())),
    text("scheme", |cell, _| Some(cell.scheme.clone())),
    text("scheme_params", |cell, _| Some(cell.scheme_params.to_string())),
    text("strategy", |cell, _| Some(cell.strategy.clone())),
    text("settings", |cell, _| Some(json!(cell.settings).to_string())),
    text("challenge", |cell, _| Some(cell.challenge.clone())),
    text("allocation", |cell, _| Some(cell.allocation.clone())),
    whole("epochs", |cell, _| cell.epochs),
    whole("seeds", |cell, _| cell.seeds as u64),
    text("agent", |_, agent| Some(agent.name.clone())),
    text("agent_strategy", |_, agent| Some(agent.strategy.to_owned())),
    truth("honest", |_, agent| agent.honest),
    whole("count", |_, agent| u64::from(agent.count)),
    number("emission_share", |_, agent| Some(agent.emission_share)),
    number("emission_share_low95", |_, agent| Some(agent.emission_share_ci95[0])),
    number("emission_share_high95", |_, agent| Some(agent.emission_share_ci95[1])),
    number("roi", |_, agent| Some(agent.roi)),
    number("roi_low95", |_, agent| Some(agent.roi_ci95[0])),
    number("roi_high95", |_, agent| Some(agent.roi_ci95[1])),
    number("detected_after_epochs", |_, agent| agent.detected_after_epochs),
    number("detected_share", |_, agent| Some(agent.detected_share)),
    number("claimed_share", |_, agent| Some(agent.claimed_share)),
    number("stored_share", |_, agent| Some(agent.stored_share)),
    number("earned_alpha", |_, agent| Some(agent.earned_alpha)),
    number("earned_usd", |_, agent| Some(agent.earned_usd)),
    number("paid_usd", |_, agent| Some(agent.paid_usd)),
    number("stored_byte_epochs", |_, agent| Some(agent.stored_byte_epochs)),
    number("core_s", |_, agent| Some(agent.core_s)),
    number("traffic_bytes", |_, agent| Some(agent.traffic_bytes)),
    number("registration_alpha", |_, agent| Some(agent.registration_alpha)),
    whole("audits_passed_count", |_, agent| agent.audits.passed),
    whole("audits_failed_count", |_, agent| agent.audits.failed),
    whole("audits_late_count", |_, agent| agent.audits.late),
    whole("audits_absent_count", |_, agent| agent.audits.absent),
    number("false_punishment_rate", |cell, _| Some(cell.false_punishment_rate)),
    number("honest_gini", |cell, _| cell.honest_gini),
    number("validator_core_s_per_epoch", |cell, _| Some(cell.validator_core_s_per_epoch)),
    number("validator_traffic_bytes_per_epoch", |cell, _| Some(cell.validator_traffic_bytes_per_epoch)),
    number("validator_usd_per_epoch", |cell, _| Some(cell.validator_usd_per_epoch)),
    whole("faults_count", |cell, _| cell.faults_count),
    text("cell_blake3", |cell, _| Some(cell.cell_blake3.to_string())),
];

impl Read {
    /// The cell as JSON; null where there is nothing.
    pub(super) fn value(&self, cell: &CellSummary, agent: &AgentSummary) -> Value {
        match self {
            Self::Text(read) => json!(read(cell, agent)),
            Self::Truth(read) => json!(read(cell, agent)),
            Self::Whole(read) => json!(read(cell, agent)),
            Self::Number(read) => json!(read(cell, agent)),
        }
    }
}
