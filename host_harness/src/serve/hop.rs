//! One request: read, tagged, sent on, answered.
use super::Options;
use super::answer::{Answer, unavailable};
use super::batch::{self, Batch, Encoding, Refused};
use super::forward::{Forwarder, Sent};
use super::metrics::{MEDIA_TYPE, Metrics};
use crate::transform::Tag;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use http_body_util::BodyExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Tells the operator something.
type Say = Box<dyn Fn(&str) + Send + Sync>;

/// What all requests share.
pub(super) struct Hop {
    tag: Tag,
    forwarder: Option<Forwarder>,
    options: Options,
    metrics: Arc<Metrics>,
    /// A permit for each request that is read and worked on.
    requests: Arc<Semaphore>,
    /// A permit for each thread that runs the filter.
    workers: Arc<Semaphore>,
    say: Say,
    /// Whether the last batch was not taken.
    failing: AtomicBool,
    /// Whether the last batch that was decided was refused.
    refusing: AtomicBool,
    /// Whether a fault of the guest has been told.
    fault_told: AtomicBool,
}

impl Hop {
    pub(super) fn new(tag: Tag, options: Options, say: Say) -> Self {
        let permits = |count: usize| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            tag,
            forwarder: options.forward.clone().map(|url| Forwarder::new(url, options.forward_timeout)),
            metrics: Arc::new(Metrics::default()),
            requests: permits(options.max_requests),
            workers: permits(options.workers),
            options,
            say,
            failing: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
            fault_told: AtomicBool::new(false),
        }
    }

    /// Batches are taken at every other path: one that the sender got wrong must not cost it its events.
    pub(super) fn routes(self) -> Router {
        Router::new()
            .route("/healthz", get(async || Answer::in_words(StatusCode::OK, "ok").into_response()))
            .route("/metrics", get(metrics))
            .fallback(request)
            .with_state(Arc::new(self))
    }
}

async fn metrics(State(hop): State<Arc<Hop>>) -> Response {
    let text = hop.metrics.text(hop.tag.module(), &hop.tag.counters().snapshot());
    Answer::new(StatusCode::OK, text.into_bytes()).of_type(MEDIA_TYPE).into_response()
}

async fn request(State(hop): State<Arc<Hop>>, request: Request) -> Response {
    let mut watched = Watched::new(Arc::clone(&hop.metrics));
    let answer = hop.answer(request).await.unwrap_or_else(|answer| answer);
    watched.status = answer.status.as_u16();
    answer.into_response()
}

impl Hop {
    async fn answer(&self, request: Request) -> Result<Answer, Answer> {
        let (head, body) = request.into_parts();
        if head.method != Method::POST && head.method != Method::PUT {
            let mut answer =
                Answer::in_words(StatusCode::METHOD_NOT_ALLOWED, "events are sent with POST or PUT");
            answer.headers.insert(ALLOW, HeaderValue::from_static("POST, PUT"));
            return Err(answer);
        }
        let Some(encoding) = encoding(&head.headers) else {
            let words = "only gzip and zlib (deflate) are decompressed; set the sender's compression to one of them or none";
            return Err(Answer::in_words(StatusCode::UNSUPPORTED_MEDIA_TYPE, words).closing());
        };
        let permit = timeout(self.options.read_timeout, Arc::clone(&self.requests).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(unavailable("too many requests at once").closing());
        };
        let permit = Arc::new(permit);
        let body = self.read(&head.headers, body).await?;
        self.metrics.receive(body.len());
        let Batch { framing, body, tally } =
            self.tagged(body, encoding, says_lines(&head.headers), Arc::clone(&permit)).await?;
        self.metrics.tag(&tally);
        if let Some(fault) = &tally.fault
            && !self.fault_told.swap(true, Relaxed)
        {
            (self.say)(&format!("{fault}; the event passes with a note. Further faults are only counted"));
        }
        let bytes = body.len();
        let Some(forwarder) = self.forwarder.as_ref().filter(|_| tally.events > 0) else {
            self.metrics.send(tally.events, bytes);
            let mut answer = Answer::new(StatusCode::OK, body).of_type(framing.media_type());
            if let Some(media_type) = head.headers.get(CONTENT_TYPE) {
                answer.headers.insert(CONTENT_TYPE, media_type.clone());
            }
            return Ok(answer);
        };
        let start = Instant::now();
        let sent = forwarder.send(head.method, &head.headers, framing, Bytes::from(body)).await;
        self.metrics.forward(start.elapsed());
        self.tell(&sent);
        match &sent {
            Sent::Decided(answer) if answer.status.is_success() => self.metrics.send(tally.events, bytes),
            Sent::Decided(_) => self.metrics.fail("rejected", "sending"),
            Sent::Undecided { error_type, .. } => self.metrics.fail(error_type, "sending"),
        }
        Ok(sent.into_answer())
    }

