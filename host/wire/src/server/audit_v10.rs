//! `POST /Audit` of version 10. The steps are those of every request, but the signature comes before the body.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use serde::Serialize;

use super::crowd::Guest;
use super::door::{Door, plain};
use super::reply::{JSON, bad_request, response, signed, unauthenticated, within_cap};
use crate::axon_v10::{AUDIT_V10_NAME, AuditFields, Synapse, V10Head};
use crate::btauth::AuthError;
use crate::limits::MAX_PROOF_BYTES;
use crate::messages::{AuditReply, Refusal, RefusalCode, to_json};

pub(super) async fn audit(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (started, guest) = (Instant::now(), Guest::of(&request));
    let (parts, body) = request.into_parts();
    let opened = async {
        let head = door.v10_head(&parts.headers, guest.as_ref())?;
        let fields = AuditFields::of_body(&door.read(body).await?).map_err(|why| bad_request(&why))?;
        the_body_is_signed_for(&head, &fields)?;
        Ok((head, fields))
    };
    let (head, fields) = match opened.await {
        Ok(opened) => opened,
        Err(refusal) => return refused(&refusal),
    };
    if let Err(refusal) = door.admit(&head.dendrite, head.nonce, guest).await {
        return refused(&refusal);
    }
    let answered = match door.rate(&head.dendrite) {
        Ok(()) => door.v10_reply(&head, &fields).await,
        Err(refusal) => Err(refusal),
    };
    match answered {
        Ok(reply) => door.success(&head, fields.answered(&reply), started),
        Err(refusal) => {
            tracing::info!(caller = %head.dendrite, status = refusal.status(), "refused: {refusal}");
            let answer = head.answer(refusal.status(), &refusal_body(&refusal)).signed_by(&door.key);
            signed(refused(&refusal), &answer)
        }
    }
}

fn the_body_is_signed_for(head: &V10Head, fields: &AuditFields) -> Result<(), Refusal> {
    let hash = fields.body_hash();
    if hash == head.body_hash {
        return Ok(());
    }
    let why = format!(
        "computed_body_hash is {}, expected {hash} over netuid, epoch, block, registration, challenge and \
         deadline_ms: required_hash_fields must name all of them in this order",
        head.body_hash
    );
    Err(Refusal::new(RefusalCode::BadRequest, why))
}

impl Door {
    /// Steps 2 and 4.
    fn v10_head(&self, headers: &HeaderMap, guest: Option<&Guest>) -> Result<V10Head, Refusal> {
        plain(headers)?;
        let head = V10Head::parse(headers, AUDIT_V10_NAME).and_then(|head| {
            let me = self.key.hotkey();
            if head.axon != me {
                return Err(AuthError::WrongReceiver { named: Some(head.axon), me });
            }
            self.verifier.fresh(head.nonce.0)?;
            Ok(head)
        });
        let head = head.map_err(|why| unauthenticated(&why))?;
        self.may_ask(&head.dendrite)?;
        self.may_claim(guest)?;
        if head.verifies() { Ok(head) } else { Err(self.untrue(guest, &AuthError::BadSignature)) }
    }

    /// Step 7.
    async fn v10_reply(&self, head: &V10Head, fields: &AuditFields) -> Result<AuditReply, Refusal> {
        let asked = fields.to_request().map_err(|why| bad_request(&why))?;
        let deadline = Duration::from_millis(asked.deadline_ms.into());
        let reply = async {
            let reply = self.side.audit(&head.dendrite, asked).await?;
            within_cap("proof", reply.body().len(), MAX_PROOF_BYTES)?;
            Ok(reply)
        };
        self.in_turn(&head.dendrite, Some(deadline), reply).await
    }

    fn success(&self, head: &V10Head, fields: AuditFields, started: Instant) -> Response {
        let synapse = Synapse::success(head, fields, started.elapsed().as_secs_f64());
        let body = to_json(&synapse);
        let answer = head.answer(200, &body).signed_by(&self.key);
        let mut response = response(200, JSON, Body::from(body));
        headed(&mut response, synapse.headers(&head.body_hash));
        signed(response, &answer)
    }
}

/// A refusal that both a dendrite and our own client can read.
#[derive(Serialize)]
struct V10Refusal<'a> {
    message: &'a str,
    error: &'a str,
    code: RefusalCode,
}

fn refusal_body(refusal: &Refusal) -> Vec<u8> {
    to_json(&V10Refusal { message: &refusal.why, error: &refusal.why, code: refusal.code })
}

fn refused(refusal: &Refusal) -> Response {
    let status = refusal.status();
    let mut response = response(status, JSON, Body::from(refusal_body(refusal)));
    let headers = [
        ("name", AUDIT_V10_NAME.to_owned()),
        ("bt_header_axon_status_code", status.to_string()),
        ("bt_header_axon_status_message", refusal.why.clone()),
    ];
    headed(&mut response, headers.map(|(name, value)| (name.to_owned(), value)));
    response
}

/// A value that is no header, for a caller's words are in it, is left out.
fn headed(response: &mut Response, headers: impl IntoIterator<Item = (String, String)>) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
}
