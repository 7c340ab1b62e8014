//! Little-endian fields and variable-length integers, one after another.

use plimsoll_core::Digest;

/// Appends `value` as LEB128: seven bits a byte, the lowest first.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A difference of either sign as a small number: 0, -1, 1, -2, ...
pub(super) const fn zigzag(difference: i64) -> u64 {
    ((difference << 1) ^ (difference >> 63)) as u64
}

pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Appends a text of at most 255 bytes behind its length; the caller has checked the length.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let len = bytes.len().min(usize::from(u8::MAX));
    out.push(len as u8);
    out.extend_from_slice(&bytes[..len]);
}

/// Reads the same fields; `None` where the bytes end.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn digest(&mut self) -> Option<Digest> {
        self.array().map(Digest)
    }

    /// A text behind its length of one byte.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let len = usize::from(self.u8()?);
        std::str::from_utf8(self.bytes(len)?).ok()
    }

    /// `None` also for an integer beyond 64 bits, and for one that is longer than it needs to be.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for place in 0..10 {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if place == 9 && byte > 1 || place > 0 && byte == 0 {
                return None;
            }
            value |= bits << (7 * place);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// `value`, if nothing is left over.
    pub(super) fn whole<T>(&self, value: T) -> Option<T> {
        self.rest.is_empty().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_varint_comes_back_and_has_one_form(value: u64, difference: i64) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut fields = Fields::of(&out);
            prop_assert_eq!(fields.varint(), Some(value));
            prop_assert_eq!(fields.left(), 0);
            prop_assert_eq!(unzigzag(zigzag(difference)), difference);
        }

        #[test]
        fn garbage_is_no_panic(bytes: Vec<u8>) {
            let mut fields = Fields::of(&bytes);
            while fields.varint().is_some() {}
            let _ = (fields.text(), fields.u64());
        }
    }

    #[test]
    fn an_integer_that_is_too_long_is_refused() {
        for bytes in
            [&[0x80, 0x00][..], &[0xff; 10], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]]
        {
            assert_eq!(Fields::of(bytes).varint(), None, "{bytes:?}");
        }
    }
}
