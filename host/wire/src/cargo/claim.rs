//! What a large body is said to be.

use std::io::{self, Read};

use plimsoll_core::Digest;
use sha2::{Digest as _, Sha256};

use super::PIECE_BYTES;
use crate::messages::MessageError;
use crate::texts::sha256;

/// Where cargo is put and fetched.
pub const CARGO_PATH: &str = "/v1/cargo";

/// Octets by their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CargoClaim {
    /// Their BLAKE3.
    pub blake3: Digest,
    /// Their number, 1 or more.
    pub bytes: u64,
}

/// Octets that are sent under btauth/1, which wants their SHA-256 too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadClaim {
    /// What they are.
    pub cargo: CargoClaim,
    /// Their SHA-256.
    pub sha256: Digest,
}

impl CargoClaim {
    /// path?query of a download.
    #[must_use]
    pub fn target(&self) -> String {
        format!("{CARGO_PATH}?blake3={}&bytes={}", self.blake3, self.bytes)
    }

    /// Reads [`target`](Self::target), and nothing that differs from it.
    ///
    /// # Errors
    /// [`MessageError::Field`].
    pub fn of_target(target: &str) -> Result<Self, MessageError> {
        let claim = query(target).and_then(|query| cargo(&query));
        claim.filter(|claim| claim.target() == target).ok_or_else(|| {
            wrong("/v1/cargo?blake3=<64 lower-case hex digits>&bytes=<1 or more, no leading zero>", target)
        })
    }

    /// What an answer that delivers this is signed over, in place of its body's SHA-256.
    #[must_use]
    pub fn statement_sha256(&self) -> Digest {
        sha256(format!("plimsoll-cargo/1\n{}\n{}", self.blake3, self.bytes).as_bytes())
    }
}

impl UploadClaim {
    /// path?query of an upload.
    #[must_use]
    pub fn target(&self) -> String {
        format!("{}&sha256={}", self.cargo.target(), self.sha256)
    }

    /// Reads [`target`](Self::target), and nothing that differs from it.
    ///
    /// # Errors
    /// [`MessageError::Field`].
    pub fn of_target(target: &str) -> Result<Self, MessageError> {
        let claim = query(target).and_then(|query| {
            let sha256 = named(&query, 2, "sha256")?.parse().ok()?;
            Some(Self { cargo: cargo(&query)?, sha256 })
        });
        claim.filter(|claim| claim.target() == target).ok_or_else(|| {
            wrong("/v1/cargo?blake3=<64 lower-case hex digits>&bytes=<1 or more>&sha256=<64 digits>", target)
        })
    }

    /// Reads all of `octets` once.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn of(mut octets: impl Read) -> io::Result<Self> {
        let (mut blake3, mut sha256, mut bytes) = (blake3::Hasher::new(), Sha256::new(), 0u64);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let n = match octets.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            blake3.update(&piece[..n]);
            sha256.update(&piece[..n]);
            bytes += n as u64;
        }
        let cargo = CargoClaim { blake3: Digest(*blake3.finalize().as_bytes()), bytes };
        Ok(Self { cargo, sha256: Digest(sha256.finalize().into()) })
    }
}

fn query(target: &str) -> Option<Vec<(&str, &str)>> {
    let query = target.strip_prefix(CARGO_PATH)?.strip_prefix('?')?;
    query.split('&').map(|pair| pair.split_once('=')).collect()
}

fn named<'a>(query: &[(&str, &'a str)], at: usize, name: &str) -> Option<&'a str> {
    query.get(at).filter(|(found, _)| *found == name).map(|(_, value)| *value)
}

fn cargo(query: &[(&str, &str)]) -> Option<CargoClaim> {
    let blake3 = named(query, 0, "blake3")?.parse().ok()?;
    let bytes = named(query, 1, "bytes")?.parse().ok().filter(|bytes| *bytes > 0)?;
    Some(CargoClaim { blake3, bytes })
}

fn wrong(expected: &str, found: &str) -> MessageError {
    MessageError::Field {
        field: "path",
        expected: expected.to_owned(),
        found: crate::texts::legible(found, 200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_statement_is_three_lines_as_documented() {
        let claim = CargoClaim { blake3: Digest([0xAB; 32]), bytes: 1000 };
        let lines = format!("plimsoll-cargo/1\n{}\n1000", "ab".repeat(32));
        assert_eq!(claim.statement_sha256(), sha256(lines.as_bytes()));
    }

    #[test]
    fn a_claim_of_octets_names_what_the_hash_functions_say() {
        let claim = UploadClaim::of(&b"proof"[..]).unwrap();
        // printf proof | sha256sum; b3sum
        assert_eq!(
            claim.sha256.to_string(),
            "c1cda26362828b69266512052b97cb3729e3b052e4ade47c0a1e3383defe73c7"
        );
        assert_eq!(claim.cargo, CargoClaim { blake3: Digest::of(b"proof"), bytes: 5 });
    }

    proptest! {
        #[test]
        fn a_path_is_read_back_in_one_form_only(blake3: [u8; 32], sha256: [u8; 32], bytes in 1u64.., at: prop::sample::Index) {
            let cargo = CargoClaim { blake3: Digest(blake3), bytes };
            let upload = UploadClaim { cargo, sha256: Digest(sha256) };
            prop_assert_eq!(CargoClaim::of_target(&cargo.target()), Ok(cargo));
            prop_assert_eq!(UploadClaim::of_target(&upload.target()), Ok(upload));
            prop_assert!(CargoClaim::of_target(&upload.target()).is_err());
            let mut changed = upload.target().into_bytes();
            let at = at.index(changed.len());
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            prop_assert_ne!(UploadClaim::of_target(&changed), Ok(upload));
            for bad in ["&x=1", "&", "#", " "] {
                let longer = cargo.target() + bad;
                prop_assert!(CargoClaim::of_target(&longer).is_err());
            }
        }
    }

    #[test]
    fn a_path_that_is_no_claim_is_refused_with_what_one_looks_like() {
        let why = CargoClaim::of_target("/v1/cargo?bytes=1").unwrap_err().to_string();
        assert!(
            why.starts_with("path: expected /v1/cargo?blake3=<64 lower-case hex digits>&bytes="),
            "{why}"
        );
        let zero = CargoClaim { blake3: Digest([0; 32]), bytes: 0 };
        assert!(CargoClaim::of_target(&zero.target()).is_err());
    }
}
