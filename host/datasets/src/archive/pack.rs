//! Pack files: blocks one behind the other. What the index names was flushed before; what follows it is a batch that
//! was never committed, and is cut off by the next writer.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::OFlags;

use super::block::seal;
use super::error::{ArchiveError, BlockFault};

const MAGIC: [u8; 8] = *b"PLIMPACK";
const VERSION: u32 = 1;
/// Bytes before the first block: magic, version, the pack's number, the archive's key.
pub(super) const HEAD_BYTES: u32 = 48;
/// A pack takes no further block from here on.
pub(super) const FULL_BYTES: u32 = 64 << 20;

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BlockPlace {
    pub(super) pack: u32,
    pub(super) offset: u32,
    pub(super) bytes: u32,
}

/// The folder of pack files.
#[derive(Debug)]
pub(super) struct Packs {
    folder: PathBuf,
    /// Under which blocks have their digests.
    pub(super) key: [u8; 32],
    open: Mutex<HashMap<u32, Arc<File>>>,
}

impl Packs {
    pub(super) fn at(folder: PathBuf, key: [u8; 32]) -> Self {
        Self { folder, key, open: Mutex::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn path(&self, pack: u32) -> PathBuf {
        self.folder.join(format!("{pack:08x}.pack"))
    }

    /// All packs that are there, by number.
    pub(super) fn numbers(&self) -> Result<Vec<u32>, ArchiveError> {
        let list = || ArchiveError::disk(&self.folder, "list");
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(list())? {
            numbers.extend(Self::number_of(&entry.map_err(list())?.file_name()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The number in a pack's name.
    pub(super) fn number_of(name: &std::ffi::OsStr) -> Option<u32> {
        let hex = name.to_str()?.strip_suffix(".pack")?;
        let is_ours = hex.len() == 8 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_ours.then(|| u32::from_str_radix(hex, 16).ok()).flatten()
    }

    /// The bytes of a block, not looked at.
    pub(super) fn read(&self, place: BlockPlace) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = vec![0; place.bytes as usize];
        let end = u64::from(place.offset) + u64::from(place.bytes);
        let short = || ArchiveError::Block(BlockFault::Short { pack: place.pack, end });
        let Some(file) = self.file(place.pack)? else { return Err(short()) };
        match file.read_exact_at(&mut bytes, u64::from(place.offset)) {
            Ok(()) => Ok(bytes),
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => Err(short()),
            Err(e) => Err(ArchiveError::disk(&self.path(place.pack), "read")(e)),
        }
    }

    /// `None` where there is no such pack.
    pub(super) fn file(&self, pack: u32) -> Result<Option<Arc<File>>, ArchiveError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&pack) {
            return Ok(Some(Arc::clone(file)));
        }
        let path = self.path(pack);
        match OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(&path) {
            Ok(file) => Ok(Some(Arc::clone(open.entry(pack).or_insert(Arc::new(file))))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(ArchiveError::disk(&path, "open")(e)),
        }
    }

    /// Removes packs that no index names any more.
    pub(super) fn remove(&self, packs: impl IntoIterator<Item = u32>) -> Result<(), ArchiveError> {
        for pack in packs {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&pack);
            let path = self.path(pack);
            match fs::remove_file(&path) {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(ArchiveError::disk(&path, "remove")(e));
                }
                _ => {}
            }
        }
        sync_folder(&self.folder)
    }
}

/// Makes names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), ArchiveError> {
    match File::open(folder).and_then(|open| open.sync_all()) {
        // Some network file systems cannot sync a folder; there is nothing better to do on them.
        Err(e) if e.kind() == ErrorKind::InvalidInput => Ok(()),
        other => other.map_err(ArchiveError::disk(folder, "sync")),
    }
}

/// Appends blocks; nothing is durable before [`Self::finish`].
pub(super) struct PackWriter<'a> {
    packs: &'a Packs,
    full_bytes: u32,
    /// The pack that is written, and how long it is.
    now: Option<(u32, File, u32)>,
    next: u32,
    /// Packs that were appended to, and how long they are.
    lens: BTreeMap<u32, u32>,
}

impl<'a> PackWriter<'a> {
    /// Goes on behind `last`, a pack and its committed length, if there is room; what follows that is cut off.
    pub(super) fn begin(
        packs: &'a Packs,
        last: Option<(u32, u32)>,
        next: u32,
        full_bytes: u32,
    ) -> Result<Self, ArchiveError> {
        let mut writer = Self { packs, full_bytes, now: None, next, lens: BTreeMap::new() };
        if let Some((pack, len)) = last.filter(|(_, len)| *len < full_bytes) {
            let path = packs.path(pack);
            let opened = OpenOptions::new()
                .write(true)
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(&path);
            let found = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
            // A pack that is missing or too short stays as it is: fsck tells of it.
            if let Ok((found, file)) = found
                && found >= u64::from(len)
            {
                file.set_len(u64::from(len)).map_err(ArchiveError::disk(&path, "cut"))?;
                writer.now = Some((pack, file, len));
            }
        }
        Ok(writer)
    }

