//! Runs and sweeps made by hand, for the tests of their forms.

use plimsoll_core::{Digest, Hotkey, Uid};
use serde_json::json;

use super::axes::Axes;
use super::cell::Cell;
use super::drive::Swept;
use super::outcome::SeedOutcome;
use super::setting::Setting;
use super::summary::summary;
use crate::simulate::{
    Audits, Costs, EpochRow, Group, Honest, Miner, Run, Scenario, SchemeFigures, ValidatorGroup,
};
use crate::stats::Wait;

const TEXT: &str = r#"
about = "free riders"
epochs = 4
plugins.rule = "incentive-proportional"
plugins.scheme = "proof-stream"
[[validators]]
name = "v"
[[miners]]
name = "honest"
count = 2
bytes = "1TiB"
[[miners]]
name = "free"
count = 2
bytes = "1TiB"
strategy.freeloader = { keep = 0.5 }
"#;

pub(super) fn scenario() -> Scenario {
    Scenario::read("s.toml", TEXT).unwrap()
}

/// Two honest miners, of which the second earns half, and two free riders. Shares differ from seed to seed.
pub(super) fn run(seed: u64) -> Run {
    let free_rao = 1_000_000_000 * (1 + seed % 3);
    let earned = [2_000_000_000, 1_000_000_000, free_rao, 0];
    let costs = |byte_epochs: f64| Costs { byte_epochs, core_seconds: 1.5, usd: 0.5, ..Costs::default() };
    let wait = |epochs, happened| Wait { epochs, happened, count: 1 };
    let group = |name: &str, honest: bool, earned_rao: u64, late: u64| Group {
        name: name.into(),
        strategy: if honest { "honest" } else { "freeloader" },
        honest,
        count: 2,
        earned_rao,
        emission_share: earned_rao as f64 / earned.iter().sum::<u64>() as f64,
        earned_usd: earned_rao as f64 / 1e9,
        costs: costs(8.0),
        roi: Some(earned_rao as f64 / 5e8 - 1.0),
        audits: Audits { passed: 40, failed: 1 - u64::from(honest), late, absent: 0 },
        detections: if honest { Vec::new() } else { vec![wait(seed, true), wait(4, false)] },
    };
    let miner = |at: usize| Miner {
        group: at / 2,
        hotkey: Hotkey([at as u8; 32]),
        uid: Some(Uid(at as u16)),
        claimed_bytes: 1 << 40,
        stored_bytes: 1 << 40,
        earned_rao: earned[at],
        costs: costs(4.0),
        joined_epoch: 0,
        detected_epoch: None,
        left_epoch: None,
    };
    let row = |epoch| EpochRow {
        epoch,
        earned_rao: vec![750_000_000, free_rao / 4],
        stored_bytes: vec![2 << 40, 1 << 40],
        claimed_bytes: vec![2 << 40, 2 << 40],
        dividends_rao: vec![500_000_000],
        honest: Honest::default(),
    };
    let validators = ValidatorGroup {
        name: "v".into(),
        vote: "honest",
        count: 1,
        stake_share: 1.0,
        earned_rao: 2_000_000_000,
        dividend_share: 1.0,
        earned_usd: 2.0,
        costs: Costs { usd: 0.004, ..Costs::default() },
        roi: Some(499.0),
    };
    Run {
        seed,
        epochs: 4,
        groups: vec![group("honest", true, 3_000_000_000, 1), group("free", false, free_rao, 9)],
        miners: (0..4).map(miner).collect(),
        rows: (0..4).map(row).collect(),
        miners_rao: earned.iter().sum(),
        honest: Honest {
            audits: Audits { passed: 40, late: 1, ..Audits::default() },
            paid_epochs: 8,
            underpaid_epochs: 2,
        },
        validators: vec![validators],
        validator: Costs { core_seconds: 0.25, traffic_bytes: 4096.0, usd: 0.001, ..Costs::default() },
        faults: Vec::new(),
    }
}

pub(super) fn outcome(seed: u64) -> SeedOutcome {
    SeedOutcome::of(&run(seed))
}

/// One of them.
pub(super) fn cell() -> Cell {
    let figures = SchemeFigures::shipped("proof-stream", &json!({})).unwrap();
    Cell::new("freeloader".into(), Vec::new(), scenario(), figures).unwrap()
}

/// Two cells, three seeds.
pub(super) fn swept() -> Swept {
    let settings = vec![Setting::read("audits.samples=5,20").unwrap()];
    let figures = |scheme: &str, params: &serde_json::Value| Ok(SchemeFigures::shipped(scheme, params)?);
    let cells = Axes { settings, ..Axes::default() }.cells(&scenario(), &figures).unwrap();
    let outcomes: Vec<SeedOutcome> = (1..4).map(outcome).collect();
    let cells = cells.iter().map(|cell| summary(cell, &outcomes)).collect();
    Swept { cells, kept_runs: 2, fresh_runs: 4, unkept: None }
}

#[test]
fn what_the_hand_made_runs_say_together() {
    let swept = swept();
    let cell = &swept.cells[0];
    assert_eq!((cell.seeds, cell.honest_audits_count, cell.faults_count), (3, 3 * 41, 0));
    assert_eq!((cell.false_punishment_rate, cell.honest_paid_epochs_count), (Some(0.25), 24));
    assert!((cell.honest_audits_not_passed_rate.unwrap() - 1.0 / 41.0).abs() < 1e-12);
    // The honest earn 2 and 1 for the same bytes.
    assert!((cell.honest_gini.unwrap() - 1.0 / 6.0).abs() < 1e-12);
    let [honest, free] = &cell.agents[..] else { panic!("two groups") };
    // 2, 3 and 1 alpha beside 3.
    let shares = [2.0 / 5.0, 3.0 / 6.0, 1.0 / 4.0];
    assert!((free.emission_share - shares.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    assert!(free.emission_share_ci95[0] >= 0.25 && free.emission_share_ci95[1] <= 0.5);
    let [worst, best] = free.roi_ci95.unwrap();
    assert!((free.roi.unwrap() - 3.0).abs() < 1e-9 && worst < 3.0 && best > 3.0);
    // One after 1, 2 and 3 epochs, the other three watched for 4 in vain.
    assert_eq!((free.detected_after_epochs, free.detected_share), (Some(3.0), Some(0.5)));
    // 2, 3 and 1 of 5, 6 and 4 alpha for half of the claims.
    assert_eq!((free.underpaid_after_epochs, honest.underpaid_after_epochs), (None, None));
    let validators = &cell.validators[0];
    assert_eq!((validators.dividend_per_stake, validators.roi), (Some(1.0), Some(499.0)));
    assert_eq!(validators.dividend_share_ci95, [1.0, 1.0]);
    assert_eq!(
        (honest.detected_after_epochs, honest.claimed_share, honest.stored_share),
        (None, 0.5, 2.0 / 3.0)
    );
    assert_eq!((free.audits.passed, free.audits.late), (120, 27));
    assert_eq!(cell.windows.len(), 4);
    assert!((cell.windows[0].earned_alpha_per_epoch[1] - 0.5).abs() < 1e-12);
    assert_eq!(cell.runs[2].run_blake3, super::outcome::digest(&run(3)));
    assert_ne!(cell.runs[2].run_blake3, Digest::default());
    assert_eq!(json!(cell.settings), json!({ "audits.samples": "5" }));
}
