//! The laws of allocation policies.

use plimsoll_sdk::{AllocationPolicy, Neuron, Result, Share, Space, laws};

use crate::{assert_breaks, broken, sample};

sample!(Policy);

impl<const FAULT: u8> AllocationPolicy for Policy<FAULT> {
    fn allocate(&self, space: &Space, neurons: &[Neuron]) -> Result<Vec<Share>> {
        if FAULT == 1 && space.chunk_bytes == 0 {
            return Ok(Vec::new());
        }
        let mut shares = space.divide_by(&neurons.iter().map(|n| (n.uid, 1)).collect::<Vec<_>>())?;
        let Some(&first) = shares.first() else { return Ok(shares) };
        match FAULT {
            2 => shares[0].bytes = first.bytes.saturating_add(space.chunk_bytes.saturating_mul(2)),
            3 if first.bytes > 1 => shares[0].bytes -= 1,
            4 => shares.push(Share { bytes: 0, ..first }),
            5 => shares[0].uid = 999,
            6 => shares[0].bytes = first.bytes * 1000 / 1000,
            _ => {}
        }
        Ok(shares)
    }
}

#[test]
fn an_honest_policy_passes() {
    assert_eq!(broken(|| laws::allocation_policy::<Policy<0>>("{}")), "no law was broken");
}

#[test]
fn every_fault_of_a_policy_is_caught() {
    assert_breaks("a chunk of zero bytes is refused", || laws::allocation_policy::<Policy<1>>("{}"));
    assert_breaks("all shares together stay within the cap", || laws::allocation_policy::<Policy<2>>("{}"));
    assert_breaks("a share is a whole number of chunks", || laws::allocation_policy::<Policy<3>>("{}"));
    assert_breaks("nobody is named twice", || laws::allocation_policy::<Policy<4>>("{}"));
    assert_breaks("nobody unknown is named", || laws::allocation_policy::<Policy<5>>("{}"));
    // Overflows on enormous disks.
    assert_breaks("allocate never panics", || laws::allocation_policy::<Policy<6>>("{}"));
}
