//! How an object is made of pieces.
//!
//! ```text
//! the object's first bytes (4)  its bytes (varint)
//! what follows (1: bit 0 SHA-256, bit 1 git's SHA-1, bit 2 exceptions, bit 3 numbers instead of runs)
//! SHA-256 (32)?  SHA-1 (20)?
//! runs:    how many (varint), for each: pieces × 2 + 1 if all are the same piece (varint),
//!          difference of its first number to the one behind the run before (zigzag varint)
//! numbers: pieces (varint), the least number (varint), bits of each (1),
//!          each less the least, its lowest bit first, packed without gaps; zeros fill the last byte
//! exceptions: how many (varint), for each: pieces since the last exception (varint),
//!             1 and a row id (16), or 0 for no row
//! ```
//!
//! Whichever of runs and numbers is shorter. Rows that are drawn from a pool in any order have no runs: a number's bits
//! are what such an order takes at the least, but for the pool not being a power of two.
//!
//! Exceptions are the pieces that are another row here than where they were kept first: another rule read them.

use plimsoll_core::Digest;
use plimsoll_json::RowId;

use super::bytes::{Fields, put_varint, unzigzag, zigzag};
use super::file::Witness;

const SHA256: u8 = 1;
const GIT_SHA1: u8 = 2;
const EXCEPTIONS: u8 = 4;
const PACKED: u8 = 8;
/// Bytes of the object's digest that a recipe begins with, so that one is not taken for another's.
const NAME_BYTES: usize = 4;
/// No object has more pieces.
const MOST_PIECES: u64 = 64 << 20;
/// No number has more bits.
const MOST_BITS: u8 = 56;

/// A recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The first bytes of the object's digest.
    pub(super) name: [u8; NAME_BYTES],
    pub(super) bytes: u64,
    pub(super) witness: Witness,
    pub(super) numbers: Vec<u64>,
    /// By the piece's place, ascending.
    pub(super) exceptions: Vec<(u32, Option<RowId>)>,
}

impl Recipe {
    pub(super) fn name_of(object: &Digest) -> [u8; NAME_BYTES] {
        std::array::from_fn(|at| object.0[at])
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let (runs, numbers) = (encode_runs(&self.numbers), encode_numbers(&self.numbers));
        let numbers = numbers.filter(|numbers| numbers.len() < runs.len());
        let mut follows = 0;
        for (bit, is_there) in [
            (SHA256, self.witness.sha256.is_some()),
            (GIT_SHA1, self.witness.git_sha1.is_some()),
            (EXCEPTIONS, !self.exceptions.is_empty()),
            (PACKED, numbers.is_some()),
        ] {
            follows |= if is_there { bit } else { 0 };
        }
        let mut out = self.name.to_vec();
        put_varint(&mut out, self.bytes);
        out.push(follows);
        out.extend(self.witness.sha256.iter().flatten());
        out.extend(self.witness.git_sha1.iter().flatten());
        out.extend(numbers.unwrap_or(runs));
        if !self.exceptions.is_empty() {
            encode_exceptions(&mut out, &self.exceptions);
        }
        out
    }

    /// `None` for what is no recipe.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        let (name, size, follows) = (fields.array()?, fields.varint()?, fields.u8()?);
        if follows > (SHA256 | GIT_SHA1 | EXCEPTIONS | PACKED) {
            return None;
        }
        let is_there = |bit| follows & bit != 0;
        let sha256 = if is_there(SHA256) { Some(fields.array()?) } else { None };
        let git_sha1 = if is_there(GIT_SHA1) { Some(fields.array()?) } else { None };
        let numbers = if is_there(PACKED) { decode_numbers(&mut fields)? } else { decode_runs(&mut fields)? };
        let exceptions =
            if is_there(EXCEPTIONS) { decode_exceptions(&mut fields, numbers.len())? } else { Vec::new() };
        let witness = Witness { sha256, git_sha1 };
        fields.whole(Self { name, bytes: size, witness, numbers, exceptions })
    }
}

fn encode_exceptions(out: &mut Vec<u8>, exceptions: &[(u32, Option<RowId>)]) {
    put_varint(out, exceptions.len() as u64);
    let mut before = 0;
    for (place, id) in exceptions {
        put_varint(out, u64::from(place - before));
        out.push(u8::from(id.is_some()));
        out.extend(id.iter().flat_map(|id| id.0));
        before = *place;
    }
}

fn decode_exceptions(fields: &mut Fields<'_>, pieces: usize) -> Option<Vec<(u32, Option<RowId>)>> {
    let mut exceptions = Vec::new();
    let mut place = 0u32;
    for _ in 0..fields.varint()? {
        place = place.checked_add(u32::try_from(fields.varint()?).ok()?)?;
        let id = match fields.u8()? {
            0 => None,
            1 => Some(RowId(fields.array()?)),
            _ => return None,
        };
        if place as usize >= pieces {
            return None;
        }
        exceptions.push((place, id));
    }
    Some(exceptions)
}

