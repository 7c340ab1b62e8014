//! Where Bittensor is: networks by name, nodes by address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use plimsoll_core::Digest;

use crate::ChainError;

/// A network, by the name that Bittensor's own tools give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Network {
    /// The main network.
    Finney,
    /// The test network, whose tokens are worth nothing.
    Test,
    /// A node of one's own on this machine.
    Local,
}

/// Nodes that are as good as each other: those of a network, or some that are named.
#[derive(Clone, PartialEq, Eq)]
pub struct Places {
    network: Option<Network>,
    nodes: Vec<String>,
}

/// Hash of finney's block 0.
const FINNEY_GENESIS: [u8; 32] = [
    0x2f, 0x05, 0x55, 0xcc, 0x76, 0xfc, 0x28, 0x40, 0xa2, 0x5a, 0x6e, 0xa3, 0xb9, 0x63, 0x71, 0x46, 0x80,
    0x6f, 0x1f, 0x44, 0xb0, 0x90, 0xc1, 0x75, 0xff, 0xde, 0x2a, 0x7e, 0x5a, 0xb3, 0x6c, 0x03,
];

impl Network {
    /// Its public nodes, the first to be tried first.
    #[must_use]
    pub const fn nodes(self) -> &'static [&'static str] {
        match self {
            Self::Finney => &[
                "wss://entrypoint-finney.opentensor.ai:443",
                "wss://lite.chain.opentensor.ai:443",
                "wss://lite.sub.latent.to:443",
            ],
            Self::Test => &["wss://test.finney.opentensor.ai:443"],
            Self::Local => &["ws://127.0.0.1:9944"],
        }
    }

    /// The hash of its block 0, where that never changes.
    #[must_use]
    pub const fn genesis(self) -> Option<Digest> {
        match self {
            Self::Finney => Some(Digest(FINNEY_GENESIS)),
            Self::Test | Self::Local => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Finney => "finney",
            Self::Test => "test",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Network {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "finney" | "mainnet" | "main" => Ok(Self::Finney),
            "test" | "testnet" => Ok(Self::Test),
            "local" => Ok(Self::Local),
            _ => Err(bad(text, "it is none of the networks `finney`, `test` and `local`")),
        }
    }
}

impl From<Network> for Places {
    fn from(network: Network) -> Self {
        let nodes = network.nodes().iter().map(|&node| node.to_owned()).collect();
        Self { network: Some(network), nodes }
    }
}

impl Places {
    /// The nodes, the first to be tried first.
    #[must_use]
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// The network, where it was named.
    #[must_use]
    pub const fn network(&self) -> Option<Network> {
        self.network
    }

    /// These nodes, held to be of `network`.
    #[must_use]
    pub fn of_network(self, network: Network) -> Self {
        Self { network: Some(network), ..self }
    }

    /// Whether all nodes are on this machine, where nobody counts requests.
    #[must_use]
    pub fn are_own(&self) -> bool {
        self.nodes.iter().all(|node| host_of(node).is_some_and(is_this_machine))
    }
}

impl Places {
    /// The network's name or the nodes, without what stands behind their ports: that may hold a key.
    pub(crate) fn shown(&self) -> String {
        match self.network {
            Some(network) if network.nodes().iter().eq(self.nodes.iter()) => network.to_string(),
            _ => self.nodes.iter().map(|node| shown(node)).collect::<Vec<_>>().join(","),
        }
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Places({})", self.shown())
    }
}

/// Scheme, host and port of a node's address; three dots for the rest.
pub(super) fn shown(node: &str) -> String {
    let (scheme, rest) = node.split_at(node.find("://").map_or(0, |at| at + 3));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(_, host)| ("…@", host));
    let path = if path.len() > 1 { "/…" } else { "" };
    format!("{scheme}{user}{host}{path}")
}

/// The same for what an operator wrote, with commas between addresses.
pub(crate) fn shown_all(text: &str) -> String {
    text.split(',').map(shown).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.network {
            Some(network) if network.nodes().iter().eq(self.nodes.iter()) => network.fmt(f),
            _ => f.write_str(&self.nodes.join(",")),
        }
    }
}

impl FromStr for Places {
    type Err = ChainError;

    /// A network's name, or addresses of nodes with commas between them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.contains("://") {
            return text
                .parse::<Network>()
                .map(Self::from)
                .map_err(|_| bad(text, "it is neither a network nor an address"));
        }
        let nodes = text.split(',').map(|node| node_of(text, node.trim())).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { network: None, nodes })
    }
}

fn bad(text: &str, why: &str) -> ChainError {
    ChainError::Endpoint { text: shown_all(text), why: why.to_owned() }
}

fn node_of(text: &str, node: &str) -> Result<String, ChainError> {
    let encrypted = node.starts_with("wss://");
    if !encrypted && !node.starts_with("ws://") {
        return Err(bad(text, "it is neither a network nor an address"));
    }
    let host = host_of(node)
        .ok_or_else(|| bad(text, "it has no host, or a port that is no number from 1 to 65535"))?;
    if !encrypted && !is_near(host) {
        let why = "what is spoken with it over `ws://` can be read and changed on the way: write `wss://`";
        return Err(bad(text, why));
    }
    Ok(node.to_owned())
}

