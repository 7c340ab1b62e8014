//! How a run of units is cut into puts.

use plimsoll_core::{Extent, PlotSpace, SpaceError, Span};

use crate::error::KernelError;

/// The most bytes of one put.
pub(crate) const LARGEST_PUT_BYTES: u64 = <dyn PlotSpace>::LARGEST_PUT_BYTES as u64;

/// The bytes of `units`, if all of them are inside of a region of `size_bytes`.
pub(crate) fn check_units(size_bytes: u64, unit_bytes: u32, units: Span) -> Result<Extent, KernelError> {
    if unit_bytes == 0 {
        let text = "units of 0 bytes cannot be filled: unit-bytes must be 1 or more";
        return Err(KernelError::BadInput(text.to_owned()));
    }
    check_rows(size_bytes, 0, unit_bytes, units)
}

/// The bytes of the rows of `units`, row i at `from` + i × `row_bytes`, if they are inside of the region.
pub(crate) fn check_rows(
    size_bytes: u64,
    from: u64,
    row_bytes: u32,
    units: Span,
) -> Result<Extent, KernelError> {
    let row_bytes = u64::from(row_bytes);
    let offset = units.first.checked_mul(row_bytes).and_then(|offset| offset.checked_add(from));
    let len = units.count.saturating_mul(row_bytes);
    check_extent(size_bytes, Extent { offset: offset.unwrap_or(u64::MAX), len })
}

/// `at`, if it is inside of a region of `size_bytes`.
pub(crate) fn check_extent(size_bytes: u64, at: Extent) -> Result<Extent, KernelError> {
    match at.end() {
        Some(end) if end <= size_bytes => Ok(at),
        _ => Err(SpaceError::OutOfRange { offset: at.offset, len: at.len, size_bytes }.into()),
    }
}

/// Cuts `over` at the multiples of `step` bytes, whatever the units are: so every put but the first and the
/// last begins and ends where direct I/O likes it, and small units share a put.
pub(crate) fn puts(over: Extent, step: u64) -> impl Iterator<Item = Extent> {
    let end = over.offset + over.len;
    let mut at = over.offset;
    std::iter::from_fn(move || {
        let put = Extent { offset: at, len: (step - at % step).min(end - at) };
        at += put.len;
        (put.len > 0).then_some(put)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn puts_cover_a_run_once_and_in_order(offset in 0_u64..5000, len in 0_u64..5000, step in 1_u64..700) {
            let mut at = offset;
            for put in puts(Extent { offset, len }, step) {
                prop_assert_eq!(put.offset, at);
                prop_assert!(put.len > 0 && put.len <= step);
                at += put.len;
                prop_assert!(at % step == 0 || at == offset + len);
            }
            prop_assert_eq!(at, offset + len);
        }
    }

    #[test]
    fn units_that_do_not_exist_are_refused_with_their_place() {
        let units = Span { first: 3, count: 2 };
        assert_eq!(
            check_units(49, 10, units).unwrap_err().to_string(),
            "20 bytes at 30 are outside of a region of 49 bytes"
        );
        assert_eq!(check_units(50, 10, units), Ok(Extent { offset: 30, len: 20 }));
        for units in [Span { first: u64::MAX, count: 2 }, Span { first: 1, count: u64::MAX }] {
            assert!(matches!(check_units(u64::MAX, u32::MAX, units), Err(KernelError::Space(_))));
        }
        assert!(check_units(50, 0, units).unwrap_err().to_string().contains("must be 1 or more"));
    }
}
