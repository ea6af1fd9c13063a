//! One request: read, tagged, sent on, answered.
use super::Options;
use super::answer::{Answer, unavailable};
use super::batch::{self, Batch, Encoding, Untagged};
use super::forward::{Forwarder, Sent};
use super::headers::{self, UNTAGGED};
use super::intake::{self, Begun, Intake, Missed, ThenWork, Through, Turn, holding};
use super::log::{Log, Say};
use super::memory::Memory;
use super::metrics::{MEDIA_TYPE, Metrics, Use, Watched};
use super::peers::{Peer, Peers};
use super::tally::Limit;
use super::trail::{HOPS, Loop, Name};
use crate::run::transform::Tag;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// The interval at which a request that waits for its turn looks for a slow peer in its way.
const LOOK: Duration = Duration::from_secs(1);

/// The state that all requests share.
pub(super) struct Hop {
    tag: Tag,
    forwarder: Option<Forwarder>,
    options: Options,
    metrics: Arc<Metrics>,
    peers: Arc<Peers>,
    memory: Arc<Memory>,
    /// The name of this hop among others.
    name: Name,
    /// A permit for each request from the reading of its body until its answer is taken.
    requests: Arc<Semaphore>,
    /// A permit for each thread that runs the filter.
    workers: Arc<Semaphore>,
    log: Log,
}

impl Hop {
    pub(super) fn new(tag: Tag, options: Options, peers: Arc<Peers>, say: Say) -> Self {
        let permits = |count: usize| Arc::new(Semaphore::new(count));
        let options = options.within_bounds();
        Self {
            tag,
            forwarder: options.forward.clone().map(|url| Forwarder::new(url, options.forward_timeout)),
            metrics: Arc::new(Metrics::default()),
            peers,
            memory: Memory::new(options.memory_limit()),
            name: Name::random(),
            requests: permits(options.max_requests),
            workers: permits(options.workers),
            options,
            log: Log::new(say),
        }
    }

    /// Batches are taken at every path, those of our own pages too: one that the sender got wrong must not cost it its
    /// events.
    pub(super) fn routes(self) -> Router {
        let health = get(async || Answer::in_words(StatusCode::OK, "ok").into_response());
        Router::new()
            .route("/healthz", health.fallback(request))
            .route("/metrics", get(metrics).fallback(request))
            .fallback(request)
            .with_state(Arc::new(self))
    }
}

async fn metrics(State(hop): State<Arc<Hop>>) -> Response {
    let most = hop.options.max_requests;
    let now = Use {
        memory: hop.memory.held(),
        memory_limit: hop.memory.limit(),
        permits: most.saturating_sub(hop.requests.available_permits()),
        permits_limit: most,
        connections: hop.peers.len(),
        closed: hop.peers.closed(),
    };
    let text = hop.metrics.text(hop.tag.module(), &hop.tag.counters().snapshot(), &now);
    Answer::new(StatusCode::OK, text.into_bytes()).of_type(MEDIA_TYPE).into_response()
}

async fn request(State(hop): State<Arc<Hop>>, request: Request) -> Response {
    let mut watched = Watched::new(Arc::clone(&hop.metrics));
    let response = hop.answer(request).await.unwrap_or_else(Answer::into_response);
    watched.status = response.status().as_u16();
    response
}

impl Hop {
    async fn answer(&self, request: Request) -> Result<Response, Answer> {
        let (mut head, body) = request.into_parts();
        let peer = head.extensions.remove::<Arc<Peer>>().unwrap_or_else(|| Peer::new(false));
        if let Some(answer) = self.wrong_method(&head) {
            return Err(answer);
        }
        if peer.is_reserve() {
            return Err(unavailable("too many connections at once").closing());
        }
        let hops = self.name.append_to(&head.headers).map_err(|found| self.looped(found))?;
        let Some(encoding) = intake::encoding(&head.headers) else {
            let words = "only gzip and zlib (deflate) are decompressed; set the sender's compression to one of them or none";
            return Err(Answer::in_words(StatusCode::UNSUPPORTED_MEDIA_TYPE, words).closing());
        };
        let busy = peer.begin();
        let permit = self.permit().await?;
        let mut turn = Turn { permit, busy, share: self.memory.share() };
        match self.read(&head.headers, body, &mut turn).await? {
            Intake::Whole(body) => {
                self.metrics.receive(body.len());
                let says_lines = intake::says_lines(&head.headers);
                match self.tagged(body, encoding, says_lines, turn).await? {
                    Outcome::Tagged(batch, turn) => self.pass_on(head, hops, batch, turn).await,
                    Outcome::Over(limit, body, turn) => {
                        let body = Begun::from(body);
                        self.pass_untagged(head, hops, limit, body, Body::empty(), turn).await
                    }
                }
            }
            Intake::Over { limit, begun, rest } => {
                self.pass_untagged(head, hops, limit, begun, rest, turn).await
            }
        }
    }

