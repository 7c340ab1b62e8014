//! Where a redirect may lead.

use std::net::IpAddr;

use hyper::header::{HeaderMap, LOCATION};
use url::Url;

use super::endpoint::{Endpoint, address, is_loopback};
use super::refusal::Refusal;
use super::token::Token;

/// Whether a status is a redirect that is followed.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The address that a redirect at `from` leads to, or why it is not followed.
pub(super) fn next(
    from: &Url,
    status: u16,
    headers: &HeaderMap,
    home: &Endpoint,
    token: Option<&Token>,
) -> Result<Url, Refusal> {
    let location = headers.get(LOCATION).ok_or(Refusal::RedirectNowhere { status })?;
    let text = location.to_str().map_err(|_| Refusal::RedirectUnreadable)?;
    let mut to = from.join(text).map_err(|_| Refusal::RedirectUnreadable)?;
    to.set_fragment(None);
    let host = || Token::shown(token, to.host_str().unwrap_or_default());
    if !matches!(to.scheme(), "https" | "http") {
        return Err(Refusal::RedirectScheme { scheme: Token::shown(token, to.scheme()) });
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err(Refusal::RedirectPassword { host: host() });
    }
    if !home.is_loopback() && (is_loopback(&to) || address(&to).is_some_and(is_inside)) {
        return Err(Refusal::RedirectInward { host: host() });
    }
    if to.scheme() == "http" && !is_loopback(&to) {
        return Err(Refusal::RedirectPlain { host: host() });
    }
    Ok(to)
}

/// Addresses that no public hub has a reason to name.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = matches!(v4.octets(), [100, 64..=127, _, _]);
            v4.is_private() || v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() || shared
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(home: &str, to: &str) -> Result<String, Refusal> {
        let home = Endpoint::parse(home).unwrap();
        let from = Url::parse(&format!("{home}/datasets/a/b/resolve/c/data.jsonl")).unwrap();
        let headers = [(LOCATION, to.parse().unwrap())].into_iter().collect();
        next(&from, 302, &headers, &home, None).map(|url| url.to_string())
    }

    #[test]
    fn a_public_hub_cannot_lead_into_this_network() {
        let inward = |host: &str| Err(Refusal::RedirectInward { host: host.to_owned() });
        for host in
            ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
        {
            assert_eq!(led("https://hub.example", &format!("https://{host}/x")), inward(host));
        }
        for host in ["[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]"] {
            let led = led("https://hub.example", &format!("https://{host}/x"));
            assert!(matches!(led, Err(Refusal::RedirectInward { .. })), "{host}: {led:?}");
        }
        assert_eq!(led("https://hub.example", "https://cdn.example/x"), Ok("https://cdn.example/x".into()));
    }

    #[test]
    fn encryption_is_never_given_up() {
        let plain = Err(Refusal::RedirectPlain { host: "cdn.example".into() });
        assert_eq!(led("https://hub.example", "http://cdn.example/x"), plain);
        assert_eq!(led("http://127.0.0.1:9", "http://cdn.example/x"), plain);
        assert_eq!(led("http://127.0.0.1:9", "http://127.0.0.1:10/x"), Ok("http://127.0.0.1:10/x".into()));
        assert_eq!(
            led("https://hub.example", "/datasets/n/m"),
            Ok("https://hub.example/datasets/n/m".into())
        );
    }

    #[test]
    fn other_schemes_and_passwords_are_refused() {
        let scheme = Err(Refusal::RedirectScheme { scheme: "file".into() });
        assert_eq!(led("https://hub.example", "file:///etc/passwd"), scheme);
        let password = Err(Refusal::RedirectPassword { host: "cdn.example".into() });
        assert_eq!(led("https://hub.example", "https://me:secret@cdn.example/x"), password);
        assert_eq!(led("https://hub.example", "https://[nonsense"), Err(Refusal::RedirectUnreadable));
    }
}
