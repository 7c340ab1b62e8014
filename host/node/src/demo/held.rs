//! What a miner really holds: measured on the disk, never declared.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use plimsoll_core::Layout;
use plimsoll_store::Geometry;

use crate::NodeError;

const BLOCK_BYTES: usize = 4096;
const READ_BYTES: usize = 1 << 20;

/// Bytes of a plot's units that are there: blocks of 4 KiB that are not all zero. A hole reads as zeros, so
/// this holds on every file system; a file that is gone holds nothing.
///
/// # Errors
/// [`NodeError::Disk`] where the file is there and cannot be read.
pub(super) fn held_bytes(path: &Path, layout: &Layout) -> Result<u64, NodeError> {
    let failed = |e: std::io::Error| NodeError::Disk { path: path.into(), reason: e.to_string() };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failed(error)),
    };
    let start = Geometry::of(layout.region_bytes).region_offset;
    let end = start + layout.units_bytes();
    let mut buffer = vec![0; READ_BYTES];
    let (mut at, mut held) = (start, 0);
    while at < end {
        // At most a mebibyte.
        let want = (end - at).min(READ_BYTES as u64) as usize;
        let got = file.read_at(&mut buffer[..want], at).map_err(failed)?;
        if got == 0 {
            break;
        }
        let full = |block: &&[u8]| block.iter().any(|&byte| byte != 0);
        held += buffer[..got].chunks(BLOCK_BYTES).filter(full).map(|block| block.len() as u64).sum::<u64>();
        at += got as u64;
    }
    Ok(held)
}

/// Gives the disk back the bytes of `units` of a plot: a hole where the file system makes holes, zeros where
/// it does not.
///
/// # Errors
/// [`NodeError::Disk`].
pub(super) fn punch(path: &Path, layout: &Layout, units: impl Iterator<Item = u64>) -> Result<(), NodeError> {
    let failed = |e: std::io::Error| NodeError::Disk { path: path.into(), reason: e.to_string() };
    let file = File::options().write(true).open(path).map_err(failed)?;
    let start = Geometry::of(layout.region_bytes).region_offset;
    let zeros = vec![0; layout.unit_bytes as usize];
    for unit in units {
        let at = start + unit * u64::from(layout.unit_bytes);
        let flags = rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
        if rustix::fs::fallocate(&file, flags, at, layout.unit_bytes.into()).is_err() {
            file.write_all_at(&zeros, at).map_err(failed)?;
        }
    }
    file.sync_all().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Order, Pass};

    fn layout() -> Layout {
        let pass = Pass { name: "fill".into(), units: 10, order: Order::Independent };
        Layout { unit_bytes: 10_000, units: 10, region_bytes: 100_000, memory_bytes: 0, passes: vec![pass] }
    }

    #[test]
    fn what_was_punched_out_is_no_longer_held() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plot");
        let start = Geometry::of(100_000).region_offset as usize;
        std::fs::write(&path, vec![7; start + 100_000]).unwrap();
        assert_eq!(held_bytes(&path, &layout()).unwrap(), 100_000);
        punch(&path, &layout(), 0..3).unwrap();
        let held = held_bytes(&path, &layout()).unwrap();
        // 30,000 bytes are gone but for the block at the edge, which the next unit shares.
        assert!((70_000..=70_000 + 4096).contains(&held), "{held}");
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes[start..start + 30_000].iter().all(|&byte| byte == 0));
        assert!(bytes[start + 30_000..].iter().all(|&byte| byte == 7));
    }

    #[test]
    fn a_plot_that_is_gone_holds_nothing() {
        assert_eq!(held_bytes(Path::new("/nowhere/plot"), &layout()).unwrap(), 0);
    }
}
