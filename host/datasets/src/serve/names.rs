//! The names that a server is asked by.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Uri, header};

/// Names of this machine, and those that its operator gave it.
///
/// A stranger's page can have its own name point here and then read the answers, as both are of one origin to the
/// visitor's browser. It cannot have an address point here: where all addresses are listened on, any is taken.
#[derive(Debug, Clone)]
pub(super) struct Names {
    address: IpAddr,
    given: Vec<String>,
}

impl Names {
    pub(super) const fn of(address: SocketAddr) -> Self {
        Self { address: address.ip(), given: Vec::new() }
    }

    pub(super) fn and(self, given: impl IntoIterator<Item = String>) -> Self {
        let given = self.given.into_iter().chain(given).collect();
        Self { given, ..self }
    }

    /// Whether a request is meant for this server: by its one `Host`, and by its address where that names a host too.
    pub(super) fn are_asked(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let is_named = |host: &str| self.have(host);
        hosts.next().is_none()
            && host.is_some_and(is_named)
            && uri.authority().is_none_or(|authority| is_named(authority.as_str()))
    }

    /// Whether this is one of them, with a port or without.
    fn have(&self, host: &str) -> bool {
        let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let name = match host.rsplit_once(':') {
            Some((name, port)) if is_port(port) => name,
            _ => host,
        };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let is_ours = |ip: IpAddr| ip.is_loopback() || ip == self.address || self.address.is_unspecified();
        name.eq_ignore_ascii_case("localhost")
            || bare.parse().is_ok_and(is_ours)
            || self.given.iter().any(|given| given.eq_ignore_ascii_case(name))
    }

    /// What they are, for whoever asked by another.
    pub(super) fn told(&self) -> String {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
        match self.address {
            ip if ip.is_unspecified() => names.push("any address of this machine".to_owned()),
            ip if !ip.is_loopback() => names.push(ip.to_string()),
            _ => {}
        }
        names.extend(self.given.iter().cloned());
        format!("These pages answer to {} alone.", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Names {
        Names::of(SocketAddr::new(address.parse().unwrap(), 9_997))
    }

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        let names = of("127.0.0.1");
        for host in
            ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:80", "127.9.9.9", "[::1]:8080", "[::1]"]
        {
            assert!(names.have(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "example.org:8080",
            "localhost.example.org",
            "127.0.0.1.example.org:80",
            "192.168.1.5:9997",
        ] {
            assert!(!names.have(host), "{host}");
        }
    }

    #[test]
    fn an_address_for_others_answers_to_itself_and_to_the_names_it_was_given() {
        let names = of("192.168.1.5").and(["archive.lan".to_owned()]);
        for host in ["192.168.1.5:9997", "192.168.1.5", "localhost", "Archive.LAN:9997"] {
            assert!(names.have(host), "{host}");
        }
        for host in ["192.168.1.6", "rebound.example.org:9997", "archive.lan.example.org"] {
            assert!(!names.have(host), "{host}");
        }
        assert!(names.told().ends_with("[::1], 192.168.1.5, archive.lan alone."), "{}", names.told());
        assert!(of("0.0.0.0").have("10.1.2.3:9997") && !of("0.0.0.0").have("rebound.example.org"));
        assert!(of("::").have("[fe80::1]:9997") && !of("::").have("fe80.example.org"));
    }

    #[test]
    fn two_hosts_or_another_one_in_the_address_are_none() {
        let asked = |uri: &str, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, axum::http::HeaderValue::from_static(host));
            }
            of("127.0.0.1").are_asked(&uri.parse().unwrap(), &headers)
        };
        assert!(asked("/96", &["localhost"]) && asked("http://127.0.0.1:80/96", &["localhost"]));
        assert!(!asked("/96", &[]) && !asked("/96", &["localhost", "example.org"]));
        assert!(!asked("http://example.org/96", &["localhost"]));
    }
}
