//! The evidence log: what a validator asked, what was answered, what it decided, for anyone to check.
//!
//! A file of lines, each a JSON object:
//!
//! ```text
//! {"line":7,"previous":"<64 hex>","record":{"kind":...},"digest":"<64 hex>"}
//! ```
//!
//! `previous` is the BLAKE3 of the whole line before, without its line feed (zeros in the first); `digest` is
//! the BLAKE3 of this line up to the comma before `"digest"`. The first binds the order; the second finds a
//! changed byte in the last line too, which no line follows. The first record is the [`LogHeader`].
//!
//! A chain of hashes shows that nothing was changed *since it was written*, not that its writer was honest:
//! for that there are the signatures. The [`EvidenceReader`] checks the validator's on every request, the
//! miner's on every answer, that answers belong to requests, that a secret is the one committed to, that
//! rounds hand on the rule's memory, and that a ruling is possible for its outcome. Whether the challenge was
//! drawn right, the verdict is right and the weights follow is for a replay under the pinned plugins to say.
//!
//! Lines are written as they come and synced where [`EvidenceLog::sync`] is called: before weights are set,
//! and at the end of a round. A crash can leave a torn last line: bytes without a line feed. The end
//! of the machine can also leave a hole of zeros among records that were not synced yet. Opening the log for writing
//! cuts off the torn line, or the hole and what is behind it, warns, and leaves a [`LogEvent`]; everything else that does not fit is an error
//! that names the line. A log is begun under a temporary name and takes its own with its header on the disk,
//! and says where the log before it ended.

mod line;
mod log;
mod reader;
mod record;
mod rounds;
mod why;

pub use line::MAX_LINE_BYTES;
pub use log::EvidenceLog;
pub use reader::{Entry, EvidenceReader};
pub use record::{
    AuditOutcome, AuditSent, AuditUnsent, Engine, LogEvent, LogHeader, Pin, Pins, Predecessor, Record,
    Registered, Response, RoundClosed, RoundOpened, Ruling,
};
pub use why::EvidenceError;
