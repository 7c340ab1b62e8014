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
    /// Whether the last byte was a CR: a LF behind it ends no further line.
    after_cr: bool,
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
            after_cr: false,
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
        self.count_lines(bytes)
    }

    /// Counts lines as the validators' loader ends them: at LF, CRLF and a lone CR.
    fn count_lines(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let mut from = 0;
        for end in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let is_cr = bytes.get(end) == Some(&b'\r');
            let is_second = !is_cr && self.after_cr && end == from;
            if !is_second {
                self.lengthen(end - from)?;
                self.lines += 1;
                self.line_bytes = 0;
            }
            from = end + 1;
            self.after_cr = is_cr;
        }
        self.lengthen(bytes.len() - from)?;
        self.after_cr &= from == bytes.len();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(pieces: &[&[u8]], caps: &Caps) -> Result<u64, Refusal> {
        let mut digests = Digests::new(&Identity::Sha256(String::new()), 0, caps);
        pieces.iter().try_for_each(|piece| digests.update(piece))?;
        Ok(digests.lines)
    }

    #[test]
    fn lines_end_where_the_loader_ends_them_wherever_the_bytes_are_cut() {
        let caps = Caps::default();
        let file = b"a\rb\r\nc\n\rd\r\r\n\n";
        assert_eq!(counted(&[file], &caps), Ok(7));
        for at in 0..=file.len() {
            assert_eq!(counted(&[&file[..at], &[], &file[at..]], &caps), Ok(7), "{at}");
        }
    }

    #[test]
    fn lone_carriage_returns_pass_no_cap_of_lines() {
        let caps = Caps { lines: 1_000, ..Caps::default() };
        assert_eq!(counted(&[&[b'\r'; 1_000]], &caps), Ok(1_000));
        assert_eq!(counted(&[&[b'\r'; 1_001]], &caps), Err(Refusal::TooManyLines { cap: 1_000 }));
        assert_eq!(counted(&[&b"\r\n".repeat(1_000)], &caps), Ok(1_000));
    }
}
