//! The only place that calls blst: points and scalars of BLS12-381 behind types that are always valid.
#![expect(unsafe_code, reason = "blst is a C library; every call's argument stands beside it")]

use blst::{
    BLST_ERROR, MultiPoint as _, blst_fp12, blst_fr, blst_fr_add, blst_fr_from_scalar, blst_fr_mul,
    blst_hash_to_g1, blst_p1, blst_p1_affine, blst_p1_affine_in_g1, blst_p1_affine_is_inf,
    blst_p1_affine_serialize, blst_p1_deserialize, blst_p1_serialize, blst_p1_to_affine, blst_p1s_mult_wbits,
    blst_p1s_mult_wbits_precompute, blst_p1s_mult_wbits_precompute_sizeof,
    blst_p1s_mult_wbits_scratch_sizeof, blst_p2_affine, blst_p2_affine_in_g2, blst_p2_affine_is_inf,
    blst_p2_deserialize, blst_scalar, blst_scalar_fr_check,
};

use super::{G1_BYTES, G2_BYTES, SCALAR_BYTES};

/// Bits of the group order r.
const SCALAR_BITS: usize = 255;
/// Width of a table's window: 2^7 multiples of each generator.
const WINDOW_BITS: usize = 8;

/// A point on the curve over the base field, infinity among them; maybe outside of the group.
#[derive(Clone, Copy)]
pub(super) struct CurvePoint(blst_p1_affine);

/// A point of the twist's group of order r.
#[derive(Clone, Copy)]
pub(super) struct TwistPoint(blst_p2_affine);

/// A number below r, in Montgomery form unless said.
#[derive(Clone, Copy)]
pub(super) struct Scalar(blst_fr);

/// Multiples of generators that are multiplied often.
pub(super) struct Table {
    multiples: Vec<blst_p1_affine>,
    points: usize,
}

impl CurvePoint {
    /// From 96 bytes, x and y big-endian, infinity with bit 6 of the first byte; `None` where they are no
    /// point of the curve or not written as [`CurvePoint::to_bytes`] would.
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
    serialised(&affine.mult(&scalars, bits))
}

fn serialised(point: &blst_p1) -> [u8; G1_BYTES] {
    let mut bytes = [0; G1_BYTES];
    // SAFETY: writes 96 bytes into an array of 96, reads a valid point.
    unsafe { blst_p1_serialize(bytes.as_mut_ptr(), point) };
    bytes
}

impl Table {
    pub(super) fn new(points: &[CurvePoint]) -> Self {
        let affine: Vec<blst_p1_affine> = points.iter().map(|point| point.0).collect();
        // SAFETY: a computation with two numbers.
        let bytes = unsafe { blst_p1s_mult_wbits_precompute_sizeof(WINDOW_BITS, affine.len()) };
        let mut multiples = vec![blst_p1_affine::default(); bytes / size_of::<blst_p1_affine>()];
        if !affine.is_empty() {
            // Null behind the first pointer says that the points lie one behind another.
            let all = [affine.as_ptr(), std::ptr::null()];
            // SAFETY: the table has the size that blst asks for; `affine.len()` points lie behind the pointer.
            unsafe {
                blst_p1s_mult_wbits_precompute(
                    multiples.as_mut_ptr(),
                    WINDOW_BITS,
                    all.as_ptr(),
                    affine.len(),
                );
            }
        }
        Self { multiples, points: affine.len() }
    }

    /// The sum of each point times its scalar of 32 bytes, little-endian, below r: as many as there are points.
    pub(super) fn sum_of_products(&self, scalars: &[u8], scratch: &mut Scratch) -> [u8; G1_BYTES] {
        assert_eq!(scalars.len(), self.points * SCALAR_BYTES, "as many scalars as points");
        let mut sum = blst_p1::default();
        if self.points > 0 {
            let limbs = scratch.for_points(self.points);
            let all = [scalars.as_ptr(), std::ptr::null()];
            // SAFETY: the table was made for this window and number of points; that many scalars of 32 bytes
            // lie behind the pointer; the scratch has the size that blst asks for.
            unsafe {
                blst_p1s_mult_wbits(
                    &raw mut sum,
                    self.multiples.as_ptr(),
                    WINDOW_BITS,
                    self.points,
                    all.as_ptr(),
                    SCALAR_BITS,
                    limbs.as_mut_ptr(),
                );
            }
        }
        serialised(&sum)
    }
}

/// Room for a product, kept over many of them.
#[derive(Default)]
pub(super) struct Scratch(Vec<u64>);

impl Scratch {
    fn for_points(&mut self, points: usize) -> &mut [u64] {
        // SAFETY: a computation with one number.
        let bytes = unsafe { blst_p1s_mult_wbits_scratch_sizeof(points) };
        self.0.resize(self.0.len().max(bytes.div_ceil(8)), 0);
        &mut self.0
    }
}

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
