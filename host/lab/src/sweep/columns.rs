//! The columns of the flat table, one row a cell and group, of miners and of validators: for CSV and Parquet.

use serde_json::{Value, json};

use super::summary::{AgentSummary, CellSummary, ValidatorSummary};

/// One row. What is of miners only is empty in a row of validators, and the other way round.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) cell: &'a CellSummary,
    pub(super) group: Group<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Group<'a> {
    Miners(&'a AgentSummary),
    Validators(&'a ValidatorSummary),
}

impl<'a> Line<'a> {
    const fn miners(&self) -> Option<&'a AgentSummary> {
        match self.group {
            Group::Miners(agent) => Some(agent),
            Group::Validators(_) => None,
        }
    }

    const fn validators(&self) -> Option<&'a ValidatorSummary> {
        match self.group {
            Group::Miners(_) => None,
            Group::Validators(validators) => Some(validators),
        }
    }

    /// What both have.
    fn both<T>(&self, miners: fn(&AgentSummary) -> T, validators: fn(&ValidatorSummary) -> T) -> T {
        match self.group {
            Group::Miners(agent) => miners(agent),
            Group::Validators(of) => validators(of),
        }
    }
}

type Of<T> = fn(&Line<'_>) -> Option<T>;

/// How a column is read, and of what type it is.
#[derive(Clone, Copy)]
pub(super) enum Read {
    Text(Of<String>),
    Truth(Of<bool>),
    Whole(Of<u64>),
    Number(Of<f64>),
}

pub(super) struct Column {
    pub(super) key: &'static str,
    pub(super) read: Read,
}

const fn text(key: &'static str, read: Of<String>) -> Column {
    Column { key, read: Read::Text(read) }
}

const fn whole(key: &'static str, read: Of<u64>) -> Column {
    Column { key, read: Read::Whole(read) }
}

const fn number(key: &'static str, read: Of<f64>) -> Column {
    Column { key, read: Read::Number(read) }
}

const fn truth(key: &'static str, read: Of<bool>) -> Column {
    Column { key, read: Read::Truth(read) }
}

/// All of them, in order.
pub(super) const COLUMNS: &[Column] = &[
    text("rule", |line| Some(line.cell.rule.clone())),
    text("rule_params", |line| Some(line.cell.rule_params.to_string())),
    text("scheme", |line| Some(line.cell.scheme.clone())),
    text("scheme_params", |line| Some(line.cell.scheme_params.to_string())),
    text("strategy", |line| Some(line.cell.strategy.clone())),
    text("settings", |line| Some(json!(line.cell.settings).to_string())),
    text("challenge", |line| Some(line.cell.challenge.clone())),
    text("allocation", |line| Some(line.cell.allocation.clone())),
    whole("epochs", |line| Some(line.cell.epochs)),
    whole("seeds", |line| Some(line.cell.seeds as u64)),
    text("agent", |line| Some(line.both(|of| of.name.clone(), |of| of.name.clone()))),
    text("agent_kind", |line| Some(line.both(|_| "miners", |_| "validators").to_owned())),
    text("agent_strategy", |line| Some(line.both(|of| of.strategy, |of| of.vote).to_owned())),
    truth("honest", |line| Some(line.miners()?.honest)),
    whole("count", |line| Some(line.both(|of| of.count, |of| of.count).into())),
    number("emission_share", |line| Some(line.miners()?.emission_share)),
    number("emission_share_low95", |line| Some(line.miners()?.emission_share_ci95[0])),
    number("emission_share_high95", |line| Some(line.miners()?.emission_share_ci95[1])),
    number("stake_share", |line| Some(line.validators()?.stake_share)),
    number("dividend_share", |line| Some(line.validators()?.dividend_share)),
    number("dividend_share_low95", |line| Some(line.validators()?.dividend_share_ci95[0])),
    number("dividend_share_high95", |line| Some(line.validators()?.dividend_share_ci95[1])),
    number("dividend_per_stake", |line| line.validators()?.dividend_per_stake),
    number("roi", |line| line.both(|of| of.roi, |of| of.roi)),
    number("roi_low95", |line| Some(line.both(|of| of.roi_ci95, |of| of.roi_ci95)?[0])),
    number("roi_high95", |line| Some(line.both(|of| of.roi_ci95, |of| of.roi_ci95)?[1])),
    number("detected_after_epochs", |line| line.miners()?.detected_after_epochs),
    number("detected_share", |line| line.miners()?.detected_share),
    number("underpaid_after_epochs", |line| line.miners()?.underpaid_after_epochs),
    number("claimed_share", |line| Some(line.miners()?.claimed_share)),
    number("stored_share", |line| Some(line.miners()?.stored_share)),
    number("earned_alpha", |line| Some(line.both(|of| of.earned_alpha, |of| of.earned_alpha))),
    number("earned_usd", |line| Some(line.both(|of| of.earned_usd, |of| of.earned_usd))),
    number("paid_usd", |line| Some(line.both(|of| of.paid_usd, |of| of.paid_usd))),
    number("stored_byte_epochs", |line| Some(line.miners()?.stored_byte_epochs)),
    number("core_s", |line| Some(line.both(|of| of.core_s, |of| of.core_s))),
    number("traffic_bytes", |line| Some(line.both(|of| of.traffic_bytes, |of| of.traffic_bytes))),
    number("registration_alpha", |line| Some(line.miners()?.registration_alpha)),
    whole("audits_passed_count", |line| Some(line.miners()?.audits.passed)),
    whole("audits_failed_count", |line| Some(line.miners()?.audits.failed)),
    whole("audits_late_count", |line| Some(line.miners()?.audits.late)),
    whole("audits_absent_count", |line| Some(line.miners()?.audits.absent)),
    number("false_punishment_rate", |line| line.cell.false_punishment_rate),
    number("honest_audits_not_passed_rate", |line| line.cell.honest_audits_not_passed_rate),
    number("honest_gini", |line| line.cell.honest_gini),
    number("validator_core_s_per_epoch", |line| Some(line.cell.validator_core_s_per_epoch)),
    number("validator_traffic_bytes_per_epoch", |line| Some(line.cell.validator_traffic_bytes_per_epoch)),
    number("validator_usd_per_epoch", |line| Some(line.cell.validator_usd_per_epoch)),
    whole("faults_count", |line| Some(line.cell.faults_count)),
    text("cell_blake3", |line| Some(line.cell.cell_blake3.to_string())),
];

impl Read {
    /// The cell as JSON; null where there is nothing.
    pub(super) fn value(&self, line: &Line<'_>) -> Value {
        match self {
            Self::Text(read) => json!(read(line)),
            Self::Truth(read) => json!(read(line)),
            Self::Whole(read) => json!(read(line)),
            Self::Number(read) => json!(read(line)),
        }
    }
}
