//! Where a miner may behave otherwise than it should: the hook by which demonstrations and tests make one
//! that is late, or that goes away.

use async_trait::async_trait;
use plimsoll_core::Hotkey;
use plimsoll_wire::AuditRequest;

/// What a miner does beside answering. The default is nothing.
#[async_trait]
pub trait Habit: Send + Sync {
    /// `caller` was told the registrations.
    async fn registrations_told(&self, _caller: &Hotkey) {}

    /// An answer is ready and about to leave.
    async fn before_reply(&self, _caller: &Hotkey, _request: &AuditRequest) {}
}

/// Answers as soon as it can.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prompt;

impl Habit for Prompt {}
