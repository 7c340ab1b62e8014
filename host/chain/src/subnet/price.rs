//! What a place costs: more after every registration, less with every block.

use plimsoll_core::StakeRao;

use super::RegistrationRules;

/// The cost after one more registration: more by at least 1 rao if it rises at all, as a small one would be
/// rounded down to what it was.
pub(super) fn risen(cost: StakeRao, rules: &RegistrationRules) -> StakeRao {
    let factor = rules.rise_thousandths.max(1_000);
    let least = u128::from(cost.0) + u128::from(cost.0 > 0 && factor > 1_000);
    let risen = (u128::from(cost.0) * u128::from(factor) / 1_000).max(least);
    within(u64::try_from(risen).unwrap_or(u64::MAX), rules)
}

/// The cost a block later; `factor` is [`block_factor`]'s.
pub(super) fn fallen(cost: StakeRao, factor: u64, rules: &RegistrationRules) -> StakeRao {
    within(times(cost.0, factor), rules)
}

/// What one block multiplies the cost by, in steps of 2^-32: the most whose power over the half-life is no
/// more than a half, each product rounded down.
pub(super) fn block_factor(half_life_blocks: u16) -> u64 {
    if half_life_blocks == 0 {
        return ONE;
    }
    // `low` always stays small enough, `high` is always too large.
    let (mut low, mut high) = (0, ONE);
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if power(middle, half_life_blocks) <= ONE / 2 { low = middle } else { high = middle }
    }
    low
}

const ONE: u64 = 1 << 32;

fn within(cost: u64, rules: &RegistrationRules) -> StakeRao {
    // Not `clamp`: it panics where a genesis that was never checked has the ends the wrong way round.
    StakeRao(cost.max(rules.min_cost_rao.0).min(rules.max_cost_rao.0))
}

fn times(value: u64, factor: u64) -> u64 {
    u64::try_from((u128::from(value) * u128::from(factor)) >> 32).unwrap_or(u64::MAX)
}

/// By squaring, as rounding makes the order of products matter.
fn power(base: u64, exponent: u16) -> u64 {
    let (mut product, mut square, mut rest) = (ONE, base, exponent);
    while rest > 0 {
        if rest % 2 == 1 {
            product = times(product, square);
        }
        square = times(square, square);
        rest /= 2;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_rises_with_registrations_and_halves_in_its_half_life() {
        let rules = RegistrationRules::bittensor();
        let tao = StakeRao(1_000_000_000);
        assert_eq!(risen(tao, &rules), StakeRao(1_260_000_000));
        assert_eq!(risen(StakeRao(99_000_000_000), &rules), rules.max_cost_rao);
        let factor = block_factor(rules.half_life_blocks);
        let mut cost = tao;
        for _ in 0..360 {
            let next = fallen(cost, factor, &rules);
            assert!(next < cost);
            cost = next;
        }
        assert!((499_990_000..=500_000_000).contains(&cost.0), "{}", cost.0);
        assert_eq!(fallen(rules.min_cost_rao, factor, &rules), rules.min_cost_rao);
    }

    #[test]
    fn the_factor_is_the_largest_that_halves() {
        for half_life in [1, 2, 3, 360, 5_000, u16::MAX] {
            let factor = block_factor(half_life);
            assert!(power(factor, half_life) <= ONE / 2, "{half_life}");
            assert!(power(factor + 1, half_life) > ONE / 2, "{half_life}");
        }
        assert_eq!(block_factor(1), ONE / 2);
        assert_eq!(block_factor(0), ONE, "no half-life, no fall");
    }

    #[test]
    fn a_place_that_costs_nothing_goes_on_costing_nothing() {
        let rules = RegistrationRules::default();
        assert_eq!(risen(StakeRao(0), &rules), StakeRao(0));
    }

    #[test]
    fn a_cost_of_a_few_rao_rises_too_and_one_that_does_not_rise_stays() {
        let rules = RegistrationRules { min_cost_rao: StakeRao(1), ..RegistrationRules::bittensor() };
        let costs = std::iter::successors(Some(StakeRao(1)), |&cost| Some(risen(cost, &rules)));
        let costs: Vec<u64> = costs.take(6).map(|cost| cost.0).collect();
        assert_eq!(costs, [1, 2, 3, 4, 5, 6]);
        let level = RegistrationRules { rise_thousandths: 1_000, ..rules };
        assert_eq!(risen(StakeRao(3), &level), StakeRao(3));
        let capped = RegistrationRules { max_cost_rao: StakeRao(3), ..rules };
        assert_eq!(risen(StakeRao(3), &capped), StakeRao(3));
    }
}
