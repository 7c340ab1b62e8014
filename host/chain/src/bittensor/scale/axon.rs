//! Where a neuron serves, as the chain writes it.
//!
//! `Axons`: block u64 | version u32 | ip u128 | port u16 | ip type u8 | protocol u8 | two placeholders u8. An IPv4
//! address is its four octets as a big-endian number, so that 8.8.4.4 is 0x08080404.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Cursor, Garbled};
use crate::Refusal;

/// An axon as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AxonRecord {
    pub(crate) ip: u128,
    pub(crate) port: u16,
    pub(crate) ip_type: u8,
}

impl AxonRecord {
    /// From a storage value of 34 bytes.
    pub(crate) fn read(value: &[u8]) -> Result<Self, Garbled> {
        let mut cursor = Cursor::new(value);
        let (_block, _version) = (cursor.u64()?, cursor.u32()?);
        let (ip, port, ip_type) = (cursor.u128()?, cursor.u16()?, cursor.u8()?);
        let _protocol_and_placeholders: [u8; 3] = cursor.array()?;
        cursor.end()?;
        Ok(Self { ip, port, ip_type })
    }

    /// Where that is; `None` for a neuron that never said, or said something that is no address.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        if self.port == 0 || self.ip == 0 {
            return None;
        }
        let ip = match self.ip_type {
            4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(self.ip).ok()?)),
            6 => IpAddr::V6(Ipv6Addr::from(self.ip)),
            _ => return None,
        };
        Some(SocketAddr::new(ip, self.port))
    }
}

/// The number and the type of an IP address in `serve_axon`.
pub(crate) fn axon_fields(ip: IpAddr) -> (u128, u8) {
    match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 4),
        IpAddr::V6(ip) => (u128::from(ip), 6),
    }
}

/// Why the chain, or everybody else, could do nothing with this address.
pub(crate) fn axon_refusal(at: SocketAddr) -> Option<Refusal> {
    let ip = at.ip();
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    if at.port() == 0 || ip.is_unspecified() || ip.is_multicast() || broadcast {
        return Some(Refusal::AxonAddress { at });
    }
    let own = ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || ip == IpAddr::V6(Ipv6Addr::LOCALHOST);
    own.then_some(Refusal::AxonLoopback { at })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STORED: &str = "e80300000000000001000000040408080000000000000000000000009b1f04040000";

    #[test]
    fn an_axon_that_a_runtime_stored_reads_back() {
        let axon = AxonRecord::read(&hex::decode(STORED).unwrap()).unwrap();
        assert_eq!(axon.address(), Some("8.8.4.4:8091".parse().unwrap()));
    }

    #[test]
    fn addresses_are_numbers_as_the_chain_counts() {
        for (ip, number) in [("8.8.4.4", 134_743_044), ("127.0.0.2", 2_130_706_434), ("0.0.0.1", 1)] {
            assert_eq!(axon_fields(ip.parse().unwrap()), (number, 4), "{ip}");
        }
        assert_eq!(axon_fields("::2".parse().unwrap()), (2, 6));
    }

    #[test]
    fn what_was_never_said_or_is_no_address_is_none() {
        let axon = |ip, port, ip_type| AxonRecord { ip, port, ip_type }.address();
        assert_eq!(axon(0, 0, 0), None);
        assert_eq!(axon(1 << 40, 80, 4), None);
        assert_eq!(axon(1, 80, 5), None);
        assert_eq!(axon(1, 80, 6), Some("[::1]:80".parse().unwrap()));
    }

    #[test]
    fn addresses_that_the_chain_or_nobody_can_use_are_refused_with_the_reason() {
        let said = |at: &str| axon_refusal(at.parse().unwrap()).map(|refusal| refusal.to_string());
        for at in ["8.8.8.8:0", "0.0.0.0:80", "[::]:80", "255.255.255.255:80", "224.0.0.1:80"] {
            assert!(said(at).unwrap().contains("nobody can reach port 0"), "{at}");
        }
        for at in ["127.0.0.1:80", "[::1]:80"] {
            let text = format!(
                "{at} cannot be an axon: the chain takes neither 127.0.0.1 nor ::1; give the address that others \
                 reach this machine at"
            );
            assert_eq!(said(at), Some(text));
        }
        for at in ["127.0.0.2:80", "10.0.0.1:1", "203.0.113.9:65535", "[2001:db8::1]:443"] {
            assert_eq!(said(at), None);
        }
    }

    proptest! {
        #[test]
        fn an_address_survives_the_chain(ip: IpAddr, port in 1u16..) {
            let (number, ip_type) = axon_fields(ip);
            let back = AxonRecord { ip: number, port, ip_type }.address();
            prop_assert_eq!(back, (number != 0).then_some(SocketAddr::new(ip, port)));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let read = AxonRecord::read(&bytes);
            prop_assert_eq!(read.is_ok(), bytes.len() == 34);
        }
    }
}
