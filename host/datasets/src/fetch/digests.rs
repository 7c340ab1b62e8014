//! Digests and counts that grow with a file.

use sha1::Digest as _;

use super::caps::Caps;
use super::refusal::Refusal;
use super::witness::Identity;

/// What is computed over a file's bytes, in order from the first.
pub(super) struct Digests {
    sha256: sha2::Sha256,
    git_blob: Option<sha1::Sha1>,
    blake3: blake3::Hasher,
    lines: u64,
    line_bytes: u64,
    max_lines: u64,
    max_line_bytes: u64,
}

/// What a whole file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) sha256: String,
    pub(super) blake3: String,
    git_blob: Option<String>,
}

impl Digests {
    /// For a file of `size_bytes` that is known by `identity`.
    pub(super) fn new(identity: &Identity, size_bytes: u64, caps: &Caps) -> Self {
        let git_blob = matches!(identity, Identity::GitBlob(_)).then(|| {
            let mut blob = sha1::Sha1::new();
            blob.update(format!("blob {size_bytes}\0"));
            blob
        });
        Self {
            sha256: sha2::Sha256::new(),
            git_blob,
            blake3: blake3::Hasher::new(),
            lines: 0,
            line_bytes: 0,
            max_lines: caps.lines,
            max_line_bytes: caps.line_bytes,
        }
    }

    /// Takes in the next bytes; refused where they pass a cap.
    pub(super) fn update(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.sha256.update(bytes);
        if let Some(blob) = &mut self.git_blob {
            blob.update(bytes);
        }
        self.blake3.update(bytes);
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            self.lengthen(end - from)?;
            self.lines += 1;
            self.line_bytes = 0;
            from = end + 1;
        }
        self.lengthen(bytes.len() - from)?;
        if self.lines > self.max_lines {
            return Err(Refusal::TooManyLines { cap: self.max_lines });
        }
        Ok(())
    }

    fn lengthen(&mut self, by: usize) -> Result<(), Refusal> {
        self.line_bytes = self.line_bytes.saturating_add(by as u64);
        if self.line_bytes > self.max_line_bytes {
            return Err(Refusal::LineTooLong { line: self.lines + 1, cap: self.max_line_bytes });
        }
        Ok(())
    }

    /// What the bytes so far come to.
    pub(super) fn sums(&self) -> Sums {
        Sums {
            sha256: hex::encode(self.sha256.clone().finalize()),
            blake3: self.blake3.finalize().to_hex().to_string(),
            git_blob: self.git_blob.clone().map(|blob| hex::encode(blob.finalize())),
        }
    }
}

impl Sums {
    /// Refuses other bytes than were promised.
    pub(super) fn checked(self, identity: &Identity) -> Result<Self, Refusal> {
        match identity {
            Identity::Sha256(expected) if *expected != self.sha256 => {
                Err(Refusal::WrongSha256 { expected: expected.clone(), found: self.sha256 })
            }
            Identity::GitBlob(expected) if self.git_blob.as_ref() != Some(expected) => {
                let found = self.git_blob.unwrap_or_default();
                Err(Refusal::WrongGitBlob { expected: expected.clone(), found })
            }
            _ => Ok(self),
        }
    }
}
