//! The only place that calls blst: points and scalars of BLS12-381 behind types that are always valid.
#![expect(unsafe_code, reason = "blst is a C library; every call's argument stands beside it")]

use blst::{
    BLST_ERROR, MultiPoint as _, blst_fp_cneg, blst_fp12, blst_fr, blst_fr_add, blst_fr_from_scalar,
    blst_fr_mul, blst_hash_to_g1, blst_p1, blst_p1_affine, blst_p1_affine_in_g1, blst_p1_affine_is_inf,
    blst_p1_affine_serialize, blst_p1_deserialize, blst_p1_double, blst_p1_from_affine, blst_p1_serialize,
    blst_p1_to_affine, blst_p1s_mult_wbits_precompute, blst_p2_affine, blst_p2_affine_in_g2,
    blst_p2_affine_is_inf, blst_p2_deserialize, blst_scalar, blst_scalar_fr_check, p1_affines,
};

use super::{G1_BYTES, G2_BYTES, SCALAR_BYTES};

/// Bits of a scalar that one entry of a table stands for.
const WINDOW_BITS: usize = 6;
/// Windows of a scalar; the last one takes the carry.
const WINDOWS: usize = 43;
/// Multiples 1, 2... of a point: half of the window's, the others are their opposites.
const ROW: usize = 1 << (WINDOW_BITS - 1);

/// A point on the curve over the base field, infinity among them; maybe outside of the group.
#[derive(Clone, Copy)]
pub(super) struct CurvePoint(blst_p1_affine);

/// A point of the twist's group of order r.
#[derive(Clone, Copy)]
pub(super) struct TwistPoint(blst_p2_affine);

/// A number below r, in Montgomery form unless said.
#[derive(Clone, Copy)]
pub(super) struct Scalar(blst_fr);

/// Multiples of generators that are multiplied often: of each, those of every power of 2^6. 132 KiB a generator.
/// A sum is then one of points only, with no doubling, and blst adds many points with few inversions.
pub(super) struct Table {
    multiples: Vec<blst_p1_affine>,
    points: usize,
}

impl CurvePoint {
    /// From 96 bytes, x and y big-endian, infinity with bit 6 of the first byte; `None` where they are no
    /// point of the curve, not written as [`CurvePoint::to_bytes`] would, or (0, ±2), which blst does not take.
    pub(super) fn from_bytes(bytes: &[u8; G1_BYTES]) -> Option<Self> {
        let mut point = blst_p1_affine::default();
        // SAFETY: reads 96 bytes at most from an array of 96, writes one affine point into a valid one.
        let result = unsafe { blst_p1_deserialize(&raw mut point, bytes.as_ptr()) };
        let point = Self(point);
        (result == BLST_ERROR::BLST_SUCCESS && point.to_bytes() == *bytes).then_some(point)
    }

    pub(super) fn to_bytes(self) -> [u8; G1_BYTES] {
        let mut bytes = [0; G1_BYTES];
        // SAFETY: writes 96 bytes into an array of 96, reads a valid point.
        unsafe { blst_p1_affine_serialize(bytes.as_mut_ptr(), &raw const self.0) };
        bytes
    }

    pub(super) fn is_infinity(&self) -> bool {
        // SAFETY: reads a valid point.
        unsafe { blst_p1_affine_is_inf(&raw const self.0) }
    }

    pub(super) fn is_in_group(&self) -> bool {
        // SAFETY: reads a valid point.
        unsafe { blst_p1_affine_in_g1(&raw const self.0) }
    }

    /// RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_.
    pub(super) fn hashed(domain: &[u8], message: &[u8]) -> Self {
        let (mut point, mut affine) = (blst_p1::default(), blst_p1_affine::default());
        // SAFETY: both pointers come with their slices' lengths; a null augmentation has length zero; both
        // points are valid places.
        unsafe {
            blst_hash_to_g1(
                &raw mut point,
                message.as_ptr(),
                message.len(),
                domain.as_ptr(),
                domain.len(),
                std::ptr::null(),
                0,
            );
            blst_p1_to_affine(&raw mut affine, &raw const point);
        }
        Self(affine)
    }
}

/// Whether blst's products need two points: of a single one it takes another way.
const LONE: usize = 1;

/// The sum of each point times its scalar of `bits` bits, little-endian, `bits` / 8 bytes each.
pub(super) fn sum_of_products(points: &[CurvePoint], scalars: &[u8], bits: usize) -> [u8; G1_BYTES] {
    let mut affine: Vec<blst_p1_affine> = points.iter().map(|point| point.0).collect();
    let mut scalars = scalars.to_vec();
    if affine.len() <= LONE {
        affine.resize(LONE + 1, blst_p1_affine::default());
        scalars.resize((LONE + 1) * bits.div_ceil(8), 0);
    }
    serialised(&affine.as_slice().mult(&scalars, bits))
}

fn serialised(point: &blst_p1) -> [u8; G1_BYTES] {
    let mut bytes = [0; G1_BYTES];
    // SAFETY: writes 96 bytes into an array of 96, reads a valid point.
    unsafe { blst_p1_serialize(bytes.as_mut_ptr(), point) };
    bytes
}

