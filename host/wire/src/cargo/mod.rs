//! Large bodies: octets that stream, named by their content in the signed path.
//!
//! | route | body | answer |
//! |---|---|---|
//! | `PUT /v1/cargo?blake3=<64 hex>&bytes=<n>&sha256=<64 hex>` | the octets | 204, signed: a receipt |
//! | `GET /v1/cargo?blake3=<64 hex>&bytes=<n>` | - | 200, the octets |
//!
//! btauth/1 signs the SHA-256 of a body, which a receiver knows at the body's end only. So an upload says it in
//! its path: the whole signed text is there before the first octet, the signature is checked *first*, and nothing of
//! a stranger's body is read, let alone kept. The octets are counted and hashed as they pass (BLAKE3, the name
//! that everything has here, and SHA-256, which btauth wants); what is longer is cut off at the first octet too
//! many, and what does not hash to its name is never [kept](CargoSink::keep).
//!
//! A download's answer is signed before its first octet too, over SHA-256 of the *statement* `plimsoll-cargo/1`,
//! BLAKE3 and length in a line each: the signer says that it delivers exactly this, and the octets bear it out or
//! do not. The sender holds its last piece back until its own digest is right, so that a damaged disk shows as a
//! broken transfer and not as a whole one. In memory are a few pieces of [`PIECE_BYTES`], whatever the length.

mod check;
mod claim;
mod file;
mod pipe;

use std::io;

use async_trait::async_trait;
use axum::body::Bytes;
use plimsoll_core::Hotkey;

use crate::messages::Refusal;

pub(crate) use check::Check;
pub use claim::{CARGO_PATH, CargoClaim, UploadClaim};
pub use file::{FileSink, FileSource};
pub(crate) use pipe::{PipedBody, pump};

/// A good size for the pieces of a [`CargoSource`].
pub const PIECE_BYTES: usize = 64 << 10;

/// Where octets come from, in order.
#[async_trait]
pub trait CargoSource: Send {
    /// The next piece, of a size that fits into memory many times over; `None` at the end.
    async fn read(&mut self) -> io::Result<Option<Bytes>>;
}

/// Where octets go to. Dropped without [`keep`](Self::keep), it forgets what was written.
#[async_trait]
pub trait CargoSink: Send {
    /// Takes the next piece. Nothing of it is known to be right yet.
    async fn write(&mut self, piece: &[u8]) -> io::Result<()>;
    /// All came, and it is what it was said to be.
    async fn keep(self: Box<Self>) -> io::Result<()>;
}

/// A miner that takes and gives cargo. The caller has signed, has a permit and is within its rate.
#[async_trait]
pub trait CargoSide: Send + Sync + 'static {
    /// Where `caller` may put this.
    async fn take(&self, caller: &Hotkey, claim: CargoClaim) -> Result<Box<dyn CargoSink>, Refusal>;
    /// Where `caller` may have this from.
    async fn give(&self, caller: &Hotkey, claim: CargoClaim) -> Result<Box<dyn CargoSource>, Refusal>;
}
