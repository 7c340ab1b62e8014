//! The laws of challenge strategies.

use plimsoll_sdk::{Audit, Budget, Candidate, ChallengeStrategy, Digest, Draws, Result, Round, Span, laws};

use crate::{assert_breaks, broken, sample};

sample!(Strategy);

impl<const FAULT: u8> ChallengeStrategy for Strategy<FAULT> {
    fn choose(
        &self,
        round: &Round,
        randomness: &Digest,
        candidates: &[Candidate],
        budget: &Budget,
    ) -> Result<Vec<Audit>> {
        let mut chosen: Vec<&Candidate> = candidates.iter().filter(|c| c.units > 0 || FAULT == 1).collect();
        let randomness = if FAULT == 2 { round.epoch.to_le_bytes().to_vec() } else { randomness.to_vec() };
        if FAULT != 3 {
            let rank =
                |c: &&Candidate| (FAULT != 4).then(|| Draws::new("rank", &[&randomness, &c.hotkey.0]).word());
            chosen.sort_by_key(|c| (rank(c), c.uid));
        }
        chosen.truncate(budget.audits as usize + usize::from(FAULT == 5));
        let audit = |c: &&Candidate| Audit {
            uid: c.uid,
            samples: if FAULT == 6 { 0 } else { budget.samples },
            focus: (FAULT == 7).then_some(Span { first: c.units / 2, count: c.units }),
            start_ms: 0,
            deadline_ms: budget.deadline_ms + u32::from(FAULT == 8),
        };
        Ok(chosen.iter().map(audit).filter(|a| FAULT != 9 || a.uid != 3 || candidates.len() != 20).collect())
    }
}

#[test]
fn an_honest_strategy_passes() {
    assert_eq!(broken(|| laws::challenge_strategy::<Strategy<0>>("{}")), "no law was broken");
}

#[test]
fn every_fault_of_a_strategy_is_caught() {
    let law = "only candidates that hold something are audited";
    assert_breaks(law, || laws::challenge_strategy::<Strategy<1>>("{}"));
    assert_breaks("other randomness gives other choices", || laws::challenge_strategy::<Strategy<2>>("{}"));
    assert_breaks("the order of candidates does not matter", || {
        laws::challenge_strategy::<Strategy<3>>("{}");
    });
    assert_breaks("other randomness gives other choices", || laws::challenge_strategy::<Strategy<4>>("{}"));
    assert_breaks("no more audits than the budget has", || laws::challenge_strategy::<Strategy<5>>("{}"));
    assert_breaks("samples are from one to the budget's", || laws::challenge_strategy::<Strategy<6>>("{}"));
    assert_breaks("a focus lies inside the candidate's units", || {
        laws::challenge_strategy::<Strategy<7>>("{}");
    });
    assert_breaks("a deadline is from one to the budget's", || laws::challenge_strategy::<Strategy<8>>("{}"));
    assert_breaks("nobody is forgotten", || laws::challenge_strategy::<Strategy<9>>("{}"));
}
