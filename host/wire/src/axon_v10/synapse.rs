//! The JSON of a synapse.

use plimsoll_core::{BlockNumber, Digest, Epoch, NetUid, Signature};
use serde::{Deserialize, Serialize};

use super::{V10Head, body_hash};
use crate::messages::{AuditReply, AuditRequest, MessageError};
use crate::texts::legible;

/// A synapse as an axon answers it: the frame of version 10 around the fields of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Synapse<F> {
    /// The class.
    pub name: String,
    /// Seconds.
    pub timeout: f64,
    /// Means nothing.
    pub total_size: u64,
    /// Means nothing.
    pub header_size: u64,
    /// Who asked.
    pub dendrite: Terminal,
    /// Who answers.
    pub axon: Terminal,
    /// Empty in a body.
    pub computed_body_hash: String,
    /// The fields of the class.
    #[serde(flatten)]
    pub fields: F,
}

/// One end of an exchange.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Terminal {
    /// As in HTTP.
    pub status_code: Option<u16>,
    /// One word or a sentence.
    pub status_message: Option<String>,
    /// Seconds.
    pub process_time: Option<f64>,
    /// Its address.
    pub ip: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Its version.
    pub version: Option<u64>,
    /// Of the request.
    pub nonce: Option<u64>,
    /// Of its process.
    pub uuid: Option<String>,
    /// Who it is.
    pub hotkey: Option<String>,
    /// By what.
    pub signature: Option<String>,
}

/// The fields of `Audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFields {
    /// On which subnet.
    pub netuid: u16,
    /// In which round.
    pub epoch: u64,
    /// The block of the round's beacon.
    pub block: u64,
    /// Of which plot: 64 lower-case hex digits.
    pub registration: String,
    /// Lower-case hex.
    pub challenge: String,
    /// How long the answer may take.
    pub deadline_ms: u32,
    /// The answer: lower-case hex.
    #[serde(default)]
    pub proof: Option<String>,
    /// The answer: whether the challenge asks for anything that is held.
    #[serde(default)]
    pub eligible: Option<bool>,
}

const WHAT: &str = "the synapse Audit";

impl AuditFields {
    /// Reads the body of a request. What else is in it (name, dendrite, axon and so on) is signed by nobody and
    /// not looked at.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn of_body(body: &[u8]) -> Result<Self, MessageError> {
        let fields: Self = serde_json::from_slice(body)
            .map_err(|e| MessageError::Malformed { what: WHAT, why: legible(&e.to_string(), 200) })?;
        if fields.proof.is_some() || fields.eligible.is_some() {
            let why = "proof and eligible are the miner's to say: expected null".to_owned();
            return Err(MessageError::Malformed { what: WHAT, why });
        }
        Ok(fields)
    }

    /// The hash over all six fields of the question.
    #[must_use]
    pub fn body_hash(&self) -> String {
        let Self { netuid, epoch, block, registration, challenge, deadline_ms, .. } = self;
        let [netuid, epoch, block] = [u64::from(*netuid), *epoch, *block].map(|n| n.to_string());
        body_hash(&[&netuid, &epoch, &block, registration, challenge, &deadline_ms.to_string()])
    }

    /// The same as every other audit.
    ///
    /// # Errors
    /// [`MessageError`] naming the field.
    pub fn to_request(&self) -> Result<AuditRequest, MessageError> {
        let wrong = |field, expected: &str, found: &str| MessageError::Field {
            field,
            expected: expected.to_owned(),
            found: legible(found, 80),
        };
        let registration: Option<Digest> = self.registration.parse().ok();
        let registration = registration.filter(|digest| digest.to_string() == self.registration);
        let challenge =
            hex::decode(&self.challenge).ok().filter(|bytes| hex::encode(bytes) == self.challenge);
        let request = AuditRequest {
            netuid: NetUid(self.netuid),
            epoch: Epoch(self.epoch),
            block: BlockNumber(self.block),
            registration: registration
                .ok_or_else(|| wrong("registration", "64 lower-case hex digits", &self.registration))?,
            challenge: challenge
                .ok_or_else(|| wrong("challenge", "lower-case hex digits", &self.challenge))?,
            deadline_ms: self.deadline_ms,
        };
        request.check()?;
        Ok(request)
    }

    /// With the miner's answer.
    #[must_use]
    pub fn answered(self, reply: &AuditReply) -> Self {
        match reply {
            AuditReply::Proof(proof) => {
                Self { proof: Some(hex::encode(proof)), eligible: Some(true), ..self }
            }
            AuditReply::NotEligible => Self { proof: None, eligible: Some(false), ..self },
        }
    }
}

impl<F> Synapse<F> {
    /// The answer to `head` with `fields`, made in `process_s` seconds.
    #[must_use]
    pub fn success(head: &V10Head, fields: F, process_s: f64) -> Self {
        let dendrite = Terminal {
            version: Some(head.version),
            nonce: Some(head.nonce.0),
            uuid: Some(head.uuid.clone()),
            hotkey: Some(head.dendrite.to_ss58()),
            signature: Some(prefixed(&head.signature)),
            ..Terminal::default()
        };
        let axon = Terminal {
            status_code: Some(200),
            status_message: Some("Success".to_owned()),
            process_time: Some(process_s),
            hotkey: Some(head.axon.to_ss58()),
            ..Terminal::default()
        };
        Self {
            name: head.name.clone(),
            timeout: head.timeout_s,
            total_size: 0,
            header_size: 0,
            dendrite,
            axon,
            computed_body_hash: String::new(),
            fields,
        }
    }

    /// The headers that say the same.
    #[must_use]
    pub fn headers(&self, body_hash: &str) -> Vec<(String, String)> {
        let mut headers =
            vec![("name".to_owned(), self.name.clone()), ("timeout".to_owned(), seconds(self.timeout))];
        for (end, terminal) in [("axon", &self.axon), ("dendrite", &self.dendrite)] {
            let fields = terminal.texts().into_iter();
            headers.extend(fields.map(|(field, text)| (format!("bt_header_{end}_{field}"), text)));
        }
        headers.push(("computed_body_hash".to_owned(), body_hash.to_owned()));
        headers
    }
}

impl Terminal {
    /// What is known of it.
    fn texts(&self) -> Vec<(&'static str, String)> {
        let Self { ip, uuid, hotkey, signature, status_message, .. } = self;
        let all = [
            ("status_code", self.status_code.map(|n| n.to_string())),
            ("status_message", status_message.clone()),
            ("process_time", self.process_time.map(seconds)),
            ("ip", ip.clone()),
            ("port", self.port.map(|n| n.to_string())),
            ("version", self.version.map(|n| n.to_string())),
            ("nonce", self.nonce.map(|n| n.to_string())),
            ("uuid", uuid.clone()),
            ("hotkey", hotkey.clone()),
            ("signature", signature.clone()),
        ];
        all.into_iter().filter_map(|(field, text)| Some((field, text?))).collect()
    }
}

/// As Python writes a float: with a point.
fn seconds(seconds: f64) -> String {
    format!("{seconds:?}")
}

fn prefixed(signature: &Signature) -> String {
    format!("0x{signature}")
}
