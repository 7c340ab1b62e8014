//! Generators that nobody knows a relation between, and tables of their multiples.

use std::sync::{Arc, Mutex, PoisonError};

use super::group::{CurvePoint, Scalar, Scratch, Table};
use super::{G1_BYTES, SCALAR_BYTES, check_domain};
use crate::error::KernelError;

/// The most generators of one sum.
pub const LARGEST_GENERATORS: usize = 128;
/// Tables that are kept: 132 KiB a generator.
const KEPT: usize = 2;

/// Generator `index` of `domain`: the point that the index, as four little-endian bytes, hashes to.
///
/// # Errors
/// As [`super::hash_to_g1`].
pub fn generator(domain: &[u8], index: u32) -> Result<[u8; G1_BYTES], KernelError> {
    super::hash_to_g1(domain, &index.to_le_bytes())
}

/// The sum of generators 0, 1, 2... of `domain`, each times its scalar; `None` where a scalar is not below r.
///
/// # Errors
/// [`KernelError::BadInput`] for a wrong domain, no whole scalars, or more than [`LARGEST_GENERATORS`].
pub fn generators_sum(domain: &[u8], scalars: &[u8]) -> Result<Option<[u8; G1_BYTES]>, KernelError> {
    let (each, rest) = scalars.as_chunks::<SCALAR_BYTES>();
    if !rest.is_empty() {
        let text = format!("scalars of {} bytes in all: expected {SCALAR_BYTES} for each", scalars.len());
        return Err(KernelError::BadInput(text));
    }
    let table = table(domain, each.len())?;
    if each.iter().any(|scalar| Scalar::from_bytes(scalar).is_none()) {
        return Ok(None);
    }
    Ok(Some(table.sum_of_products(scalars, &mut Scratch::default())))
}

type Key = (Vec<u8>, usize);

/// The table of the first `count` generators: kept, because making one takes as long as a hundred sums.
pub(super) fn table(domain: &[u8], count: usize) -> Result<Arc<Table>, KernelError> {
    static TABLES: Mutex<Vec<(Key, Arc<Table>)>> = Mutex::new(Vec::new());
    check_domain(domain)?;
    if count > LARGEST_GENERATORS {
        let text = format!("{count} generators, expected at most {LARGEST_GENERATORS}");
        return Err(KernelError::BadInput(text));
    }
    let is_it = |(key, _): &(Key, Arc<Table>)| key.0 == domain && key.1 == count;
    let lock = || TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut tables = lock();
        if let Some(place) = tables.iter().position(is_it) {
            // The longest unused one is the last, and the first to go.
            tables[..=place].rotate_right(1);
            return Ok(Arc::clone(&tables[0].1));
        }
    }
    let point = |index: u32| CurvePoint::hashed(domain, &index.to_le_bytes());
    let points: Vec<CurvePoint> = (0..count as u32).map(point).collect();
    let made = Arc::new(Table::new(&points));
    let mut tables = lock();
    tables.retain(|kept| !is_it(kept));
    tables.insert(0, ((domain.to_vec(), count), Arc::clone(&made)));
    tables.truncate(KEPT);
    Ok(made)
}
