//! What is answered, as HTTP.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::answer::SignedAnswer;
use crate::btauth::AuthError;
use crate::messages::{MessageError, Refusal, RefusalCode};

/// What the miner answers: status, content type, body.
pub(super) type Reply = Result<(u16, &'static str, Vec<u8>), Refusal>;

pub(super) const JSON: &str = "application/json";
pub(super) const OCTETS: &str = "application/octet-stream";

pub(super) fn unauthenticated(why: &AuthError) -> Refusal {
    let code = match why {
        AuthError::Malformed { .. } => RefusalCode::BadRequest,
        AuthError::WrongReceiver { .. } => RefusalCode::Misaddressed,
        AuthError::Replayed { .. } => RefusalCode::Replayed,
        AuthError::ReplayFull { .. } | AuthError::Unremembered => RefusalCode::Busy,
        AuthError::Stale { .. } | AuthError::BadSignature | AuthError::BeforeStart { .. } => {
            RefusalCode::Unauthenticated
        }
    };
    Refusal::new(code, why.to_string())
}

pub(super) fn bad_request(why: &MessageError) -> Refusal {
    Refusal::new(RefusalCode::BadRequest, why.to_string())
}

pub(super) fn busy(why: &str) -> Refusal {
    Refusal::new(RefusalCode::Busy, format!("the miner {why}"))
}

pub(super) fn within_cap(what: &str, bytes: usize, most: usize) -> Result<(), Refusal> {
    if bytes <= most {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Fault, format!("the {what} has {bytes} bytes, at most {most} may be sent")))
}

/// An unsigned refusal.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    tracing::debug!(status = refusal.status(), "refused before authentication: {refusal}");
    response(refusal.status(), JSON, Body::from(refusal.to_bytes()))
}

pub(super) fn response(status: u16, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    // Statuses come from `RefusalCode` and `AuditReply`, all of them valid.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status != 204 {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

/// The response with the headers of `answer`.
pub(super) fn signed(mut response: Response, answer: &SignedAnswer) -> Response {
    for (name, value) in answer.headers() {
        // Base58, hex and digits are all fit for a header.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
