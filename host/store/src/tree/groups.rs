//! Leaves from bytes, over all cores.

use plimsoll_core::{Digest, SpaceError};
use plimsoll_kernels::{HashKind, merkle_leaf};
use rayon::prelude::*;

use crate::write::AlignedBuffer;
use crate::{GROUP_BYTES, Geometry};

/// Groups that one thread reads at once from memory: little enough to stay in a core's cache.
pub(crate) const FROM_CACHE: u64 = 8;
/// The same past the page cache: enough for the disk.
pub(crate) const FROM_DISK: u64 = 32;

/// The leaf of group `index`, whose bytes these are.
///
/// # Panics
/// If they are not: a mistake in this crate.
pub(crate) fn leaf_of(geometry: &Geometry, index: u64, bytes: &[u8]) -> Digest {
    // Refused only for a size or an index that the geometry does not give.
    merkle_leaf(HashKind::Blake3, GROUP_BYTES, geometry.groups(), index, bytes)
        .expect("a group of the geometry is a leaf of its tree")
}

/// The leaves of the `count` groups from `first` on, whose bytes `lend` gives by place and length behind the
/// first group's begin. An error of one piece is the error of all.
pub(crate) fn leaves_by_lending<'a, L>(
    geometry: &Geometry,
    first: u64,
    count: u64,
    lend: L,
) -> Result<Vec<Digest>, SpaceError>
where
    L: Fn(usize, usize) -> Result<&'a [u8], SpaceError> + Sync,
{
    let begin = geometry.group(first).offset;
    let pieces: Vec<u64> = (first..first + count).step_by(FROM_CACHE as usize).collect();
    let leaves: Vec<Vec<Digest>> = pieces
        .into_par_iter()
        .map(|piece| {
            let end = (piece + FROM_CACHE).min(first + count);
            let (from, last) = (geometry.group(piece).offset, geometry.group(end - 1));
            let len = (last.offset + last.len - from) as usize;
            let bytes = lend((from - begin) as usize, len)?;
            let groups = bytes.chunks(GROUP_BYTES as usize);
            Ok((piece..).zip(groups).map(|(index, group)| leaf_of(geometry, index, group)).collect())
        })
        .collect::<Result<_, SpaceError>>()?;
    Ok(leaves.concat())
}

/// The leaves of groups `first..first + count`, read by `read` in pieces of `at_once` groups. It is asked for a
/// number of bytes at an offset of the region and gives them at the begin of a buffer on a page boundary that has
/// room for the rest of the last page. A group that cannot be read has its own error; the others are not held up
/// by it.
pub(crate) fn leaves_by_reading<R>(
    geometry: &Geometry,
    first: u64,
    count: u64,
    at_once: u64,
    read: R,
) -> Vec<Result<Digest, SpaceError>>
where
    R: Fn(u64, usize, &mut [u8]) -> Result<(), SpaceError> + Sync,
{
    let pieces: Vec<u64> = (first..first + count).step_by(at_once as usize).collect();
    let room = (at_once * GROUP_BYTES) as usize;
    pieces
        .into_par_iter()
        .map_init(
            || AlignedBuffer::new(room),
            |buffer, piece| {
                let end = (piece + at_once).min(first + count);
                piece_leaves(geometry, piece, end, buffer, &read)
            },
        )
        .flatten_iter()
        .collect()
}

fn piece_leaves<R>(
    geometry: &Geometry,
    first: u64,
    end: u64,
    buffer: &mut [u8],
    read: &R,
) -> Vec<Result<Digest, SpaceError>>
where
    R: Fn(u64, usize, &mut [u8]) -> Result<(), SpaceError>,
{
    let begin = geometry.group(first).offset;
    let last = geometry.group(end - 1);
    let together = read(begin, (last.offset + last.len - begin) as usize, buffer);
    (first..end)
        .map(|index| {
            let group = geometry.group(index);
            let at = (group.offset - begin) as usize;
            let len = group.len as usize;
            if together.is_err() {
                read(group.offset, len, &mut buffer[at..])?;
            }
            Ok(leaf_of(geometry, index, &buffer[at..at + len]))
        })
        .collect()
}
