//! Lines in the host's log. The host names the plugin, cuts a message at 4 KiB and shows control
//! characters. Natively they go nowhere: a library never prints.

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever writes the plugin.
    Debug,
    /// For whoever runs it.
    Info,
    /// Something is odd.
    Warn,
    /// Something is broken.
    Error,
}

/// Writes a line.
pub fn log(level: Level, message: &str) {
    #[cfg(target_family = "wasm")]
    crate::export::log(level, message);
    #[cfg(not(target_family = "wasm"))]
    let _ = (level, message);
}

/// A panic on this target is silent by itself: this makes it a line in the host's log, before the trap.
#[cfg(target_family = "wasm")]
pub(crate) fn install_panic_hook() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string()))));
}
