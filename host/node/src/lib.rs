//! Generate, verify, mine, validate: the epochs.
