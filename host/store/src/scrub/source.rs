//! Where a full check gets the region's bytes from.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use plimsoll_core::{Digest, Extent, SpaceError, Span};

use super::Reading;
use crate::error::device;
use crate::mapping::{WINDOW_BYTES, Window};
use crate::tree::{FROM_CACHE, FROM_DISK, leaves_by_lending, leaves_by_reading};
use crate::write::open_direct_read;
use crate::{GROUP_BYTES, PAGE_BYTES, Plot, StoreError};

/// Groups between two looks at the flag.
pub(super) const GROUPS_A_STEP: u64 = WINDOW_BYTES / GROUP_BYTES;

/// A way to read, chosen once.
pub(super) enum Source {
    Cached,
    Direct(File),
    Mapped,
}

impl Source {
    pub(super) fn choose(plot: &Plot, reading: Reading) -> Result<Self, StoreError> {
        let direct = || match open_direct_read(plot.path()) {
            Ok(file) => Self::Direct(file),
            Err(error) => {
                tracing::debug!(plot = %plot.path().display(), %error, "reading through the page cache");
                Self::Cached
            }
        };
        match reading {
            Reading::Pread => Ok(Self::Cached),
            Reading::Direct => Ok(direct()),
            Reading::Auto => {
                let fits = available_memory().is_none_or(|free| plot.geometry().file_bytes <= free / 2);
                Ok(if fits { Self::Cached } else { direct() })
            }
            Reading::Mapped if plot.is_exclusive() => Ok(Self::Mapped),
            Reading::Mapped => {
                Err(StoreError::NotExclusive { path: plot.path().to_owned(), doing: "map it" })
            }
        }
    }

    /// The leaves of `groups`, each from its bytes.
    pub(super) fn leaves(&self, plot: &Plot, groups: Span) -> Vec<Result<Digest, SpaceError>> {
        let geometry = plot.geometry();
        let Span { first, count } = groups;
        match self {
            Self::Direct(file) => {
                return leaves_by_reading(&geometry, first, count, FROM_DISK, |at, len, room| {
                    let whole = &mut room[..len.next_multiple_of(PAGE_BYTES as usize)];
                    file.read_exact_at(whole, geometry.region_offset + at)
                        .map_err(|e| device(plot.path(), at, len as u64, &e))
                });
            }
            Self::Mapped => {
                if let Ok(leaves) = mapped_leaves(plot, groups) {
                    return leaves.into_iter().map(Ok).collect();
                }
                // Reading tells which of its groups are to blame.
            }
            Self::Cached => {}
        }
        let region = plot.region();
        leaves_by_reading(&geometry, first, count, FROM_CACHE, |at, len, room| {
            region.read_at(at, &mut room[..len])
        })
    }
}

fn mapped_leaves(plot: &Plot, groups: Span) -> Result<Vec<Digest>, SpaceError> {
    let geometry = plot.geometry();
    let (first, last) = (geometry.group(groups.first), geometry.group(groups.end() - 1));
    let at = Extent { offset: first.offset, len: last.offset + last.len - first.offset };
    let window = Window::open(plot.file(), plot.path(), &geometry, at)?;
    leaves_by_lending(&geometry, groups.first, groups.count, |from, len| window.piece(from, len))
}

/// Bytes that new readers may take without pushing out what others use.
fn available_memory() -> Option<u64> {
    let table = fs::read_to_string("/proc/meminfo").ok()?;
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
