//! What can go wrong, by whose fault it is.

/// Why a dataset could not be found, fetched, kept or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The archive's folder or one of its files could not be read or written.
    #[error("{path}: {what}: {source}")]
    Disk {
        /// The file or folder.
        path: std::path::PathBuf,
        /// What was being done.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The archive refused or failed.
    #[error(transparent)]
    Archive(#[from] crate::archive::ArchiveError),
    /// No subnet could be chosen.
    #[error(transparent)]
    Find(#[from] crate::find::FindError),
    /// The plugin that reads commitments and rows.
    #[error(transparent)]
    Plugin(#[from] plimsoll_plugin::PluginError),
    /// Datasets cannot be compared.
    #[error(transparent)]
    Overlap(#[from] crate::overlap::OverlapError),
    /// Rows could not be written out.
    #[error(transparent)]
    Export(#[from] crate::export::ExportError),
    /// A filter says nothing that can be asked.
    #[error(transparent)]
    Filter(#[from] crate::export::FilterError),
    /// Pages cannot be served.
    #[error(transparent)]
    Serve(#[from] crate::serve::ServeError),
}
