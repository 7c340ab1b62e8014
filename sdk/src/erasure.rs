//! Reed-Solomon shards, as the host plays them: functions of [`crate::Plot`] and [`crate::Region`]. The code and
//! its bounds stand in `wit/erasure.wit`. Natively they need the SDK's feature `erasure`.

/// Where a stripe of shards lies and how it is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stripe {
    /// First byte of the first shard.
    pub offset: u64,
    /// Bytes of one shard: a multiple of 64.
    pub shard_bytes: u64,
    /// Number of data shards.
    pub data: u32,
    /// Number of parity shards behind them; all together 4096 at most.
    pub parity: u32,
}
