//! The index: where every piece, object and snapshot is. Packs are flushed before a transaction names what they hold,
//! so that a crash loses what was not committed and nothing else.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;
use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadTransaction,
    ReadableDatabase, StorageError, TableDefinition, WriteTransaction,
};

use super::error::ArchiveError;

/// The version of tables and values.
pub(super) const VERSION: u32 = 1;
/// Numbers of entries and seals begin here; those of lines at 0.
pub(super) const FIRST_STRUCTURE: u64 = 1 << 40;
/// Numbers of recipes begin here.
pub(super) const FIRST_RECIPE: u64 = 1 << 41;
const CACHE_BYTES: usize = 32 << 20;

/// Counters and the chain, by name.
pub(super) const HEAD: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("head");
/// BLAKE3 of a piece, keyed by the archive and cut to 128 bits, to its number. Recipes have none.
pub(super) const PIECES: TableDefinition<'_, &[u8; 16], u64> = TableDefinition::new("pieces");
/// A block's first number to its pack, offset, bytes, and the difference to its last number.
pub(super) const BLOCKS: TableDefinition<'_, u64, (u32, u32, u32, u64)> = TableDefinition::new("blocks");
/// Pieces that were written again, to the block that holds them now.
pub(super) const MOVED: TableDefinition<'_, u64, (u32, u32, u32)> = TableDefinition::new("moved");
/// Committed bytes of each pack.
pub(super) const PACKS: TableDefinition<'_, u32, u32> = TableDefinition::new("packs");
/// An object to its recipe's number, the batch that it came with, and the subnet that it came for or [`ANY_SUBNET`].
pub(super) const OBJECTS: TableDefinition<'_, &[u8; 32], (u64, u64, u32)> = TableDefinition::new("objects");
/// `owner/name@commit/path` to the object that was fetched from there.
pub(super) const SOURCES: TableDefinition<'_, &str, &[u8; 32]> = TableDefinition::new("sources");
/// Netuid and block to the seal's number and the batch that it came with.
pub(super) const SNAPSHOTS: TableDefinition<'_, (u16, u64), (u64, u64)> = TableDefinition::new("snapshots");
/// Netuid, block and the number of a seal that is not the one that counts there, to the batch that it came with.
pub(super) const REPLACED: TableDefinition<'_, (u16, u64, u64), u64> = TableDefinition::new("replaced");
/// The netuid of what may be any subnet's.
pub(super) const ANY_SUBNET: u32 = u32::MAX;
/// Objects that were taken down, why, and the number of the piece that says so.
pub(super) const TAKEN_DOWN: TableDefinition<'_, &[u8; 32], (&str, u64)> = TableDefinition::new("taken-down");

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) next_line: u64,
    pub(super) next_structure: u64,
    pub(super) next_recipe: u64,
    pub(super) next_pack: u32,
    /// Batches that were committed.
    pub(super) batches: u64,
    /// Whose snapshots are kept, once there is one.
    pub(super) chain: Option<Digest>,
    /// Under which blocks have their digests: drawn when the archive is made, told to nobody.
    pub(super) key: [u8; 32],
}

enum Handle {
    Write(Database),
    Read(ReadOnlyDatabase),
}

/// The open index.
pub(super) struct Index {
    path: PathBuf,
    handle: Handle,
}

