//! What the hub does wrong: for one repository, or for every n-th request at a seeded rate.

/// When a client is told to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It is not told.
    Untold,
    /// After so many seconds.
    Seconds(u64),
    /// At a date so many seconds from now.
    Date(u64),
}

/// One way of answering badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 429.
    TooMany(Wait),
    /// 503.
    Unavailable(Wait),
    /// The connection breaks after so many bytes of the body.
    Cut(usize),
    /// Nothing more comes after so many bytes of the body; the connection stays open.
    Stall(usize),
    /// No answer at all.
    Silent,
    /// A complete answer of the first half of the bytes.
    HalfLength,
    /// The byte at this place is another.
    WrongByte(usize),
    /// Another commit than asked is said to be served.
    WrongCommit,
    /// The etag is that of other bytes.
    WrongEtag,
    /// The etag of a plain file is marked as a weak one: no rest can be asked for by it.
    WeakEtag,
    /// The host of large files takes the link for one that has expired.
    ExpiredLink,
    /// The bytes are fetched from the other host, also those of a plain file.
    ForeignRedirect,
    /// The address leads to itself.
    RedirectLoop,
    /// The body never ends, and its length is not told.
    Endless,
    /// The body is said to be compressed although it was not to be.
    Gzip,
    /// Headers of so many bytes.
    HugeHeaders(usize),
    /// These names stand in the listing beside the real ones.
    HostileNames(Vec<String>),
}

impl Fault {
    /// Whether it concerns the answer that carries the bytes, not the one that leads to it.
    pub(crate) fn is_of_body(&self) -> bool {
        matches!(
            self,
            Self::Cut(_)
                | Self::Stall(_)
                | Self::HalfLength
                | Self::WrongByte(_)
                | Self::Endless
                | Self::Gzip
                | Self::ExpiredLink
        )
    }
}

/// Faults that strike any request for a file, in thousandths; which, follows from the seed and the request's number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// What the choice is drawn from.
    pub seed: u64,
    /// 429 with `Retry-After`.
    pub too_many: u32,
    /// 503.
    pub unavailable: u32,
    /// Cut in the middle.
    pub cut: u32,
    /// Silent in the middle.
    pub stall: u32,
    /// What a 429 says, in seconds.
    pub retry_after_s: u64,
}

impl Rates {
    /// The fault of the `n`-th request, if it has one; `half` is half of the file's bytes.
    pub(crate) fn strike(&self, n: u64, half: usize) -> Option<Fault> {
        let drawn =
            u32::try_from(crate::shape::mix(self.seed ^ n.wrapping_mul(0x9e37_79b9)) % 1000).unwrap_or(0);
        let faults = [
            (self.too_many, Fault::TooMany(Wait::Seconds(self.retry_after_s))),
            (self.unavailable, Fault::Unavailable(Wait::Untold)),
            (self.cut, Fault::Cut(half)),
            (self.stall, Fault::Stall(half)),
        ];
        let mut below = 0;
        faults.into_iter().find_map(|(rate, fault)| {
            below += rate;
            (drawn < below).then_some(fault)
        })
    }
}
