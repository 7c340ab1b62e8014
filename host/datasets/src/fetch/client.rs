//! The client: one file at a time, with all its tries.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::budget::{Bucket, Budget};
use super::caps::Caps;
use super::endpoint::Endpoint;
use super::journal::Journal;
use super::names::{Commit, Namespace, Revision, check_path};
use super::network::{self, Http};
use super::pace::jittered;
use super::part::{Found, Part};
use super::place::{Place, Stop};
use super::refusal::Refusal;
use super::settings::SettingsError;
use super::token::Token;
use crate::{Clock, Error};

/// How often a file that was put together wrongly is fetched anew.
const MAX_AFRESH: u32 = 2;
const MAX_PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// The hub.
    pub endpoint: Endpoint,
    /// Sent to the hub and nowhere else.
    pub token: Option<Token>,
    /// Bounds on what the hub decides.
    pub caps: Caps,
    /// Requests under way at a time, at least one.
    pub jobs: usize,
    /// Certificates (PEM) that are trusted beside the system's.
    pub trusted_pem: Vec<u8>,
    /// What time it is, where a hub says to come back at a date and tells no time of its own.
    pub clock: Clock,
}

impl FetchOptions {
    /// 16 jobs, no token.
    pub fn new(endpoint: Endpoint) -> Self {
        let (caps, clock) = (Caps::default(), Clock::default());
        Self { endpoint, token: None, caps, jobs: 16, trusted_pem: Vec::new(), clock }
    }
}

/// A file to fetch, and its place.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose.
    pub repository: Namespace,
    /// At which revision.
    pub revision: Revision,
    /// Its path in the repository.
    pub path: String,
    /// The folder that it is put into; it exists.
    pub folder: PathBuf,
    /// Its name there, chosen by the caller: at most 200 bytes.
    pub name: String,
}

/// A file that is there whole, checked, and on the disk for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, in hex.
    pub sha256: String,
    /// BLAKE3, in hex.
    pub blake3: String,
    /// What the hub knows it by: SHA-256, or a git blob's SHA-1.
    pub etag: String,
    /// The commit that it is of.
    pub commit: Commit,
    /// Whether the commit was what was asked for; else it is what a branch or tag pointed to.
    pub is_pinned: bool,
    /// Whether it was there already, so that no request for it was made.
    pub was_held: bool,
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Fetched(Fetched),
    /// It is not, for this reason.
    Refused(Refusal),
}

/// A client of one hub.
pub struct Fetch {
    pub(super) http: Http,
    pub(super) endpoint: Endpoint,
    pub(super) token: Option<Token>,
    pub(super) caps: Caps,
    pub(super) budget: Arc<Budget>,
    pub(super) clock: Clock,
    pub(super) asking: Semaphore,
    sealing: Semaphore,
    taken_bytes: AtomicU64,
    /// How many had come when the run began.
    run_from_bytes: AtomicU64,
}

/// One file under way.
pub(super) struct Job<'w> {
    pub(super) wanted: &'w Wanted,
    pub(super) commit: &'w Commit,
    pub(super) place: Place,
    /// When it is given up; the time runs from its first turn.
    pub(super) until: Option<Instant>,
    pub(super) part: Option<Box<Part>>,
    /// Whether its bytes come from more than one answer, so that a fresh start may mend it.
    pub(super) is_patched: bool,
    pub(super) changes: u32,
}

impl Fetch {
    /// A client; `budget` is shared by all clients of the same hub.
    pub fn new(options: FetchOptions, budget: Arc<Budget>) -> Result<Self, SettingsError> {
        let jobs = options.jobs.clamp(1, 1024);
        Ok(Self {
            http: network::client(&options.caps, jobs, &options.trusted_pem)?,
            endpoint: options.endpoint,
            token: options.token,
            caps: options.caps,
            budget,
            clock: options.clock,
            asking: Semaphore::new(jobs),
            sealing: Semaphore::new(jobs),
            taken_bytes: AtomicU64::new(0),
            run_from_bytes: AtomicU64::new(0),
        })
    }

