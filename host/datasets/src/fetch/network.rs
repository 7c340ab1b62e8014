//! The connection: TLS, and what its failures mean.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;

use super::caps::Caps;
use super::refusal::Refusal;
use super::settings::SettingsError;

/// Connections kept for each host beyond the number of jobs.
const SPARE_CONNECTIONS: usize = 2;
const MAX_HEADERS_READ: usize = 512;

/// A client that follows no redirect, asks no proxy, decodes nothing; `trusted` are certificates (PEM) beside the
/// system's.
pub(super) fn client(caps: &Caps, jobs: usize, trusted: &[u8]) -> Result<reqwest::Client, SettingsError> {
    let failed = |why: &dyn std::fmt::Display| SettingsError::Tls { why: why.to_string() };
    let mut roots = rustls::RootCertStore::empty();
    // A broken certificate among the system's is the system's matter: those that can be read are trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in certificates(trusted) {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .http1_only()
        // More are read, so that too many can be told from too large.
        .http1_max_headers(MAX_HEADERS_READ)
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(caps.silence)
        .pool_max_idle_per_host(jobs + SPARE_CONNECTIONS)
        .pool_idle_timeout(Duration::from_secs(60))
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| failed(&error))
}

fn certificates(
    pem: &[u8],
) -> impl Iterator<Item = Result<rustls::pki_types::CertificateDer<'static>, rustls::pki_types::pem::Error>> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::pem_slice_iter(pem).collect::<Vec<_>>().into_iter()
}

/// What it means that no head came.
pub(super) fn no_head(error: &reqwest::Error, caps: &Caps) -> Refusal {
    let tls = caused_by(error, |cause| {
        Some(match cause.downcast_ref()? {
            rustls::Error::InvalidCertificate(_) => Refusal::Untrusted,
            _ => Refusal::Unreachable { why: "no agreement on encryption".to_owned() },
        })
    });
    if let Some(refusal) = tls {
        return refusal;
    }
    let told = caused_by(error, |cause| {
        let cause = cause.downcast_ref::<hyper::Error>()?;
        Some(if cause.is_parse_too_large() {
            Refusal::HeadersTooLarge { cap: caps.header_bytes }
        } else if cause.is_parse() {
            Refusal::NotHttp
        } else {
            Refusal::ClosedEarly
        })
    });
    told.unwrap_or_else(|| Refusal::Unreachable { why: innermost(error) })
}

/// Reads the first cause that `read` knows, from the outside in.
fn caused_by<T>(error: &reqwest::Error, read: impl Fn(&(dyn StdError + 'static)) -> Option<T>) -> Option<T> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(found) = read(cause) {
            return Some(found);
        }
        next = within(cause);
    }
    None
}

/// An I/O error tells the source of what it wraps, and so passes over that itself.
fn within<'e>(cause: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| cause.source())
}

/// The system's own words, without an address, which may carry a signature.
fn innermost(error: &reqwest::Error) -> String {
    let io = caused_by(error, |cause| {
        let io = cause.downcast_ref::<std::io::Error>()?;
        (io.get_ref().is_none() || io.kind() != ErrorKind::Other).then(|| io.kind().to_string())
    });
    let what = if error.is_timeout() { "no connection in time" } else { "no connection" };
    io.unwrap_or_else(|| what.to_owned())
}
