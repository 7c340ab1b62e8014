//! A commitment as it was read from a chain, before anybody knows what it is.

use std::fmt;

use plimsoll_chain::{ChainCommitment, CommitmentField, RevealedCommitment, StoredCommitment};
use plimsoll_core::{BlockNumber, Hotkey};

use super::Redacted;

/// What one hotkey committed to. It is known by the hotkey and the block: a uid may have another owner tomorrow.
#[derive(Clone, PartialEq, Eq)]
pub struct Committed {
    /// Who.
    pub hotkey: Hotkey,
    /// When.
    pub block: BlockNumber,
    /// In which form.
    pub form: Form,
}

/// The forms in which a chain keeps a commitment. The debug form shows no bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Form {
    /// Nothing: no field, or an empty one.
    Nothing,
    /// Bytes as they are. Of several fields the first counts, as it does for the subnets' own programs.
    Plain(Vec<u8>),
    /// Bytes that were sealed and are open now.
    Revealed(Vec<u8>),
    /// Bytes that open with the signature of this drand round.
    Sealed(u64),
    /// A digest, a flag, or a form of a later chain: nothing that can be read.
    Unreadable,
}

impl Committed {
    /// What a chain tells that keeps bytes only.
    #[must_use]
    pub fn plain(from: &ChainCommitment) -> Self {
        Self { hotkey: from.hotkey, block: from.block, form: Form::plain(&from.bytes) }
    }

    /// What the public chain keeps, with its forms.
    #[must_use]
    pub fn stored(hotkey: Hotkey, from: &StoredCommitment) -> Self {
        let form = match from.fields.first() {
            None | Some(CommitmentField::None) => Form::Nothing,
            Some(CommitmentField::Raw(bytes) | CommitmentField::BigRaw(bytes)) => Form::plain(bytes),
            Some(CommitmentField::Timelocked { round, .. }) => Form::Sealed(*round),
            Some(_) => Form::Unreadable,
        };
        Self { hotkey, block: from.block, form }
    }

    /// What was sealed and has been revealed.
    #[must_use]
    pub fn revealed(from: &RevealedCommitment) -> Self {
        let form = if from.bytes.is_empty() { Form::Nothing } else { Form::Revealed(from.bytes.clone()) };
        Self { hotkey: from.hotkey, block: from.block, form }
    }
}

impl Form {
    fn plain(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::Nothing } else { Self::Plain(bytes.to_vec()) }
    }

    /// The bytes, where there are any to be read.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(bytes) | Self::Revealed(bytes) => Some(bytes),
            Self::Nothing | Self::Sealed(_) | Self::Unreadable => None,
        }
    }
}

impl fmt::Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hotkey, block, form } = self;
        f.debug_struct("Committed").field("hotkey", hotkey).field("block", block).field("form", form).finish()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Plain(bytes) => write!(f, "Plain({})", Redacted::of(bytes)),
            Self::Revealed(bytes) => write!(f, "Revealed({})", Redacted::of(bytes)),
            Self::Sealed(round) => write!(f, "Sealed(until round {round})"),
            Self::Unreadable => f.write_str("Unreadable"),
        }
    }
}
