//! Chia's proof of space, version 2 (CHIP-48), through the crate `chia-pos2`.
//!
//! A unit is one plot file of that crate (a group of one plot), then zeros, then 40 bytes: the file's length as
//! eight little-endian bytes and the BLAKE3 of all bytes before it, so that damage is found when the unit is
//! read. Chia's own tools read a unit as it is: they take the zeros for the end of the chunk index. Plots of one
//! k differ in size by some per mille; what a unit has beyond its file is zeros and not proven.
//!
//! A plot is known by its group id: plot id = SHA-256(group id ‖ index 0 as two bytes ‖ meta group 0). A full
//! proof is 128 values of k bits, most significant bit first: 16 × k bytes. It answers a challenge of 32 bytes
//! for which the plot holds a chain of 16 fragments; there is one a challenge in the mean, and none for about
//! every other challenge.
//!
//! The crate is C++20 (g++ 10 or newer) and computes with the processor's AES instructions only: without them
//! every function here is an error. It wants files: they are in memory (`memfd_create`), and no path is named.
//! Sources: CHIP-48; github.com/Chia-Network/pos2-chip.

mod file;
mod index;

use chia_pos2::{QualityChain, create_v2_single_plot_group, solve_proof, validate_proof_v2};
use plimsoll_core::{Digest, Extent, PlotSpace, RegionSpace, SpaceError, Span};

use crate::error::KernelError;
use crate::puts::{LARGEST_PUT_BYTES, check_extent, check_units, puts};
use file::MemoryFile;

/// The least and the greatest k; it must be even.
pub const K: std::ops::RangeInclusive<u8> = 18..=28;
/// The least and the greatest strength; for a small k less: see [`PlotForm::new`].
pub const STRENGTH: std::ops::RangeInclusive<u8> = 2..=17;
/// What stands behind the plot file at a unit's end: its length and a digest.
const TRAILER_BYTES: u64 = 40;
/// The first and only plot of its group.
const PLOT_INDEX: u16 = 0;
const META_GROUP: u8 = 0;
/// A plot file names who it belongs to, which is of no meaning here; it must not be empty.
const MEMO: &[u8] = b"plimsoll";

/// Which plots: their size and how hard they are to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlotForm {
    k: u8,
    strength: u8,
}

impl PlotForm {
    /// Plots of 2^k entries.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] for a k that is odd or outside of [`K`], a strength outside of [`STRENGTH`] or,
    /// for k = 18, greater than 15.
    pub fn new(k: u8, strength: u8) -> Result<Self, KernelError> {
        if !K.contains(&k) || !k.is_multiple_of(2) {
            let text = format!("plots of k = {k}, expected an even k from {} to {}", K.start(), K.end());
            return Err(KernelError::BadInput(text));
        }
        let section_bits = if k < 28 { 2 } else { k - 26 };
        let most = (k - section_bits - 1).min(*STRENGTH.end());
        if strength < *STRENGTH.start() || strength > most {
            let text =
                format!("plots of strength {strength}, expected {} to {most} for k = {k}", STRENGTH.start());
            return Err(KernelError::BadInput(text));
        }
        Ok(Self { k, strength })
    }

    /// Bytes of a unit: room for any plot of this k (its mean size and one part in a hundred), a multiple of 4 KiB.
    #[must_use]
    pub const fn unit_bytes(self) -> u32 {
        // A plot has about 2^k fragments of k + 1.85 bits; both vary by less than a hundredth from k = 18 on.
        let bits = (1u64 << self.k) * (100 * self.k as u64 + 215) / 100;
        (bits / 8 + TRAILER_BYTES).next_multiple_of(4096) as u32
    }

    /// Memory that [`write_plot`] takes: 56 bytes an entry, the plot file among them, and a little for small plots.
    #[must_use]
    pub const fn memory_bytes(self) -> u64 {
        (16 << 20) + (56 << self.k)
    }

    /// Bytes of a proof.
    #[must_use]
    pub const fn proof_bytes(self) -> usize {
        16 * self.k as usize
    }
}

/// Why this processor cannot, if it cannot.
fn require_aes() -> Result<(), KernelError> {
    #[cfg(target_arch = "x86_64")]
    let has_aes = std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    let has_aes = std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let has_aes = false;
    if has_aes {
        return Ok(());
    }
    let text = "Chia's proof of space needs a processor with AES instructions (x86-64 AES-NI or Armv8 AES), \
        this one has none: use another scheme or machine";
    Err(KernelError::Unsupported(text.to_owned()))
}

