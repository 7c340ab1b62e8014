//! Every cap of the wire in one place.

use std::time::Duration;

/// Most bytes of one challenge.
pub const MAX_CHALLENGE_BYTES: usize = 64 * 1024;
/// Most bytes of one proof.
pub const MAX_PROOF_BYTES: usize = 64 * 1024;
/// Most bytes of one request's body: the longest challenge in hex, and room for the other fields.
pub const MAX_REQUEST_BYTES: usize = 2 * MAX_CHALLENGE_BYTES + 4 * 1024;
/// Most bytes of a registration set as it crosses the wire.
pub const MAX_SET_BYTES: usize = 64 * 1024;
/// Most bytes of a refusal's body.
pub const MAX_REFUSAL_BYTES: usize = 4 * 1024;
/// Most registrations of one miner.
pub const MAX_REGISTRATIONS: usize = 512;

/// The oldest request that is taken, to the nanosecond.
pub const MAX_AGE_NS: u64 = 10_000_000_000;
/// The furthest future-dated request that is taken, to the nanosecond.
pub const MAX_AHEAD_NS: u64 = 2_000_000_000;

/// What a miner's server lets one caller, and all callers together, take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireLimits {
    /// Most bytes of a request's body; beyond it 413, found while reading.
    pub request_bytes: usize,
    /// Most bytes of a request's head; beyond it 431. At least 8 KiB.
    pub head_bytes: usize,
    /// How long a head may take, also between two requests of one connection.
    pub head_within: Duration,
    /// How long a body may take.
    pub body_within: Duration,
    /// How long the miner may think about one request, waiting for its turn included.
    pub answer_within: Duration,
    /// How long one connection may live, whatever it does.
    pub connection_within: Duration,
    /// How long it may live where no request of it was taken yet.
    pub stranger_within: Duration,
    /// Open connections; one more is told so and closed. Times `request_bytes` is the most memory that
    /// strangers can hold.
    pub connections: usize,
    /// Open connections of one address; of IPv6, all that share their first 64 bits are one.
    pub connections_per_address: usize,
    /// Of a hundred open connections, how many are kept for addresses from which a validator's request was taken
    /// within the last hour, so that strangers cannot shut out whoever is served.
    pub connections_kept_percent: usize,
    /// Requests that the miner works on at once; others wait for their turn.
    pub answers_at_once: usize,
    /// How many of them may be one caller's, so that no caller makes the miner late for others.
    pub answers_at_once_per_caller: usize,
    /// Requests that one hotkey may send in one go.
    pub burst: u32,
    /// Time after which a hotkey may send one more.
    pub refill: Duration,
    /// Requests signed at or before this time are refused. `None` is whatever the log of taken requests says,
    /// and without one ([`ReplayKeeping::Memory`](crate::server::ReplayKeeping)) the time at which the router is
    /// made, so that a restart does not open the door to what was answered before it.
    pub nonce_floor_ns: Option<u64>,
    /// Large bodies that move at once, of all callers; one of each.
    pub streams_at_once: usize,
    /// Most bytes of a large body.
    pub stream_bytes: u64,
    /// The slowest that a large body may move on the whole, once [`body_within`](Self::body_within) is over; it
    /// must not stand still for that long either. As long as it moves, the connection lives.
    pub stream_bytes_per_second: u64,
    /// How long open requests may go on once the server was told to stop.
    pub drain_within: Duration,
}

impl Default for WireLimits {
    fn default() -> Self {
        Self {
            request_bytes: MAX_REQUEST_BYTES,
            head_bytes: 16 * 1024,
            head_within: Duration::from_secs(5),
            body_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(120),
            connection_within: Duration::from_secs(300),
            stranger_within: Duration::from_secs(15),
            connections: 512,
            connections_per_address: 64,
            connections_kept_percent: 25,
            answers_at_once: 16,
            answers_at_once_per_caller: 2,
            burst: 64,
            refill: Duration::from_millis(100),
            nonce_floor_ns: None,
            streams_at_once: 4,
            stream_bytes: 1 << 30,
            stream_bytes_per_second: 256 << 10,
            drain_within: Duration::from_secs(10),
        }
    }
}