    pub(super) fn append(&mut self, mut block: Vec<u8>) -> Result<BlockPlace, ArchiveError> {
        let all = block.len();
        let too_large = || ArchiveError::broken(format!("a block of {all} bytes cannot be packed"));
        let bytes = u32::try_from(all).map_err(|_| too_large())?;
        if self.now.as_ref().is_none_or(|(_, _, len)| *len >= self.full_bytes) {
            self.close()?;
            self.now = Some(self.create()?);
        }
        let Some((pack, file, len)) = &mut self.now else { return Err(too_large()) };
        let end = len.checked_add(bytes).ok_or_else(too_large)?;
        seal(&mut block, &self.packs.key, *pack, *len);
        file.write_all_at(&block, u64::from(*len))
            .map_err(ArchiveError::disk(&self.packs.path(*pack), "write"))?;
        let place = BlockPlace { pack: *pack, offset: *len, bytes };
        *len = end;
        self.lens.insert(*pack, end);
        Ok(place)
    }

    /// Anything of that name was never committed.
    fn create(&mut self) -> Result<(u32, File, u32), ArchiveError> {
        let pack = self.next;
        let path = self.packs.path(pack);
        let head = head_of(pack, &self.packs.key);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(ArchiveError::disk(&path, "create"))?;
        file.write_all_at(&head, 0).map_err(ArchiveError::disk(&path, "write"))?;
        self.next += 1;
        Ok((pack, file, HEAD_BYTES))
    }

    fn close(&mut self) -> Result<(), ArchiveError> {
        match self.now.take() {
            Some((pack, file, _)) => {
                file.sync_data().map_err(ArchiveError::disk(&self.packs.path(pack), "flush"))
            }
            None => Ok(()),
        }
    }

    /// Makes all blocks durable; gives the packs that grew with their lengths, and the next pack's number.
    pub(super) fn finish(mut self) -> Result<(BTreeMap<u32, u32>, u32), ArchiveError> {
        self.close()?;
        sync_folder(&self.packs.folder)?;
        Ok((std::mem::take(&mut self.lens), self.next))
    }
}

/// Whether a pack begins as one.
pub(super) fn is_pack_head(head: &[u8], pack: u32, key: &[u8; 32]) -> bool {
    head == head_of(pack, key)
}

/// The archive's key, if `bytes` begin as this pack.
pub(super) fn key_of(bytes: &[u8], pack: u32) -> Option<[u8; 32]> {
    let head = bytes.get(..HEAD_BYTES as usize)?;
    let key = head[16..].try_into().ok()?;
    is_pack_head(head, pack, &key).then_some(key)
}

fn head_of(pack: u32, key: &[u8; 32]) -> Vec<u8> {
    [&MAGIC[..], &VERSION.to_le_bytes(), &pack.to_le_bytes(), key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fill_packs_and_what_was_not_committed_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Packs::at(folder.path().to_owned(), [1; 32]);
        let mut writer = PackWriter::begin(&packs, None, 5, 100).unwrap();
        let places: Vec<_> = (0..4u8).map(|byte| writer.append(vec![byte; 50]).unwrap()).collect();
        assert_eq!(places[2], BlockPlace { pack: 6, offset: 48, bytes: 50 });
        let (lens, next) = writer.finish().unwrap();
        assert_eq!((lens, next), (BTreeMap::from([(5, 148), (6, 148)]), 7));
        for (byte, place) in places.iter().enumerate() {
            assert_eq!(packs.read(*place).unwrap(), [byte as u8; 50]);
        }
        // Only the first block of pack 6 was committed.
        let mut writer = PackWriter::begin(&packs, Some((6, 98)), 7, 100).unwrap();
        assert_eq!(fs::metadata(packs.path(6)).unwrap().len(), 98);
        assert_eq!(writer.append(b"new".to_vec()).unwrap(), BlockPlace { pack: 6, offset: 98, bytes: 3 });
        let short = packs.read(BlockPlace { pack: 6, offset: 92, bytes: 50 }).unwrap_err().to_string();
        assert!(short.contains("pack 6 ends before byte 142"), "{short}");
        let none = packs.read(BlockPlace { pack: 9, offset: 0, bytes: 1 }).unwrap_err();
        assert!(none.is_damage(), "{none}");
    }

    #[test]
    fn a_short_pack_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Packs::at(folder.path().to_owned(), [1; 32]);
        fs::write(packs.path(1), "torn").unwrap();
        let mut writer = PackWriter::begin(&packs, Some((1, 50)), 2, 100).unwrap();
        assert_eq!(writer.append(b"block".to_vec()).unwrap().pack, 2);
        assert_eq!(fs::read(packs.path(1)).unwrap(), b"torn");
    }

    #[test]
    fn only_our_own_names_are_packs() {
        let of = |name: &str| Packs::number_of(name.as_ref());
        assert_eq!(of("0000001f.pack"), Some(31));
        for name in ["1f.pack", "0000001F.pack", "+000001f.pack", "0000001f.pack.old", "../00000001.pack"] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
