//! Trait Chain, the local ledger and its loopback server, wallets.
