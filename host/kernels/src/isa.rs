//! Which vectors the kernels use that have several implementations: the ChaCha streams, the seed's text made of them,
//! and scrypt's labels. Chosen when the program runs, not when it is built. Other kernels (SHA-256, BLAKE3, curves)
//! look for their instructions themselves.

use std::fmt;

/// An implementation of those kernels. All give the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// 16 blocks of ChaCha or 4 to 8 labels at a time; needs AVX-512 F, BW, VL, VBMI and VBMI2.
    Avx512,
    /// 8 blocks of ChaCha or 2 to 4 labels at a time; needs AVX2.
    Avx2,
    /// 16 blocks of ChaCha or one label at a time in plain Rust, for every machine.
    Portable,
}

impl Isa {
    /// The fastest that this machine has.
    #[must_use]
    pub fn best() -> Self {
        if Self::Avx512.is_usable() {
            Self::Avx512
        } else if Self::Avx2.is_usable() {
            Self::Avx2
        } else {
            Self::Portable
        }
    }

    /// All that this machine has, the fastest first.
    #[must_use]
    pub fn usable() -> Vec<Self> {
        [Self::Avx512, Self::Avx2, Self::Portable].into_iter().filter(|isa| isa.is_usable()).collect()
    }

    /// Whether this machine has it.
    #[must_use]
    pub fn is_usable(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => crate::simd::Avx512::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => crate::simd::Avx2::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Its name in tables and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
