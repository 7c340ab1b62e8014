//! An open archive.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::{Digest, Hotkey, NetUid};
use redb::ReadableTable;

use super::batch::Batch;
use super::cache::Cache;
use super::error::ArchiveError;
use super::file::Witness;
use super::index::{Index, REPLACED, SNAPSHOTS, SOURCES, TAKEN_DOWN, wants_repair};
use super::lock::{Reading, WriteLock};
use super::manifest::{Manifest, Place, Seal};
use super::pack::{self, Packs};
use super::view::View;

/// A lock outlives its holder for an instant.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);
/// Blocks that stay in memory while an archive is open.
const CACHE_BYTES: usize = 32 << 20;
/// Blocks that a batch, a check or a letting go has in memory beside them.
const OWN_CACHE_BYTES: usize = 48 << 20;

/// The archive of a data folder.
pub struct Archive {
    pub(super) folder: PathBuf,
    pub(super) index: Index,
    pub(super) packs: Packs,
    pub(super) pack_bytes: u32,
    pub(super) lock: Option<WriteLock>,
    cache: Arc<Cache>,
    _reading: Option<Reading>,
}

/// A kept snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Subnet and block.
    pub place: Place,
    /// The manifest's object id.
    pub manifest: Digest,
    /// When, by the collector's clock: told, never relied on.
    pub at_ms: u64,
    /// Who signed it, if anybody.
    pub signer: Option<Hotkey>,
}

impl Archive {
    /// Opens the archive of a data folder to write to it, or makes it.
    ///
    /// # Errors
    /// [`ArchiveError::InUse`] while another process has it so; [`ArchiveError::Newer`], [`ArchiveError::Index`] or
    /// [`ArchiveError::NoIndex`] for one that this program must not touch.
    pub fn open(data_folder: &Path) -> Result<Self, ArchiveError> {
        Self::open_patiently(data_folder, PATIENCE)
    }

