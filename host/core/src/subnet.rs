//! The chain's numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One TAO in rao.
pub const RAO_PER_TAO: u64 = 1_000_000_000;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

number! {
    /// A subnet's number on its chain.
    NetUid(u16)
}
number! {
    /// A neuron's place in its subnet, 0-based; another hotkey may take it over.
    Uid(u16)
}
number! {
    /// An audit epoch of a validator, 0-based.
    Epoch(u64)
}
number! {
    /// A block's height.
    BlockNumber(u64)
}
number! {
    /// Stake in rao, a thousand-millionth of a TAO.
    StakeRao(u64)
}

impl StakeRao {
    /// Whole TAO, truncated.
    #[must_use]
    pub const fn whole_tao(self) -> u64 {
        self.0 / RAO_PER_TAO
    }
}
