//! Bounds on everything that a hub decides.

use std::time::Duration;

/// What is refused, and after how long something is given up.
#[derive(Debug, Clone)]
pub struct Caps {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files that one run fetches.
    pub run_bytes: u64,
    /// Line ends in one file.
    pub lines: u64,
    /// Bytes of one line.
    pub line_bytes: u64,
    /// Redirects of one request.
    pub redirects: u32,
    /// Bytes of an answer's headers, names and values.
    pub header_bytes: usize,
    /// Headers of an answer.
    pub headers: usize,
    /// Bytes of an answer of the API.
    pub api_bytes: usize,
    /// Pages of a listing.
    pub pages: u32,
    /// Tries in a row that bring nothing new before a file is given up; four times as many in all.
    pub tries: u32,
    /// The first pause between tries; it doubles up to five seconds.
    pub pause: Duration,
    /// Time for a connection, and again for the head of an answer.
    pub silence: Duration,
    /// Time without a byte of the body.
    pub stall: Duration,
    /// Time for one try.
    pub attempt: Duration,
    /// Time for the whole file with all tries and waits.
    pub whole: Duration,
}

impl Default for Caps {
    /// A dataset has 0.18 MB; one a hundred times as large is still taken.
    fn default() -> Self {
        Self {
            file_bytes: 32 << 20,
            run_bytes: 64 << 30,
            lines: 1_000_000,
            line_bytes: 16 << 20,
            redirects: 8,
            header_bytes: 64 << 10,
            headers: 96,
            api_bytes: 8 << 20,
            pages: 256,
            tries: 6,
            pause: Duration::from_millis(100),
            silence: Duration::from_secs(15),
            stall: Duration::from_secs(15),
            attempt: Duration::from_mins(5),
            whole: Duration::from_mins(20),
        }
    }
}
