//! Who hears what the demo does.

/// Hears the demo, line by line.
pub trait Narrator: Send + Sync {
    /// One line for people.
    fn say(&self, line: &str);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unheard;

impl Narrator for Unheard {
    fn say(&self, _line: &str) {}
}
