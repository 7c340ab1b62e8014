//! What a crash or a reader left behind: removed by the next writer, so that no later one takes it for its own.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

use redb::ReadableTable;
use rustix::fs::OFlags;

use super::error::ArchiveError;
use super::index::PACKS;
use super::lock::Reading;
use super::store::Archive;

impl Archive {
    /// Removes packs that were never committed, those that were written anew once nobody reads, and cuts off what
    /// follows the committed bytes of the others.
    pub(super) fn tidy(&self) -> Result<(), ArchiveError> {
        let next = self.index.head()?.next_pack;
        let lens = self.committed()?;
        let mut unneeded = self.packs.numbers()?;
        unneeded.retain(|pack| !lens.contains_key(pack));
        self.remove_unread(unneeded, next)?;
        for (pack, len) in lens {
            self.cut(pack, u64::from(len))?;
        }
        Ok(())
    }

    /// Removes packs that the index does not name: while anybody reads only those from `next` on, which it never did.
    pub(super) fn remove_unread(&self, mut packs: Vec<u32>, next: u32) -> Result<(), ArchiveError> {
        let nobody_reads = (!packs.is_empty()).then(|| Reading::nobody(&self.folder)).flatten();
        if nobody_reads.is_none() {
            packs.retain(|pack| *pack >= next);
        }
        if packs.is_empty() { Ok(()) } else { self.packs.remove(packs) }
    }

    /// The committed bytes of each pack.
    pub(super) fn committed(&self) -> Result<BTreeMap<u32, u32>, ArchiveError> {
        let read = self.index.read()?;
        let rows = self.index.table(&read, PACKS)?;
        let rows = rows.iter()?.map(|row| row.map(|(pack, len)| (pack.value(), len.value())));
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A pack that is missing or too short stays as it is: fsck tells of it.
    fn cut(&self, pack: u32, len: u64) -> Result<(), ArchiveError> {
        let path = self.packs.path(pack);
        let no_links = OFlags::NOFOLLOW.bits().cast_signed();
        let Ok(file) = OpenOptions::new().write(true).custom_flags(no_links).open(&path) else {
            return Ok(());
        };
        let found = file.metadata().map_err(ArchiveError::disk(&path, "look at"))?.len();
        if found > len {
            file.set_len(len).map_err(ArchiveError::disk(&path, "cut"))?;
        }
        Ok(())
    }
}
