//! The heads of answers.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::fault::Wait;

/// An answer, and how long the client was told to wait.
pub(crate) struct Answer {
    pub(crate) response: Response<Body>,
    pub(crate) wait: Option<Duration>,
}

impl Answer {
    pub(crate) fn of(status: u16) -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { response, wait: None }
    }

    /// An error as the Hub tells it: a code and a sentence in headers, the sentence as text too.
    pub(crate) fn error(status: u16, code: Option<&str>, message: &str) -> Self {
        let mut answer = Self::of(status).header("x-error-message", message);
        if let Some(code) = code {
            answer = answer.header("x-error-code", code);
        }
        answer.with(Body::from(message.to_owned()))
    }

    /// A refusal that passes: 429 or 503.
    pub(crate) fn later(status: u16, wait: Wait) -> Self {
        let answer = Self::error(status, None, "come again later");
        let (seconds, text) = match wait {
            Wait::Untold => return answer,
            Wait::Seconds(seconds) => (seconds, seconds.to_string()),
            Wait::Date(seconds) => {
                let date = SystemTime::now() + Duration::from_secs(seconds);
                (seconds, httpdate::fmt_http_date(date))
            }
        };
        let mut answer = answer.header("retry-after", &text);
        // A date has whole seconds: up to one of them may be missing.
        let told_ms =
            seconds * 1000 - if matches!(wait, Wait::Date(_)) { 1000.min(seconds * 1000) } else { 0 };
        answer.wait = Some(Duration::from_millis(told_ms));
        answer
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.response.headers_mut().insert(HeaderName::from_static(name), value);
        }
        self
    }

    pub(crate) fn with(mut self, body: Body) -> Self {
        *self.response.body_mut() = body;
        self
    }
}
