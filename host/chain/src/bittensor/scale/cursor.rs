//! Reading SCALE from front to back: integers little-endian, lengths compact.

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Garbled(pub(crate) String);

impl Garbled {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// The bytes still to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

macro_rules! integer {
    ($name:ident, $type:ty) => {
        pub(crate) fn $name(&mut self) -> Result<$type, Garbled> {
            Ok(<$type>::from_le_bytes(self.array()?))
        }
    };
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Garbled> {
        let (head, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| Garbled(format!("it ends {} bytes too early", count - self.rest.len())))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Garbled> {
        let bytes = self.bytes(N)?;
        bytes.try_into().map_err(|_| Garbled::new("a wrong length"))
    }

    integer!(u8, u8);
    integer!(u16, u16);
    integer!(u32, u32);
    integer!(u64, u64);
    integer!(u128, u128);

    /// A truth value: one byte, 0 or 1.
    pub(crate) fn bool(&mut self) -> Result<bool, Garbled> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Garbled(format!("{other} where a truth value is 0 or 1"))),
        }
    }

    /// A compact integer of at most 64 bits.
    pub(crate) fn compact(&mut self) -> Result<u64, Garbled> {
        let first = self.u8()?;
        match first & 3 {
            0 => Ok(u64::from(first >> 2)),
            1 => Ok(u64::from(u16::from_le_bytes([first, self.u8()?]) >> 2)),
            2 => {
                let [b, c, d] = self.array()?;
                Ok(u64::from(u32::from_le_bytes([first, b, c, d]) >> 2))
            }
            _ => {
                let count = usize::from(first >> 2) + 4;
                if count > 8 {
                    return Err(Garbled(format!("an integer of {count} bytes")));
                }
                let mut wide = [0; 8];
                wide[..count].copy_from_slice(self.bytes(count)?);
                Ok(u64::from_le_bytes(wide))
            }
        }
    }

    /// The length of a list, of which each entry takes at least `entry_bytes`: a longer one than can follow is
    /// refused before anything is kept for it.
    pub(crate) fn length(&mut self, entry_bytes: usize) -> Result<usize, Garbled> {
        let long = self.compact()?;
        let most = self.rest.len() / entry_bytes.max(1);
        match usize::try_from(long) {
            Ok(length) if length <= most => Ok(length),
            _ => Err(Garbled(format!("a list of {long} entries in {} bytes", self.rest.len()))),
        }
    }

    /// Some bytes behind their length.
    pub(crate) fn blob(&mut self) -> Result<&'a [u8], Garbled> {
        let length = self.length(1)?;
        self.bytes(length)
    }

    /// A list.
    pub(crate) fn list<T>(
        &mut self,
        entry_bytes: usize,
        mut entry: impl FnMut(&mut Self) -> Result<T, Garbled>,
    ) -> Result<Vec<T>, Garbled> {
        let length = self.length(entry_bytes)?;
        (0..length).map(|_| entry(self)).collect()
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), Garbled> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Garbled(format!("{left} bytes too many"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use subxt::ext::codec::{Compact, Encode};

    use super::*;

    proptest! {
        #[test]
        fn a_compact_integer_reads_as_the_codec_wrote_it(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let bytes = Compact(value).encode();
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.compact(), Ok(value));
            prop_assert_eq!(cursor.end(), Ok(()));
        }

        #[test]
        fn no_bytes_make_it_panic_or_read_beyond_the_end(bytes: Vec<u8>) {
            let mut cursor = Cursor::new(&bytes);
            let _ = cursor.list(2, |c| c.u16());
            let _ = cursor.blob();
            let _ = cursor.compact();
            let _ = cursor.bool();
            prop_assert!(cursor.left() <= bytes.len());
        }
    }

    #[test]
    fn a_list_longer_than_its_bytes_is_refused_before_it_is_made() {
        let bytes = Compact(u32::MAX).encode();
        let error = Cursor::new(&bytes).list(8, |c| c.u64()).unwrap_err();
        assert_eq!(error.to_string(), "a list of 4294967295 entries in 0 bytes");
    }
}
