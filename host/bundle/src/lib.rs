//! The shipped plugins, built and embedded by this crate's build script, and the SDK's sources.
//!
//! Every folder of `plugins/` is one: it is built for `wasm32-unknown-unknown` with the profile `plugin`, made a
//! component and embedded. The bytes depend on the sources, `Cargo.lock` and the compiler, and on nothing else: not
//! on the host's profile, flags or folder. Set `PLIMSOLL_PLUGINS_PREBUILT` to a folder of `NAME.wasm` components to
//! embed those.

mod builtins;

pub use builtins::{Builtin, builtins, find, sdk_files};
