//! scrypt around its inner part: passwords in, labels out, as many at once as the machine's vectors hold.

use hmac::SimpleHmac;
use pbkdf2::pbkdf2;
use plimsoll_core::Digest;
use sha2::Sha256;
use sha3::Keccak512;

use super::cost::{FEW_WALKS, ScryptForm};
use super::romix::{ChaCha8, Core, Salsa8, romix};
use super::rows::{Line, PortableRows};
use super::{Label, password};
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};

/// scrypt with memory at hand.
pub(crate) struct Scrypt {
    isa: Isa,
    form: ScryptForm,
    n: usize,
    r: usize,
    p: usize,
    /// Labels at once.
    lanes: usize,
    /// The blocks of `lanes` labels, as bytes: p x 128 x r each.
    bytes: Vec<u8>,
    /// The same as lines, and lines of nothing up to a multiple of `lanes` walks.
    lines: Vec<Line>,
    memory: Memory,
}

/// Lines that begin where a cache line does.
struct Memory {
    words: Vec<u32>,
    skip: usize,
    lines: usize,
}

impl Memory {
    /// `lines` lines of zeros.
    fn new(lines: usize) -> Self {
        // Zeros straight from the system: pages that are never written are never there.
        let words = vec![0; lines * 16 + 15];
        let skip = words.as_ptr().align_offset(64).min(15);
        Self { words, skip, lines }
    }

    fn lines(&mut self) -> &mut [Line] {
        self.words[self.skip..][..self.lines * 16].as_chunks_mut().0
    }
}

impl Scrypt {
    /// For about `labels` labels; `n`, `r` and `p` were checked, `is_small` says whether several fit.
    pub(crate) fn new(isa: Isa, form: ScryptForm, [n, r, p]: [u32; 3], is_small: bool, labels: u64) -> Self {
        let [n, r, p] = [n, r, p].map(|number| number as usize);
        let isa = if is_small && isa.is_usable() { isa } else { Isa::Portable };
        let walks = labels.saturating_mul(p as u64);
        let lanes = match isa {
            Isa::Avx512 if walks <= FEW_WALKS => 4,
            Isa::Avx512 => 8,
            Isa::Avx2 if walks <= 2 => 2,
            Isa::Avx2 => 4,
            _ => 1,
        };
        Self {
            isa,
            form,
            n,
            r,
            p,
            lanes,
            bytes: vec![0; lanes * p * 128 * r],
            lines: vec![[0; 16]; lanes * p * 2 * r],
            memory: Memory::new(n * lanes * 2 * r),
        }
    }

    /// Labels at once.
    pub(crate) fn at_once(&self) -> usize {
        self.lanes
    }

    /// The labels of at most [`Self::at_once`] indices.
    pub(crate) fn labels(&mut self, key: &Digest, indices: &[u64], each: &mut dyn FnMut(Label)) {
        let passwords: Vec<_> = indices.iter().map(|&index| password(key, index)).collect();
        let mut bytes = [0; 32];
        self.outputs(&passwords, &[], &mut bytes, &mut |at, output| {
            let mut bytes = [0; 32];
            bytes.copy_from_slice(output);
            each(Label { index: indices[at], bytes });
        });
    }

    /// scrypt of each of at most [`Self::at_once`] passwords, through `buffer`, which says how long they are.
    fn outputs<P: AsRef<[u8]>>(
        &mut self,
        passwords: &[P],
        salt: &[u8],
        buffer: &mut [u8],
        each: &mut dyn FnMut(usize, &[u8]),
    ) {
        let label_bytes = self.p * 128 * self.r;
        for (password, blocks) in passwords.iter().zip(self.bytes.chunks_exact_mut(label_bytes)) {
            derive(self.form, password.as_ref(), salt, blocks);
        }
        match self.form {
            ScryptForm::Spacemesh => self.walk::<ChaCha8>(passwords.len()),
            ScryptForm::Rfc7914 => self.walk::<Salsa8>(passwords.len()),
        }
        for (at, (password, blocks)) in passwords.iter().zip(self.bytes.chunks_exact(label_bytes)).enumerate()
        {
            derive(self.form, password.as_ref(), blocks, buffer);
            each(at, buffer);
        }
    }

