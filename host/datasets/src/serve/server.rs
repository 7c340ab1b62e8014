//! The server: addresses, headers, and who is answered.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::asked::Asked;
use super::door::Door;
use super::later::in_two;
use super::names::Names;
use super::options::{ServeError, Visitors};
use super::pages;
use super::refusal::Refusal;
use super::shell::{self, END, Page};
use super::site::Site;
use super::turns::UnderWay;

/// How often it is looked for new snapshots.
const RENEWED_EVERY: Duration = Duration::from_secs(5);
/// How long who is being answered may go on reading when the server ends.
const LEFT_TO_READ: Duration = Duration::from_secs(5);
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// An address that is listened on.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    names: Names,
}

impl Listening {
    /// The same, asked by these names too: what stands in an address for a browser, without a port.
    #[must_use]
    pub fn known_as(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { names: self.names.and(names), ..self }
    }

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
    Ok(Listening { listener, address, names: Names::of(address) })
}

/// Serves until `end`; then requests under way are finished, and those that take longer than five seconds broken off.
///
/// # Errors
/// [`ServeError::Ended`].
pub async fn serve(
    listening: Listening,
    site: Arc<Site>,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let Listening { listener, address, names } = listening;
    let renewing = tokio::spawn(renew(Arc::clone(&site)));
    let (told, mut hears) = watch::channel(false);
    let end = async move {
        end.await;
        told.send_replace(true);
    };
    let late = async move {
        if hears.wait_for(|is_told| *is_told).await.is_err() {
            // Ended otherwise: there is nothing to break off.
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(LEFT_TO_READ).await;
    };
    let served = axum::serve(Door::of(listener), router(site, names)).with_graceful_shutdown(end);
    let served = tokio::select! {
        served = served.into_future() => served,
        () = late => Ok(()),
    };
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

fn router(site: Arc<Site>, names: Names) -> Router {
    let names = Arc::new(names);
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
        .layer(middleware::from_fn(move |request, next| guarded(Arc::clone(&names), request, next)))
        .with_state(site)
}

type Show = fn(&Arc<Site>, &Asked) -> Result<Page, Refusal>;

/// A page that is looked up at once, and whose rest is made while its beginning is on its way.
fn page(show: Show) -> MethodRouter<Arc<Site>> {
    get(move |State(site): State<Arc<Site>>, asked: Asked| async move {
        let under_way = site.turns.begin().map_err(Refused)?;
        let looked_at = Arc::clone(&site);
        let shown = under_way.looked_up(move || show(&looked_at, &asked)).await.map_err(Refused)?;
        Ok::<_, Refused>(answer(shown, under_way, site))
    })
}

fn answer(mut page: Page, under_way: UnderWay, site: Arc<Site>) -> Response {
    let begin = page.begin();
    let body = match page.rest.take() {
        None => Body::from(begin + END.0),
        Some(rest) => in_two(begin, async move {
            let made = under_way.worked(move || rest(&site)).await;
            let made = made.unwrap_or_else(|refusal| shell::refused_within(&refusal));
            made.0 + END.0
        }),
    };
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

async fn picture(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Refused> {
    let under_way = site.turns.begin().map_err(Refused)?;
    let bytes = under_way.worked(move || pages::picture(&site, &asked)).await.map_err(Refused)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], bytes).into_response())
}

async fn cell(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Refused> {
    let under_way = site.turns.begin().map_err(Refused)?;
    let address = under_way.worked(move || pages::cell(&site, &asked)).await.map_err(Refused)?;
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
        let status = self.0.status();
        let mut response =
            (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

/// Only names that are known, whoever may look: a stranger's page whose name was made to point here is told nothing. And on every answer the headers that keep the browser from loading, framing or storing.
async fn guarded(names: Arc<Names>, request: Request, next: Next) -> Response {
    let mut response = if names.are_asked(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        Refused(Refusal::OtherHost(names.told())).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Archive;
    use crate::serve::ServeOptions;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    fn site(folder: &std::path::Path) -> Arc<Site> {
        drop(Archive::open(folder).unwrap());
        Site::open(ServeOptions::new(folder)).unwrap()
    }

    async fn asked(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn who_asks_when_too_much_is_under_way_is_told_to_come_again() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(folder.path());
        let listening = bind("127.0.0.1:0".parse().unwrap(), Visitors::ThisMachine).await.unwrap();
        let address = listening.address();
        tokio::spawn(serve(listening, Arc::clone(&site), std::future::pending()));
        let held: Vec<_> = std::iter::from_fn(|| site.turns.begin().ok()).collect();
        let request = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
        let answer = asked(address, request).await;
        assert!(answer.starts_with("HTTP/1.0 503 ") && answer.contains("ask again in a moment"), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: 2\r\n"), "{answer}");
        drop(held);
        assert!(asked(address, request).await.starts_with("HTTP/1.0 200 "));
    }

    #[tokio::test]
    async fn a_request_that_is_never_ended_does_not_keep_the_server_from_ending() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(folder.path());
        let listening = bind("127.0.0.1:0".parse().unwrap(), Visitors::ThisMachine).await.unwrap();
        let address = listening.address();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(serve(listening, site, async move {
            let _ = ended.await;
        }));
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
        // Answered behind it: the server has taken the slow one in.
        assert!(asked(address, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").await.contains("200 OK"));
        end.send(()).unwrap();
        let ended = tokio::time::timeout(6 * LEFT_TO_READ, served).await;
        ended.expect("the server still waits for a request that never ends").unwrap().unwrap();
        drop(slow);
    }
}