    /// Reads a body within the limits of size and time.
    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Answer> {
        let limit = self.options.max_body;
        let too_large = || {
            self.metrics.fail("too_large", "receiving");
            let refused = Refused::TooLarge { limit, when: "as it comes" };
            Answer::in_words(StatusCode::PAYLOAD_TOO_LARGE, &refused.to_string()).closing()
        };
        let announced =
            headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        match timeout(self.options.read_timeout, collect(body, limit)).await {
            Ok(Ok(Some(bytes))) => Ok(bytes.into()),
            Ok(Ok(None)) => Err(too_large()),
            Ok(Err(error)) => {
                self.metrics.fail("connection_failed", "receiving");
                // When a proxy hears this in place of the sender, nothing has been decided for it either.
                Err(unavailable(&format!("the body broke off: {error}")).closing())
            }
            Err(_) => {
                self.metrics.fail("timed_out", "receiving");
                let words = "the body did not come in time; nothing of it was forwarded";
                Err(Answer::in_words(StatusCode::REQUEST_TIMEOUT, words).closing())
            }
        }
    }

    /// Decompresses and tags a body on a thread of its own. When the sender goes meanwhile, the work is still done,
    /// and holds its permits for as long.
    async fn tagged(
        &self,
        body: Bytes,
        encoding: Encoding,
        says_lines: bool,
        permit: Arc<OwnedSemaphorePermit>,
    ) -> Result<Batch, Answer> {
        let mut tag = self.tag.clone();
        let limit = self.options.max_body;
        let worker = Arc::clone(&self.workers).acquire_owned().await;
        let work = spawn_blocking(move || {
            let result = batch::tag(&mut tag, &body, encoding, says_lines, limit);
            drop((worker, permit));
            result
        });
        match work.await {
            Ok(Ok(batch)) => Ok(batch),
            Ok(Err(refused)) => {
                let (status, error_type) = match refused {
                    Refused::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
                    Refused::Damaged(_) | Refused::NotJson => (StatusCode::BAD_REQUEST, "invalid_body"),
                };
                self.metrics.fail(error_type, "receiving");
                Err(Answer::in_words(status, &refused.to_string()))
            }
            Err(_) => {
                self.metrics.fail("internal", "processing");
                Err(unavailable("the filter's thread has failed"))
            }
        }
    }

    /// Tells when the downstream begins to fail or to refuse, and when it is there again.
    fn tell(&self, sent: &Sent) {
        match sent {
            Sent::Undecided { why, .. } => {
                if !self.failing.swap(true, Relaxed) {
                    (self.say)(&format!(
                        "the downstream does not take batches: {why}. Senders are told to try again"
                    ));
                }
            }
            Sent::Decided(answer) => {
                if self.failing.swap(false, Relaxed) {
                    (self.say)("the downstream takes batches again");
                }
                let asks_again = matches!(answer.status.as_u16(), 408 | 429);
                let refused = answer.status.is_client_error() && !asks_again;
                if !self.refusing.swap(refused, Relaxed) && refused {
                    let status = answer.status;
                    (self.say)(&format!(
                        "the downstream refuses batches with {status}: senders will drop them"
                    ));
                }
            }
        }
    }
}

/// All bytes of a body; nothing when there are more than `limit`.
async fn collect(mut body: Body, limit: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len().saturating_add(data.len()) > limit {
            return Ok(None);
        }
        bytes.extend_from_slice(data);
    }
    Ok(Some(bytes))
}

/// What the body is compressed with; nothing when that is not read here.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(Encoding::Identity),
        (Some(value), None) => value.to_str().ok().and_then(Encoding::named),
        (Some(_), Some(_)) => None,
    }
}

/// Whether the sender calls its body newline-delimited JSON.
fn says_lines(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(
        essence.as_str(),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines"
    )
}

/// Counts a request, also one whose sender goes before it is answered.
struct Watched {
    metrics: Arc<Metrics>,
    start: Instant,
    status: u16,
}

impl Watched {
    fn new(metrics: Arc<Metrics>) -> Self {
        metrics.start();
        Self { metrics, start: Instant::now(), status: 499 }
    }

    fn took(&self) -> Duration {
        self.start.elapsed()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.metrics.end(self.status, self.took());
    }
}