    /// Batches are sent with POST or PUT. After a 4xx their sender would drop them, so that only who sends nothing
    /// gets one.
    fn wrong_method(&self, head: &Parts) -> Option<Answer> {
        if head.method == Method::POST || head.method == Method::PUT {
            return None;
        }
        let words = "events are sent with POST or PUT";
        let mut answer = if intake::has_body(&head.headers) {
            self.metrics.fail("method", "receiving");
            unavailable(&format!("{words}; set the sender's method to one of them")).closing()
        } else {
            Answer::in_words(StatusCode::METHOD_NOT_ALLOWED, words)
        };
        answer.headers.insert(ALLOW, HeaderValue::from_static("POST, PUT"));
        Some(answer)
    }

    /// The answer to a batch that goes in a circle.
    fn looped(&self, found: Loop) -> Answer {
        self.metrics.count_loop();
        self.log.looped(&found);
        unavailable(&found.to_string()).closing()
    }

    /// Waits for the request's turn. Peers that are slow while others wait are let go.
    async fn permit(&self) -> Result<OwnedSemaphorePermit, Answer> {
        let turn = async {
            let mut permit = pin!(Arc::clone(&self.requests).acquire_owned());
            loop {
                match timeout(LOOK, permit.as_mut()).await {
                    Ok(permit) => return permit,
                    Err(_) => self.peers.let_slowest_go(),
                };
            }
        };
        match timeout(self.options.read_timeout, turn).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(unavailable("too many requests at once").closing()),
        }
    }

    /// Reads a body within the limits of size, time and memory.
    async fn read(&self, headers: &HeaderMap, body: Body, turn: &mut Turn) -> Result<Intake, Answer> {
        let (limit, patience) = (self.options.max_body, self.options.read_timeout);
        intake::read(headers, body, limit, patience, turn).await.map_err(|missed| match missed {
            Missed::Busy(short) => self.short_of_memory(&short.to_string()),
            Missed::BrokenOff(error) => {
                self.metrics.fail("connection_failed", "receiving");
                // When a proxy hears this in place of the sender, nothing has been decided for it either.
                unavailable(&format!("the body broke off: {error}")).closing()
            }
            Missed::Late => {
                self.metrics.fail("timed_out", "receiving");
                let words = "the body did not come in time; nothing of it was forwarded";
                Answer::in_words(StatusCode::REQUEST_TIMEOUT, words).closing()
            }
        })
    }

    fn short_of_memory(&self, words: &str) -> Answer {
        self.metrics.fail("no_memory", "receiving");
        self.peers.let_slowest_go();
        unavailable(words).closing()
    }

    /// Decompresses and tags a body on a thread of its own. When the sender goes meanwhile, the work is still done,
    /// and keeps its turn for as long.
    async fn tagged(
        &self,
        body: Vec<u8>,
        encoding: Encoding,
        says_lines: bool,
        mut turn: Turn,
    ) -> Result<Outcome, Answer> {
        let mut tag = self.tag.clone();
        let limit = self.options.max_body;
        let worker = Arc::clone(&self.workers).acquire_owned().await;
        let work = spawn_blocking(move || {
            let result = batch::tag(&mut tag, body, encoding, says_lines, limit, &mut turn.share);
            drop(worker);
            (result, turn)
        });
        let Ok((result, turn)) = work.await else {
            self.metrics.fail("internal", "processing");
            return Err(unavailable("the filter's thread has failed"));
        };
        match result {
            Ok(batch) => Ok(Outcome::Tagged(batch, turn)),
            Err((Untagged::Over(limit), body)) => Ok(Outcome::Over(limit, body, turn)),
            Err((busy @ Untagged::Busy(_), _)) => Err(self.short_of_memory(&busy.to_string())),
            Err((unreadable @ (Untagged::Damaged(_) | Untagged::NotJson), _)) => {
                self.metrics.fail("invalid_body", "receiving");
                Err(Answer::in_words(StatusCode::BAD_REQUEST, &unreadable.to_string()))
            }
        }
    }

    /// Sends a tagged batch on, or back.
    async fn pass_on(
        &self,
        head: Parts,
        hops: HeaderValue,
        batch: Batch,
        turn: Turn,
    ) -> Result<Response, Answer> {
        let Batch { framing, body, tally } = batch;
        self.metrics.tag(&tally);
        if let Some(fault) = &tally.fault {
            self.log.fault(fault);
        }
        let untagged = tally.untagged.keys().next().copied();
        if let Some(limit) = untagged {
            self.log.untagged(limit);
        }
        let bytes = body.len();
        let mut answer = if self.forwarder.is_some() && tally.events > 0 {
            let Turn { permit, busy, share } = turn;
            let headers = headers::passed_on(&head.headers, headers::Body::Written(framing));
            let body = Body::from(holding(body, share));
            let sent = self.forward(head.method, headers, hops, untagged, body).await;
            if matches!(&sent, Some(Sent::Decided(answer)) if answer.status.is_success()) {
                self.metrics.send(tally.events, bytes);
            }
            drop((permit, busy));
            sent.map_or_else(|| unavailable("there is no downstream"), Sent::into_answer)
        } else {
            self.metrics.send(tally.events, bytes);
            turn.busy.wait_for_peer();
            let mut answer = Answer::new(StatusCode::OK, holding(body, turn)).of_type(framing.media_type());
            if let Some(media_type) = head.headers.get(CONTENT_TYPE) {
                answer.headers.insert(CONTENT_TYPE, media_type.clone());
            }
            answer
        };
        if let Some(limit) = untagged {
            answer.headers.insert(UNTAGGED, HeaderValue::from_static(limit.label()));
        }
        Ok(answer.into_response())
    }

    /// Sends a batch that is over a limit on, or back, as it came.
    async fn pass_untagged(
        &self,
        head: Parts,
        hops: HeaderValue,
        limit: Limit,
        begun: Begun,
        rest: Body,
        turn: Turn,
    ) -> Result<Response, Answer> {
        self.metrics.count_untagged_batch(limit);
        self.log.untagged(limit);
        let Turn { permit, busy, share } = turn;
        let (busy, patience) = (Arc::new(busy), self.options.read_timeout);
        let mut response = if self.forwarder.is_some() {
            let headers = headers::passed_on(&head.headers, headers::Body::AsItCame);
            let sent_on = Arc::new(ThenWork(Arc::clone(&busy)));
            let body = Through::new(begun, rest, share, Arc::clone(&busy), patience, sent_on).into_body();
            let sent = self.forward(head.method, headers, hops, Some(limit), body).await;
            drop((permit, busy));
            sent.map_or_else(|| unavailable("there is no downstream"), Sent::into_answer).into_response()
        } else {
            let taken = (Arc::new(permit), Arc::clone(&busy));
            let body = Through::new(begun, rest, share, busy, patience, taken).into_body();
            let mut response = Response::new(body);
            for name in [CONTENT_TYPE, CONTENT_ENCODING] {
                if let Some(value) = head.headers.get(&name) {
                    response.headers_mut().insert(name, value.clone());
                }
            }
            response
        };
        response.headers_mut().insert(UNTAGGED, HeaderValue::from_static(limit.label()));
        Ok(response)
    }

    /// Sends a body to the downstream; nothing where there is none.
    async fn forward(
        &self,
        method: Method,
        mut headers: HeaderMap,
        hops: HeaderValue,
        untagged: Option<Limit>,
        body: Body,
    ) -> Option<Sent> {
        let forwarder = self.forwarder.as_ref()?;
        headers.insert(HOPS, hops);
        if let Some(limit) = untagged {
            headers.insert(UNTAGGED, HeaderValue::from_static(limit.label()));
        }
        let start = Instant::now();
        let sent = forwarder.send(method, headers, body).await;
        self.metrics.forward(start.elapsed());
        self.log.sent(&sent);
        match &sent {
            Sent::Decided(answer) if answer.status.is_success() => {}
            Sent::Decided(_) => self.metrics.fail("rejected", "sending"),
            Sent::Undecided { error_type, .. } => self.metrics.fail(error_type, "sending"),
        }
        Some(sent)
    }
}

/// The result of a body, and the room that it still takes.
enum Outcome {
    Tagged(Batch, Turn),
    /// It is over a limit, and as it came.
    Over(Limit, Vec<u8>, Turn),
}
