//! Reed-Solomon shards: the stripe's own reading and writing against the crate on vectors.

use std::hint::black_box;

use plimsoll_kernels::erasure::{Stripe, encode_shards, restore_shards};
use plimsoll_plugin::MemorySpace;
use reed_solomon_simd::{decode, encode};

use super::kernel::{Done, Kernel, prepared};

const DATA: u32 = 16;
const PARITY: u32 = 4;
const SHARD_BYTES: u64 = 256 << 10;
const STRIPE: Stripe = Stripe { offset: 0, shard_bytes: SHARD_BYTES, data: DATA, parity: PARITY };
/// As many as there are parity shards, all of them data.
const MISSING: [u32; PARITY as usize] = [0, 5, 10, 15];
const DATA_BYTES: u64 = DATA as u64 * SHARD_BYTES;
const CRATE: &str = "crate reed-solomon-simd";

pub(super) fn kernels() -> Vec<Kernel> {
    let shards = format!("{DATA} + {PARITY} shards of 256 KiB");
    let encoding =
        prepared(|| Ok(stripe()), |plot: &mut MemorySpace| Ok(encode_shards(black_box(plot), &STRIPE)?));
    let restoring = prepared(encoded, |plot: &mut MemorySpace| {
        Ok(restore_shards(black_box(plot), &STRIPE, black_box(&MISSING))?)
    });
    vec![
        Kernel::of_bytes(format!("reed-solomon encode, {shards}"), DATA_BYTES, encoding)
            .against(CRATE, crate_encodes()),
        Kernel::of_bytes(format!("reed-solomon restore 4 of {shards}"), DATA_BYTES, restoring)
            .against(CRATE, crate_decodes()),
    ]
}

fn data() -> Vec<Vec<u8>> {
    let mut output = blake3::Hasher::new().finalize_xof();
    let shard = |_| {
        let mut shard = vec![0; SHARD_BYTES as usize];
        output.fill(&mut shard);
        shard
    };
    (0..DATA).map(shard).collect()
}

/// The data shards, and room for the parity.
fn stripe() -> MemorySpace {
    let mut bytes = data().concat();
    bytes.resize((u64::from(DATA + PARITY) * SHARD_BYTES) as usize, 0);
    MemorySpace::with(bytes)
}

fn encoded() -> Result<MemorySpace, Box<dyn std::error::Error>> {
    let plot = stripe();
    encode_shards(&plot, &STRIPE)?;
    Ok(plot)
}

fn crate_encodes() -> impl FnMut() -> Done {
    prepared(
        || Ok(data()),
        |data: &mut Vec<Vec<u8>>| {
            black_box(encode(DATA as usize, PARITY as usize, black_box(&*data))?);
            Ok(())
        },
    )
}

fn crate_decodes() -> impl FnMut() -> Done {
    let make = || {
        let data = data();
        let parity = encode(DATA as usize, PARITY as usize, &data)?;
        Ok((data, parity))
    };
    prepared(make, |(data, parity): &mut (Vec<Vec<u8>>, Vec<Vec<u8>>)| {
        let there = data.iter().enumerate().filter(|(index, _)| !MISSING.contains(&(*index as u32)));
        black_box(decode(DATA as usize, PARITY as usize, there, parity.iter().enumerate())?);
        Ok(())
    })
}
