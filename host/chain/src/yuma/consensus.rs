//! The weight that enough stake agrees on.

use super::fixed::normalise;
use super::{Fixed, Rows};

/// Per miner, the largest weight that validators with at least `kappa` of the active stake give it or
/// exceed; where `kappa` is more than there is, the smallest. A validator that does not weigh it gives it 0.
pub(super) fn consensus(active_stake: &[Fixed], weights: &Rows, kappa: Fixed) -> Vec<Fixed> {
    let n = active_stake.len();
    let stake = shares(active_stake);
    let all: Fixed = stake.iter().copied().sum();
    let voters = stake.iter().filter(|&&stake| stake > Fixed::ZERO).count();
    let votes = Votes::of(&stake, weights, n);
    let mut column = Vec::new();
    (0..n)
        .map(|miner| {
            column.clear();
            column.extend_from_slice(votes.on(miner));
            if column.len() < voters {
                let present = column.iter().map(|vote: &Vote| vote.stake).sum();
                column.push(Vote { score: Fixed::ZERO, stake: all - present });
            }
            backed(&mut column, kappa)
        })
        .collect()
}

/// The same for one list of scores, by validator, with integer stakes: the largest score that at least
/// `kappa` of the stake reaches. Zero where there is no stake.
#[must_use]
pub fn weighted_median(stakes: &[u64], scores: &[Fixed], kappa: Fixed) -> Fixed {
    let all = stakes.iter().map(|&stake| u128::from(stake)).sum();
    let stakes: Vec<_> = stakes.iter().map(|&stake| Fixed::ratio(stake, all)).collect();
    let votes = scores.iter().zip(shares(&stakes)).map(|(&score, stake)| Vote { score, stake });
    let mut votes: Vec<_> = votes.filter(|vote| vote.stake > Fixed::ZERO).collect();
    backed(&mut votes, kappa)
}

/// Normalised a second time, over those alone that have any: the chain does so too.
fn shares(active_stake: &[Fixed]) -> Vec<Fixed> {
    let mut stake = active_stake.to_vec();
    normalise(&mut stake);
    stake
}

#[derive(Debug, Clone, Copy)]
struct Vote {
    score: Fixed,
    stake: Fixed,
}

/// The votes of validators with active stake, miner by miner.
struct Votes {
    ends: Vec<usize>,
    votes: Vec<Vote>,
}

impl Votes {
    fn of(stake: &[Fixed], weights: &Rows, n: usize) -> Self {
        let voters = || weights.iter().zip(stake).filter(|(_, stake)| **stake > Fixed::ZERO);
        let mut places = vec![0_usize; n];
        voters().flat_map(|(row, _)| row).for_each(|(uid, _)| places[usize::from(uid.0)] += 1);
        let mut next = 0;
        for place in &mut places {
            next += std::mem::replace(place, next);
        }
        let mut votes = vec![Vote { score: Fixed::ZERO, stake: Fixed::ZERO }; next];
        for (row, &stake) in voters() {
            for &(uid, score) in row {
                let place = &mut places[usize::from(uid.0)];
                votes[*place] = Vote { score, stake };
                *place += 1;
            }
        }
        // Each place has come to where the next column starts.
        Self { ends: places, votes }
    }

    fn on(&self, miner: usize) -> &[Vote] {
        let start = miner.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.votes[start..self.ends[miner]]
    }
}

/// The highest score of which the votes for it and above hold `kappa`, else the lowest.
///
/// Halves the votes around a pivot and goes on in the half where the answer is, so that the time is
/// linear. Sums of stake are exact, so their order does not matter.
fn backed(votes: &mut [Vote], kappa: Fixed) -> Fixed {
    let mut rest = votes;
    let mut above = Fixed::ZERO;
    loop {
        match rest {
            [] => return Fixed::ZERO,
            [only] => return only.score,
            _ => {}
        }
        let middle = rest.len() / 2;
        let (higher, pivot, lower) = rest.select_nth_unstable_by(middle, |a, b| b.score.cmp(&a.score));
        let pivot = *pivot;
        let higher_stake: Fixed = higher.iter().map(|vote| vote.stake).sum();
        if above + higher_stake >= kappa {
            rest = higher;
        } else if above + higher_stake + pivot.stake >= kappa || lower.is_empty() {
            return pivot.score;
        } else {
            above = above + higher_stake + pivot.stake;
            rest = lower;
        }
    }
}
