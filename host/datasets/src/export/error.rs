//! Why an export ended early.

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The output took no more bytes.
    #[error("cannot write the export: {0}")]
    Write(#[from] std::io::Error),
    /// The Parquet writer refused.
    #[error("cannot write the Parquet file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}
