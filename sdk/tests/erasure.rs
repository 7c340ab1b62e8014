//! The native twin of `erasure`: what it loses it gives back, and it is the host's code.

use plimsoll_sdk::doubles::MemoryPlot;
use plimsoll_sdk::erasure::Stripe;
use plimsoll_sdk::{Extent, Plot, Region};

const STRIPE: Stripe = Stripe { offset: 64, shard_bytes: 128, data: 5, parity: 3 };

fn content() -> Vec<u8> {
    (0..64 + 8 * 128_u64).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn parity_is_the_host_kernels() {
    let plot = MemoryPlot::holding(content());
    plot.encode_shards(&STRIPE).unwrap();
    let parity = &plot.finish().bytes[64 + 5 * 128..];
    // The same vector stands in the tests of the kernels.
    assert_eq!(
        blake3::hash(parity).to_string(),
        "a04e347932b75af18e72ed20000a10ea4ae8321bea5285b44ab37b24c2e51cf5"
    );
}

#[test]
fn lost_shards_come_back_in_place_and_read() {
    let plot = MemoryPlot::holding(content());
    plot.encode_shards(&STRIPE).unwrap();
    let whole = plot.finish();
    for missing in [vec![0, 1, 2], vec![1, 4, 6], vec![5, 6, 7], vec![3]] {
        let mut damaged = whole.clone();
        for &shard in &missing {
            damaged.bytes[64 + shard as usize * 128..][..128].fill(0xee);
        }
        for &shard in &missing {
            let within = Extent { offset: 30, len: 70 };
            let found = damaged.recover_shard(&STRIPE, &missing, shard, within).unwrap();
            assert_eq!(found, whole.bytes[64 + shard as usize * 128 + 30..][..70]);
        }
        let plot = MemoryPlot::holding(damaged.bytes);
        plot.restore_shards(&STRIPE, &missing).unwrap();
        assert_eq!(plot.finish(), whole, "{missing:?}");
    }
}

#[test]
fn a_stripe_that_cannot_be_is_refused() {
    let plot = MemoryPlot::holding(content());
    for stripe in [
        Stripe { data: 0, ..STRIPE },
        Stripe { parity: u32::MAX, ..STRIPE },
        Stripe { shard_bytes: 96, ..STRIPE },
        Stripe { offset: u64::MAX, ..STRIPE },
        Stripe { offset: 65, ..STRIPE },
    ] {
        assert!(plot.encode_shards(&stripe).is_err(), "{stripe:?}");
    }
    assert!(plot.restore_shards(&STRIPE, &[0, 1, 2, 3]).is_err());
    assert!(plot.restore_shards(&STRIPE, &[2, 1]).is_err());
    assert!(plot.finish().recover_shard(&STRIPE, &[1], 2, Extent { offset: 0, len: 1 }).is_err());
}