impl Table {
    pub(super) fn new(points: &[CurvePoint]) -> Self {
        let mut shifted = Vec::with_capacity(points.len() * WINDOWS);
        for point in points {
            let mut at = blst_p1::default();
            // SAFETY: reads a valid point, writes one.
            unsafe { blst_p1_from_affine(&raw mut at, &raw const point.0) };
            for _ in 0..WINDOWS {
                shifted.push(at);
                for _ in 0..WINDOW_BITS {
                    let before = at;
                    // SAFETY: reads a valid point, writes another.
                    unsafe { blst_p1_double(&raw mut at, &raw const before) };
                }
            }
        }
        if shifted.is_empty() {
            return Self { multiples: Vec::new(), points: 0 };
        }
        let affine = p1_affines::from(&shifted);
        let affine = affine.as_slice();
        let mut multiples = vec![blst_p1_affine::default(); affine.len() * ROW];
        // Null behind the first pointer says that the points lie one behind another.
        let all = [affine.as_ptr(), std::ptr::null()];
        // SAFETY: blst writes 2^(window - 1) multiples of each of the `affine.len()` points that lie behind the
        // pointer, which is the table's length.
        unsafe {
            blst_p1s_mult_wbits_precompute(multiples.as_mut_ptr(), WINDOW_BITS, all.as_ptr(), affine.len());
        }
        Self { multiples, points: points.len() }
    }

    /// The sum of each point times its scalar of 32 bytes, little-endian, below r: as many as there are points.
    pub(super) fn sum_of_products(&self, scalars: &[u8], scratch: &mut Scratch) -> [u8; G1_BYTES] {
        let (scalars, rest) = scalars.as_chunks::<SCALAR_BYTES>();
        assert!(scalars.len() == self.points && rest.is_empty(), "as many scalars as points");
        let terms = &mut scratch.0;
        terms.clear();
        terms.reserve(self.points * WINDOWS);
        for (rows, scalar) in self.multiples.chunks_exact(WINDOWS * ROW).zip(scalars) {
            let mut wide = [0; SCALAR_BYTES + 2];
            wide[..SCALAR_BYTES].copy_from_slice(scalar);
            let mut carry = 0;
            for (window, row) in rows.chunks_exact(ROW).enumerate() {
                let (byte, bit) = (window * WINDOW_BITS / 8, window * WINDOW_BITS % 8);
                let digit =
                    (u16::from_le_bytes([wide[byte], wide[byte + 1]]) >> bit) as usize % (2 * ROW) + carry;
                carry = usize::from(digit > ROW);
                // A digit beyond the row is one less of the next and its complement, to be subtracted.
                let (multiple, is_negative) =
                    if carry == 1 { (2 * ROW - digit, true) } else { (digit, false) };
                if multiple > 0 {
                    let mut term = row[multiple - 1];
                    let y = term.y;
                    // SAFETY: reads a valid field element, writes another.
                    unsafe { blst_fp_cneg(&raw mut term.y, &raw const y, is_negative) };
                    terms.push(term);
                }
            }
        }
        if terms.is_empty() { serialised(&blst_p1::default()) } else { serialised(&terms.as_slice().add()) }
    }
}

/// Room for the terms of a sum, kept over many of them.
#[derive(Default)]
pub(super) struct Scratch(Vec<blst_p1_affine>);

impl TwistPoint {
    /// From 192 bytes; `None` where they are no point of the group.
    pub(super) fn from_bytes(bytes: &[u8; G2_BYTES]) -> Option<Self> {
        let mut point = blst_p2_affine::default();
        // SAFETY: reads 192 bytes at most from an array of 192, writes one affine point into a valid one.
        let result = unsafe { blst_p2_deserialize(&raw mut point, bytes.as_ptr()) };
        // SAFETY: reads a valid point.
        let is_in_group = || unsafe { blst_p2_affine_in_g2(&raw const point) };
        (result == BLST_ERROR::BLST_SUCCESS && is_in_group()).then_some(Self(point))
    }

    pub(super) fn is_infinity(&self) -> bool {
        // SAFETY: reads a valid point.
        unsafe { blst_p2_affine_is_inf(&raw const self.0) }
    }
}

/// Whether the product of all pairings is one. Pairs with infinity count as one.
pub(super) fn pairings_cancel(pairs: &[(CurvePoint, TwistPoint)]) -> bool {
    let one = blst_fp12::default();
    let product = pairs
        .iter()
        .filter(|(p, q)| !p.is_infinity() && !q.is_infinity())
        .fold(one, |product, (p, q)| product * blst_fp12::miller_loop(&q.0, &p.0));
    product.final_exp() == one
}

impl Scalar {
    pub(super) const ZERO: Self = Self(blst_fr { l: [0; 4] });

    /// From 32 little-endian bytes; `None` from r up.
    pub(super) fn from_bytes(bytes: &[u8; SCALAR_BYTES]) -> Option<Self> {
        let scalar = blst_scalar { b: *bytes };
        let mut fr = blst_fr::default();
        // SAFETY: reads a valid scalar.
        if !unsafe { blst_scalar_fr_check(&raw const scalar) } {
            return None;
        }
        // SAFETY: reads a scalar below r, writes a valid element.
        unsafe { blst_fr_from_scalar(&raw mut fr, &raw const scalar) };
        Some(Self(fr))
    }

    /// From the words of its form, whichever that is: a number below r.
    pub(super) const fn from_words(words: [u64; 4]) -> Self {
        Self(blst_fr { l: words })
    }

    /// The words of its form.
    pub(super) const fn words(self) -> [u64; 4] {
        self.0.l
    }

    pub(super) fn times(self, other: Self) -> Self {
        let mut product = blst_fr::default();
        // SAFETY: reads two valid elements, writes one.
        unsafe { blst_fr_mul(&raw mut product, &raw const self.0, &raw const other.0) };
        Self(product)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let mut sum = blst_fr::default();
        // SAFETY: reads two valid elements, writes one.
        unsafe { blst_fr_add(&raw mut sum, &raw const self.0, &raw const other.0) };
        Self(sum)
    }
}
