//! Rows written out dataset by dataset, so that no more than one of them, or one group of Parquet, is in memory.

use std::io::Write;

use super::parquet::ParquetRows;
use super::{ExportError, ExportRow, csv, write_jsonl, write_sourced_jsonl};

/// In which form rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The rows' canonical texts, one a line.
    Jsonl,
    /// Each in an object with where it comes from.
    SourcedJsonl,
    /// RFC 4180.
    Csv,
    /// Parquet.
    Parquet,
}

/// An export under way. What comes out is the same whether rows are given at once or in parts.
pub struct Exporter<W: Write + Send>(Under<W>);

enum Under<W: Write + Send> {
    Lines(W, Form),
    Parquet(Box<ParquetRows<W>>),
}

impl<W: Write + Send> Exporter<W> {
    /// Begins one: with a heading, where the form has one.
    ///
    /// # Errors
    /// As the writers of the form.
    pub fn new(form: Form, mut out: W) -> Result<Self, ExportError> {
        Ok(Self(match form {
            Form::Parquet => Under::Parquet(Box::new(ParquetRows::new(out)?)),
            Form::Csv => {
                csv::heading(&mut out)?;
                Under::Lines(out, form)
            }
            Form::Jsonl | Form::SourcedJsonl => Under::Lines(out, form),
        }))
    }

    /// Writes rows behind those before: they are to be given in the order of [`sorted`](super::sorted).
    ///
    /// # Errors
    /// As the writers of the form.
    pub fn write(&mut self, rows: &[ExportRow<'_>]) -> Result<(), ExportError> {
        match &mut self.0 {
            Under::Parquet(file) => file.write(rows),
            Under::Lines(out, Form::Csv) => csv::lines(rows, out),
            Under::Lines(out, Form::SourcedJsonl) => write_sourced_jsonl(rows, out),
            Under::Lines(out, _) => write_jsonl(rows, out),
        }
    }

    /// Writes what is left, and gives the output back.
    ///
    /// # Errors
    /// As the writers of the form.
    pub fn finish(self) -> Result<W, ExportError> {
        let mut out = match self.0 {
            Under::Parquet(file) => file.finish()?,
            Under::Lines(out, _) => out,
        };
        out.flush()?;
        Ok(out)
    }
}

impl<W: Write + Send> std::fmt::Debug for Exporter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}
