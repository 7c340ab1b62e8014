//! A subnet in memory: who is on it, what they weigh, and what the epochs pay them.
//!
//! [`Subnet`] is a state machine without signatures, network or clock. The local ledger keeps one a subnet;
//! a simulation can run thousands of epochs on one. Blocks pass when they are asked for; every
//! `tempo_blocks` an epoch ([`crate::yuma`]) runs over the weights as they stand and pays what blocks have
//! brought since:
//!
//! - the owner's cut (0.18) goes first; half of the rest is the miners' pot, half the validators', less the
//!   share of holders of TAO;
//! - a miner gets exactly what the epoch says, about its incentive's part of the miners' pot; the part of
//!   the owner's own miners is burned, as is what an epoch leaves over;
//! - validators share theirs in proportion to their dividends, and the miners' pot too while no miner earns;
//! - permits are given anew, to those with the most stake.
//!
//! Registering may cost something ([`RegistrationRules`]), and on a full subnet takes the place of whoever
//! earns least. One block takes so many registrations and no more.
//!
//! Left out: delegated stake and takes (a hotkey's pay is counted whole), several mechanisms a subnet,
//! halvings, prices, dividends of TAO holders.
//!
//! ```
//! use plimsoll_chain::subnet::{Subnet, SubnetRules};
//! use plimsoll_core::{Hotkey, NetUid, StakeRao, Uid};
//!
//! # fn main() -> Result<(), plimsoll_chain::Refusal> {
//! let mut subnet = Subnet::new(NetUid(1), SubnetRules::default());
//! let (validator, miner) = (Hotkey([1; 32]), Hotkey([2; 32]));
//! for hotkey in [validator, miner] {
//!     subnet.register(hotkey, hotkey, StakeRao(0))?;
//!     // One place a block is taken, as on the chain, unless the rules say otherwise.
//!     subnet.advance(1);
//! }
//! subnet.set_stake(&validator, StakeRao(1_000), true)?;
//! subnet.set_weights(&validator, &[(Uid(1), 1)])?;
//! subnet.advance(358);
//! // 0.41 alpha a block for 360 blocks, but for a hundred-millionth of dust.
//! assert_eq!(subnet.earned(&miner).miner_rao / 100_000_000, 1_476);
//! # Ok(())
//! # }
//! ```

mod blocks;
mod figures;
mod member;
mod price;
mod register;
mod rules;
mod standing;
mod stored;
mod weights;

pub use figures::{Earned, EpochFigures, NeuronFigures, Totals, alpha_text};
pub use member::{Committed, LastEpoch, Member, Weighed};
pub use register::Registered;
pub use rules::{ConsensusRules, EmissionRules, RegistrationRules, SubnetRules};
pub use standing::Subnet;
pub use stored::SavedSubnet;

pub(crate) use stored::StoredSubnet;