impl Index {
    /// Makes an empty one, which gets its name once it is whole: whoever is killed before leaves none.
    pub(super) fn make(path: &Path) -> Result<(), ArchiveError> {
        let draft = path.with_extension("redb.draft");
        match std::fs::remove_file(&draft) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(ArchiveError::disk(&draft, "remove")(e)),
            _ => drop(Self::open(&draft, None)?),
        }
        std::fs::rename(&draft, path).map_err(ArchiveError::disk(path, "name"))
    }

    /// Opens or makes it, with this key or a new one. Every page's checksum is verified; the caller holds the lock.
    pub(super) fn open(path: &Path, key: Option<[u8; 32]>) -> Result<Self, ArchiveError> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::SingleWriter);
        builder.set_check_integrity_on_open(true);
        make_private(path)?;
        let database = builder.create(path).map_err(|e| fault(path, e))?;
        let index = Self { path: path.to_owned(), handle: Handle::Write(database) };
        index.make_tables(key)?;
        Ok(index)
    }

    /// Opens it beside a writer; sees what was committed when a reading begins.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, ArchiveError> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::SingleWriter);
        let database = builder.open_read_only(path).map_err(|e| fault(path, e))?;
        let index = Self { path: path.to_owned(), handle: Handle::Read(database) };
        index.head()?;
        Ok(index)
    }

    fn make_tables(&self, key: Option<[u8; 32]>) -> Result<(), ArchiveError> {
        let read = self.read()?;
        if read.list_tables().map_err(|e| self.fault(e))?.next().is_some() {
            return self.head().map(|_| ());
        }
        drop(read);
        let write = self.write()?;
        write.open_table(PIECES).map_err(|e| self.fault(e))?;
        write.open_table(BLOCKS).map_err(|e| self.fault(e))?;
        write.open_table(MOVED).map_err(|e| self.fault(e))?;
        write.open_table(PACKS).map_err(|e| self.fault(e))?;
        write.open_table(OBJECTS).map_err(|e| self.fault(e))?;
        write.open_table(SOURCES).map_err(|e| self.fault(e))?;
        write.open_table(SNAPSHOTS).map_err(|e| self.fault(e))?;
        write.open_table(REPLACED).map_err(|e| self.fault(e))?;
        write.open_table(TAKEN_DOWN).map_err(|e| self.fault(e))?;
        let key = key.map_or_else(|| self.new_key(), Ok)?;
        let empty = Head {
            next_line: 0,
            next_structure: FIRST_STRUCTURE,
            next_recipe: FIRST_RECIPE,
            next_pack: 0,
            batches: 0,
            chain: None,
            key,
        };
        self.put_head(&write, &empty)?;
        write.commit().map_err(|e| self.fault(e))
    }

    fn new_key(&self) -> Result<[u8; 32], ArchiveError> {
        let mut key = [0; 32];
        let drawn = getrandom::fill(&mut key).map_err(|e| std::io::Error::other(e.to_string()));
        drawn.map_err(ArchiveError::disk(&self.path, "draw a key for"))?;
        Ok(key)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> Result<ReadTransaction, ArchiveError> {
        match &self.handle {
            Handle::Write(database) => database.begin_read(),
            Handle::Read(database) => database.begin_read(),
        }
        .map_err(|e| self.fault(e))
    }

    pub(super) fn write(&self) -> Result<WriteTransaction, ArchiveError> {
        match &self.handle {
            Handle::Write(database) => database.begin_write().map_err(|e| self.fault(e)),
            Handle::Read(_) => Err(ArchiveError::ReadOnly { path: self.path.clone() }),
        }
    }

    /// A table of one state of the index.
    pub(super) fn table<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        read: &ReadTransaction,
        table: TableDefinition<'_, K, V>,
    ) -> Result<ReadOnlyTable<K, V>, ArchiveError> {
        read.open_table(table).map_err(|e| self.fault(e))
    }

    pub(super) fn fault(&self, error: impl Into<redb::Error>) -> ArchiveError {
        fault(&self.path, error)
    }

    /// The counters; refuses an index that a later program made.
    pub(super) fn head(&self) -> Result<Head, ArchiveError> {
        let read = self.read()?;
        let table = self.table(&read, HEAD)?;
        let field = |name: &str| table.get(name).map(|found| found.map(|v| v.value().to_vec()));
        let number = |name: &str| {
            let bytes = field(name).map_err(|e| self.fault(e))?;
            bytes
                .and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)))
                .ok_or_else(|| self.wrong(&format!("it has no `{name}`")))
        };
        let version = number("version")? as u32;
        if version != VERSION {
            let path = self.path.parent().unwrap_or(&self.path).to_owned();
            return Err(ArchiveError::Newer { path, found: version, known: VERSION });
        }
        let chain = field("chain").map_err(|e| self.fault(e))?;
        let key = field("key").map_err(|e| self.fault(e))?;
        let key = key.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| self.wrong("it has no `key`"))?;
        Ok(Head {
            next_line: number("next-line")?,
            next_structure: number("next-structure")?,
            next_recipe: number("next-recipe")?,
            next_pack: u32::try_from(number("next-pack")?)
                .map_err(|_| self.wrong("`next-pack` is too large"))?,
            batches: number("batches")?,
            chain: chain.and_then(|bytes| Digest::from_slice(&bytes)),
            key,
        })
    }

    pub(super) fn put_head(&self, write: &WriteTransaction, head: &Head) -> Result<(), ArchiveError> {
        let mut table = write.open_table(HEAD).map_err(|e| self.fault(e))?;
        let numbers = [
            ("version", u64::from(VERSION)),
            ("next-line", head.next_line),
            ("next-structure", head.next_structure),
            ("next-recipe", head.next_recipe),
            ("next-pack", u64::from(head.next_pack)),
            ("batches", head.batches),
        ];
        for (name, number) in numbers {
            table.insert(name, &number.to_le_bytes()[..]).map_err(|e| self.fault(e))?;
        }
        table.insert("key", &head.key[..]).map_err(|e| self.fault(e))?;
        if let Some(chain) = &head.chain {
            table.insert("chain", &chain.0[..]).map_err(|e| self.fault(e))?;
        }
        Ok(())
    }

    pub(super) fn wrong(&self, why: &str) -> ArchiveError {
        ArchiveError::Index { path: self.path.clone(), why: why.to_owned() }
    }

    /// Gives unused pages back to the disk.
    pub(super) fn compact(&mut self) -> Result<(), ArchiveError> {
        if let Handle::Write(database) = &mut self.handle
            && let Err(e) = database.compact()
        {
            return Err(fault(&self.path, e));
        }
        Ok(())
    }
}