/// `None` without numbers, and for such that are too far apart.
fn encode_numbers(numbers: &[u64]) -> Option<Vec<u8>> {
    let (least, most) = (*numbers.iter().min()?, *numbers.iter().max()?);
    let bits = (u64::BITS - (most - least).leading_zeros()) as u8;
    if bits > MOST_BITS {
        return None;
    }
    let mut out = Vec::with_capacity(16 + (numbers.len() * usize::from(bits)).div_ceil(8));
    put_varint(&mut out, numbers.len() as u64);
    put_varint(&mut out, least);
    out.push(bits);
    let (mut held, mut held_bits) = (0u64, 0u8);
    for number in numbers {
        // Fewer than 8 bits are held, and a number has 56 at most.
        held |= (number - least) << held_bits;
        held_bits += bits;
        while held_bits >= 8 {
            out.push(held as u8);
            held >>= 8;
            held_bits -= 8;
        }
    }
    if held_bits > 0 {
        out.push(held as u8);
    }
    Some(out)
}

fn decode_numbers(fields: &mut Fields<'_>) -> Option<Vec<u64>> {
    let (pieces, least, bits) = (fields.varint()?, fields.varint()?, fields.u8()?);
    if pieces > MOST_PIECES || bits > MOST_BITS {
        return None;
    }
    let packed = fields.bytes((pieces * u64::from(bits)).div_ceil(8) as usize)?;
    let mask = (1u64 << bits) - 1;
    let mut numbers = Vec::with_capacity(pieces as usize);
    let (mut held, mut held_bits, mut bytes) = (0u64, 0u8, packed.iter());
    for _ in 0..pieces {
        while held_bits < bits {
            held |= u64::from(*bytes.next()?) << held_bits;
            held_bits += 8;
        }
        numbers.push(least.checked_add(held & mask)?);
        held >>= bits;
        held_bits -= bits;
    }
    Some(numbers)
}

struct Run {
    first: u64,
    pieces: u64,
    is_same: bool,
}

fn encode_runs(numbers: &[u64]) -> Vec<u8> {
    let runs = runs(numbers);
    let mut out = Vec::new();
    put_varint(&mut out, runs.len() as u64);
    let mut behind = 0u64;
    for Run { first, pieces, is_same } in runs {
        put_varint(&mut out, pieces << 1 | u64::from(is_same));
        put_varint(&mut out, zigzag(first.wrapping_sub(behind).cast_signed()));
        behind = first + if is_same { 1 } else { pieces };
    }
    out
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

    fn recipe(numbers: Vec<u64>) -> Recipe {
        let (witness, exceptions) = (Witness::default(), Vec::new());
        Recipe { name: [3; 4], bytes: 9, witness, numbers, exceptions }
    }

    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0..6u64, Just(1 << 40), 1000..1100u64, any::<u64>().prop_map(|n| n >> 1)]
    }

    proptest! {
        #[test]
        fn a_recipe_comes_back(
            numbers in proptest::collection::vec(number(), 0..80),
            sha256: Option<[u8; 32]>,
            git_sha1: Option<[u8; 20]>,
            marks: Vec<(bool, Option<[u8; 16]>)>,
        ) {
            let marked = marks.iter().take(numbers.len()).enumerate().filter(|(_, (is, _))| *is);
            let exceptions = marked.map(|(place, (_, id))| (place as u32, id.map(RowId))).collect();
            let recipe = Recipe { witness: Witness { sha256, git_sha1 }, exceptions, ..recipe(numbers) };
            let bytes = recipe.encode();
            prop_assert_eq!(Recipe::decode(&bytes), Some(recipe));
            prop_assert_eq!(Recipe::decode(&bytes[..bytes.len() - 1]), None);
        }

        #[test]
        fn numbers_of_any_width_come_back(least in 0..1u64 << 42, bits in 0..57u32, some: Vec<u64>) {
            let numbers: Vec<u64> = some.iter().map(|n| least + (n & ((1 << bits) - 1))).collect();
            let packed = encode_numbers(&numbers);
            prop_assert_eq!(packed.is_none(), numbers.is_empty());
            if let Some(packed) = packed {
                prop_assert_eq!(decode_numbers(&mut Fields::of(&packed)), Some(numbers));
            }
        }

        #[test]
        fn garbage_is_no_recipe_and_no_panic(bytes: Vec<u8>, follows in 0..16u8) {
            let _ = Recipe::decode(&bytes);
            let _ = Recipe::decode(&[&[0, 0, 0, 0, 1, follows], &bytes[..]].concat());
        }
    }

    #[test]
    fn lines_in_a_row_and_one_line_again_and_again_take_a_few_bytes() {
        assert!(recipe((5000..15_000).collect()).encode().len() < 15);
        assert!(recipe(vec![70_000; 10_000]).encode().len() < 15);
    }

    #[test]
    fn rows_drawn_from_a_pool_take_the_bits_of_its_size() {
        let numbers: Vec<u64> = (0..250u64).map(|n| n * 2_654_435_761 % 5301).collect();
        // 250 × 13 bits, and a few bytes before them.
        let bytes = recipe(numbers).encode().len();
        assert!((407..420).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_recipe_that_promises_too_many_pieces_is_refused() {
        let mut bytes = vec![0, 0, 0, 0, 1, 0];
        put_varint(&mut bytes, 1);
        put_varint(&mut bytes, (MOST_PIECES + 1) << 1 | 1);
        put_varint(&mut bytes, 0);
        assert_eq!(Recipe::decode(&bytes), None);
        let mut bytes = vec![0, 0, 0, 0, 1, PACKED];
        put_varint(&mut bytes, MOST_PIECES + 1);
        bytes.extend_from_slice(&[0, 0]);
        assert_eq!(Recipe::decode(&bytes), None);
    }
}
