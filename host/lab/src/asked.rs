//! What a challenge asks for, as far as that can be read from outside.

/// The units of a challenge of the SDK's usual form: a nonce of 32 bytes, then distinct ascending indices of eight
/// little-endian bytes each, all below `units`. `None` for any other form.
pub(crate) fn asked_units(challenge: &[u8], units: u64) -> Option<Vec<u64>> {
    let (_, indices) = challenge.split_first_chunk::<32>()?;
    let (indices, rest) = indices.as_chunks::<8>();
    let indices: Vec<u64> = indices.iter().map(|index| u64::from_le_bytes(*index)).collect();
    let ascending = indices.windows(2).all(|pair| pair[0] < pair[1]);
    let within = indices.last().is_some_and(|&last| last < units);
    (rest.is_empty() && ascending && within).then_some(indices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_nonce_and_ascending_units_of_the_plot_are_read() {
        let challenge = |units: &[u64]| {
            let indices = units.iter().flat_map(|unit| unit.to_le_bytes());
            [0; 32].into_iter().chain(indices).collect::<Vec<u8>>()
        };
        assert_eq!(asked_units(&challenge(&[2, 5, 9]), 10), Some(vec![2, 5, 9]));
        for wrong in [&challenge(&[2, 5, 10])[..], &challenge(&[5, 2]), &challenge(&[]), &[0; 41], &[0; 8]] {
            assert_eq!(asked_units(wrong, 10), None, "{wrong:?}");
        }
    }
}
