//! Opening a database and walking its rows.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use serde::Serialize;

use crate::StoreError;

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DbKind {
    /// Chunks.
    Data,
    /// Hex of their SHA-256.
    Hashes,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedRow {
    /// Which chunk; the prototype counts from 0.
    pub id: i64,
    /// The text; empty where the column holds no text.
    pub text: Vec<u8>,
    /// The state behind the chunk; `None` unless it is 32 bytes.
    pub state: Option<Digest>,
}

/// An open database.
#[derive(Debug)]
pub struct SeedDb {
    path: PathBuf,
    connection: Connection,
    seed: String,
    kind: DbKind,
}

impl SeedDb {
    /// Opens a database, which is never written to. Its kind is told by its name, or else by its first row.
    ///
    /// # Errors
    /// [`StoreError::BadSeedDb`] for whatever is not the prototype's; [`StoreError::Io`] where there is no file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        std::fs::metadata(path).map_err(StoreError::io(path, "open"))?;
        refuse_a_hot_journal(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
        let seed = seed_of(path, &connection)?;
        let mut db = Self { path: path.to_owned(), connection, seed, kind: DbKind::Data };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        db.kind = if name.starts_with("hashes-") || (!name.starts_with("data-") && db.looks_like_hashes()?) {
            DbKind::Hashes
        } else {
            DbKind::Data
        };
        Ok(db)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The seed: what follows `DB` in the table's name.
    #[must_use]
    pub fn seed(&self) -> &str {
        &self.seed
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> DbKind {
        self.kind
    }

    /// Calls `each` with every row, ids ascending.
    ///
    /// # Errors
    /// [`StoreError::BadSeedDb`] for a file that SQLite cannot read on; whatever `each` gives.
    pub fn each_row(
        &self,
        mut each: impl FnMut(SeedRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let query = format!("SELECT id, data, rng_state FROM \"DB{}\" ORDER BY id", self.seed);
        let mut statement = self.connection.prepare(&query).map_err(sqlite(&self.path))?;
        let mut rows = statement.query([]).map_err(sqlite(&self.path))?;
        while let Some(row) = rows.next().map_err(sqlite(&self.path))? {
            each(row_of(row).map_err(sqlite(&self.path))?)?;
        }
        Ok(())
    }

    /// The text of the row with the smallest id.
    pub(super) fn first_text(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let query = format!("SELECT id, data, rng_state FROM \"DB{}\" ORDER BY id LIMIT 1", self.seed);
        match self.connection.query_row(&query, [], row_of) {
            Ok(row) => Ok(Some(row.text)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(e) => Err(sqlite(&self.path)(e)),
        }
    }

    fn looks_like_hashes(&self) -> Result<bool, StoreError> {
        let text = self.first_text()?.unwrap_or_default();
        Ok(text.len() == 64 && text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    }
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<SeedRow> {
    let text = match row.get_ref(1)? {
        ValueRef::Text(text) => text.to_vec(),
        _ => Vec::new(),
    };
    let state = match row.get_ref(2)? {
        ValueRef::Blob(state) => Digest::from_slice(state),
        _ => None,
    };
    Ok(SeedRow { id: row.get(0)?, text, state })
}

fn sqlite(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError {
    move |e| bad(path, format!("SQLite cannot read it: {e}"))
}

fn bad(path: &Path, why: String) -> StoreError {
    StoreError::BadSeedDb { path: path.to_owned(), why }
}

/// SQLite leaves `<file>-journal` behind when a writer was killed: the database is then half written, and only
/// whoever may write to it can roll it back, which is not done here.
fn refuse_a_hot_journal(path: &Path) -> Result<(), StoreError> {
    // <https://www.sqlite.org/fileformat2.html#the_rollback_journal>: a header of zeros is one that is done.
    const BEGIN: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let journal = beside_with(path, "-journal");
    let mut begin = [0; 8];
    match File::open(&journal).and_then(|mut file| file.read_exact(&mut begin)) {
        Ok(()) if begin == BEGIN => Err(bad(
            path,
            format!(
                "{} lies beside it, so the program that wrote it was stopped half-way: copy both files, run \
                 `sqlite3 COPY \"select count(*) from sqlite_master\"`, which rolls the copy back, and import that",
                journal.display()
            ),
        )),
        Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => {
            Err(StoreError::io(&journal, "read")(e))
        }
        _ => Ok(()),
    }
}

fn beside_with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The one table's seed. It becomes part of a query, so it must be what the prototype takes: letters, digits, `_`.
fn seed_of(path: &Path, connection: &Connection) -> Result<String, StoreError> {
    let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(query).map_err(sqlite(path))?;
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(sqlite(path))?;
    let [name] = &names[..] else {
        let why = format!("it has {} tables, expected one that is named DB and a seed", names.len());
        return Err(bad(path, why));
    };
    let seed = name.strip_prefix("DB").unwrap_or_default();
    if seed.is_empty() || !seed.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(bad(path, format!("its table is named `{name}`, expected DB and a seed")));
    }
    Ok(seed.to_owned())
}
