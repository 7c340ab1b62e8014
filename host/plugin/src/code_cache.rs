//! Compiled plugins on disk, in a folder that is ours alone.
//!
//! Compiling takes tens of milliseconds and more, loading compiled code a tenth of one; but loading it means
//! running whatever the file holds, outside of any sandbox. What makes that sound:
//! - *Somebody else cannot write here.* The folder is opened once, must belong to this user and must not be
//!   writable for anyone else; entries are opened beneath that very descriptor, never through a symbolic link.
//! - *Chance cannot forge an entry.* Every entry carries a BLAKE3 code keyed with the folder's own random
//!   secret over all of it; what is torn, flipped, or copied from another folder does not match.
//! - *A sound entry is not used in the wrong place.* Name and header hold the component's digest and the
//!   engine's compatibility digest (compiler, version, target, settings), both under the code.
//!
//! What fails any of these is compiled again and replaced. The folder is no secret: it only has to be ours.
#![expect(
    unsafe_code,
    reason = "compiled code can only be loaded by trusting its bytes; see the module's head"
)]

use std::fs::{DirBuilder, File};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::PluginError;

const MAGIC: [u8; 16] = *b"plimsoll cwasm 1";
const HEADER_BYTES: usize = 16 + 32 + 32 + 8 + 32;
const LARGEST_ENTRY_BYTES: u64 = 512 << 20;
const MOST_ENTRIES: usize = 256;
/// Bytes of all entries: an interpreter's compiled code has 33 MB.
const MOST_BYTES: u64 = 2 << 30;
const SECRET: &str = "secret";

/// A private folder of compiled plugins.
pub(crate) struct CodeCache {
    path: PathBuf,
    folder: OwnedFd,
    secret: [u8; 32],
}

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeKey {
    component: Digest,
    engine: Digest,
}

impl CodeKey {
    pub(crate) fn new(component: Digest, engine: &Engine) -> Self {
        let mut hasher = Compatibility(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self { component, engine: Digest(*hasher.0.finalize().as_bytes()) }
    }

    fn file_name(&self) -> String {
        format!("{}-{}.cwasm", self.component, self.engine.short())
    }
}

/// All of what an engine hashes, not only the 64 bits that `Hasher` gives back.
struct Compatibility(blake3::Hasher);

impl Hasher for Compatibility {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut low = [0; 8];
        low.copy_from_slice(&self.0.finalize().as_bytes()[..8]);
        u64::from_le_bytes(low)
    }
}

