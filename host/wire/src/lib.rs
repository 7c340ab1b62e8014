//! Signed HTTP between validator and miner, and the evidence log.
