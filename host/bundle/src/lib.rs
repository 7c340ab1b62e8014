//! The shipped plugins, built and embedded by this crate's build script, and the SDK's sources.
