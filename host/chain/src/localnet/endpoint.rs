//! How the operator names a chain.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Bittensor, BittensorOptions, Chain, ChainError, LedgerClient, Places};

/// Where `plimsoll localnet` listens and everything else looks for it.
pub const DEFAULT_LOCAL_ENDPOINT: &str = "local://127.0.0.1:9933";

/// A chain's address. Reads and prints `local://HOST:PORT` of a local ledger, where HOST is a loopback address or
/// `localhost`, or the [`Places`] of Bittensor: a network's name, or nodes as `wss://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// A local ledger on loopback.
    Local(SocketAddr),
    /// Nodes of a Bittensor network.
    Bittensor(Places),
}

/// A client of the chain that `endpoint` names, with the usual settings. Nothing is sent yet.
///
/// `reveals` is the folder in which whoever sets weights keeps what opens those that a subnet hides behind a hash.
/// Without it such weights are refused before anything is sent: what is hidden could never be revealed.
///
/// # Errors
/// As [`LedgerClient::new`].
pub fn connect(endpoint: &Endpoint, reveals: Option<&Path>) -> Result<Arc<dyn Chain>, ChainError> {
    match endpoint {
        Endpoint::Local(at) => Ok(Arc::new(LedgerClient::new(*at)?)),
        Endpoint::Bittensor(places) => {
            let reveals = reveals.map(Path::to_owned);
            let options = BittensorOptions { reveals, ..BittensorOptions::of(places.clone()) };
            Ok(Arc::new(Bittensor::new(options)))
        }
    }
}

impl FromStr for Endpoint {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let written = text;
        let text = text.trim();
        let bad = |why: &str| ChainError::Endpoint { text: written.to_owned(), why: why.to_owned() };
        let Some(place) = text.strip_prefix("local://") else {
            return text.parse().map(Self::Bittensor);
        };
        let Some((host, port)) = place.trim_end_matches('/').rsplit_once(':') else {
            return Err(bad("the port is missing"));
        };
        let port: u16 = port
            .parse()
            .ok()
            .filter(|&port| port != 0)
            .ok_or_else(|| bad("the port is no number from 1 to 65535"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let ip = match bare {
            "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            _ => bare.parse().map_err(|_| bad("the host is neither an IP address nor `localhost`"))?,
        };
        let at = SocketAddr::new(ip, port);
        if ip.is_loopback() { Ok(Self::Local(at)) } else { Err(ChainError::NotLoopback { at }) }
    }
}

impl Endpoint {
    /// The endpoint for reports and records: of a node's address only scheme, host and port, because the rest may
    /// hold a key.
    pub fn shown(&self) -> String {
        match self {
            Self::Local(_) => self.to_string(),
            Self::Bittensor(places) => places.shown(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(at) => write!(f, "local://{at}"),
            Self::Bittensor(places) => places.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn local_endpoints_read_in_all_their_forms() {
        for (text, at) in [
            ("local://127.0.0.1:9933", "127.0.0.1:9933"),
            ("local://localhost:9933", "127.0.0.1:9933"),
            ("local://[::1]:80/", "[::1]:80"),
            (" local://127.0.0.2:1 ", "127.0.0.2:1"),
            (DEFAULT_LOCAL_ENDPOINT, "127.0.0.1:9933"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap(), Endpoint::Local(at.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_no_endpoint_says_what_one_looks_like() {
        let said = |text: &str| text.parse::<Endpoint>().unwrap_err().to_string();
        assert_eq!(
            said("http://127.0.0.1:9933"),
            "`http://127.0.0.1:9933` is no chain endpoint: it is neither a network nor an address; write \
             `local://127.0.0.1:9933` for a local ledger, `finney`, `test` or `local` for a Bittensor network, or \
             `wss://HOST:PORT` for a node"
        );
        assert!(said("local://127.0.0.1").contains("the port is missing"));
        assert!(said("local://127.0.0.1:0").contains("no number from 1 to 65535"));
        assert!(said("local://127.0.0.1:99999").contains("no number from 1 to 65535"));
        assert!(said("local://example.org:80").contains("neither an IP address nor `localhost`"));
        assert!(said("").contains("it is neither a network nor an address"));
        assert_eq!(
            said("local://10.0.0.7:9933"),
            "10.0.0.7:9933 is reachable from other machines: a local ledger is on loopback only, such as \
             127.0.0.1:9933"
        );
    }

    #[test]
    fn networks_and_nodes_of_bittensor_are_endpoints_too() {
        for text in
            ["wss://entrypoint-finney.opentensor.ai:443", "ws://127.0.0.1:9944", "finney", "test", "local"]
        {
            let endpoint: Endpoint = text.parse().unwrap();
            assert!(matches!(endpoint, Endpoint::Bittensor(_)), "{text}");
            assert_eq!(endpoint.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn an_endpoint_survives_its_own_text(v6: bool, host in 0u8.., port in 1u16..) {
            let ip: IpAddr = if v6 { "::1".parse().unwrap() } else { Ipv4Addr::new(127, 0, 0, host).into() };
            let endpoint = Endpoint::Local(SocketAddr::new(ip, port));
            prop_assert_eq!(endpoint.to_string().parse::<Endpoint>().unwrap(), endpoint);
        }

        #[test]
        fn no_text_makes_the_reader_panic_and_no_ledger_but_on_loopback_passes(text in ".{0,40}") {
            if let Ok(Endpoint::Local(at)) = text.parse() {
                prop_assert!(at.ip().is_loopback());
            }
        }
    }
}
