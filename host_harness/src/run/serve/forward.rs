//! The next hop: what is sent to it, and what its answer means.
use super::answer::{Answer, unavailable};
use super::trail;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;

/// The time that making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The time that an unused connection is kept. Most servers keep theirs longer. Otherwise we could write to one that
/// the server is closing, and would have to send the batch again.
const IDLE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are relayed.
const MOST_ANSWER: usize = 64 << 10;

/// Where batches are sent to: an `http` URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Downstream(Uri);

/// Why a URL is no [`Downstream`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum DownstreamError {
    /// It cannot be read.
    #[error("this is not a URL such as http://127.0.0.1:8788/")]
    NotUrl,
    /// It is something else than `http`.
    #[error("only http:// is spoken: the next hop belongs on this machine, or behind a proxy that adds TLS")]
    NotHttp,
    /// It has a user's name in it.
    #[error("a user's name in the URL is not sent on; the sender's Authorization header is")]
    UserInfo,
}

impl Downstream {
    /// Returns whether it is what listens on this address, by any of the addresses that its host has now: then the hop
    /// would send to itself. A way back through other hosts is found only when a batch comes back.
    pub(crate) fn leads_to(&self, listen: SocketAddr) -> bool {
        trail::leads_to(self, listen)
    }

    /// The host as it is written, and the port.
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (self.0.host().unwrap_or_default(), self.0.port_u16().unwrap_or(80))
    }
}

impl FromStr for Downstream {
    type Err = DownstreamError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| DownstreamError::NotUrl)?;
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(authority)) if authority.as_str().contains('@') => {
                Err(DownstreamError::UserInfo)
            }
            (Some("http"), Some(authority)) if !authority.host().is_empty() => Ok(Self(uri)),
            (Some(scheme), _) if scheme != "http" => Err(DownstreamError::NotHttp),
            _ => Err(DownstreamError::NotUrl),
        }
    }
}

impl fmt::Display for Downstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Sends batches, over connections that are kept for the next one.
#[derive(Debug)]
pub(super) struct Forwarder {
    client: Client<HttpConnector, Body>,
    downstream: Downstream,
    limit: Duration,
}

/// The result of sending a batch.
#[derive(Debug)]
pub(super) enum Sent {
    /// The downstream has decided, and this is what it said.
    Decided(Answer),
    /// It has not, and the sender is to try again.
    Undecided {
        /// For the metrics.
        error_type: &'static str,
        /// In words.
        why: String,
    },
}

impl Forwarder {
    pub(super) fn new(downstream: Downstream, limit: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { client, downstream, limit }
    }

    /// Sends a batch with these headers, and waits for the whole answer.
    pub(super) async fn send(&self, method: Method, headers: HeaderMap, body: Body) -> Sent {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.downstream.0.clone();
        *request.headers_mut() = headers;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| in_words(&error))?;
            let (parts, mut body) = response.into_parts();
            let mut answer = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| in_words(&error))?;
                if let Some(data) = frame.data_ref() {
                    answer.extend_from_slice(data);
                }
                if answer.len() > MOST_ANSWER {
                    answer.truncate(MOST_ANSWER);
                    break;
                }
            }
            Ok::<_, String>((parts, answer))
        };
        match timeout(self.limit, exchange).await {
            Ok(Ok((parts, body))) => decided(parts.status, &parts.headers, body),
            Ok(Err(why)) => Sent::Undecided { error_type: "connection_failed", why },
            Err(_) => {
                let why = format!("there was no answer within {} seconds", self.limit.as_secs_f64());
                Sent::Undecided { error_type: "timed_out", why }
            }
        }
    }
}

/// Returns what a status means to Vector's `http` sink (`src/sinks/util/http.rs`): after a 2xx it lets go of the batch,
/// after a 4xx but 408 and 429 it drops it, and after 5xx but 501 it tries again. So a 2xx and a 4xx are the
/// downstream's word and are passed on as they are; all else becomes a 503, also what the sink would drop for (a
/// redirect, 501).
fn decided(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Sent {
    if status.is_success() || status.is_client_error() {
        let mut answer = Answer::new(status, body);
        for name in [CONTENT_TYPE, RETRY_AFTER] {
            if let Some(value) = headers.get(&name) {
                answer.headers.insert(name, value.clone());
            }
        }
        Sent::Decided(answer)
    } else {
        Sent::Undecided { error_type: "http_status", why: format!("it answered {status}") }
    }
}

/// An error with its causes.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

impl Sent {
    /// The answer to the sender.
    pub(super) fn into_answer(self) -> Answer {
        match self {
            Self::Decided(answer) => answer,
            Self::Undecided { why, .. } => {
                unavailable(&format!("the downstream has not taken the batch: {why}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_are_downstreams() {
        for good in ["http://127.0.0.1:8788/", "http://vector", "http://[::1]:80/a?b=c"] {
            assert!(good.parse::<Downstream>().is_ok(), "{good}");
        }
        for (bad, error) in [
            ("https://vector/", DownstreamError::NotHttp),
            ("ftp://vector/", DownstreamError::NotHttp),
            ("http://a:b@vector/", DownstreamError::UserInfo),
            ("vector:8788", DownstreamError::NotUrl),
            ("/path", DownstreamError::NotUrl),
            ("", DownstreamError::NotUrl),
            ("http:///x", DownstreamError::NotUrl),
        ] {
            assert_eq!(bad.parse::<Downstream>(), Err(error), "{bad}");
        }
    }

    #[test]
    fn each_status_means_what_it_should_to_vector() {
        for status in 200..600 {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = decided(status, &HeaderMap::new(), b"why".to_vec()).into_answer();
            if status.is_success() || status.is_client_error() {
                assert_eq!((answer.status, &*answer.body), (status, b"why".as_slice()));
            } else {
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{status}");
            }
        }
    }
}
