//! How an object is made of pieces.
//!
//! ```text
//! "R"  object (32)  its bytes (8)  witnesses (1: bit 0 SHA-256, bit 1 git's SHA-1)  SHA-256 (32)?  SHA-1 (20)?
//! runs (varint), for each: pieces × 2 + 1 if all are the same piece (varint),
//!                          difference of its first number to the one behind the run before (zigzag varint)
//! exceptions (varint), for each: pieces since the last exception (varint), 1 and a row id (16), or 0 for no row
//! ```
//!
//! Exceptions are the pieces that are another row here than where they were kept first: another rule read them.

use plimsoll_core::Digest;
use plimsoll_json::RowId;

use super::bytes::{Fields, put_varint, unzigzag, zigzag};
use super::file::Witness;

const TAG: u8 = b'R';
/// No object has more pieces.
const MOST_PIECES: u64 = 64 << 20;

/// A recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    pub(super) object: Digest,
    pub(super) bytes: u64,
    pub(super) witness: Witness,
    pub(super) numbers: Vec<u64>,
    /// By the piece's place, ascending.
    pub(super) exceptions: Vec<(u32, Option<RowId>)>,
}

impl Recipe {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![TAG];
        out.extend_from_slice(&self.object.0);
        out.extend_from_slice(&self.bytes.to_le_bytes());
        out.push(u8::from(self.witness.sha256.is_some()) | u8::from(self.witness.git_sha1.is_some()) << 1);
        out.extend(self.witness.sha256.iter().flatten());
        out.extend(self.witness.git_sha1.iter().flatten());
        let runs = runs(&self.numbers);
        put_varint(&mut out, runs.len() as u64);
        let mut behind = 0u64;
        for Run { first, pieces, is_same } in runs {
            put_varint(&mut out, pieces << 1 | u64::from(is_same));
            put_varint(&mut out, zigzag(first.wrapping_sub(behind).cast_signed()));
            behind = first + if is_same { 1 } else { pieces };
        }
        put_varint(&mut out, self.exceptions.len() as u64);
        let mut before = 0;
        for (place, id) in &self.exceptions {
            put_varint(&mut out, u64::from(place - before));
            out.push(u8::from(id.is_some()));
            out.extend(id.iter().flat_map(|id| id.0));
            before = *place;
        }
        out
    }

    /// `None` for what is no recipe.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        if fields.u8()? != TAG {
            return None;
        }
        let (object, size, witnesses) = (fields.digest()?, fields.u64()?, fields.u8()?);
        if witnesses > 3 {
            return None;
        }
        let sha256 = if witnesses & 1 == 1 { Some(fields.array()?) } else { None };
        let git_sha1 = if witnesses & 2 == 2 { Some(fields.array()?) } else { None };
        let numbers = decode_runs(&mut fields)?;
        let mut exceptions = Vec::new();
        let mut place = 0u32;
        for _ in 0..fields.varint()? {
            place = place.checked_add(u32::try_from(fields.varint()?).ok()?)?;
            let id = match fields.u8()? {
                0 => None,
                1 => Some(RowId(fields.array()?)),
                _ => return None,
            };
            if place as usize >= numbers.len() {
                return None;
            }
            exceptions.push((place, id));
        }
        let witness = Witness { sha256, git_sha1 };
        fields.whole(Self { object, bytes: size, witness, numbers, exceptions })
    }
}

struct Run {
    first: u64,
    pieces: u64,
    is_same: bool,
}

fn runs(numbers: &[u64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &number in numbers {
        if let Some(run) = runs.last_mut() {
            let is_same = run.first == number && (run.is_same || run.pieces == 1);
            let is_next = !run.is_same && run.first + run.pieces == number;
            if is_same || is_next {
                run.is_same = is_same;
                run.pieces += 1;
                continue;
            }
        }
        runs.push(Run { first: number, pieces: 1, is_same: false });
    }
    runs
}

fn decode_runs(fields: &mut Fields<'_>) -> Option<Vec<u64>> {
    let mut numbers = Vec::new();
    let mut behind = 0u64;
    for _ in 0..fields.varint()? {
        let head = fields.varint()?;
        let (pieces, is_same) = (head >> 1, head & 1 == 1);
        let first = behind.checked_add_signed(unzigzag(fields.varint()?))?;
        if numbers.len() as u64 + pieces > MOST_PIECES {
            return None;
        }
        behind = first.checked_add(if is_same { 1 } else { pieces })?;
        match is_same {
            true => numbers.extend(std::iter::repeat_n(first, pieces as usize)),
            false => numbers.extend(first..behind),
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_recipe_comes_back(
            numbers in proptest::collection::vec(prop_oneof![0..6u64, Just(1 << 40), 1000..1100u64], 0..80),
            sha256: Option<[u8; 32]>,
            git_sha1: Option<[u8; 20]>,
            marks: Vec<(bool, Option<[u8; 16]>)>,
        ) {
            let marked = marks.iter().take(numbers.len()).enumerate().filter(|(_, (is, _))| *is);
            let exceptions = marked.map(|(place, (_, id))| (place as u32, id.map(RowId))).collect();
            let witness = Witness { sha256, git_sha1 };
            let recipe = Recipe { object: Digest([3; 32]), bytes: 9, witness, numbers, exceptions };
            let bytes = recipe.encode();
            prop_assert_eq!(Recipe::decode(&bytes), Some(recipe));
            prop_assert_eq!(Recipe::decode(&bytes[..bytes.len() - 1]), None);
        }

        #[test]
        fn garbage_is_no_recipe_and_no_panic(mut bytes: Vec<u8>) {
            bytes.insert(0, TAG);
            let _ = Recipe::decode(&bytes);
        }
    }

    #[test]
    fn lines_in_a_row_and_one_line_again_and_again_take_a_few_bytes() {
        let recipe = |numbers: Vec<u64>| Recipe {
            object: Digest::default(),
            bytes: 0,
            witness: Witness::default(),
            numbers,
            exceptions: Vec::new(),
        };
        assert!(recipe((5000..15_000).collect()).encode().len() < 50);
        assert!(recipe(vec![70_000; 10_000]).encode().len() < 55);
    }

    #[test]
    fn a_recipe_that_promises_too_many_pieces_is_refused() {
        let mut bytes = vec![TAG];
        bytes.extend_from_slice(&[0; 41]);
        put_varint(&mut bytes, 1);
        put_varint(&mut bytes, (MOST_PIECES + 1) << 1 | 1);
        put_varint(&mut bytes, 0);
        put_varint(&mut bytes, 0);
        assert_eq!(Recipe::decode(&bytes), None);
    }
}
