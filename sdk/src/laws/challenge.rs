//! Laws of challenge strategies.

use std::collections::BTreeSet;

use super::plugin::configured;
use super::{candidates, granted, law, round};
use crate::{Audit, Budget, Candidate, ChallengeStrategy, Draws, Hotkey, Round};

const CASES: u64 = 200;

/// Tests that audits stay within the budget and inside the candidates' units; that the choice follows from
/// its input alone, whatever the order of candidates; that it cannot be foreseen; that nobody is forgotten.
///
/// # Panics
/// Where a law is broken.
#[track_caller]
pub fn challenge_strategy<P: ChallengeStrategy>(config_json: &str) {
    let strategy: P = configured(config_json);
    let mut draws = Draws::new("laws of challenge strategies", &[]);
    for epoch in 0..CASES {
        let count = draws.below(30) as u16;
        let candidates = candidates(&mut draws, count);
        let (round, randomness) = (round(&mut draws, epoch), draws.digest());
        let budget = Budget {
            audits: draws.below(40) as u32,
            samples: 1 + draws.below(64) as u32,
            verify_ms: draws.below(2000) as u32,
            deadline_ms: 1 + draws.below(5000) as u32,
        };
        let case = (&round, &candidates, &budget);
        let choose = |candidates: &[Candidate]| {
            granted::<P, _>("choose", &case, || strategy.choose(&round, &randomness, candidates, &budget))
        };
        let audits = choose(&candidates);
        promises::<P>(&candidates, &budget, &audits);
        law::<P>("the same input gives the same audits", choose(&candidates) == audits, || {
            format!("{case:?}")
        });
        let mut reversed = candidates.clone();
        reversed.reverse();
        let same = by_uid(choose(&reversed)) == by_uid(audits);
        law::<P>("the order of candidates does not matter", same, || format!("{case:?}"));
    }
    nobody_can_foresee_the_choice(&strategy, &mut draws);
    nobody_is_forgotten(&strategy, &mut draws);
}

fn by_uid(mut audits: Vec<Audit>) -> Vec<Audit> {
    audits.sort_by_key(|audit| (audit.uid, audit.start_ms, audit.focus.map(|focus| focus.first)));
    audits
}

fn promises<P: ChallengeStrategy>(candidates: &[Candidate], budget: &Budget, audits: &[Audit]) {
    law::<P>("no more audits than the budget has", audits.len() <= budget.audits as usize, || {
        format!("{} of {}", audits.len(), budget.audits)
    });
    for audit in audits {
        let case = || format!("{audit:?} under {budget:?} among {candidates:?}");
        let units = candidates.iter().find(|candidate| candidate.uid == audit.uid).map(|found| found.units);
        law::<P>(
            "only candidates that hold something are audited",
            units.is_some_and(|units| units > 0),
            case,
        );
        let within = (1..=budget.samples).contains(&audit.samples);
        law::<P>("samples are from one to the budget's", within, case);
        let in_time = (1..=budget.deadline_ms).contains(&audit.deadline_ms);
        law::<P>("a deadline is from one to the budget's", in_time, case);
        let inside = audit.focus.is_none_or(|focus| focus.is_within(units.unwrap_or(0)));
        law::<P>("a focus lies inside the candidate's units", inside, case);
    }
}

/// Twenty equal candidates and a budget for `audits` of them.
fn equals(draws: &mut Draws, audits: u32) -> (Vec<Candidate>, Budget) {
    let candidate = |uid| Candidate {
        uid,
        hotkey: Hotkey(draws.digest()),
        claimed_bytes: 1000 << 16,
        units: 1000,
        issued: 0,
        passed: 0,
        failed: 0,
        late: 0,
        absent: 0,
        last_epoch: None,
    };
    let candidates = (0..20).map(candidate).collect();
    (candidates, Budget { audits, samples: 20, verify_ms: 60_000, deadline_ms: 1000 })
}

fn nobody_can_foresee_the_choice<P: ChallengeStrategy>(strategy: &P, draws: &mut Draws) {
    let (candidates, budget) = equals(draws, 1);
    let round = Round { epoch: 3, block: 1080, beacon: draws.digest() };
    let choice = |randomness| strategy.choose(&round, &randomness, &candidates, &budget);
    let plans = (0..30).map(|_| granted::<P, _>("choose", &round, || choice(draws.digest())));
    let chosen: BTreeSet<u16> = plans.flatten().map(|audit| audit.uid).collect();
    law::<P>("other randomness gives other choices", chosen.len() > 3, || {
        format!("one audit among 20 equals fell on {chosen:?} in 30 draws")
    });
}

fn nobody_is_forgotten<P: ChallengeStrategy>(strategy: &P, draws: &mut Draws) {
    let (mut candidates, budget) = equals(draws, 4);
    for epoch in 0..200 {
        let (round, randomness) = (round(draws, epoch), draws.digest());
        let case = (&round, &candidates);
        let plan = || strategy.choose(&round, &randomness, &candidates, &budget);
        for audit in granted::<P, _>("choose", &case, plan) {
            if let Some(found) = candidates.iter_mut().find(|candidate| candidate.uid == audit.uid) {
                found.issued += 1;
                // The last four always fail.
                *(if audit.uid < 16 { &mut found.passed } else { &mut found.failed }) += 1;
                found.last_epoch = Some(epoch);
            }
        }
    }
    let forgotten: Vec<u16> = candidates.iter().filter(|c| c.issued == 0).map(|c| c.uid).collect();
    law::<P>("nobody is forgotten", forgotten.is_empty(), || {
        format!("of 20 candidates, four audits a round, {forgotten:?} had none in 200 rounds")
    });
}
