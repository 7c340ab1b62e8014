//! A miner that opens a commitment to a real file: one unit and its path in a Merkle tree over all of them.
//!
//! For measuring the wire without a plugin; a miner's own schemes cost what they cost on top.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use async_trait::async_trait;
use plimsoll_core::{Digest, Hotkey, NetUid};

use crate::messages::{AuditReply, AuditRequest, Refusal, RefusalCode, RegistrationSet};
use crate::server::MinerSide;

/// Answers everyone: the challenge is the number of a unit in eight bytes little-endian, the proof the unit and the
/// digests beside its way up, BLAKE3 throughout. It is checked against the root before it leaves.
pub struct FileOpenings {
    file: File,
    unit_bytes: usize,
    /// From the leaves up to the root; every level has a power of two.
    levels: Vec<Vec<Digest>>,
}

impl FileOpenings {
    /// Of the file at `path` in units of `unit_bytes`; what is behind the last power of two of units is left out.
    ///
    /// # Errors
    /// What reading fails with; also for a file without a whole unit.
    pub fn over(path: &Path, unit_bytes: usize) -> io::Result<Self> {
        let file = File::open(path)?;
        let units = usize::try_from(file.metadata()?.len()).unwrap_or(0) / unit_bytes.max(1);
        if units == 0 {
            return Err(io::Error::other(format!("the file has no whole unit of {unit_bytes} bytes")));
        }
        let units = 1 << units.ilog2();
        let mut unit = vec![0; unit_bytes];
        let mut level = Vec::with_capacity(units);
        for n in 0..units {
            file.read_exact_at(&mut unit, (n * unit_bytes) as u64)?;
            level.push(Digest::of(&unit));
        }
        let mut levels = vec![level];
        while let Some(last) = levels.last().filter(|level| level.len() > 1) {
            let next = last.chunks_exact(2).map(|pair| above(&pair[0], &pair[1])).collect();
            levels.push(next);
        }
        Ok(Self { file, unit_bytes, levels })
    }

    /// How many units there are.
    #[must_use]
    pub fn units(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    fn open(&self, unit: usize) -> io::Result<Vec<u8>> {
        let mut proof = vec![0; self.unit_bytes];
        self.file.read_exact_at(&mut proof, (unit * self.unit_bytes) as u64)?;
        let (mut digest, mut at) = (Digest::of(&proof), unit);
        for level in self.levels.iter().take_while(|level| level.len() > 1) {
            let beside = level[at ^ 1];
            digest = if at.is_multiple_of(2) { above(&digest, &beside) } else { above(&beside, &digest) };
            proof.extend_from_slice(&beside.0);
            at /= 2;
        }
        let root = self.levels.last().and_then(|level| level.first());
        if root == Some(&digest) { Ok(proof) } else { Err(io::Error::other("the file has changed")) }
    }
}

fn above(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&left.0).update(&right.0);
    Digest(*hasher.finalize().as_bytes())
}

#[async_trait]
impl MinerSide for FileOpenings {
    fn permits(&self, _caller: &Hotkey) -> bool {
        true
    }

    async fn registrations(&self, _caller: &Hotkey, _netuid: NetUid) -> Result<RegistrationSet, Refusal> {
        Err(Refusal::new(RefusalCode::UnknownRegistration, "this miner is for measuring and keeps no plots"))
    }

    async fn audit(&self, _caller: &Hotkey, request: AuditRequest) -> Result<AuditReply, Refusal> {
        let unit = request.challenge.as_slice().try_into().ok().map(u64::from_le_bytes);
        let unit = unit.and_then(|unit| usize::try_from(unit).ok()).filter(|unit| *unit < self.units());
        let unit = unit.ok_or_else(|| {
            let units = self.units();
            Refusal::new(
                RefusalCode::BadRequest,
                format!("challenge: expected a unit below {units} in 8 bytes"),
            )
        })?;
        // The file is in the page cache: reading it takes less than handing it to another thread.
        let proof = self.open(unit).map_err(|e| Refusal::new(RefusalCode::Fault, e.to_string()))?;
        Ok(AuditReply::Proof(proof))
    }
}
