//! The server: one thread, two addresses.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Response, header};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::fault::{Fault, Rates};
use crate::head::Answer;
use crate::log::{Asked, Bucket, Log, Side};
use crate::path::Wish;
use crate::quota::{Counter, Quota};
use crate::repo::Repo;
use crate::{api, resolve};

/// How the hub behaves as a whole.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// How long every answer waits.
    pub latency: Duration,
    /// What is granted in a window.
    pub quota: Quota,
    /// Faults that strike any request for a file.
    pub rates: Rates,
    /// Tokens that the hub knows.
    pub tokens: HashSet<String>,
    /// Names on one page of a listing.
    pub page_entries: usize,
    /// The port of the hub itself; 0 takes any.
    pub port: u16,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            quota: Quota::default(),
            rates: Rates::default(),
            tokens: HashSet::new(),
            page_entries: 1000,
            port: 0,
        }
    }
}

/// Why the hub does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// No address, no thread.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; give another --port, or 0 for any")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
}

type Queue = Vec<(Fault, Option<u32>)>;

/// What all requests share.
pub(crate) struct Serving {
    pub(crate) options: HubOptions,
    pub(crate) hub_address: String,
    pub(crate) cdn_address: String,
    repos: RwLock<HashMap<String, Arc<Repo>>>,
    faults: Mutex<HashMap<String, Queue>>,
    counters: Mutex<(Counter, Counter)>,
    files_asked: AtomicU64,
    log: Log,
}

/// What is read of a request.
pub(crate) struct Request {
    pub(crate) is_head: bool,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) range: Option<String>,
    pub(crate) if_range: Option<String>,
    pub(crate) token: Option<String>,
}