/// The host of `ws://HOST[:PORT][/PATH]`.
fn host_of(node: &str) -> Option<&str> {
    let (_, rest) = node.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let good = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    if authority.is_empty() || !authority.chars().all(good) {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (host, port) = v6.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port_is_good = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    (port_is_good && !host.is_empty()).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// This machine, a private network, or a name without a dot, which only a private network has.
fn is_near(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => !host.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(text: &str) -> String {
        text.parse::<Places>().unwrap_err().to_string()
    }

    #[test]
    fn networks_have_their_nodes_and_print_as_they_are_called() {
        let finney: Places = "finney".parse().unwrap();
        assert_eq!(finney.nodes()[0], "wss://entrypoint-finney.opentensor.ai:443");
        assert_eq!(finney.nodes().len(), 3);
        for (text, name) in
            [("Finney", "finney"), (" mainnet ", "finney"), ("testnet", "test"), ("local", "local")]
        {
            assert_eq!(text.parse::<Places>().unwrap().to_string(), name);
        }
        assert!(!finney.are_own() && Places::from(Network::Local).are_own());
        let genesis = Network::Finney.genesis().unwrap().to_string();
        assert_eq!(genesis, "2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03");
    }

    #[test]
    fn several_nodes_are_one_endpoint_and_may_be_said_to_be_of_a_network() {
        let text = "wss://a.example:443,wss://b.example/path";
        let places: Places = "wss://a.example:443, wss://b.example/path".parse().unwrap();
        assert_eq!(places.to_string(), text);
        let of = places.of_network(Network::Finney);
        assert_eq!((of.network(), of.to_string().as_str()), (Some(Network::Finney), text));
    }

    #[test]
    fn what_stands_behind_the_port_is_not_shown() {
        let keyed: Places =
            "wss://a.example:443/v1/s3cret,wss://b.example?key=s3cret,wss://c.example/".parse().unwrap();
        assert_eq!(keyed.shown(), "wss://a.example:443/…,wss://b.example/…,wss://c.example");
        assert_eq!(Places::from(Network::Finney).shown(), "finney");
    }

    #[test]
    fn nothing_that_may_be_a_key_is_in_an_error_or_a_debug_print() {
        for (text, shown) in [
            ("ws://a.example/v1/s3cret", "ws://a.example/…"),
            ("a.example/s3cret", "a.example/…"),
            ("wss://me:s3cret@a.example", "wss://…@a.example"),
            ("wss://a.example/s3cret,http://b.example?key=s3cret", "wss://a.example/…,http://b.example/…"),
        ] {
            let said = said(text);
            assert!(said.starts_with(&format!("`{shown}` is no chain endpoint: ")), "{said}");
            assert!(!said.contains("s3cret"));
        }
        let keyed: Places = "wss://a.example/s3cret".parse().unwrap();
        assert_eq!(format!("{keyed:?}"), "Places(wss://a.example/…)");
        let options = format!("{:?}", crate::BittensorOptions::of(keyed.clone()));
        let endpoint = format!("{:?}", crate::Endpoint::Bittensor(keyed));
        assert!(!options.contains("s3cret") && !endpoint.contains("s3cret"), "{options} {endpoint}");
    }

    #[test]
    fn plain_websockets_stay_near() {
        for near in [
            "ws://127.0.0.1:9944",
            "ws://localhost",
            "ws://[::1]:9944",
            "ws://10.0.0.7:9944",
            "ws://subtensor:9944",
        ] {
            assert_eq!(near.parse::<Places>().unwrap().to_string(), near);
        }
        for far in ["ws://example.org", "ws://8.8.8.8:9944", "ws://[2001:db8::1]:9944"] {
            assert!(
                said(far).contains("over `ws://` can be read and changed on the way: write `wss://`"),
                "{far}"
            );
        }
    }

    #[test]
    fn what_is_no_place_says_what_one_looks_like() {
        assert_eq!(
            said("moon"),
            "`moon` is no chain endpoint: it is neither a network nor an address; write `local://127.0.0.1:9933` for a \
             local ledger, `finney`, `test` or `local` for a Bittensor network, or `wss://HOST:PORT` for a node"
        );
        for bad in ["wss://", "wss://host:0", "wss://host:99999", "wss://[::1", "wss://a,http://b"] {
            assert!(said(bad).starts_with(&format!("`{bad}` is no chain endpoint")), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}", host in "[a-z0-9:.\\[\\]]{0,20}") {
            let _ = text.parse::<Places>();
            if let Ok(places) = format!("wss://{host}").parse::<Places>() {
                prop_assert_eq!(places.to_string().parse::<Places>().unwrap(), places);
            }
        }
    }
}
