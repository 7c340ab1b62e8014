//! The five places where a plugin decides, and the keys of each.

pub(crate) use plimsoll_plugin::Kind as Slot;

/// The key that names a slot's plugin. A slot's section is its word.
pub(crate) const fn plugin_key(slot: Slot) -> &'static str {
    match slot {
        Slot::Allocation => "allocation.policy",
        Slot::Challenge => "challenge.strategy",
        Slot::Proof => "proof.scheme",
        Slot::Incentive => "incentive.rule",
        Slot::Dataset => "dataset.source",
    }
}

/// The key of a slot's pin.
pub(crate) const fn pin_key(slot: Slot) -> &'static str {
    match slot {
        Slot::Allocation => "allocation.blake3",
        Slot::Challenge => "challenge.blake3",
        Slot::Proof => "proof.blake3",
        Slot::Incentive => "incentive.blake3",
        Slot::Dataset => "dataset.blake3",
    }
}

/// The key of a slot's parameters.
pub(crate) const fn params_key(slot: Slot) -> &'static str {
    match slot {
        Slot::Allocation => "allocation.params",
        Slot::Challenge => "challenge.params",
        Slot::Proof => "proof.params",
        Slot::Incentive => "incentive.params",
        Slot::Dataset => "dataset.params",
    }
}