impl CodeCache {
    /// Opens the folder, makes it if it is not there, and checks whose it is.
    ///
    /// # Errors
    /// [`PluginError::CacheFolder`]: another's, writable for others, a symbolic link, or not to be made.
    pub(crate) fn open(path: &Path) -> Result<Self, PluginError> {
        let refuse = |why: String| PluginError::CacheFolder { path: path.to_owned(), why };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|e| refuse(format!("{e}; name another folder")))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| match e {
            Errno::LOOP | Errno::NOTDIR => refuse("it is a symbolic link; name the folder itself".into()),
            e => refuse(format!("{e}; name another folder")),
        })?;
        let stat = rustix::fs::fstat(&folder).map_err(|e| refuse(e.to_string()))?;
        let me = rustix::process::geteuid().as_raw();
        if stat.st_uid != me {
            let owner = stat.st_uid;
            return Err(refuse(format!(
                "it belongs to user {owner}, not to user {me}; name a folder of your own"
            )));
        }
        if stat.st_mode & 0o022 != 0 {
            let mode = stat.st_mode & 0o777;
            return Err(refuse(format!(
                "others may write there (mode {mode:04o}), and what lies there is run; `chmod go-w {}`, or name another folder",
                path.display()
            )));
        }
        let secret = secret(&folder).map_err(|e| refuse(format!("{e}; name another folder")))?;
        Ok(Self { path: path.to_owned(), folder, secret })
    }

    /// The compiled component, if a sound entry for it is there.
    pub(crate) fn load(&self, engine: &Engine, key: &CodeKey) -> Option<Component> {
        let entry = match read_private(&self.folder, &key.file_name(), LARGEST_ENTRY_BYTES) {
            Ok(entry) => entry,
            Err(Errno::NOENT) => return None,
            Err(error) => {
                tracing::warn!(folder = %self.path.display(), %error, "a compiled plugin cannot be read; compiling");
                return None;
            }
        };
        let Some(code) = self.checked(key, &entry) else {
            tracing::warn!(folder = %self.path.display(), component = %key.component, "a compiled plugin is damaged or foreign; compiling again");
            return None;
        };
        // SAFETY: `code` was written by `Component::serialize` of an engine with the same compatibility digest:
        // `checked` matched the entry's code, keyed with a secret that only this user can read, over these very
        // bytes, which are in our own memory and cannot change any more. Only this user can write entries.
        match unsafe { Component::deserialize(engine, code) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(%error, "a compiled plugin does not suit this engine; compiling again");
                None
            }
        }
    }

    /// Keeps a compiled component. What fails here only costs time later.
    pub(crate) fn keep(&self, key: &CodeKey, component: &Component) {
        let kept = component.serialize().map_err(|e| e.to_string()).and_then(|code| {
            let header = self.header(key, &code);
            write_private(&self.folder, &key.file_name(), &[&header, &code]).map_err(|e| e.to_string())
        });
        if let Err(error) = kept {
            tracing::warn!(folder = %self.path.display(), error, "a compiled plugin could not be kept");
        }
        self.prune();
    }

    fn header(&self, key: &CodeKey, code: &[u8]) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[..16].copy_from_slice(&MAGIC);
        header[16..48].copy_from_slice(key.component.as_bytes());
        header[48..80].copy_from_slice(key.engine.as_bytes());
        header[80..88].copy_from_slice(&(code.len() as u64).to_le_bytes());
        let mut mac = blake3::Hasher::new_keyed(&self.secret);
        mac.update(&header[..88]).update(code);
        header[88..].copy_from_slice(mac.finalize().as_bytes());
        header
    }

    /// The code of an entry that is complete, for this key, and ours.
    fn checked<'a>(&self, key: &CodeKey, entry: &'a [u8]) -> Option<&'a [u8]> {
        let (found, code) = entry.split_at_checked(HEADER_BYTES)?;
        let expected = self.header(key, code);
        // Comparing digests of this type takes the same time wherever they differ.
        let same = blake3::hash(found) == blake3::hash(&expected);
        same.then_some(code)
    }

    /// Removes the oldest entries beyond [`MOST_ENTRIES`] and [`MOST_BYTES`], unfinished ones of crashed
    /// processes included.
    fn prune(&self) {
        let Ok(listing) = std::fs::read_dir(&self.path) else { return };
        let mut entries: Vec<_> = listing
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let is_ours = entry.path().extension().is_some_and(|e| e == "cwasm" || e == "tmp");
                let about = is_ours.then(|| entry.metadata().ok())??;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect();
        entries.sort();
        let kept = within(entries.iter().rev().map(|(_, bytes, _)| *bytes));
        let surplus = entries.len().saturating_sub(kept);
        for (_, _, path) in entries.into_iter().take(surplus) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// How many entries stay, by their sizes from the newest on: the newest always does.
fn within(sizes: impl Iterator<Item = u64>) -> usize {
    let mut total = 0u64;
    let fits = |bytes: &u64| {
        total = total.saturating_add(*bytes);
        total <= MOST_BYTES
    };
    sizes.take(MOST_ENTRIES).take_while(fits).count().max(1)
}

/// The folder's secret; made where there is none, replaced where it is damaged.
fn secret(folder: &OwnedFd) -> std::io::Result<[u8; 32]> {
    if let Ok(secret) = read_private(folder, SECRET, 32)
        && let Ok(secret) = <[u8; 32]>::try_from(secret)
    {
        return Ok(secret);
    }
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|e| std::io::Error::other(e.to_string()))?;
    write_private(folder, SECRET, &[&fresh])?;
    // Another process may have been quicker: whatever lies there now is the folder's secret.
    let secret = read_private(folder, SECRET, 32)?;
    <[u8; 32]>::try_from(secret).map_err(|_| std::io::Error::other("the folder's secret cannot be kept"))
}

/// The whole of a regular file of ours, nobody else's to write, at most `most` bytes.
fn read_private(folder: &OwnedFd, name: &str, most: u64) -> Result<Vec<u8>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&file)?;
    let regular = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
    let ours = stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_mode & 0o022 == 0;
    if !regular || !ours || u64::try_from(stat.st_size).map_or(true, |size| size > most) {
        return Err(Errno::PERM);
    }
    let mut bytes = Vec::new();
    let read = File::from(file).take(most + 1).read_to_end(&mut bytes);
    read.map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
    Ok(bytes)
}

/// Writes `parts` under a name of its own, then puts the file in its place.
fn write_private(folder: &OwnedFd, name: &str, parts: &[&[u8]]) -> std::io::Result<()> {
    let mut salt = [0; 8];
    getrandom::fill(&mut salt).map_err(|e| std::io::Error::other(e.to_string()))?;
    let temporary = format!("{}.tmp", hex::encode(salt));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, &temporary, flags, Mode::RUSR | Mode::WUSR)?;
    let mut file = File::from(file);
    let written = parts.iter().try_for_each(|part| file.write_all(part));
    let placed = written.and_then(|()| Ok(rustix::fs::renameat(folder, &temporary, folder, name)?));
    if placed.is_err() {
        let _ = rustix::fs::unlinkat(folder, &temporary, rustix::fs::AtFlags::empty());
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entries_stay_within_a_number_and_a_size() {
        assert_eq!(within([1; 300].into_iter()), 256);
        assert_eq!(within([33_000_000; 300].into_iter()), 65);
        assert_eq!(within([MOST_BYTES, 1].into_iter()), 1);
        assert_eq!(within([MOST_BYTES + 1, 1].into_iter()), 1);
    }
}
