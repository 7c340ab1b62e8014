//! The connection: TLS, and what its failures mean.
//!
//! hyper's client, and not `reqwest` around it: a TLS feature of `reqwest` would be on for every other client of the
//! program too, and those are made without certificates, to speak on loopback and in signed plain text.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderValue, USER_AGENT};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

use super::caps::Caps;
use super::refusal::Refusal;
use super::settings::SettingsError;

/// Connections kept for each host beyond the number of jobs.
const SPARE_CONNECTIONS: usize = 2;
const MAX_HEADERS_READ: usize = 512;
const IDLE: Duration = Duration::from_secs(60);
const AGENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));

/// Connections, kept and shared by all requests.
pub(super) type Http = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// A client that follows no redirect, asks no proxy, decodes nothing; `trusted` are certificates (PEM) beside the
/// system's.
pub(super) fn client(caps: &Caps, jobs: usize, trusted: &[u8]) -> Result<Http, SettingsError> {
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
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(caps.silence));
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(jobs + SPARE_CONNECTIONS)
        // More are read, so that too many can be told from too large.
        .http1_max_headers(MAX_HEADERS_READ)
        .build(connector))
}

/// An answer whose head is read.
pub(super) struct Answer(hyper::Response<Incoming>);

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The next bytes of the body, nothing at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        while let Some(frame) = self.0.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

/// Asks for `url`, up to the head of the answer.
pub(super) async fn ask(
    http: &Http,
    method: hyper::Method,
    url: &Url,
    headers: HeaderMap,
    caps: &Caps,
) -> Result<Answer, Refusal> {
    let mut request = hyper::Request::new(Empty::new());
    *request.method_mut() = method;
    *request.uri_mut() = url.as_str().parse().map_err(|_| Refusal::RedirectUnreadable)?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
    http.request(request).await.map(Answer).map_err(|error| no_head(&error, caps))
}

fn certificates(
    pem: &[u8],
) -> impl Iterator<Item = Result<rustls::pki_types::CertificateDer<'static>, rustls::pki_types::pem::Error>> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::pem_slice_iter(pem).collect::<Vec<_>>().into_iter()
}

/// What it means that no head came.
fn no_head(error: &Error, caps: &Caps) -> Refusal {
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
fn caused_by<T>(error: &Error, read: impl Fn(&(dyn StdError + 'static)) -> Option<T>) -> Option<T> {
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
fn innermost(error: &Error) -> String {
    let io = caused_by(error, |cause| {
        let io = cause.downcast_ref::<std::io::Error>()?;
        (io.get_ref().is_none() || io.kind() != ErrorKind::Other).then(|| io.kind().to_string())
    });
    io.unwrap_or_else(|| "no connection".to_owned())
}
