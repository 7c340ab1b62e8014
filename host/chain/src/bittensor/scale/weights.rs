//! Rows of weights, as the chain stores them: compact count | count x (uid u16 | weight u16).

use plimsoll_core::Uid;

use super::{Cursor, Garbled};

/// The value of `Weights`, sorted by uid.
pub(crate) fn weights_row(value: &[u8]) -> Result<Vec<(Uid, u16)>, Garbled> {
    let mut cursor = Cursor::new(value);
    let mut row = cursor.list(4, |cursor| Ok((Uid(cursor.u16()?), cursor.u16()?)))?;
    cursor.end()?;
    row.sort_unstable();
    Ok(row)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_row_reads_sorted() {
        let row = weights_row(&[8, 1, 0, 0xff, 0xff, 0, 0, 0x30, 0x75]).unwrap();
        assert_eq!(row, [(Uid(0), 30_000), (Uid(1), 65_535)]);
        assert_eq!(weights_row(&[0]).unwrap(), []);
        assert_eq!(weights_row(&[4, 1]).unwrap_err().to_string(), "a list of 1 entries in 1 bytes");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = weights_row(&bytes);
        }
    }
}
