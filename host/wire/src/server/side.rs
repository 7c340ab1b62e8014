//! What a miner must be able to say.

use async_trait::async_trait;
use plimsoll_core::{Hotkey, NetUid};

use crate::messages::{AuditReply, AuditRequest, Refusal, RegistrationSet};

/// The miner behind the server. Its futures are dropped where they take longer than
/// [`WireLimits::answer_within`](crate::WireLimits) or the caller hangs up: reading a disk belongs on a
/// blocking thread.
#[async_trait]
pub trait MinerSide: Send + Sync + 'static {
    /// Whether `caller` is a validator with a permit on the metagraph. Asked before its signature is
    /// checked, for every request: answer from memory.
    fn permits(&self, caller: &Hotkey) -> bool;

    /// What `caller` has at stake by the last snapshot, in any unit as long as it is one for all: where turns are
    /// short, the bigger stake comes first. Answer from memory.
    fn stake(&self, caller: &Hotkey) -> u64 {
        let _ = caller;
        0
    }

    /// What is kept for `caller` on `netuid`.
    async fn registrations(&self, caller: &Hotkey, netuid: NetUid) -> Result<RegistrationSet, Refusal>;

    /// The proof for `request`. That the challenge is for a plot kept for `caller` is the miner's to check.
    async fn audit(&self, caller: &Hotkey, request: AuditRequest) -> Result<AuditReply, Refusal>;
}
