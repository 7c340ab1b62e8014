//! The little of SCALE that hashes and sealed payloads need: compact lengths, lists of u16.

/// A length as SCALE's compact number.
pub(crate) fn push_compact(out: &mut Vec<u8>, number: usize) {
    let number = number as u64;
    match number {
        0..0x40 => out.push(number.to_le_bytes()[0] << 2),
        0x40..0x4000 => out.extend_from_slice(&(number << 2 | 1).to_le_bytes()[..2]),
        0x4000..0x4000_0000 => out.extend_from_slice(&(number << 2 | 2).to_le_bytes()[..4]),
        _ => {
            let bytes = number.to_le_bytes();
            let len = 8 - number.leading_zeros() as usize / 8;
            out.push(((len - 4) as u8) << 2 | 3);
            out.extend_from_slice(&bytes[..len]);
        }
    }
}

/// Their count and each, little-endian.
pub(crate) fn push_u16s(out: &mut Vec<u8>, numbers: impl ExactSizeIterator<Item = u16>) {
    push_compact(out, numbers.len());
    numbers.for_each(|number| out.extend(number.to_le_bytes()));
}

/// Bytes still to be read; every reading is `None` where they are too few.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A length below 2^30, in its shortest form only.
    pub(crate) fn compact(&mut self) -> Option<usize> {
        let before = self.0;
        let first = *self.0.first()?;
        let len = [1, 2, 4].get(usize::from(first & 3)).copied()?;
        let mut bytes = [0; 4];
        bytes[..len].copy_from_slice(self.take(len)?);
        let number = (u32::from_le_bytes(bytes) >> 2) as usize;
        let mut shortest = Vec::with_capacity(4);
        push_compact(&mut shortest, number);
        (shortest == before[..len]).then_some(number)
    }

    pub(crate) fn counted_bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.compact()?;
        self.take(len)
    }

    pub(crate) fn u16s(&mut self) -> Option<Vec<u16>> {
        let len = self.compact()?;
        let bytes = self.take(len.checked_mul(2)?)?;
        Some(bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_numbers_have_the_bytes_of_scales_specification() {
        for (number, bytes) in [
            (0, "00"),
            (1, "04"),
            (42, "a8"),
            (63, "fc"),
            (64, "0101"),
            (69, "1501"),
            (16383, "fdff"),
            (16384, "02000100"),
            (65535, "feff0300"),
            (1_073_741_823, "feffffff"),
            (1_073_741_824, "0300000040"),
            (100_000_000_000_000, "0b00407a10f35a"),
        ] {
            let mut out = Vec::new();
            push_compact(&mut out, number);
            assert_eq!(hex::encode(&out), bytes, "{number}");
            let read = Reader(&out).compact();
            assert_eq!(read, (number < 1 << 30).then_some(number));
        }
        assert_eq!(Reader(&[0x01, 0x00]).compact(), None, "a longer form than needed");
        assert_eq!(Reader(&[]).compact(), None);
    }
}
