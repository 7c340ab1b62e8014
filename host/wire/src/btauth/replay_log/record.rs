//! One record: 48 bytes, little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | nanoseconds since 1970: the nonce, floor or ceiling |
//! | 32 | the sender's key, or the boot id, or zeros |
//! | 1 | kind: 1 taken, 2 floor, 3 ceiling, 4 boot, 5 closed |
//! | 7 | first bytes of the BLAKE3 of the file's number, the record's place in it (eight bytes each) and the 41 bytes |
//!
//! The file's number and the place are in the check so that a block of an older file, which a machine's end may
//! bring back, is not taken for a record of this one.

use plimsoll_core::{Digest, Hotkey};

pub(super) const RECORD_BYTES: usize = 48;
const CHECKED: usize = 41;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// This request was taken.
    Taken { sender: Hotkey, nonce_ns: u64 },
    /// Nothing signed at or before this is ever taken again.
    Floor { ns: u64 },
    /// Nothing signed after this is taken, until a later one of these is synced.
    Ceiling { ns: u64 },
    /// A run begins here, on this boot of the machine; zeros where it is not known.
    Boot { id: Digest },
    /// The run ended, and everything before this was synced with it.
    Closed,
}

impl Record {
    pub(super) fn to_bytes(self, sequence: u64, place: u64) -> [u8; RECORD_BYTES] {
        let (ns, key, kind) = match self {
            Self::Taken { sender, nonce_ns } => (nonce_ns, sender.0, 1),
            Self::Floor { ns } => (ns, [0; 32], 2),
            Self::Ceiling { ns } => (ns, [0; 32], 3),
            Self::Boot { id } => (0, id.0, 4),
            Self::Closed => (0, [0; 32], 5),
        };
        let mut out = [0; RECORD_BYTES];
        out[..8].copy_from_slice(&ns.to_le_bytes());
        out[8..40].copy_from_slice(&key);
        out[40] = kind;
        let check = check(&out[..CHECKED], sequence, place);
        out[CHECKED..].copy_from_slice(&check);
        out
    }

    /// `None` for anything that was not written whole as this record of this file.
    pub(super) fn from_bytes(bytes: &[u8; RECORD_BYTES], sequence: u64, place: u64) -> Option<Self> {
        if check(&bytes[..CHECKED], sequence, place) != bytes[CHECKED..] {
            return None;
        }
        let ns = u64::from_le_bytes(bytes[..8].try_into().ok()?);
        let key: [u8; 32] = bytes[8..40].try_into().ok()?;
        match bytes[40] {
            1 => Some(Self::Taken { sender: Hotkey(key), nonce_ns: ns }),
            2 => Some(Self::Floor { ns }),
            3 => Some(Self::Ceiling { ns }),
            4 => Some(Self::Boot { id: Digest(key) }),
            5 => Some(Self::Closed),
            _ => None,
        }
    }
}

fn check(bytes: &[u8], sequence: u64, place: u64) -> [u8; RECORD_BYTES - CHECKED] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&sequence.to_le_bytes()).update(&place.to_le_bytes()).update(bytes);
    let mut out = [0; RECORD_BYTES - CHECKED];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..RECORD_BYTES - CHECKED]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = Record> {
        prop_oneof![
            any::<([u8; 32], u64)>()
                .prop_map(|(key, nonce_ns)| Record::Taken { sender: Hotkey(key), nonce_ns }),
            any::<u64>().prop_map(|ns| Record::Floor { ns }),
            any::<u64>().prop_map(|ns| Record::Ceiling { ns }),
            any::<[u8; 32]>().prop_map(|id| Record::Boot { id: Digest(id) }),
            Just(Record::Closed),
        ]
    }

    proptest! {
        #[test]
        fn a_record_is_read_back_in_its_place_only(
            record in any_record(), sequence: u64, place in 0u64..1 << 40, bit in 0usize..RECORD_BYTES * 8,
        ) {
            let bytes = record.to_bytes(sequence, place);
            prop_assert_eq!(Record::from_bytes(&bytes, sequence, place), Some(record));
            prop_assert_eq!(Record::from_bytes(&bytes, sequence, place + 1), None);
            prop_assert_eq!(Record::from_bytes(&bytes, sequence ^ 1, place), None);
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Record::from_bytes(&flipped, sequence, place), None);
        }
    }

    #[test]
    fn the_bytes_of_a_record_are_as_documented() {
        let bytes = Record::Taken { sender: Hotkey([7; 32]), nonce_ns: 0x0102 }.to_bytes(1, 2);
        assert_eq!(bytes[..8], [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!((&bytes[8..40], bytes[40]), (&[7; 32][..], 1));
        assert_eq!(Record::from_bytes(&[0; RECORD_BYTES], 0, 0), None, "a hole is no record");
    }
}
