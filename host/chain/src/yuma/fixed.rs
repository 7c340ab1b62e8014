//! Numbers of 64 bits, 32 of them behind the point: what the chain computes an epoch in.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Sub};

/// A signed number in steps of 2^-32, the chain's `I32F32`.
///
/// Everything saturates. A product is rounded down, also a negative one; a quotient is cut towards zero, and
/// a quotient by zero is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Fixed(i64);

const FRACTION_BITS: u32 = 32;

impl Fixed {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(1 << FRACTION_BITS);

    /// The number whose steps of 2^-32 these are.
    #[must_use]
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits)
    }

    /// Its steps of 2^-32.
    #[must_use]
    pub const fn to_bits(self) -> i64 {
        self.0
    }

    /// An integer.
    #[must_use]
    pub fn whole(value: u16) -> Self {
        Self(i64::from(value) << FRACTION_BITS)
    }

    /// `part / all`, cut at 2^-32; zero where `all` is.
    #[must_use]
    pub fn ratio(part: u64, all: u128) -> Self {
        if let (Ok(part), Ok(all @ 1..)) = (u32::try_from(part), u64::try_from(all)) {
            return Self(saturated(((u64::from(part) << FRACTION_BITS) / all).into()));
        }
        let cut = (u128::from(part) << FRACTION_BITS).checked_div(all).unwrap_or(0);
        Self(i64::try_from(cut).unwrap_or(i64::MAX))
    }

    /// `value / 65535`.
    #[must_use]
    pub fn share(value: u16) -> Self {
        Self((i64::from(value) << FRACTION_BITS) / i64::from(u16::MAX))
    }

    /// `65535 · self` rounded down, from 0 to 65535.
    #[must_use]
    pub fn to_share(self) -> u16 {
        let scaled = (i128::from(self.0) * i128::from(u16::MAX)) >> FRACTION_BITS;
        u16::try_from(scaled.max(0)).unwrap_or(u16::MAX)
    }

    /// `self · amount` rounded down: what a share of an amount is; nothing where it is negative.
    #[must_use]
    pub fn of(self, amount: u64) -> u64 {
        let product = (i128::from(self.0) * i128::from(amount)) >> FRACTION_BITS;
        u64::try_from(product.max(0)).unwrap_or(u64::MAX)
    }

    /// The nearest integer, halves away from zero, from 0 to 65535.
    pub(super) fn round_to_u16(self) -> u16 {
        let rounded = (i128::from(self.0) + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS;
        u16::try_from(rounded.max(0)).unwrap_or(u16::MAX)
    }

    /// `e^self`, for what lies beyond ±20 that of ±20.
    ///
    /// The series up to the 31st power of the absolute value, each term being the last one times the value
    /// and then over its index; for negative numbers the reciprocal of that. `e` itself is known to 23 bits
    /// behind the point: so does the chain's library have it.
    pub(super) fn exp(self) -> Self {
        let limit = Self::whole(20);
        let exponent = self.clamp(Self::ZERO - limit, limit);
        if exponent == Self::ZERO {
            return Self::ONE;
        }
        if exponent == Self::ONE {
            return Self(E_BITS);
        }
        let x = Self(exponent.0.abs());
        let (mut sum, mut term) = (Self::ONE + x, x);
        for index in 2..32 {
            term = Self((term * x).0 / index);
            if term == Self::ZERO {
                break;
            }
            sum = sum + term;
        }
        if exponent < Self::ZERO { Self::ONE / sum } else { sum }
    }
}

/// 2.718281828459 · 2^23, rounded down, at 32 bits behind the point.
const E_BITS: i64 = 22_802_600 << 9;

impl Add for Fixed {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Fixed {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul for Fixed {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(saturated((i128::from(self.0) * i128::from(other.0)) >> FRACTION_BITS))
    }
}

impl Div for Fixed {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        // Nearly all quotients of an epoch are of shares or of integers, and a division of 64 bits is several
        // times as fast as one of 128.
        let whole = (self.0 | other.0).trailing_zeros() >= FRACTION_BITS;
        let (part, all) = if whole { (self.0 >> 32, other.0 >> 32) } else { (self.0, other.0) };
        if let (Ok(part), Ok(all @ 1..)) = (u32::try_from(part), u64::try_from(all)) {
            return Self(saturated(((u64::from(part) << FRACTION_BITS) / all).into()));
        }
        let quotient = (i128::from(self.0) << FRACTION_BITS).checked_div(other.0.into());
        Self(saturated(quotient.unwrap_or(0)))
    }
}

impl Sum for Fixed {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::ZERO, Add::add)
    }
}

fn saturated(bits: i128) -> i64 {
    i64::try_from(bits).unwrap_or(if bits < 0 { i64::MIN } else { i64::MAX })
}

/// Divides all by their sum; leaves them as they are where it is zero. As every quotient is cut, the sum
/// afterwards is a hair below one.
pub(super) fn normalise(numbers: &mut [Fixed]) {
    let sum: Fixed = numbers.iter().copied().sum();
    divide_all(numbers, sum);
}

/// Divides all by `by`; leaves them as they are where it is zero.
pub(super) fn divide_all(numbers: &mut [Fixed], by: Fixed) {
    if by != Fixed::ZERO {
        for number in numbers {
            *number = *number / by;
        }
    }
}

#[cfg(test)]
#[path = "fixed_tests.rs"]
mod tests;
