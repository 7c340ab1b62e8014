//! How far a long job is, told to whoever renders it.

/// Receives progress; called from many threads.
pub trait Progress: Send + Sync {
    /// Work on `name` is ahead: `bytes` in all, of which `done_bytes` were done before.
    fn begin(&self, name: &str, bytes: u64, done_bytes: u64);
    /// So many bytes more of `name` are done.
    fn advance(&self, name: &str, bytes: u64);
    /// `name` is complete.
    fn finish(&self, name: &str);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _name: &str, _bytes: u64, _done_bytes: u64) {}
    fn advance(&self, _name: &str, _bytes: u64) {}
    fn finish(&self, _name: &str) {}
}