/// Makes the plot of `group_id` and writes it as unit `unit` of `unit_bytes` bytes, which must be
/// [`PlotForm::unit_bytes`]. Idempotent. Takes [`PlotForm::memory_bytes`].
///
/// # Errors
/// [`KernelError::Unsupported`] without AES instructions, [`KernelError::BadInput`] for another unit size,
/// [`KernelError::Space`] as the plot says, or where the plot cannot be made.
pub fn write_plot(
    plot: &dyn PlotSpace,
    form: PlotForm,
    group_id: &Digest,
    unit: u64,
) -> Result<(), KernelError> {
    require_aes()?;
    let over = check_units(plot.size_bytes(), form.unit_bytes(), Span { first: unit, count: 1 })?;
    let file = MemoryFile::create()?;
    create_v2_single_plot_group(
        &file.path(),
        form.k,
        form.strength,
        group_id.as_bytes(),
        PLOT_INDEX,
        META_GROUP,
        MEMO,
    )
    .map_err(|e| refused(format!("no plot of k = {} could be made in memory: {e}", form.k)))?;
    let unit = file::Unit::around(file, over.len)?;
    for put in puts(over, LARGEST_PUT_BYTES) {
        let piece = unit.bytes(put.offset - over.offset, put.len)?;
        plot.put(put.offset, piece.len(), &mut |buffer| buffer.copy_from_slice(&piece))?;
    }
    Ok(())
}

fn refused(why: String) -> KernelError {
    KernelError::Space(SpaceError::Refused(why))
}

/// A plot that was read from its unit and found whole: what proofs are made from.
pub struct OpenPlot {
    prover: chia_pos2::Prover,
    /// The prover opens it anew for each challenge.
    _file: MemoryFile,
    form: PlotForm,
    group_id: Digest,
}

/// A chain of fragments that a plot holds for a challenge: a proof in short.
pub struct Chain(QualityChain);

impl OpenPlot {
    /// Reads the whole unit `at` once.
    ///
    /// # Errors
    /// [`KernelError::Unsupported`] without AES instructions; [`KernelError::Space`] as the region says, or
    /// where the unit is damaged or holds another plot.
    pub fn open(
        region: &dyn RegionSpace,
        form: PlotForm,
        group_id: &Digest,
        at: Extent,
    ) -> Result<Self, KernelError> {
        require_aes()?;
        check_extent(region.size_bytes(), at)?;
        if at.len != u64::from(form.unit_bytes()) {
            let text = format!("a unit of {} bytes, expected {}", at.len, form.unit_bytes());
            return Err(KernelError::BadInput(text));
        }
        let file = file::read_unit(region, at)?;
        index::check(&file, form, group_id)
            .map_err(|why| refused(format!("the unit at {} holds no such plot: {why}", at.offset)))?;
        let prover = chia_pos2::Prover::new(&file.path()).map_err(|e| refused(e.to_string()))?;
        Ok(Self { prover, _file: file, form, group_id: *group_id })
    }

    /// The chains for `challenge`: one in the mean, none for about every other challenge. Takes about 1 ms.
    ///
    /// # Errors
    /// [`KernelError::Space`] where the plot cannot be read after all.
    pub fn chains(&self, challenge: &Digest) -> Result<Vec<Chain>, KernelError> {
        let found = self.prover.get_qualities_for_challenge(challenge.as_bytes());
        let found = found.map_err(|e| refused(format!("a plot of k = {}: {e}", self.form.k)))?;
        Ok(found.into_iter().map(|quality| Chain(quality.chain)).collect())
    }

    /// The full proof of `chain`: the values that the plot left out are found again. Takes 0.1 s for k = 18 and
    /// twice as long for each step of two. `None` where they are not found, which is rare.
    #[must_use]
    pub fn solve(&self, challenge: &Digest, chain: &Chain) -> Option<Vec<u8>> {
        let PlotForm { k, strength } = self.form;
        let plot_id = self.prover.plot_id_for_index(PLOT_INDEX);
        let proof = solve_proof(&chain.0, &plot_id, k, strength);
        is_proof(self.form, &self.group_id, challenge, &proof).then_some(proof)
    }
}

fn is_proof(form: PlotForm, group_id: &Digest, challenge: &Digest, proof: &[u8]) -> bool {
    let PlotForm { k, strength } = form;
    proof.len() == form.proof_bytes()
        && validate_proof_v2(
            group_id.as_bytes(),
            PLOT_INDEX,
            k,
            strength,
            META_GROUP,
            challenge.as_bytes(),
            proof,
        )
        .is_some()
}

/// Whether `proof` is a full proof of the plot of `group_id` for `challenge`.
///
/// # Errors
/// [`KernelError::Unsupported`] without AES instructions.
pub fn verify_plot_proof(
    form: PlotForm,
    group_id: &Digest,
    challenge: &Digest,
    proof: &[u8],
) -> Result<bool, KernelError> {
    require_aes()?;
    Ok(is_proof(form, group_id, challenge, proof))
}
