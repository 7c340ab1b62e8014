//! A subnet as a ledger's file has it.

use std::fmt;

use plimsoll_core::BlockNumber;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::blocks::EachBlock;
use super::standing::Books;
use super::{Member, Subnet};
use crate::ledger::SubnetGenesis;

/// A subnet without what its genesis says of it.
pub(crate) enum StoredSubnet {
    /// From before there were epochs: the members alone.
    Members(Vec<Member>),
    /// With its books.
    Whole(SavedSubnet),
}

/// A subnet as it serialises: without its genesis and its block, which [`Subnet::resumed`] has to be told again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedSubnet {
    members: Vec<Member>,
    books: Books,
}

impl Subnet {
    /// The subnet that `saved` was at `block`; of the genesis, the neurons are not asked for.
    #[must_use]
    pub fn resumed(genesis: &SubnetGenesis, block: BlockNumber, saved: SavedSubnet) -> Self {
        StoredSubnet::Whole(saved).at(block, genesis)
    }
}

impl<'de> Deserialize<'de> for StoredSubnet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListOrMap)
    }
}

/// By hand, as an untagged enum says of no field what is wrong with it.
struct ListOrMap;

impl<'de> Visitor<'de> for ListOrMap {
    type Value = StoredSubnet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a subnet: its members and books, or a list of its members alone")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<StoredSubnet, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(StoredSubnet::Members)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StoredSubnet, A::Error> {
        SavedSubnet::deserialize(MapAccessDeserializer::new(map)).map(StoredSubnet::Whole)
    }
}

impl StoredSubnet {
    /// The subnet that it was at `block`. One from before there were epochs has its first a tempo after
    /// block 0, which may be the next block, with what that one block brings.
    pub(crate) fn at(self, block: BlockNumber, genesis: &SubnetGenesis) -> Subnet {
        let SubnetGenesis { netuid, rules, .. } = *genesis;
        let (members, books) = match self {
            Self::Members(members) => (members, Books::opened(&rules)),
            Self::Whole(SavedSubnet { members, books }) => (members, books),
        };
        Subnet { netuid, rules, each_block: EachBlock::of(&rules), block, members, books }
    }
}
