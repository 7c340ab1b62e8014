//! Files: by the hub itself, and on the host of large files.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};

use crate::body::{BadBody, Then};
use crate::fault::Fault;
use crate::head::Answer;
use crate::hub::{Request, Serving};
use crate::range::{Part, part};
use crate::repo::{Access, Repo, StoredFile, Way};

const ENDLESS_CHUNK_BYTES: usize = 64 << 10;

/// Why a repository is not shown to whoever asks, if it is not.
pub(crate) fn shut(repo: Option<&Repo>, request: &Request, known_token: bool) -> Option<Answer> {
    if request.token.is_some() && !known_token {
        return Some(Answer::error(401, None, "Invalid credentials in Authorization header"));
    }
    let Some(repo) = repo else {
        let status = if known_token { 404 } else { 401 };
        return Some(Answer::error(status, Some("RepoNotFound"), "Repository not found"));
    };
    match (repo.access, known_token) {
        (Access::Private, false) => Some(Answer::error(401, Some("RepoNotFound"), "Repository not found")),
        (Access::Gated { .. }, false) => Some(Answer::error(401, Some("GatedRepo"), "Access is restricted")),
        (Access::Gated { accepted: false }, true) => {
            Some(Answer::error(403, Some("GatedRepo"), "Access is restricted, accept the terms first"))
        }
        (Access::Disabled, _) => Some(Answer::error(403, None, "Access to this resource is disabled.")),
        _ => None,
    }
}

/// Answers for a file that the hub was asked for.
pub(crate) fn file(serving: &Serving, request: &Request, repo: &Repo, revision: &str, path: &str) -> Answer {
    if let Some(to) = &repo.renamed_to {
        return Answer::of(307).header("location", &format!("/datasets/{to}/resolve/{revision}/{path}"));
    }
    let Some(found) = repo.revision(revision) else {
        return Answer::error(404, Some("RevisionNotFound"), "Invalid rev id");
    };
    let Some(file) = found.files.get(path) else {
        return Answer::error(404, Some("EntryNotFound"), "Entry not found")
            .header("x-repo-commit", &found.commit);
    };
    let fault = serving.fault(&repo.namespace, file.bytes.len(), file.way == Way::Large);
    let commit =
        if fault == Some(Fault::WrongCommit) { flipped(&found.commit) } else { found.commit.clone() };
    let etag = if fault == Some(Fault::WrongEtag) { flipped(file.etag()) } else { file.etag().to_owned() };
    let led_on = file.way == Way::Large || fault == Some(Fault::ForeignRedirect);
    match &fault {
        Some(Fault::TooMany(wait)) => return Answer::later(429, *wait),
        Some(Fault::Unavailable(wait)) => return Answer::later(503, *wait),
        Some(Fault::RedirectLoop) => return Answer::of(302).header("location", &request.path),
        _ => {}
    }
    let answer = if led_on {
        let place =
            format!("{}/cdn/{}/{}?X-Signature=5ec7e7", serving.cdn_address, repo.namespace, file.sha256);
        Answer::of(302)
            .header("location", &place)
            .header("x-linked-etag", &quoted(&etag))
            .header("x-linked-size", &file.bytes.len().to_string())
    } else {
        bytes(request, file, &etag, fault.as_ref())
    };
    let answer = match fault {
        Some(Fault::HugeHeaders(size)) => huge(answer, size),
        _ => answer,
    };
    answer.header("x-repo-commit", &commit)
}

/// Answers on the host of large files.
pub(crate) fn large(serving: &Serving, request: &Request, repo: &Repo, sha256: &str) -> Answer {
    let all = repo.revisions.iter().flat_map(|revision| revision.files.values());
    let by_digest: BTreeMap<&str, &StoredFile> = all.map(|file| (file.sha256.as_str(), file)).collect();
    let Some(file) = by_digest.get(sha256) else { return Answer::error(403, None, "no such link") };
    let fault = serving.body_fault(&repo.namespace);
    if fault == Some(Fault::ExpiredLink) {
        return Answer::error(403, None, "the link has expired");
    }
    bytes(request, file, &kept_as(file), fault.as_ref())
}

/// What the host of large files knows the bytes by, in the form of an upload in parts: nothing of the hub's.
fn kept_as(file: &StoredFile) -> String {
    format!("{}-2", file.git_sha1.get(..32).unwrap_or_default())
}

/// The bytes, or what a fault makes of them.
fn bytes(request: &Request, file: &StoredFile, etag: &str, fault: Option<&Fault>) -> Answer {
    let whole = file.bytes.len();
    let wanted = part(request.range.as_deref(), request.if_range.as_deref(), etag, whole);
    let (status, range) = match wanted {
        Part::Whole => (200, 0..whole),
        Part::Some(range) => (206, range),
        Part::Outside => return Answer::of(416).header("content-range", &format!("bytes */{whole}")),
    };
    let weak = if fault == Some(&Fault::WeakEtag) { "W/" } else { "" };
    let told = format!("{weak}{}", quoted(etag));
    let mut answer = Answer::of(status).header("etag", &told).header("accept-ranges", "bytes");
    if status == 206 {
        let told = format!("bytes {}-{}/{whole}", range.start, range.end - 1);
        answer = answer.header("content-range", &told);
    }
    if file.way == Way::LargeHere {
        answer = answer.header("x-linked-size", &whole.to_string()).header("x-linked-etag", &quoted(etag));
    }
    let start = range.start;
    let piece = file.bytes.slice(range);
    if request.is_head {
        return answer.header("content-length", &piece.len().to_string());
    }
    match fault {
        Some(Fault::Cut(after)) => broken(answer, &piece, *after, Then::Cut),
        Some(Fault::Stall(after)) => broken(answer, &piece, *after, Then::Silence),
        Some(Fault::HalfLength) => answer
            .header("x-linked-size", &whole.to_string())
            .with(Body::from(piece.slice(..piece.len() / 2))),
        Some(Fault::WrongByte(at)) if (start..start + piece.len()).contains(at) => {
            let mut changed = piece.to_vec();
            if let Some(byte) = changed.get_mut(at - start) {
                *byte ^= 1;
            }
            answer.with(Body::from(changed))
        }
        Some(Fault::Endless) => {
            let bytes = Bytes::from(vec![b'x'; ENDLESS_CHUNK_BYTES]);
            answer
                .header("x-linked-size", &whole.to_string())
                .with(Body::new(BadBody::new(bytes, Then::Again)))
        }
        Some(Fault::Gzip) => answer.header("content-encoding", "gzip").with(Body::from(piece)),
        _ => answer.with(Body::from(piece)),
    }
}

fn broken(answer: Answer, piece: &Bytes, after: usize, then: Then) -> Answer {
    let bytes = piece.slice(..after.min(piece.len().saturating_sub(1)));
    answer.header("content-length", &piece.len().to_string()).with(Body::new(BadBody::new(bytes, then)))
}

fn huge(answer: Answer, size: usize) -> Answer {
    let each = 4 << 10;
    let mut answer = answer.header("x-huge", &"h".repeat(size.min(each)));
    for _ in 1..size.div_ceil(each) {
        if let Ok(value) = axum::http::HeaderValue::from_str(&"h".repeat(each)) {
            answer.response.headers_mut().append("x-huge", value);
        }
    }
    answer
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// Another text of the same form: each hex digit is the next one.
fn flipped(hex_digits: &str) -> String {
    let next = |digit: char| char::from_digit((digit.to_digit(16).unwrap_or(0) + 1) % 16, 16).unwrap_or('0');
    hex_digits.chars().map(next).collect()
}