/// A running hub; it stops when this is dropped.
pub struct Hub {
    serving: Arc<Serving>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Hub {
    /// Starts a hub that holds `repos`, in a thread of its own.
    pub fn start(repos: impl IntoIterator<Item = Repo>, options: HubOptions) -> Result<Self, HubError> {
        let port = options.port;
        let failed = |source| HubError::Listen { port, source };
        let listen = |port| {
            let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
            listener.set_nonblocking(true)?;
            let address = format!("http://{}", listener.local_addr()?);
            Ok((listener, address))
        };
        let (hub_listener, hub_address) = listen(port).map_err(failed)?;
        let (cdn_listener, cdn_address) = listen(0).map_err(failed)?;
        let counters = (
            Counter::new("resolvers", options.quota.resolvers, options.quota.window_s),
            Counter::new("api", options.quota.api, options.quota.window_s),
        );
        let repos = repos.into_iter().map(|repo| (repo.namespace.clone(), Arc::new(repo))).collect();
        let serving = Arc::new(Serving {
            options,
            hub_address,
            cdn_address,
            repos: RwLock::new(repos),
            faults: Mutex::default(),
            counters: Mutex::new(counters),
            files_asked: AtomicU64::new(0),
            log: Log::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let shared = serving.clone();
        let run = move || {
            runtime.block_on(async {
                let hub = serve(hub_listener, shared.clone(), Side::Hub);
                let cdn = serve(cdn_listener, shared, Side::Cdn);
                tokio::select! {
                    () = hub => {}
                    () = cdn => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("hub".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { serving, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it is, as `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.serving.hub_address
    }

    /// Where large files are.
    pub fn cdn_address(&self) -> &str {
        &self.serving.cdn_address
    }

    /// What it was asked.
    pub fn log(&self) -> &Log {
        &self.serving.log
    }

    /// Holds `repo` from now on, in the place of one with its name.
    pub fn put(&self, repo: Repo) {
        let mut repos = self.serving.repos.write().unwrap_or_else(PoisonError::into_inner);
        repos.insert(repo.namespace.clone(), Arc::new(repo));
    }

    /// Answers for `namespace` by `fault` from now on: so many times, or always. Faults come in the order given.
    pub fn fail(&self, namespace: &str, fault: Fault, times: Option<u32>) {
        let mut faults = self.serving.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.entry(namespace.to_owned()).or_default().push((fault, times));
    }

    /// Answers for `namespace` well again.
    pub fn forgive(&self, namespace: &str) {
        self.serving.faults.lock().unwrap_or_else(PoisonError::into_inner).remove(namespace);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

async fn serve(listener: std::net::TcpListener, serving: Arc<Serving>, side: Side) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let listener = listener.tap_io(|stream| {
        let _slower_if_refused = stream.set_nodelay(true);
    });
    let router = Router::new().fallback(move |request: axum::extract::Request| {
        let serving = serving.clone();
        let (parts, _none) = request.into_parts();
        async move { serving.answer(side, &parts).await }
    });
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the hub stopped");
    }
}

impl Serving {
    async fn answer(&self, side: Side, incoming: &Parts) -> Response<Body> {
        let request = Request::of(incoming);
        let wish = Wish::of(incoming.uri.path());
        let bucket = match (side, &wish) {
            (Side::Cdn, _) => Bucket::Cdn,
            (Side::Hub, Wish::File { .. }) => Bucket::Resolvers,
            (Side::Hub, _) => Bucket::Api,
        };
        let n = self.log.came(request.asked(incoming, side, bucket));
        if !self.options.latency.is_zero() {
            tokio::time::sleep(self.options.latency).await;
        }
        if wish.repo().is_some_and(|repo| self.take(repo, |fault| *fault == Fault::Silent).is_some()) {
            std::future::pending::<()>().await;
        }
        let answer = if side == Side::Hub {
            self.metered(bucket, &wish, &request)
        } else {
            self.on_cdn(&wish, &request)
        };
        self.log.answered(n, answer.response.status().as_u16(), answer.wait);
        answer.response
    }

    fn metered(&self, bucket: Bucket, wish: &Wish, request: &Request) -> Answer {
        let standing = {
            let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
            if bucket == Bucket::Resolvers { counters.0.take() } else { counters.1.take() }
        };
        let mut answer = if standing.granted {
            self.granted(wish, request)
        } else {
            let mut refused = Answer::error(429, None, "too many requests in this window");
            refused.wait = Some(standing.resets);
            refused
        };
        answer = answer.header("ratelimit", &standing.rate_limit);
        answer.header("ratelimit-policy", &standing.policy)
    }

    fn granted(&self, wish: &Wish, request: &Request) -> Answer {
        let known = request.token.as_ref().is_some_and(|token| self.options.tokens.contains(token));
        let repo = wish.repo().and_then(|name| self.repo(name));
        if let Some(shut) = resolve::shut(repo.as_deref(), request, known) {
            return shut;
        }
        let Some(repo) = repo else { return Answer::error(404, None, "no such page") };
        match wish {
            Wish::File { revision, path, .. } => resolve::file(self, request, &repo, revision, path),
            Wish::Repository { revision, .. } => api::repository(&repo, revision.as_deref()),
            Wish::Tree { revision, folder, .. } => api::tree(self, request, &repo, revision, folder),
            Wish::Commits { revision, .. } => api::commits(&repo, revision),
            Wish::Large { .. } | Wish::Unknown => Answer::error(404, None, "no such page"),
        }
    }

    fn on_cdn(&self, wish: &Wish, request: &Request) -> Answer {
        let Wish::Large { repo, sha256 } = wish else { return Answer::error(404, None, "no such page") };
        match self.repo(repo) {
            Some(repo) => resolve::large(self, request, &repo, sha256),
            None => Answer::error(403, None, "no such link"),
        }
    }

    fn repo(&self, name: &str) -> Option<Arc<Repo>> {
        self.repos.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The fault of a request for a file; where the bytes come from the other host, theirs are left for it.
    pub(crate) fn fault(&self, namespace: &str, len: usize, led_on: bool) -> Option<Fault> {
        let n = self.files_asked.fetch_add(1, Ordering::Relaxed);
        let named = self.take(namespace, |fault| {
            let is_of_another = matches!(fault, Fault::HostileNames(_)) || led_on && fault.is_of_body();
            !is_of_another
        });
        named.or_else(|| self.options.rates.strike(n, len / 2))
    }

    pub(crate) fn body_fault(&self, namespace: &str) -> Option<Fault> {
        self.take(namespace, Fault::is_of_body)
    }

    pub(crate) fn listing_fault(&self, namespace: &str) -> Option<Fault> {
        self.take(namespace, |fault| matches!(fault, Fault::HostileNames(_)))
    }

    fn take(&self, namespace: &str, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = faults.get_mut(namespace)?;
        let (fault, times) = queue.iter_mut().find(|(fault, times)| *times != Some(0) && fits(fault))?;
        if let Some(times) = times {
            *times -= 1;
        }
        Some(fault.clone())
    }
}

impl Request {
    fn of(incoming: &Parts) -> Self {
        let header = |name: header::HeaderName| {
            incoming.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        Self {
            is_head: incoming.method == Method::HEAD,
            path: incoming.uri.to_string(),
            query: incoming.uri.query().unwrap_or_default().to_owned(),
            range: header(header::RANGE),
            if_range: header(header::IF_RANGE),
            token: header(header::AUTHORIZATION)
                .map(|value| value.strip_prefix("Bearer ").unwrap_or(&value).to_owned()),
        }
    }

    fn asked(&self, incoming: &Parts, side: Side, bucket: Bucket) -> Asked {
        let accepted = incoming.headers.get(header::ACCEPT_ENCODING);
        Asked {
            came: Instant::now(),
            answered: None,
            bucket,
            side,
            method: incoming.method.to_string(),
            path: self.path.clone(),
            status: 0,
            range: self.range.clone(),
            if_range: self.if_range.clone(),
            had_token: self.token.is_some(),
            accept_encoding: accepted.and_then(|value| value.to_str().ok()).map(str::to_owned),
            wait: None,
        }
    }
}
