//! The server: addresses, headers, and who is answered.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::asked::Asked;
use super::later::in_two;
use super::options::{ServeError, Visitors};
use super::pages;
use super::refusal::Refusal;
use super::shell::{self, END, Page};
use super::site::Site;

/// How often it is looked for new snapshots.
const RENEWED_EVERY: Duration = Duration::from_secs(5);
/// How many pages are worked on at once; others wait for their turn.
const AT_ONCE: usize = 4;
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));

/// An address that is listened on.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    visitors: Visitors,
}

impl Listening {
    /// Where.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Listens on an address; port 0 takes any that is free.
///
/// # Errors
/// [`ServeError::NotLoopback`] for an address that others reach unless anybody may look; [`ServeError::Listen`].
pub async fn bind(address: SocketAddr, visitors: Visitors) -> Result<Listening, ServeError> {
    if visitors == Visitors::ThisMachine && !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback { address });
    }
    let listen = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    Ok(Listening { listener, address, visitors })
}

/// Serves until `end`; then requests under way are finished.
///
/// # Errors
/// [`ServeError::Ended`].
pub async fn serve(
    listening: Listening,
    site: Arc<Site>,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let Listening { listener, address, visitors } = listening;
    let renewing = tokio::spawn(renew(Arc::clone(&site)));
    let served = axum::serve(listener, router(site, visitors)).with_graceful_shutdown(end).await;
    renewing.abort();
    served.map_err(|source| ServeError::Ended { address, source })
}

/// Takes in what is collected while pages are served.
async fn renew(site: Arc<Site>) {
    let mut every = tokio::time::interval(RENEWED_EVERY);
    loop {
        every.tick().await;
        let site = Arc::clone(&site);
        let renewed = tokio::task::spawn_blocking(move || {
            let renewed = site.renew();
            site.prepare();
            renewed
        });
        if let Ok(Err(error)) = renewed.await {
            tracing::warn!(%error, "the archive cannot be read again");
        }
    }
}

fn router(site: Arc<Site>, visitors: Visitors) -> Router {
    Router::new()
        .route("/", page(pages::overview))
        .route("/style.css", asset("text/css; charset=utf-8", include_str!("style.css")))
        .route("/icon.svg", asset("image/svg+xml", include_str!("icon.svg")))
        .route("/{netuid}", page(pages::subnet))
        .route("/{netuid}/{block}", page(pages::miners))
        .route("/{netuid}/{block}/changes", page(pages::changes))
        .route("/{netuid}/{block}/overlap", page(pages::overlap))
        .route("/{netuid}/{block}/overlap/{order}/picture", get(picture))
        .route("/{netuid}/{block}/overlap/{order}/cell", get(cell))
        .route("/{netuid}/{block}/groups", page(pages::groups))
        .route("/{netuid}/{block}/proof", page(pages::proof))
        .route("/{netuid}/{block}/miner/{uid}", page(pages::miner))
        .route("/{netuid}/{block}/miner/{uid}/rows", page(pages::rows))
        .route("/{netuid}/{block}/miner/{uid}/diff", page(pages::difference))
        .route("/{netuid}/{block}/miner/{uid}/proof", page(pages::entry_path))
        .fallback(nothing)
        .method_not_allowed_fallback(only_read)
        .layer(middleware::from_fn(move |request, next| guarded(visitors, request, next)))
        .with_state(site)
}

type Show = fn(&Arc<Site>, &Asked) -> Result<Page, Refusal>;

/// A page that is looked up at once, and whose rest is made while its beginning is on its way.
fn page(show: Show) -> MethodRouter<Arc<Site>> {
    get(move |State(site): State<Arc<Site>>, asked: Asked| async move {
        let shown = show(&site, &asked).map_err(Refused)?;
        let status = StatusCode::OK;
        Ok::<_, Refused>(answer(status, shown, site))
    })
}

fn answer(status: StatusCode, mut page: Page, site: Arc<Site>) -> Response {
    let begin = page.begin();
    let body = match page.rest.take() {
        None => Body::from(begin + END.0),
        Some(rest) => in_two(begin, async move {
            let made = worked(move || rest(&site)).await;
            let made = made.unwrap_or_else(|refusal| shell::refused_within(&refusal));
            made.0 + END.0
        }),
    };
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

/// Work that may take long, apart from the threads that answer.
async fn worked<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let turn = Arc::clone(&TURNS).acquire_owned().await;
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        what()
    });
    let broke = |_| Err(Refusal::Broken("The program broke off while it made this page.".to_owned()));
    done.await.unwrap_or_else(broke)
}

async fn picture(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Refused> {
    let bytes = worked(move || pages::picture(&site, &asked)).await.map_err(Refused)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], bytes).into_response())
}

async fn cell(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Refused> {
    let address = worked(move || pages::cell(&site, &asked)).await.map_err(Refused)?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

fn asset(kind: &'static str, text: &'static str) -> MethodRouter<Arc<Site>> {
    get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
}

async fn nothing(uri: Uri) -> Refused {
    let shown: String = uri.path().chars().take(80).collect();
    Refused(Refusal::Absent(format!("There is no page {shown}.")))
}

async fn only_read() -> Refused {
    Refused(Refusal::OnlyRead)
}

/// A refusal as an answer.
pub(super) struct Refused(pub(super) Refusal);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let text = shell::refused(&self.0).begin() + END.0;
        (self.0.status(), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
    }
}

/// Only names of this machine where only this machine may look: a stranger's page whose name was made to point here
/// is told nothing. And on every answer the headers that keep the browser from loading, framing or storing.
async fn guarded(visitors: Visitors, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let mut response = if visitors == Visitors::Anybody || host.is_some_and(is_this_machine) {
        next.run(request).await
    } else {
        let text = "These pages answer to localhost, 127.0.0.1 and [::1] alone.".to_owned();
        Refused(Refusal::OtherHost(text)).into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_this_machine(host: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for host in
            ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:80", "127.9.9.9", "[::1]:8080", "[::1]"]
        {
            assert!(is_this_machine(host), "{host}");
        }
        for host in
            ["", "example.org", "example.org:8080", "localhost.example.org", "127.0.0.1.example.org:80"]
        {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
