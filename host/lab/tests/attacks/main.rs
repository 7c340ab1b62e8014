//! The attacks from outside: schemes that are broken on purpose are caught, mended and shipped ones are not.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod broken;
mod guests;
mod lotteries;
mod shipped;
