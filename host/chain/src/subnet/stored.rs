//! A subnet as a ledger's file has it.

use plimsoll_core::BlockNumber;
use serde::Deserialize;

use super::standing::Books;
use super::{Member, Subnet};
use crate::ledger::SubnetGenesis;

/// A subnet without what its genesis says of it.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct StoredSubnet(Form);

/// With its books, or from before there were epochs: the members alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Members(Vec<Member>),
    Whole { members: Vec<Member>, books: Books },
}

impl StoredSubnet {
    /// The subnet that it was at `block`. One from before there were epochs has its first a tempo after
    /// block 0, which may be the next block, with what that one block brings.
    pub(crate) fn at(self, block: BlockNumber, genesis: &SubnetGenesis) -> Subnet {
        let (members, books) = match self.0 {
            Form::Members(members) => (members, Books::opened(&genesis.rules)),
            Form::Whole { members, books } => (members, books),
        };
        Subnet { netuid: genesis.netuid, rules: genesis.rules, block, members, books }
    }
}
