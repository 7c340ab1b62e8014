//! Cargo in files.

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use axum::body::Bytes;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
    /// For a file at `path`, whose folder is there.
    ///
    /// # Errors
    /// What making `<path>.part` fails with; also where one is there already.
    pub async fn create(path: &Path) -> io::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::options().write(true).create_new(true).open(&part).await?;
        Ok(Self { file, part, path: path.to_owned(), kept: false })
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
