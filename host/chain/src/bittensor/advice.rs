//! What an operator can type where the chain said no. Tokens are for Bittensor's own tool to move.

use plimsoll_core::NetUid;

use super::Places;
use super::places::shown;
use crate::Refusal;

/// The command of `btcli` that changes what led to this refusal, if there is one.
pub(crate) fn advice(places: &Places, netuid: NetUid, refusal: &Refusal) -> Option<String> {
    let network = match (places.network(), places.nodes().first()) {
        (Some(network), _) => network.to_string(),
        // What can be typed as it stands; a path may hold a key.
        (None, Some(node)) if shown(node) == *node => node.clone(),
        _ => "<your endpoint>".to_owned(),
    };
    let with = |verb: &str| {
        format!("`btcli {verb} --netuid {netuid} --wallet-name WALLET --hotkey HOTKEY --network {network}`")
    };
    Some(match refusal {
        Refusal::NotRegistered { .. } => format!("register it with {}", with("subnets register")),
        Refusal::StakeTooLow { .. } => format!("add stake with {}", with("stake add")),
        Refusal::NoPermit { .. } => {
            format!(
                "permits go to those with the most stake at every epoch; add some with {}",
                with("stake add")
            )
        }
        Refusal::NoSubnet { .. } => {
            format!("`btcli subnets list --network {network}` lists those that there are")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{Hotkey, Uid};

    use super::*;
    use crate::bittensor::Network;

    #[test]
    fn what_takes_tokens_is_told_as_the_exact_command() {
        let said = |places: Places, refusal: Refusal| advice(&places, NetUid(7), &refusal);
        let stranger = Refusal::NotRegistered { netuid: NetUid(7), hotkey: Hotkey([1; 32]) };
        assert_eq!(
            said(Network::Test.into(), stranger.clone()).unwrap(),
            "register it with `btcli subnets register --netuid 7 --wallet-name WALLET --hotkey HOTKEY --network test`"
        );
        let node: Places = "ws://127.0.0.1:9944".parse().unwrap();
        assert!(said(node, stranger).unwrap().ends_with("--network ws://127.0.0.1:9944`"));
        let keyed: Places = "wss://a.example/s3cret".parse().unwrap();
        let gone = said(keyed, Refusal::NoSubnet { netuid: NetUid(7) }).unwrap();
        assert_eq!(gone, "`btcli subnets list --network <your endpoint>` lists those that there are");
        let poor = Refusal::StakeTooLow { found_rao: 1, least_rao: 2 };
        assert_eq!(
            said(Network::Finney.into(), poor).unwrap(),
            "add stake with `btcli stake add --netuid 7 --wallet-name WALLET --hotkey HOTKEY --network finney`"
        );
        let permit = said(Network::Finney.into(), Refusal::NoPermit { uid: Uid(3) }).unwrap();
        assert!(
            permit.starts_with("permits go to those with the most stake")
                && permit.contains("btcli stake add")
        );
        assert_eq!(said(Network::Finney.into(), Refusal::RateLimited { wait_blocks: 1 }), None);
    }
}
