//! Octets held against what they were said to be, as they pass.

use plimsoll_core::Digest;
use sha2::{Digest as _, Sha256};

use super::{CargoClaim, UploadClaim};

/// Counts and hashes.
pub(crate) struct Check {
    cargo: CargoClaim,
    blake3: Box<blake3::Hasher>,
    sha256: Option<(Sha256, Digest)>,
    passed_bytes: u64,
}

impl Check {
    pub(crate) fn of_download(cargo: CargoClaim) -> Self {
        Self { cargo, blake3: Box::default(), sha256: None, passed_bytes: 0 }
    }

    pub(crate) fn of_upload(claim: UploadClaim) -> Self {
        Self { sha256: Some((Sha256::new(), claim.sha256)), ..Self::of_download(claim.cargo) }
    }

    /// Takes the next piece into account, or says that it is too much.
    pub(crate) fn pass(&mut self, piece: &[u8]) -> Result<(), String> {
        let passed_bytes = self.passed_bytes.saturating_add(piece.len() as u64);
        if passed_bytes > self.cargo.bytes {
            return Err(format!("the body is longer than the {} bytes that its path says", self.cargo.bytes));
        }
        self.passed_bytes = passed_bytes;
        self.blake3.update(piece);
        if let Some((sha256, _)) = &mut self.sha256 {
            sha256.update(piece);
        }
        Ok(())
    }

    /// Whether all came, and it is what it was said to be.
    pub(crate) fn finish(self) -> Result<(), String> {
        if self.passed_bytes != self.cargo.bytes {
            return Err(format!(
                "the body has {} bytes, its path says {}",
                self.passed_bytes, self.cargo.bytes
            ));
        }
        let blake3 = Digest(*self.blake3.finalize().as_bytes());
        if blake3 != self.cargo.blake3 {
            return Err(format!("the BLAKE3 of the body is {blake3}, its path says {}", self.cargo.blake3));
        }
        match self.sha256.map(|(sha256, said)| (Digest(sha256.finalize().into()), said)) {
            Some((found, said)) if found != said => {
                Err(format!("the SHA-256 of the body is {found}, its path says {said}"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_octets_pass() {
        let claim = UploadClaim::of(&b"cargo"[..]).unwrap();
        let said = |pieces: &[&[u8]]| {
            let mut check = Check::of_upload(claim);
            pieces.iter().try_for_each(|piece| check.pass(piece)).and_then(|()| check.finish())
        };
        assert_eq!(said(&[b"car", b"", b"go"]), Ok(()));
        assert_eq!(said(&[b"car"]).unwrap_err(), "the body has 3 bytes, its path says 5");
        assert_eq!(
            said(&[b"cargo", b"s"]).unwrap_err(),
            "the body is longer than the 5 bytes that its path says"
        );
        assert!(said(&[b"Cargo"]).unwrap_err().starts_with("the BLAKE3 of the body is "));
        let other = UploadClaim { sha256: Digest([0; 32]), ..claim };
        let mut check = Check::of_upload(other);
        check.pass(b"cargo").unwrap();
        assert!(check.finish().unwrap_err().starts_with("the SHA-256 of the body is "));
    }
}