    /// Fetches one file. An error is the own disk's; everything else is an outcome.
    pub async fn file(&self, wanted: &Wanted) -> Result<Outcome, Error> {
        match self.fetched(wanted).await {
            Ok(fetched) => Ok(Outcome::Fetched(fetched)),
            Err(Stop::Refused(refusal)) => Ok(Outcome::Refused(refusal)),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    async fn fetched(&self, wanted: &Wanted) -> Result<Fetched, Stop> {
        check_path(&wanted.path).map_err(Refusal::from)?;
        let place = Place::new(&wanted.folder, &wanted.name)?;
        let (commit, is_pinned) = match &wanted.revision {
            Revision::Pinned(commit) => (commit.clone(), true),
            Revision::Unpinned(name) => (self.resolve(&wanted.repository, name).await?, false),
        };
        let found = {
            let _one_of_few = self.sealing.acquire().await;
            let (place, caps, commit) = (place.clone(), self.caps.clone(), commit.clone());
            let (repository, path) = (wanted.repository.clone(), wanted.path.clone());
            on_disk(move || Part::find(&place, repository.as_str(), commit.as_str(), &path, &caps)).await??
        };
        let fetched = |journal, was_held| told(&place, journal, &commit, is_pinned, was_held);
        let part = match found {
            Found::Whole(journal) => return fetched(journal, true),
            Found::Part(part) => Some(part),
            Found::Nothing => None,
        };
        let is_patched = part.is_some();
        let mut job =
            Job { wanted, commit: &commit, place: place.clone(), until: None, part, is_patched, changes: 0 };
        let journal = self.all_tries(&mut job).await?;
        fetched(journal, false)
    }

    /// Tries until the file is there, or there is no use in going on.
    async fn all_tries(&self, job: &mut Job<'_>) -> Result<Journal, Stop> {
        let (mut fruitless, mut tries, mut afresh, mut best) = (0u32, 0u32, 0u32, job.have());
        loop {
            let refusal = match self.one_try(job).await {
                Err(Stop::Refused(refusal)) => refusal,
                ended => return ended,
            };
            tries += 1;
            if refusal.may_be_ours() {
                job.discard().await?;
                if job.is_patched && afresh < MAX_AFRESH {
                    tracing::debug!(repository = job.wanted.repository.shown(), %refusal, "fetching it anew");
                    (afresh, best, job.is_patched) = (afresh + 1, 0, false);
                    continue;
                }
            }
            fruitless = if job.have() > best { 0 } else { fruitless + 1 };
            best = best.max(job.have());
            let is_late = job.until.is_some_and(|until| Instant::now() >= until);
            let is_last = fruitless >= self.caps.tries || tries >= self.caps.tries.saturating_mul(4);
            if !refusal.may_pass() || is_last || is_late {
                job.write().await?;
                let seconds = self.caps.whole.as_secs();
                let is_over = is_late && !is_last && refusal.may_pass();
                return Err(if is_over { Refusal::OutOfTime { seconds } } else { refusal }.into());
            }
            tracing::debug!(repository = job.wanted.repository.shown(), %refusal, tries, "trying again");
            // A limit's time is waited for by the budget, for all at once.
            if !matches!(refusal, Refusal::StillLimited { .. }) {
                let pause = self.caps.pause.saturating_mul(1 << fruitless.min(16)).min(MAX_PAUSE);
                tokio::time::sleep(jittered(pause)).await;
            }
        }
    }

    /// One try and, where the file is complete, its check and its name.
    async fn one_try(&self, job: &mut Job<'_>) -> Result<Journal, Stop> {
        let _sealing = {
            let _asking = self.asking.acquire().await;
            job.until.get_or_insert_with(|| Instant::now() + self.caps.whole);
            self.attempt(job).await?;
            // Whoever seals gives the next one its turn to ask, but no more wait with their bytes than ask.
            self.sealing.acquire().await
        };
        match job.part.take() {
            Some(part) => on_disk(move || part.finish()).await?,
            None => Err(Refusal::CutShort { have: 0, expected: 0 }.into()),
        }
    }

    /// Refuses a file of a size above the caps.
    pub(super) fn check_size(&self, bytes: u64) -> Result<(), Refusal> {
        if bytes > self.caps.file_bytes {
            return Err(Refusal::TooLarge { bytes, cap: self.caps.file_bytes });
        }
        if self.run_bytes().saturating_add(bytes) > self.caps.run_bytes {
            return Err(Refusal::RunFull { bytes, cap: self.caps.run_bytes });
        }
        Ok(())
    }

    /// What comes from now on is counted against the cap of a run anew.
    pub fn begin_run(&self) {
        self.run_from_bytes.store(self.taken_bytes(), Ordering::Relaxed);
    }

    fn run_bytes(&self) -> u64 {
        self.taken_bytes().saturating_sub(self.run_from_bytes.load(Ordering::Relaxed))
    }

    /// Counts bytes that came.
    pub(super) fn count(&self, bytes: u64) -> Result<(), Refusal> {
        self.taken_bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.run_bytes() > self.caps.run_bytes {
            return Err(Refusal::RunFull { bytes, cap: self.caps.run_bytes });
        }
        Ok(())
    }

    /// How many requests were made under `bucket`, by all clients of the budget.
    pub fn asked(&self, bucket: Bucket) -> u64 {
        self.budget.asked(bucket)
    }

    /// How many bytes of files came over the network.
    pub fn taken_bytes(&self) -> u64 {
        self.taken_bytes.load(Ordering::Relaxed)
    }
}

fn told(
    place: &Place,
    journal: Journal,
    commit: &Commit,
    is_pinned: bool,
    was_held: bool,
) -> Result<Fetched, Stop> {
    let whole = journal.whole.ok_or(Refusal::CutShort { have: 0, expected: journal.size_bytes })?;
    Ok(Fetched {
        path: place.file(),
        bytes: journal.size_bytes,
        sha256: whole.sha256,
        blake3: whole.blake3,
        etag: journal.etag,
        commit: commit.clone(),
        is_pinned,
        was_held,
    })
}

/// Does what touches the disk on a thread for that.
pub(super) async fn on_disk<T: Send + 'static>(
    what: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(what).await {
        Ok(done) => Ok(done),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(ended) => {
                let path = PathBuf::from("(the folder of downloads)");
                Err(Error::Disk { path, what: "write", source: std::io::Error::other(ended) })
            }
        },
    }
}
