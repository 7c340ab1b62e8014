//! One epoch of a run again, and why somebody earned what it did.

use std::ops::ControlFlow;

use plimsoll_core::Uid;
use plimsoll_lab::simulate::{Happened, Missing, Prepared};
use plimsoll_node::validator::Outcome;

use crate::lab::{ready, scenario};

fn prepared() -> Prepared {
    ready(scenario(
        r#"
plugins.rule_params = {}

[[validators]]
name = "v"
count = 2

[[validators]]
name = "copy"
vote = "copy"

[[miners]]
name = "honest"
count = 2
bytes = "1TiB"

[[miners]]
name = "free"
bytes = "1TiB"
strategy.freeloader = { keep = 0.5 }
"#,
    ))
}

#[test]
fn an_epoch_is_the_same_from_every_state_that_is_kept() {
    let prepared = prepared();
    let (run, kept) = prepared.run_keeping(3, 4, &mut |_| ControlFlow::Continue(())).unwrap();
    for epoch in [0, 3, 4, 9, 11] {
        let row = &run.rows[epoch as usize];
        let mut earned = [0, 0];
        for uid in 3..6 {
            let told = prepared.replay(3, epoch, Uid(uid), Some(&kept)).unwrap();
            assert_eq!(told, prepared.replay(3, epoch, Uid(uid), None).unwrap());
            earned[usize::from(told.group == "free")] += told.earned_rao;
        }
        assert_eq!(row.earned_rao, earned, "replayed as it was lived");
    }
}

#[test]
fn an_explanation_has_the_evidence_the_rules_own_words_and_what_the_miner_really_did() {
    let prepared = prepared();
    let honest = prepared.replay(3, 5, Uid(3), None).unwrap();
    assert_eq!((honest.group.as_str(), honest.miner, honest.validators.len()), ("honest", 0, 3));
    let first = &honest.validators[0];
    let told = first.told.as_ref().unwrap();
    assert_eq!((told.audits.len(), told.audits[0].outcome, told.audits[0].samples), (1, Outcome::Passed, 20));
    assert_eq!((told.tally.passed, told.standing.as_ref().unwrap().passed), (1, 1));
    assert!(!told.reason.is_empty() && told.value > Some(0) && told.weight == Some(65535));
    assert_eq!((first.weight, first.vote), (Some(65535), "honest"));
    assert!(honest.earned_rao > 0 && honest.consensus > 0 && honest.incentive > 0);
    let copy = &honest.validators[2];
    assert_eq!((copy.vote, copy.told.as_ref()), ("copy", None));
    assert!(copy.weight > Some(0));

    let free = prepared.replay(3, 5, Uid(5), None).unwrap();
    let first = &free.validators[0];
    assert_eq!((first.conduct.kept, first.conduct.missing), (0.5, Missing::Wrong));
    let audit = &first.told.as_ref().unwrap().audits[0];
    assert_eq!(audit.outcome, Outcome::Failed);
    assert!((1..=20).contains(&audit.missed));
    assert_eq!(free.stored_bytes, free.claimed_bytes / 2);
}

#[test]
fn everything_that_happens_in_an_epoch_is_told_by_time() {
    let prepared = prepared();
    let (run, kept) = prepared.run_keeping(3, 4, &mut |_| ControlFlow::Continue(())).unwrap();
    let relived = prepared.relive(3, 5, Some(&kept)).unwrap();
    assert_eq!((&relived.row, relived.faults.len()), (&run.rows[5], 0));
    assert!(relived.happenings.is_sorted_by_key(|happening| happening.at_ms));
    let of =
        |wanted: fn(&Happened) -> bool| relived.happenings.iter().filter(|one| wanted(&one.what)).count();
    assert_eq!(of(|what| matches!(what, Happened::RoundOver { audits, .. } if audits.judged() == 3)), 2);
    assert_eq!(of(|what| matches!(what, Happened::WeightsSet { .. })), 3, "the copycat too");
    let last = relived.happenings.last().unwrap();
    let tempo_ms = 360 * 12_000;
    let miners_rao = run.rows[5].earned_rao.iter().sum();
    assert_eq!((last.at_ms, &last.what), (6 * tempo_ms, &Happened::TempoEnded { miners_rao }));
    let first = prepared.relive(3, 0, None).unwrap();
    let divided = first.happenings.iter().filter(|one| matches!(one.what, Happened::Divided { .. })).count();
    assert_eq!(divided, 3);
}

#[test]
fn what_was_not_cannot_be_explained() {
    let said = |epoch, uid| prepared().replay(3, epoch, Uid(uid), None).unwrap_err().to_string();
    assert_eq!(said(12, 3), "epoch 12 cannot be replayed: the scenario has epochs 0 to 11");
    assert_eq!(said(2, 0), "epoch 2 cannot be replayed: uid 0 was no miner's in it");
}
