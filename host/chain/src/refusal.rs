//! Why a chain says no: data, so that it crosses a network and a caller can act on it.

use plimsoll_core::{Digest, Hotkey, NetUid, Uid};
use serde::{Deserialize, Serialize};

/// A chain's reason to turn a request down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refusal {
    // The envelope.
    /// Signed for another chain.
    #[error(
        "it was signed for the chain that began with {found}, this one began with {expected}: restart with the \
         right endpoint"
    )]
    WrongGenesis {
        /// The genesis hash of this chain.
        expected: Digest,
        /// The genesis hash in the extrinsic.
        found: Digest,
    },
    /// Not signed by who it says, or changed since.
    #[error("the signature is not {signer}'s over this call")]
    BadSignature {
        /// Who is said to have signed.
        signer: Hotkey,
    },
    /// Seen before, or ahead of its turn.
    #[error("{signer}'s next nonce is {expected}, this has {found}: it is a replay or came out of turn")]
    StaleNonce {
        /// Who signed.
        signer: Hotkey,
        /// The nonce that would be taken.
        expected: u64,
        /// The nonce in the extrinsic.
        found: u64,
    },

    // The caller's standing.
    /// No such subnet.
    #[error("there is no subnet {netuid} on this chain")]
    NoSubnet {
        /// The number asked for.
        netuid: NetUid,
    },
    /// The hotkey is no neuron of the subnet.
    #[error("the hotkey {hotkey} is not registered on subnet {netuid}: register it first")]
    NotRegistered {
        /// The subnet.
        netuid: NetUid,
        /// The hotkey.
        hotkey: Hotkey,
    },
    /// The hotkey has its place already.
    #[error("the hotkey {hotkey} is already registered on subnet {netuid}, as uid {uid}")]
    AlreadyRegistered {
        /// The subnet.
        netuid: NetUid,
        /// The hotkey.
        hotkey: Hotkey,
        /// Its place.
        uid: Uid,
    },
    /// No place is left, and nobody may be deregistered for one.
    #[error(
        "subnet {netuid} is full: it has places for {most} neurons, and none of them may be deregistered"
    )]
    SubnetFull {
        /// The subnet.
        netuid: NetUid,
        /// How many neurons it takes.
        most: u16,
    },
    /// Others were quicker in this block.
    #[error(
        "subnet {netuid} takes {most} registrations a block, and this one has had them: try again in the next \
         block"
    )]
    TooManyRegistrations {
        /// The subnet.
        netuid: NetUid,
        /// How many one block takes.
        most: u16,
    },
    /// Not enough for what a place costs.
    #[error(
        "registering costs {cost_rao} rao and the coldkey {coldkey} has {balance_rao}: give it more in the \
         genesis, or wait until the cost has fallen"
    )]
    CannotPay {
        /// Who pays.
        coldkey: Hotkey,
        /// What a place costs now, in rao.
        cost_rao: u64,
        /// What the coldkey has, in rao.
        balance_rao: u64,
    },
    /// A call for the ledger's sudo key alone.
    #[error("only the ledger's sudo key may do this, {signer} is not it")]
    NotSudo {
        /// Who signed.
        signer: Hotkey,
    },

    // What was said.
    /// No address that anyone could reach.
    #[error(
        "{at} cannot be an axon: nobody can reach port 0, an unspecified, a multicast or a broadcast address"
    )]
    AxonAddress {
        /// The address.
        at: std::net::SocketAddr,
    },
    /// The address of every machine itself.
    #[error(
        "{at} cannot be an axon: the chain takes neither 127.0.0.1 nor ::1; give the address that others reach this \
         machine at"
    )]
    AxonLoopback {
        /// The address.
        at: std::net::SocketAddr,
    },
    /// Said too soon after the last time.
    #[error(
        "this hotkey said where it serves too recently: the subnet takes that every {limit_blocks} blocks"
    )]
    AxonRateLimited {
        /// Blocks between one time and the next.
        limit_blocks: u64,
    },
    /// Too many bytes in one epoch.
    #[error("this hotkey has committed to too many bytes in this epoch: wait for the next one")]
    CommitmentSpace,
    /// Too many bytes.
    #[error("a commitment has at most {most} bytes, this has {found}")]
    CommitmentTooLong {
        /// Bytes given.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// Too many blocks at once.
    #[error("a ledger advances by at most {most} blocks at once, not by {found}")]
    TooManyBlocks {
        /// Blocks asked for.
        found: u32,
        /// Blocks allowed, which are fewer where epochs are frequent.
        most: u32,
    },

    // Weights, in the order in which they are checked.
    /// More weights than neurons.
    #[error("{found} weights for {neurons} neurons")]
    TooManyWeights {
        /// Weights given.
        found: usize,
        /// Neurons of the subnet.
        neurons: usize,
    },
    /// Not enough behind it.
    #[error("setting weights takes a stake of {least_rao} rao, this neuron has {found_rao}")]
    StakeTooLow {
        /// Stake of the neuron, in rao.
        found_rao: u64,
        /// Stake it takes, in rao.
        least_rao: u64,
    },
    /// Too soon.
    #[error("weights were set too recently: wait {wait_blocks} more blocks")]
    RateLimited {
        /// Blocks until it is allowed.
        wait_blocks: u64,
    },
    /// Miners set no weights but their own.
    #[error("uid {uid} has no validator permit, so it may set no weights but its own")]
    NoPermit {
        /// Who tried.
        uid: Uid,
    },
    /// One neuron twice.
    #[error("uid {uid} is given a weight twice")]
    DuplicateUid {
        /// Whom.
        uid: Uid,
    },
    /// A neuron that is not there.
    #[error("uid {uid} does not exist: the subnet has {neurons} neurons, counted from 0")]
    NoSuchUid {
        /// Whom.
        uid: Uid,
        /// Neurons of the subnet.
        neurons: usize,
    },
    /// Fewer weights than the subnet wants.
    #[error("the subnet wants weights for at least {least} neurons, these are {found}")]
    TooFewWeights {
        /// Weights given.
        found: usize,
        /// Weights wanted.
        least: usize,
    },
    /// Too much for one neuron.
    #[error("uid {uid} gets more than {most} of 65535 of all weight")]
    WeightTooLarge {
        /// Whom.
        uid: Uid,
        /// Its largest share, out of 65535.
        most: u16,
    },
    /// Weights of validators that are too old.
    #[error(
        "the subnet takes weights of version {least} and newer: update this program's rule or its settings"
    )]
    WeightsVersion {
        /// The least version it takes.
        least: u64,
    },

    /// A setting of the subnet changed between making the call and its block.
    #[error("the subnet has just changed {setting}: the same weights may be taken in a few blocks")]
    SettingChanged {
        /// Which, in words.
        setting: String,
    },
    /// As many hidden weights of one hotkey as the chain keeps.
    #[error(
        "{most} commits of this hotkey wait for their reveal already, and the chain keeps no more: wait for the next \
         epoch"
    )]
    TooManyCommits {
        /// How many it keeps.
        most: usize,
    },

    // Whatever else.
    /// A reason that this version does not know, in the chain's own words.
    #[error("{error}{}", if meaning.is_empty() { String::new() } else { format!(": {meaning}") })]
    Unknown {
        /// Its name on the chain.
        error: String,
        /// What the chain's own documentation says of it.
        meaning: String,
    },
}

