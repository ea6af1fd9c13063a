//! Answers to senders.
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// A status, the headers worth mentioning and a body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
    }

    /// An answer in words.
    pub(super) fn in_words(status: StatusCode, words: &str) -> Self {
        Self::new(status, format!("{words}\n").into_bytes()).of_type("text/plain; charset=utf-8")
    }

    pub(super) fn of_type(mut self, media_type: &'static str) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self
    }

    /// The connection is of no further use.
    pub(super) fn closing(mut self) -> Self {
        self.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// 503: nothing has been decided, and the sender is to try again.
pub(super) fn unavailable(words: &str) -> Answer {
    let mut answer = Answer::in_words(StatusCode::SERVICE_UNAVAILABLE, words);
    answer.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}
