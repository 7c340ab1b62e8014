//! What every loaded plugin can tell of itself, whatever its kind.

/// Writes the common accessors of a loaded plugin and of its instance.
macro_rules! loaded_accessors {
    ($loaded:ident, $instance:ident) => {
        impl $loaded {
            /// As the operator named it: `builtin:NAME` or a path.
            #[must_use]
            pub fn name(&self) -> &str {
                self.loaded.name()
            }

            /// BLAKE3 of the component.
            #[must_use]
            pub fn digest(&self) -> plimsoll_core::Digest {
                self.loaded.digest()
            }

            /// The parameters as one canonical JSON text.
            #[must_use]
            pub fn params(&self) -> &str {
                self.loaded.params()
            }

            /// BLAKE3 of the parameters' canonical JSON.
            #[must_use]
            pub fn params_digest(&self) -> plimsoll_core::Digest {
                self.loaded.params_digest()
            }

            /// What it says of itself.
            #[must_use]
            pub fn descriptor(&self) -> &$crate::Descriptor {
                self.loaded.descriptor()
            }

            /// How much each call may use up.
            #[must_use]
            pub fn limits(&self) -> &$crate::Limits {
                self.loaded.limits()
            }
        }

        impl $instance {
            /// As the operator named it.
            #[must_use]
            pub fn name(&self) -> &str {
                self.0.loaded().name()
            }

            /// Fuel that the last call used.
            #[must_use]
            pub const fn fuel_used(&self) -> u64 {
                self.0.fuel_used()
            }
        }

        impl std::fmt::Debug for $loaded {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({}, {})", stringify!($loaded), self.name(), self.digest().short())
            }
        }

        impl std::fmt::Debug for $instance {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($instance), self.name())
            }
        }
    };
}

pub(crate) use loaded_accessors;