impl Refusal {
    /// Whether the same call may be taken later, or with a fresh nonce, without the caller changing anything:
    /// blocks make places cheaper, and epochs give permits.
    #[must_use]
    pub const fn may_pass_later(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::StaleNonce { .. }
                | Self::TooManyRegistrations { .. }
                | Self::CannotPay { .. }
                | Self::NoPermit { .. }
                | Self::AxonRateLimited { .. }
                | Self::CommitmentSpace
                | Self::SettingChanged { .. }
                | Self::TooManyCommits { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blocks_and_epochs_change_may_pass_later_and_nothing_else() {
        let (netuid, uid, coldkey) = (NetUid(3), Uid(1), Hotkey([1; 32]));
        let later = [
            Refusal::RateLimited { wait_blocks: 1 },
            Refusal::StaleNonce { signer: coldkey, expected: 1, found: 0 },
            Refusal::TooManyRegistrations { netuid, most: 1 },
            Refusal::CannotPay { coldkey, cost_rao: 2, balance_rao: 1 },
            Refusal::NoPermit { uid },
            Refusal::AxonRateLimited { limit_blocks: 50 },
            Refusal::CommitmentSpace,
            Refusal::SettingChanged { setting: "its tempo".into() },
            Refusal::TooManyCommits { most: 10 },
        ];
        assert!(later.iter().all(Refusal::may_pass_later));
        let never = [
            Refusal::StakeTooLow { found_rao: 1, least_rao: 2 },
            Refusal::SubnetFull { netuid, most: 1 },
            Refusal::WeightTooLarge { uid, most: 1 },
            Refusal::TooManyBlocks { found: 2, most: 1 },
            Refusal::WeightsVersion { least: 7 },
            Refusal::Unknown { error: "X".into(), meaning: String::new() },
        ];
        assert!(!never.iter().any(Refusal::may_pass_later));
    }
}
