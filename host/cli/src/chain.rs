//! The configured chain, and what its own tools can do where it says no.

use std::sync::Arc;

use plimsoll_chain::wallet::{DEFAULT_PATH, expand_home};
use plimsoll_chain::{Chain, ChainError, Endpoint, Network, Refusal, connect};
use plimsoll_core::{NetUid, Uid};
use plimsoll_node::NodeError;

use crate::config::{Config, Wallet};
use crate::exit::Failure;

/// The configured chain, with what a failure needs to know of it.
pub(crate) struct Configured {
    /// The chain.
    pub(crate) chain: Arc<dyn Chain>,
    netuid: NetUid,
    wallet: Wallet,
}

impl Configured {
    /// For reading and for a miner.
    ///
    /// # Errors
    /// What the chain's client says of the endpoint.
    pub(crate) fn of(config: &Config) -> Result<Self, Failure> {
        Ok(Self::with(config, connect(&config.chain.endpoint, None)?))
    }

    /// For a validator: commits that wait for their reveal are noted beside its evidence.
    ///
    /// # Errors
    /// As [`Configured::of`].
    pub(crate) fn for_validator(config: &Config) -> Result<Self, Failure> {
        let reveals = Some(config.validator.evidence_dir.as_path());
        Ok(Self::with(config, connect(&config.chain.endpoint, reveals)?))
    }

    fn with(config: &Config, chain: Arc<dyn Chain>) -> Self {
        Self { chain, netuid: config.chain.netuid, wallet: config.wallet.clone() }
    }

    /// What the operator can type where an error came of what the chain says of this hotkey.
    pub(crate) fn advice(&self, error: &NodeError) -> Option<String> {
        let refusal = match error {
            NodeError::NotRegistered { hotkey, netuid } => {
                &Refusal::NotRegistered { netuid: *netuid, hotkey: *hotkey }
            }
            NodeError::NoPermit { .. } => &Refusal::NoPermit { uid: Uid(0) },
            NodeError::WeightsRefused { refusal } | NodeError::Chain(ChainError::Refused(refusal)) => refusal,
            _ => return None,
        };
        let text = self.chain.advice(self.netuid, refusal)?;
        Some(with_names(&text, &self.wallet))
    }

    /// An error as the command ends with it.
    pub(crate) fn failure(&self, error: NodeError) -> Failure {
        let advice = self.advice(&error);
        let failure = Failure::from(error);
        match advice {
            Some(advice) if failure.hint.is_none() => failure.hint(advice),
            _ => failure,
        }
    }

    /// The same of the chain's own error.
    pub(crate) fn chain_failure(&self, error: ChainError) -> Failure {
        self.failure(error.into())
    }
}

/// The command with the names of the configured wallet, to be typed as it stands.
fn with_names(text: &str, wallet: &Wallet) -> String {
    let usual = std::env::home_dir().map(|home| expand_home(DEFAULT_PATH, &home));
    let folder = match usual {
        Some(usual) if usual == wallet.path => String::new(),
        _ => format!(" --wallet-path {}", quoted(&wallet.path.display().to_string())),
    };
    let named = format!("--wallet-name {}{folder} --hotkey {}", quoted(&wallet.name), quoted(&wallet.hotkey));
    text.replace("--wallet-name WALLET --hotkey HOTKEY", &named)
}

/// One word of a shell's command.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Whether miners may be anywhere, also on this machine: on a local ledger and on a network of one's own.
pub(crate) fn is_at_home(endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::Local(_) => true,
        Endpoint::Bittensor(places) => places.network() == Some(Network::Local) && places.are_own(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_configured_wallet() {
        let wallet = Wallet { name: "cold".into(), hotkey: "m1".into(), path: "/keys".into() };
        let text = "`btcli subnets register --netuid 7 --wallet-name WALLET --hotkey HOTKEY --network test`";
        assert_eq!(
            with_names(text, &wallet),
            "`btcli subnets register --netuid 7 --wallet-name cold --wallet-path /keys --hotkey m1 --network test`"
        );
        let wallet = Wallet { name: "my cold".into(), hotkey: "it's".into(), path: "/my keys".into() };
        assert_eq!(
            with_names("--wallet-name WALLET --hotkey HOTKEY", &wallet),
            r"--wallet-name 'my cold' --wallet-path '/my keys' --hotkey 'it'\''s'"
        );
    }

    #[test]
    fn only_a_network_of_ones_own_may_have_miners_on_private_addresses() {
        let home = |text: &str| is_at_home(&text.parse().unwrap());
        assert!(home("local://127.0.0.1:9933") && home("local"));
        // A node on this machine is as likely one of the main network.
        assert!(!home("ws://127.0.0.1:9944") && !home("finney"));
    }
}
