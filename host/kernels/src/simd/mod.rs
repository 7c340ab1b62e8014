//! The rooms with SIMD intrinsics: one a feature set, each with its own argument why it is sound.

mod avx2;
mod avx512;
mod rows;
mod sha;
#[cfg(test)]
mod tests;
mod vaes;

pub(crate) use avx2::Avx2;
pub(crate) use avx512::Avx512;
pub(crate) use sha::ShaNi;
pub(crate) use vaes::Vaes;
