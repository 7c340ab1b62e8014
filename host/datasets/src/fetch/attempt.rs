//! One try: ask for a file or its rest, and take in what comes.

use std::time::Instant;

use super::budget::Bucket;
use super::client::{Fetch, Job, on_disk};
use super::hops::{Opened, Rest};
use super::journal::Journal;
use super::part::Part;
use super::place::Stop;
use super::refusal::Refusal;
use super::witness::{body_length, check_plain, content_range, validator};

impl Fetch {
    /// Brings `job.part` nearer to its end; when this returns well, it is complete.
    pub(super) async fn attempt(&self, job: &mut Job<'_>) -> Result<(), Stop> {
        if job.part.as_ref().is_some_and(|part| part.is_complete()) {
            return Ok(());
        }
        let rest = job.part.as_ref().and_then(|part| part.rest());
        let url = self.endpoint.file(&job.wanted.repository, job.commit, &job.wanted.path);
        let opened = self.open(url, Bucket::Resolvers, rest.as_ref(), self.until(job)).await?;
        match (opened.response.status(), rest) {
            (200, _) => {
                // What is there is given up only for a file whose head is in order.
                let begun = Box::new(self.begin(&opened, job)?);
                job.discard().await?;
                job.is_patched = false;
                job.part = Some(begun);
            }
            (206, None) => return Err(Refusal::RangeUnasked.into()),
            (206, Some(rest)) => self.go_on(&opened, job, &rest)?,
            (416, Some(rest)) => {
                job.is_patched = true;
                let expected = job.part.as_ref().map_or(0, |part| part.size_bytes());
                return Err(Refusal::RangeRefused { have: rest.from, expected }.into());
            }
            _ => return Err(self.refused(&opened).into()),
        }
        self.stream(opened, job).await
    }

    /// Begins a file with what its head says.
    fn begin(&self, opened: &Opened<'_>, job: &Job<'_>) -> Result<Part, Refusal> {
        let headers = opened.response.headers();
        let identity = opened.witness.identity(job.commit)?;
        check_plain(headers, self.token.as_ref())?;
        let size_bytes = opened.witness.length(body_length(headers)?)?;
        self.check_size(size_bytes)?;
        let wanted = job.wanted;
        let journal = Journal::new(
            wanted.repository.as_str(),
            job.commit.as_str(),
            &wanted.path,
            identity.digits(),
            size_bytes,
        );
        let journal = journal.known_as(validator(headers));
        Ok(Part::begin(job.place.clone(), journal, identity, &self.caps))
    }

    /// Checks that a rest belongs to what is there.
    fn go_on(&self, opened: &Opened<'_>, job: &mut Job<'_>, rest: &Rest) -> Result<(), Refusal> {
        job.is_patched = true;
        let headers = opened.response.headers();
        let identity = opened.witness.identity(job.commit)?;
        check_plain(headers, self.token.as_ref())?;
        let Some(part) = &job.part else { return Err(Refusal::RangeUnasked) };
        let before = part.size_bytes();
        match content_range(headers) {
            _ if identity != *part.identity() => {
                job.changes += 1;
                Err(Refusal::EtagChanging { times: job.changes })
            }
            None => Err(Refusal::RangeUntold),
            Some((sent, _)) if sent != rest.from => Err(Refusal::RangeElsewhere { asked: rest.from, sent }),
            Some((_, now)) if now != before => Err(Refusal::SizeChanged { before, now }),
            Some(_) => Ok(()),
        }
    }

    fn until(&self, job: &Job<'_>) -> Instant {
        job.until.unwrap_or_else(|| Instant::now() + self.caps.whole)
    }

    async fn stream(&self, opened: Opened<'_>, job: &mut Job<'_>) -> Result<(), Stop> {
        let mut response = opened.response;
        let began = Instant::now();
        let until = (began + self.caps.attempt).min(self.until(job));
        loop {
            let have = job.have();
            let left = until.saturating_duration_since(Instant::now());
            let next = tokio::time::timeout(self.caps.stall.min(left), response.chunk()).await;
            let expected = job.part.as_ref().map_or(0, |part| part.size_bytes());
            let bytes = match next {
                Ok(Ok(Some(bytes))) => bytes,
                Ok(Ok(None)) if have == expected => return Ok(()),
                Ok(_) => return Err(Refusal::CutShort { have, expected }.into()),
                Err(_) if left <= self.caps.stall => {
                    return Err(Refusal::Dragging { seconds: began.elapsed().as_secs(), have }.into());
                }
                Err(_) => return Err(Refusal::Stalled { seconds: self.caps.stall.as_secs(), have }.into()),
            };
            self.count(bytes.len() as u64)?;
            let Some(part) = &mut job.part else { return Err(Refusal::CutShort { have, expected }.into()) };
            if part.take(&bytes)? && !part.is_complete() {
                job.write().await?;
            }
        }
    }
}

impl Job<'_> {
    pub(super) fn have(&self) -> u64 {
        self.part.as_ref().map_or(0, |part| part.have())
    }

    /// Writes what has gathered, on a thread for that.
    pub(super) async fn write(&mut self) -> Result<(), Stop> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        let (part, written) = on_disk(move || {
            let written = part.write();
            (part, written)
        })
        .await?;
        self.part = Some(part);
        written
    }

    pub(super) async fn discard(&mut self) -> Result<(), Stop> {
        match self.part.take() {
            Some(part) => on_disk(move || part.discard()).await?,
            None => Ok(()),
        }
    }
}
