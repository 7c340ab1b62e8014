//! The numbers against sums done by hand and against exact arithmetic.

use proptest::prelude::*;

use super::*;

#[test]
fn products_go_down_and_quotients_towards_zero() {
    let (step, half) = (Fixed::from_bits(1), Fixed::from_bits(1 << 31));
    let minus = |number: Fixed| Fixed::ZERO - number;
    assert_eq!(step * half, Fixed::ZERO);
    assert_eq!((minus(step) * half).to_bits(), -1);
    assert_eq!((Fixed::ONE / Fixed::whole(3)).to_bits(), 1_431_655_765);
    assert_eq!((minus(Fixed::ONE) / Fixed::whole(3)).to_bits(), -1_431_655_765);
    assert_eq!(Fixed::ONE / Fixed::ZERO, Fixed::ZERO);
    assert_eq!(Fixed::ratio(7, 0), Fixed::ZERO);
}

#[test]
fn what_is_too_large_stops_at_the_largest_number() {
    let (most, least) = (Fixed::from_bits(i64::MAX), Fixed::from_bits(i64::MIN));
    assert_eq!(most + Fixed::ONE, most);
    assert_eq!(least - Fixed::ONE, least);
    assert_eq!(most * most, most);
    assert_eq!(most * least, least);
    assert_eq!(most / Fixed::from_bits(1), most);
    assert_eq!(Fixed::ratio(u64::MAX, 1), most);
    assert_eq!(most.to_share(), u16::MAX);
    assert_eq!(least.to_share(), 0);
    assert_eq!(least.of(1), 0);
}

#[test]
fn the_exponential_has_the_values_of_its_series() {
    assert_eq!(Fixed::ZERO.exp(), Fixed::ONE);
    assert_eq!(Fixed::ONE.exp().to_bits(), 11_674_931_200);
    for tenths in -100_i64..=100 {
        let x = Fixed::from_bits((tenths << 32) / 10);
        let exact = (x.to_bits() as f64 / 2f64.powi(32)).exp();
        let found = x.exp().to_bits() as f64 / 2f64.powi(32);
        assert!((found - exact).abs() <= exact * 4e-7 + 1e-8, "exp({tenths}/10) is {found}, not {exact}");
    }
    let far = Fixed::whole(20_000);
    assert_eq!(far.exp(), Fixed::whole(20).exp(), "clamped");
    assert_eq!((Fixed::ZERO - far).exp().to_bits(), 8, "e^-20 in steps of 2^-32");
}

proptest! {
    #[test]
    fn products_and_quotients_are_the_exact_ones_cut(a in -(1i64 << 40)..1 << 40, b in -(1i64 << 40)..1 << 40) {
        let (x, y) = (Fixed::from_bits(a), Fixed::from_bits(b));
        let product = i128::from((x * y).to_bits()) << 32;
        let exact = i128::from(a) * i128::from(b);
        prop_assert!(product <= exact && exact < product + (1 << 32));
        if b != 0 {
            let quotient = i128::from((x / y).to_bits());
            let rest = (i128::from(a) << 32) - quotient * i128::from(b);
            prop_assert!(rest.abs() < i128::from(b).abs());
            prop_assert!(rest == 0 || (rest < 0) == (a < 0), "cut towards zero");
        }
    }

    #[test]
    fn shares_survive_their_numbers_but_for_one_step(share: u16) {
        let back = Fixed::share(share).to_share();
        prop_assert!(back == share || back + 1 == share, "{} became {}", share, back);
    }

    #[test]
    fn normalised_shares_miss_one_by_a_step_each_at_most(parts in proptest::collection::vec(0i64..1 << 40, 1..60)) {
        let mut numbers: Vec<_> = parts.iter().map(|&bits| Fixed::from_bits(bits)).collect();
        normalise(&mut numbers);
        let sum: Fixed = numbers.iter().copied().sum();
        prop_assume!(parts.iter().any(|&part| part != 0));
        prop_assert!(sum <= Fixed::ONE);
        prop_assert!((Fixed::ONE - sum).to_bits() < parts.len() as i64);
    }
}
