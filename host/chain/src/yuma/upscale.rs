//! Weights as the chain keeps them.

use super::Fixed;

/// Scales weights so that the largest becomes 65535; where all are zero, all stay zero.
///
/// Almost `weight · 65535 / largest` to the nearest, halves up. Above 32768 the chain multiplies by
/// `65535 / largest`, which is cut at 2^-32, so that an exact half may go down.
#[must_use]
pub fn max_upscale(weights: &[u16]) -> Vec<u16> {
    let Some(largest) = weights.iter().copied().max().filter(|&largest| largest != 0) else {
        return weights.to_vec();
    };
    let (most, whole) = (Fixed::whole(u16::MAX), Fixed::whole(largest));
    let scaled = |weight: Fixed| {
        if largest > 32_768 { weight * (most / whole) } else { weight * most / whole }
    };
    weights.iter().map(|&weight| scaled(Fixed::whole(weight)).round_to_u16()).collect()
}
