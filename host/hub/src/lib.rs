//! A dataset hub on loopback, for tests, measurements and a first look without a network.