    /// As [`Self::open`], waiting as long as `patience` for another writer to end.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_patiently(data_folder: &Path, patience: Duration) -> Result<Self, ArchiveError> {
        let (folder, lock) = Self::lock(data_folder, patience)?;
        let packs = folder.join("packs");
        let path = folder.join("index.redb");
        // An index that was lost must not pass for an archive that is new.
        let has_index = fs::metadata(&path).is_ok_and(|meta| meta.len() > 0);
        if !has_index && !Packs::at(packs.clone(), [0; 32]).numbers()?.is_empty() {
            return Err(ArchiveError::NoIndex { path: folder });
        }
        if !has_index {
            Index::make(&path)?;
        }
        let index = Index::open(&path, None)?;
        pack::sync_folder(&folder)?;
        let key = index.head()?.key;
        let archive = Self::with(folder, index, Packs::at(packs, key), Some(lock));
        archive.tidy()?;
        Ok(archive)
    }

    pub(super) fn with(folder: PathBuf, index: Index, packs: Packs, lock: Option<WriteLock>) -> Self {
        let cache = Arc::new(Cache::of(CACHE_BYTES));
        Self { folder, index, packs, pack_bytes: pack::FULL_BYTES, lock, cache, _reading: None }
    }

    /// The archive's folder, made if it is not there, and the lock on it.
    pub(super) fn lock(data_folder: &Path, patience: Duration) -> Result<(PathBuf, WriteLock), ArchiveError> {
        let folder = data_folder.join("archive");
        let packs = folder.join("packs");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&packs);
        made.map_err(ArchiveError::disk(&packs, "create"))?;
        for made in [&packs, &folder] {
            let meta = fs::symlink_metadata(made).map_err(ArchiveError::disk(made, "look at"))?;
            if !meta.is_dir() {
                let why = "expected a folder, found a link or something else: move it away".to_owned();
                return Err(ArchiveError::Place { path: made.clone(), why });
            }
        }
        let lock = WriteLock::take(&folder, patience)?;
        Ok((folder, lock))
    }

    /// Opens it to read, also while another process writes: what that has committed is seen.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] where there is none, and as [`Self::open`].
    pub fn open_to_read(data_folder: &Path) -> Result<Self, ArchiveError> {
        let folder = data_folder.join("archive");
        let path = folder.join("index.redb");
        if let Err(e) = fs::metadata(&path) {
            return Err(match e.kind() {
                ErrorKind::NotFound => ArchiveError::Missing { path: folder },
                _ => ArchiveError::disk(&path, "open")(e),
            });
        }
        // Before the index: what it names then stays.
        let reading = Reading::begin(&folder);
        let index = match Index::open_to_read(&path) {
            // A writer was killed: whoever can write puts the index right.
            Err(e) if wants_repair(&e) => {
                drop(Self::open(data_folder)?);
                Index::open_to_read(&path)?
            }
            other => other?,
        };
        let packs = Packs::at(folder.join("packs"), index.head()?.key);
        Ok(Self { _reading: reading, ..Self::with(folder, index, packs, None) })
    }

    /// Packs take no further block beyond `bytes`; usually 64 MiB.
    pub const fn set_pack_bytes(&mut self, bytes: u32) {
        self.pack_bytes = bytes;
    }

    /// The folder that holds index and packs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a batch: nothing of it is kept before it is committed.
    ///
    /// # Errors
    /// [`ArchiveError::ReadOnly`], [`ArchiveError::Disk`].
    pub fn batch(&mut self) -> Result<Batch<'_>, ArchiveError> {
        self.must_write()?;
        Batch::begin(self)
    }

    pub(super) fn must_write(&self) -> Result<(), ArchiveError> {
        match &self.lock {
            Some(_) => Ok(()),
            None => Err(ArchiveError::ReadOnly { path: self.folder.clone() }),
        }
    }

    pub(super) fn view(&self) -> Result<View<'_>, ArchiveError> {
        View::of(&self.index, &self.packs, Arc::clone(&self.cache))
    }

    /// As [`Self::view`], for whoever appends, or must see what is on the disk now.
    pub(super) fn view_of_its_own(&self) -> Result<View<'_>, ArchiveError> {
        View::of(&self.index, &self.packs, Arc::new(Cache::of(OWN_CACHE_BYTES)))
    }

    /// An object that was fetched from `namespace` at `commit` (40 hex digits): of several files the first by path.
    ///
    /// # Errors
    /// As the index says.
    pub fn find_source(&self, namespace: &str, commit: &str) -> Result<Option<Digest>, ArchiveError> {
        let read = self.index.read()?;
        let table = self.index.table(&read, SOURCES)?;
        let first = source_key(namespace, commit, "");
        let Some(row) = table.range(first.as_str()..)?.next().transpose()? else { return Ok(None) };
        Ok(row.0.value().starts_with(&first).then(|| Digest(*row.1.value())))
    }

    /// The object that was fetched from `path` of `namespace` at `commit`, so that it need not be again.
    ///
    /// # Errors
    /// As the index says.
    pub fn find_file(
        &self,
        namespace: &str,
        commit: &str,
        path: &str,
    ) -> Result<Option<Digest>, ArchiveError> {
        let read = self.index.read()?;
        let table = self.index.table(&read, SOURCES)?;
        Ok(table.get(source_key(namespace, commit, path).as_str())?.map(|row| Digest(*row.value())))
    }

    /// An object's bytes, whose digest was checked.
    ///
    /// # Errors
    /// [`ArchiveError::TakenDown`], [`ArchiveError::NoObject`], or that it is damaged.
    pub fn object(&self, object: &Digest) -> Result<Vec<u8>, ArchiveError> {
        self.must_be_up(object)?;
        self.view()?.object(object)
    }

    /// What the hub called an object's bytes.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub fn witness(&self, object: &Digest) -> Result<Witness, ArchiveError> {
        self.must_be_up(object)?;
        Ok(self.view()?.recipe(object)?.witness)
    }

    pub(super) fn must_be_up(&self, object: &Digest) -> Result<(), ArchiveError> {
        match self.reason_down(object)? {
            Some(reason) => Err(ArchiveError::TakenDown { object: *object, reason }),
            None => Ok(()),
        }
    }

    pub(super) fn reason_down(&self, object: &Digest) -> Result<Option<String>, ArchiveError> {
        let read = self.index.read()?;
        let table = self.index.table(&read, TAKEN_DOWN)?;
        Ok(table.get(&object.0)?.map(|row| row.value().0.to_owned()))
    }

    /// All kept snapshots, by netuid and block.
    ///
    /// # Errors
    /// As the index says, or that a seal is damaged.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, ArchiveError> {
        let view = self.view()?;
        let seals = self.seals()?.into_iter();
        seals.map(|(place, number)| Ok(snapshot_of(place, &seal_at(&view, number)?))).collect()
    }

    /// The genesis hash of the chain whose snapshots are kept, once there is one.
    ///
    /// # Errors
    /// As the index says.
    pub fn chain(&self) -> Result<Option<Digest>, ArchiveError> {
        Ok(self.index.head()?.chain)
    }

    /// The newest snapshot of a subnet by block.
    ///
    /// # Errors
    /// As [`Self::snapshots`].
    pub fn newest(&self, netuid: NetUid) -> Result<Option<Snapshot>, ArchiveError> {
        let seals = self.seals()?;
        let last = seals.into_iter().rfind(|(place, _)| place.netuid == netuid);
        let Some((place, number)) = last else { return Ok(None) };
        Ok(Some(snapshot_of(place, &seal_at(&self.view()?, number)?)))
    }

    /// The numbers of all seals, by netuid and block.
    pub(super) fn seals(&self) -> Result<Vec<(Place, u64)>, ArchiveError> {
        let read = self.index.read()?;
        let table = self.index.table(&read, SNAPSHOTS)?;
        let rows = table.iter()?.map(|row| row.map(|(key, row)| (place_of(key.value()), row.value().0)));
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The numbers of the seals that do not count where they are, by netuid and block: they are kept with the one that
    /// does.
    pub(super) fn replaced_seals(&self) -> Result<Vec<(Place, u64)>, ArchiveError> {
        let read = self.index.read()?;
        let table = self.index.table(&read, REPLACED)?;
        let place = |(netuid, block, number)| (place_of((netuid, block)), number);
        let rows = table.iter()?.map(|row| row.map(|(key, _)| place(key.value())));
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Other snapshots of the same subnet and block, which a later run did not make undone.
    ///
    /// # Errors
    /// As [`Self::snapshots`].
    pub fn replaced(&self, place: Place) -> Result<Vec<Snapshot>, ArchiveError> {
        let view = self.view()?;
        let seals = self.replaced_seals()?.into_iter().filter(|(of, _)| *of == place);
        seals.map(|(place, number)| Ok(snapshot_of(place, &seal_at(&view, number)?))).collect()
    }

    pub(super) fn seal(&self, view: &View<'_>, place: Place) -> Result<Seal, ArchiveError> {
        let read = self.index.read()?;
        let table = self.index.table(&read, SNAPSHOTS)?;
        match table.get((place.netuid.0, place.block.0))? {
            Some(row) => seal_at(view, row.value().0),
            None => Err(ArchiveError::NoSnapshot { netuid: place.netuid.0, block: place.block.0 }),
        }
    }

    /// The manifest of a snapshot and its seal. Root and digest are checked; the signature is by [`Seal::is_good_for`].
    ///
    /// # Errors
    /// [`ArchiveError::NoSnapshot`], or that it is damaged.
    pub fn manifest(&self, place: Place) -> Result<(Manifest, Seal), ArchiveError> {
        let view = self.view()?;
        let seal = self.seal(&view, place)?;
        Ok((manifest_of(&view, &seal)?, seal))
    }

    /// Bytes of index and packs on the disk.
    ///
    /// # Errors
    /// [`ArchiveError::Disk`].
    pub fn disk_bytes(&self) -> Result<u64, ArchiveError> {
        use std::os::unix::fs::MetadataExt;
        let mut files = vec![self.index.path().to_owned()];
        let folder = self.packs.folder();
        let entries = fs::read_dir(folder).map_err(ArchiveError::disk(folder, "list"))?;
        for entry in entries {
            files.push(entry.map_err(ArchiveError::disk(folder, "list"))?.path());
        }
        let bytes = |path: &PathBuf| fs::symlink_metadata(path).map(|meta| meta.blocks() * 512);
        files.iter().map(|path| bytes(path).map_err(ArchiveError::disk(path, "look at"))).sum()
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("folder", &self.folder).finish_non_exhaustive()
    }
}

pub(super) fn source_key(namespace: &str, commit: &str, path: &str) -> String {
    format!("{namespace}@{commit}/{path}")
}

/// Namespace, commit and path of a key.
pub(super) fn origin_of(key: &str) -> Option<(&str, &str, &str)> {
    let (namespace, rest) = key.split_once('@')?;
    let (commit, path) = rest.split_once('/')?;
    Some((namespace, commit, path))
}

pub(super) const fn place_of((netuid, block): (u16, u64)) -> Place {
    Place { netuid: NetUid(netuid), block: plimsoll_core::BlockNumber(block) }
}

fn snapshot_of(place: Place, seal: &Seal) -> Snapshot {
    let signer = seal.signed.map(|(signer, _)| signer);
    Snapshot { place, manifest: seal.manifest, at_ms: seal.at_ms, signer }
}

pub(super) fn seal_at(view: &View<'_>, number: u64) -> Result<Seal, ArchiveError> {
    let seal = Seal::decode(&view.piece(number)?);
    seal.ok_or_else(|| ArchiveError::broken(format!("piece {number} is no seal of a snapshot")))
}

pub(super) fn manifest_of(view: &View<'_>, seal: &Seal) -> Result<Manifest, ArchiveError> {
    let bytes = view.object(&seal.manifest)?;
    Manifest::from_bytes(&bytes).map_err(|e| ArchiveError::broken(format!("manifest {}: {e}", seal.manifest)))
}
