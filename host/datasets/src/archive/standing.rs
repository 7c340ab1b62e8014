//! What the chain said of a miner beside its dataset, at the snapshot's block.
//!
//! It changes with every epoch. In an entry it would make every miner another one in every snapshot, so all of it lies
//! together behind the manifest's head, under the manifest's id and not under the root over the entries.
//!
//! ```text
//! 0, or 1 and for each entry
//!   which of both are known, 1: bit 0 incentive, bit 1 stake
//!   incentive                2: where it is known
//!   stake in rao             8: where it is known
//! ```

use std::collections::BTreeMap;

use plimsoll_core::Uid;

use super::bytes::Fields;
use super::entry::Entry;

const INCENTIVE: u8 = 1;
const STAKE: u8 = 2;

/// How a miner stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Its share among miners in the last epoch, out of 65535, where it is known.
    pub incentive: Option<u16>,
    /// Its stake in rao, where it is known.
    pub stake_rao: Option<u64>,
}

/// In the order of the entries; none at all where nothing is known of anybody.
pub(super) fn in_order(entries: &[Entry], standings: &BTreeMap<Uid, Standing>) -> Vec<Standing> {
    let of = |entry: &Entry| standings.get(&entry.uid).copied().unwrap_or_default();
    let all: Vec<Standing> = entries.iter().map(of).collect();
    if all.iter().all(|standing| *standing == Standing::default()) { Vec::new() } else { all }
}

pub(super) fn put_all(out: &mut Vec<u8>, standings: &[Standing]) {
    out.push(u8::from(!standings.is_empty()));
    for Standing { incentive, stake_rao } in standings {
        let incentive_bit = if incentive.is_some() { INCENTIVE } else { 0 };
        out.push(incentive_bit | if stake_rao.is_some() { STAKE } else { 0 });
        out.extend(incentive.iter().flat_map(|incentive| incentive.to_le_bytes()));
        out.extend(stake_rao.iter().flat_map(|stake| stake.to_le_bytes()));
    }
}

/// `None` for bytes that are not the canonical ones.
pub(super) fn take_all(fields: &mut Fields<'_>, count: u32) -> Option<Vec<Standing>> {
    match fields.u8()? {
        0 => return Some(Vec::new()),
        1 => {}
        _ => return None,
    }
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(take(fields)?);
    }
    // Nothing known of anybody has another form.
    all.iter().any(|standing| *standing != Standing::default()).then_some(all)
}

fn take(fields: &mut Fields<'_>) -> Option<Standing> {
    let known = fields.u8().filter(|known| *known <= INCENTIVE | STAKE)?;
    let incentive = if known & INCENTIVE == 0 { None } else { Some(fields.u16()?) };
    let stake_rao = if known & STAKE == 0 { None } else { Some(fields.u64()?) };
    Some(Standing { incentive, stake_rao })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn standings_come_back_and_have_one_form(
            all in prop::collection::vec(any::<(Option<u16>, Option<u64>)>(), 0..5),
            at: prop::sample::Index,
            bit in 0..8,
        ) {
            let all: Vec<Standing> =
                all.into_iter().map(|(incentive, stake_rao)| Standing { incentive, stake_rao }).collect();
            let is_known = all.iter().any(|standing| *standing != Standing::default());
            let all = if is_known { all } else { Vec::new() };
            let mut bytes = Vec::new();
            put_all(&mut bytes, &all);
            let read = |bytes: &[u8]| {
                let mut fields = Fields::of(bytes);
                let all = take_all(&mut fields, all.len() as u32)?;
                fields.whole(all)
            };
            prop_assert_eq!(read(&bytes), Some(all.clone()));
            prop_assert_eq!(read(&bytes[..bytes.len() - 1]), None);
            let mut other = bytes.clone();
            other[at.index(bytes.len())] ^= 1u8 << bit;
            if let Some(changed) = read(&other) {
                let mut again = Vec::new();
                put_all(&mut again, &changed);
                prop_assert_eq!(again, other);
            }
        }
    }

    #[test]
    fn nothing_known_of_anybody_is_one_byte() {
        assert_eq!(take_all(&mut Fields::of(&[1, 0, 0]), 2), None);
        assert_eq!(take_all(&mut Fields::of(&[0]), 2), Some(Vec::new()));
    }
}