    /// All walks of the first `labels` labels at hand, as many at once as there are lanes.
    fn walk<C: Core>(&mut self, labels: usize) {
        for (line, bytes) in self.lines.iter_mut().zip(self.bytes.as_chunks::<64>().0) {
            *line = C::ORDER.map(|word| {
                let at = 4 * word;
                u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
            });
        }
        let memory = self.memory.lines();
        let turns = (labels * self.p).div_ceil(self.lanes);
        for blocks in self.lines.chunks_exact_mut(self.lanes * 2 * self.r).take(turns) {
            walk_at_once::<C>(self.isa, self.lanes, [self.n, self.r], blocks, memory);
        }
        for (line, bytes) in self.lines.iter().zip(self.bytes.as_chunks_mut::<64>().0) {
            for (word, value) in C::ORDER.into_iter().zip(line) {
                bytes[4 * word..][..4].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
}

/// One walk for each of `lanes` labels.
fn walk_at_once<C: Core>(
    isa: Isa,
    lanes: usize,
    [n, r]: [usize; 2],
    blocks: &mut [Line],
    memory: &mut [Line],
) {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => {
            if let Some(machine) = Avx512::detect() {
                return match lanes {
                    4 => machine.romix::<C, 1>(n, r, blocks, memory),
                    _ => machine.romix::<C, 2>(n, r, blocks, memory),
                };
            }
        }
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => {
            if let Some(machine) = Avx2::detect() {
                return match lanes {
                    2 => machine.romix::<C, 1>(n, r, blocks, memory),
                    _ => machine.romix::<C, 2>(n, r, blocks, memory),
                };
            }
        }
        _ => {}
    }
    romix::<PortableRows, C, 1>(PortableRows, n, r, blocks, memory);
}

/// PBKDF2 of one round.
fn derive(form: ScryptForm, password: &[u8], salt: &[u8], into: &mut [u8]) {
    let derived = match form {
        ScryptForm::Rfc7914 => pbkdf2::<SimpleHmac<Sha256>>(password, salt, 1, into),
        ScryptForm::Spacemesh => pbkdf2::<SimpleHmac<Keccak512>>(password, salt, 1, into),
    };
    derived.expect("HMAC takes keys of any length");
}

#[cfg(test)]
mod tests {
    use super::super::LabelCost;
    use super::*;

    /// scrypt of four equal passwords by every implementation, once each.
    fn outputs(password: &str, salt: &str, cost: [u32; 3]) -> Vec<String> {
        let mut all = Vec::new();
        for isa in Isa::usable() {
            for labels in [1, 100] {
                let mut scrypt = Scrypt::new(isa, ScryptForm::Rfc7914, cost, true, labels);
                let passwords = vec![password; scrypt.at_once()];
                scrypt.outputs(&passwords, salt.as_bytes(), &mut [0; 64], &mut |_, output| {
                    all.push(hex::encode(output));
                });
            }
        }
        all
    }

    #[test]
    fn no_more_memory_is_taken_than_the_cost_says() {
        for [n, r, p] in [[2, 1, 1], [2, 1, 4096], [16, 8, 512], [1 << 15, 9, 2], [1 << 10, 1, 1 << 10]] {
            let cost = LabelCost::Scrypt { form: ScryptForm::Rfc7914, n, r, p };
            for (isa, labels) in Isa::usable().into_iter().flat_map(|isa| [1, 3, 100].map(|n| (isa, n))) {
                let scrypt = Scrypt::new(isa, ScryptForm::Rfc7914, [n, r, p], cost.is_small(), labels);
                let taken =
                    scrypt.bytes.len() + 64 * scrypt.lines.len() + size_of_val(&scrypt.memory.words[..]);
                let said = cost.memory_bytes_for(labels);
                assert!(taken as u64 <= said && said <= cost.memory_bytes(), "{cost:?} {isa} {labels}");
            }
        }
        let nothing = LabelCost::SPACEMESH.memory_bytes_for(0);
        assert_eq!(nothing, 0);
    }

    #[test]
    fn the_vectors_of_rfc_7914_come_out_of_every_lane() {
        // Section 12, without the one that takes a gibibyte.
        let known = [
            (
                ("", "", [16, 1, 1]),
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
                 fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
            ),
            (
                ("password", "NaCl", [1024, 8, 16]),
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
                 2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
            ),
            (
                ("pleaseletmein", "SodiumChloride", [16_384, 8, 1]),
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
                 d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
            ),
        ];
        for ((password, salt, cost), known) in known {
            let outputs = outputs(password, salt, cost);
            assert!(outputs.len() >= 2);
            assert!(outputs.iter().all(|output| output == known), "{cost:?}: {outputs:?}");
        }
    }
}
