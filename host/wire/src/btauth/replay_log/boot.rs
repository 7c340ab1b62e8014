//! Which run of the machine this is.

use plimsoll_core::Digest;

/// A digest of the system's boot id: the same until the machine goes down. `None` where the system has none.
pub(super) fn id() -> Option<Digest> {
    let text = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    (!text.is_empty()).then(|| Digest::of(&text))
}