/// Makes the file, if it is not there, for its owner alone.
fn make_private(path: &Path) -> Result<(), ArchiveError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(ArchiveError::disk(path, "create")(e)),
        _ => Ok(()),
    }
}

fn fault(path: &Path, error: impl Into<redb::Error>) -> ArchiveError {
    let error: redb::Error = error.into();
    match error {
        // What is no database at all is told as this.
        redb::Error::Io(source) if source.kind() == std::io::ErrorKind::InvalidData => {
            ArchiveError::Index { path: path.to_owned(), why: source.to_string() }
        }
        redb::Error::Io(source) => ArchiveError::disk(path, "use")(source),
        redb::Error::DatabaseAlreadyOpen => ArchiveError::InUse {
            path: path.parent().unwrap_or(path).to_owned(),
            holder: "another process".to_owned(),
        },
        other => ArchiveError::Index { path: path.to_owned(), why: other.to_string() },
    }
}

/// Whether a reader must let a writer repair the index first.
pub(super) fn wants_repair(error: &ArchiveError) -> bool {
    let aborted = redb::Error::from(DatabaseError::RepairAborted).to_string();
    matches!(error, ArchiveError::Index { why, .. } if *why == aborted)
}

/// How a piece is found by its bytes. Nobody who does not know the archive's key can make two pieces of one key.
pub(super) fn piece_key(key: &[u8; 32], bytes: &[u8]) -> [u8; 16] {
    let digest = blake3::keyed_hash(key, bytes);
    let mut key = [0; 16];
    key.copy_from_slice(&digest.as_bytes()[..16]);
    key
}

impl From<StorageError> for ArchiveError {
    fn from(error: StorageError) -> Self {
        fault(Path::new("index.redb"), error)
    }
}
