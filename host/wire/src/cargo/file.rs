//! Cargo in files.

use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_blocking;

use super::{CargoSink, CargoSource, PIECE_BYTES};

/// Reads a file from its beginning.
#[derive(Debug)]
pub struct FileSource(File);

impl FileSource {
    /// The file at `path`.
    ///
    /// # Errors
    /// What opening it fails with.
    pub async fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path).await?;
        file.set_max_buf_size(PIECE_BYTES);
        Ok(Self(file))
    }
}

#[async_trait]
impl CargoSource for FileSource {
    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        let mut piece = vec![0; PIECE_BYTES];
        let n = self.0.read(&mut piece).await?;
        piece.truncate(n);
        Ok((n > 0).then(|| piece.into()))
    }
}

/// Writes beside its path and takes its name when all is right and on the disk.
#[derive(Debug)]
pub struct FileSink {
    file: File,
    part: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl FileSink {
    /// For a file at `path`, whose folder is there. A `<path>.part` that nobody writes any more, for its process was
    /// killed, is taken over and emptied.
    ///
    /// # Errors
    /// What making `<path>.part` fails with; [`WouldBlock`](io::ErrorKind::WouldBlock) where another sink writes it.
    pub async fn create(path: &Path) -> io::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let own = part.clone();
        let taken = spawn_blocking(move || take_over(&own)).await;
        let file = File::from_std(taken.map_err(io::Error::other)??);
        Ok(Self { file, part, path: path.to_owned(), kept: false })
    }
}

/// How often a part is tried that is held or goes away, 200 ms in all: who was dropped may still end a write.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The file at `part`, empty and locked by this handle.
fn take_over(part: &Path) -> io::Result<std::fs::File> {
    for _ in 0..TRIES {
        let file = std::fs::File::options().write(true).create(true).truncate(false).open(part)?;
        match file.try_lock() {
            // Between open and lock its owner may have given it its final name, or removed it.
            Ok(()) if is_at(&file, part)? => {
                file.set_len(0)?;
                return Ok(file);
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    let why = format!("{} is being written by another: wait until that has ended", part.display());
    Err(io::Error::new(io::ErrorKind::WouldBlock, why))
}

fn is_at(file: &std::fs::File, path: &Path) -> io::Result<bool> {
    let here = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((here.dev(), here.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl CargoSink for FileSink {
    async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece).await
    }

    async fn keep(mut self: Box<Self>) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        fs::rename(&self.part, &self.path).await?;
        self.kept = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).await?.sync_all().await
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if !self.kept {
            // A part that cannot be removed is found by its name.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_a_killed_process_left_bars_no_upload_and_leaves_nothing_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cargo");
        std::fs::write(folder.path().join("cargo.part"), b"half of something longer").unwrap();
        let mut sink = FileSink::create(&path).await.unwrap();
        sink.write(b"whole").await.unwrap();
        Box::new(sink).keep().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert!(!folder.path().join("cargo.part").exists());
    }

    #[tokio::test]
    async fn a_part_that_is_being_written_is_not_taken_over_until_it_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cargo");
        let mut first = FileSink::create(&path).await.unwrap();
        first.write(b"first").await.unwrap();
        let why = FileSink::create(&path).await.unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::WouldBlock);
        assert!(
            why.to_string().ends_with("cargo.part is being written by another: wait until that has ended")
        );
        Box::new(first).keep().await.unwrap();
        // What has its name is not touched by the next, until that is right too.
        let mut second = FileSink::create(&path).await.unwrap();
        second.write(b"second").await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        drop(second);
        let third = FileSink::create(&path).await.unwrap();
        drop(third);
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(names, ["cargo"]);
    }

    #[test]
    fn a_file_that_changed_its_name_is_no_part_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let (part, path) = (folder.path().join("cargo.part"), folder.path().join("cargo"));
        let file = take_over(&part).unwrap();
        assert!(is_at(&file, &part).unwrap());
        std::fs::rename(&part, &path).unwrap();
        assert!(!is_at(&file, &part).unwrap(), "nothing is there");
        std::fs::write(&part, b"").unwrap();
        assert!(!is_at(&file, &part).unwrap(), "another is there");
    }
}
