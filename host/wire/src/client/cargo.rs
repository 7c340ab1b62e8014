//! Large bodies, sent and fetched.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Body, Response};

use super::exchange::{Nothing, Raw, disowned, elapsed_ms_since, judged, receive};
use super::{Exchange, MinerAddress, MinerClient, Outcome};
use crate::answer::SignedAnswer;
use crate::btauth::SignedRequest;
use crate::cargo::{CargoClaim, CargoSink, CargoSource, Check, PipedBody, UploadClaim, pump};
use crate::limits::MAX_REFUSAL_BYTES;

/// What became of a download before anyone looked at its meaning.
enum Fetched {
    /// All of it, as it was said to be; the answer's headers.
    Whole(SignedAnswer),
    /// Something short that is no cargo.
    Short(Raw),
}

/// Why there is no download.
enum Broken {
    Nothing(Nothing),
    /// Our own sink's.
    Sink(io::Error),
}

impl From<Nothing> for Broken {
    fn from(nothing: Nothing) -> Self {
        Self::Nothing(nothing)
    }
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        Self::Nothing(error.into())
    }
}

impl MinerClient {
    /// Sends what `source` has, which must be what `claim` says, within `deadline`. An answer is the miner's signed
    /// receipt: it has kept these octets.
    ///
    /// # Errors
    /// What reading `source` fails with, also where it is not what `claim` says.
    pub async fn send_cargo(
        &self,
        miner: &MinerAddress,
        claim: &UploadClaim,
        source: Box<dyn CargoSource>,
        deadline: Duration,
    ) -> io::Result<Exchange<()>> {
        let request = self.signer.sign_sha256("PUT", &claim.target(), claim.sha256, miner.hotkey);
        let (pieces, body) = PipedBody::new(claim.cargo.bytes);
        let own_fault: Arc<Mutex<Option<io::Error>>> = Arc::default();
        let (fault, cargo) = (Arc::clone(&own_fault), claim.cargo);
        let feeding = tokio::spawn(async move {
            if let Err(error) = pump(source, cargo, pieces, deadline).await
                && error.kind() != io::ErrorKind::BrokenPipe
            {
                *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
        let asking = self.asking("PUT", miner, &request).header(CONTENT_TYPE, "application/octet-stream");
        let asking = asking.body(Body::wrap(body));
        let sending = async { receive(asking.send().await?, MAX_REFUSAL_BYTES).await };
        let outcome = self.judge(&request, deadline, sending, |status, body| match status {
            204 if body.is_empty() => Ok(()),
            _ => Err(format!("status {status} is no answer to an upload")),
        });
        let outcome = outcome.await;
        feeding.abort();
        // It may be about to say what went wrong.
        let _ = feeding.await;
        match own_fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(Exchange { request, outcome }),
        }
    }

    /// Fetches `claim` into `sink`, which keeps it only if it is that, within `deadline`.
    ///
    /// # Errors
    /// What `sink` fails with.
    pub async fn fetch_cargo(
        &self,
        miner: &MinerAddress,
        claim: &CargoClaim,
        sink: Box<dyn CargoSink>,
        deadline: Duration,
    ) -> io::Result<Exchange<()>> {
        let request = self.signer.sign("GET", &claim.target(), b"", miner.hotkey);
        let deadline_ms = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
        let patience = deadline.saturating_add(self.options.grace);
        let started = Instant::now();
        let fetching = async {
            let response = self.asking("GET", miner, &request).send().await?;
            fetch(response, &request, claim, sink).await
        };
        let fetched = tokio::time::timeout(patience, fetching).await;
        let elapsed_ms = elapsed_ms_since(started);
        let outcome = match fetched {
            Ok(Ok(Fetched::Whole(answer))) if elapsed_ms > deadline_ms => {
                Outcome::Late { elapsed_ms, answer }
            }
            Ok(Ok(Fetched::Whole(answer))) => Outcome::Answered { content: (), elapsed_ms, answer },
            Ok(Ok(Fetched::Short(raw))) => short(&request, raw, elapsed_ms, deadline_ms),
            Ok(Err(Broken::Nothing(Nothing::Absent(why)))) => Outcome::Absent { why },
            Ok(Err(Broken::Nothing(Nothing::Garbage(why)))) => Outcome::Garbage { why },
            Ok(Err(Broken::Sink(error))) => return Err(error),
            Err(_) => Outcome::Absent { why: format!("no whole answer after {} ms", patience.as_millis()) },
        };
        Ok(Exchange { request, outcome })
    }
}

/// Whatever is not cargo: a refusal, if the miner signed it.
fn short(request: &SignedRequest, raw: Raw, elapsed_ms: u32, deadline_ms: u32) -> Outcome<()> {
    match SignedAnswer::verify(&raw.headers, request, raw.status, &raw.body) {
        Err(why) => Outcome::Garbage { why: disowned(&raw, &why.to_string()) },
        Ok(answer) if elapsed_ms > deadline_ms => Outcome::Late { elapsed_ms, answer },
        Ok(answer) => judged(raw, answer, elapsed_ms, |status, _| {
            Err(format!("status {status} is no answer to a download"))
        }),
    }
}

/// Nothing is written before the answer's signature has passed, and nothing kept that is not what was asked for.
async fn fetch(
    mut response: Response,
    request: &SignedRequest,
    claim: &CargoClaim,
    mut sink: Box<dyn CargoSink>,
) -> Result<Fetched, Broken> {
    if response.status().as_u16() != 200 {
        return Ok(Fetched::Short(receive(response, MAX_REFUSAL_BYTES).await?));
    }
    let headers: HeaderMap = std::mem::take(response.headers_mut());
    let answer = match SignedAnswer::verify_sha256(&headers, request, 200, claim.statement_sha256()) {
        Ok(answer) => answer,
        Err(why) => return Err(Nothing::Garbage(format!("status 200: {why}")).into()),
    };
    let mut check = Check::of_download(*claim);
    while let Some(piece) = response.chunk().await? {
        check.pass(&piece).map_err(Nothing::Garbage)?;
        sink.write(&piece).await.map_err(Broken::Sink)?;
    }
    check.finish().map_err(Nothing::Garbage)?;
    sink.keep().await.map_err(Broken::Sink)?;
    Ok(Fetched::Whole(answer))
}
