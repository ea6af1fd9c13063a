//! A request's body, read within the limits of size, time and memory; and one that goes on unread.
use super::batch::Encoding;
use super::memory::{Share, Short};
use super::peers::Busy;
use super::tally::Limit;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep, timeout};

/// The room that one request takes, until its answer is taken or its sender has gone.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) busy: Busy,
    pub(super) share: Share,
}

/// Bytes of a body, and what is given back when the last of them is written.
struct Held<T> {
    bytes: Vec<u8>,
    _with: T,
}

impl<T> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes that hold something as long as a part of them has not been written.
pub(super) fn holding<T: Send + 'static>(bytes: Vec<u8>, with: T) -> Bytes {
    Bytes::from_owner(Held { bytes, _with: with })
}

/// A body that came.
pub(super) enum Intake {
    /// All of it.
    Whole(Vec<u8>),
    /// It is over a limit: this has come, and the rest comes still.
    Over { limit: Limit, begun: Begun, rest: Body },
}

/// The beginning of a body.
#[derive(Default)]
pub(super) struct Begun {
    bytes: Vec<u8>,
    /// The last piece that arrived.
    last: Bytes,
}

impl From<Vec<u8>> for Begun {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, last: Bytes::new() }
    }
}

/// Why a body did not come.
#[derive(Debug)]
pub(super) enum Missed {
    /// There is no memory for it now.
    Busy(Short),
    /// The connection broke, or what came is no HTTP.
    BrokenOff(axum::Error),
    /// It took too long.
    Late,
}

/// Reads a body of up to `limit` bytes, which `turn` pays for.
///
/// # Errors
/// When the body does not come.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    patience: Duration,
    turn: &mut Turn,
) -> Result<Intake, Missed> {
    let announced = header(headers, &CONTENT_LENGTH).parse::<usize>().unwrap_or(0);
    if announced > limit {
        return Ok(Intake::Over { limit: Limit::Body, begun: Begun::default(), rest: body });
    }
    turn.busy.wait_for_peer();
    let intake = timeout(patience, collect(body, limit, turn)).await.unwrap_or(Err(Missed::Late));
    turn.busy.work();
    intake
}

async fn collect(mut body: Body, limit: usize, turn: &mut Turn) -> Result<Intake, Missed> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Missed::BrokenOff)?.into_data() else { continue };
        turn.busy.step(data.len());
        let over = if bytes.len().saturating_add(data.len()) > limit {
            Limit::Body
        } else {
            match turn.share.extend(&mut bytes, &data) {
                Ok(()) => continue,
                Err(Short::Never) => Limit::Memory,
                Err(short @ Short::Busy) => return Err(Missed::Busy(short)),
            }
        };
        return Ok(Intake::Over { limit: over, begun: Begun { bytes, last: data }, rest: body });
    }
    Ok(Intake::Whole(bytes))
}

/// A body that goes on as it comes, and is never whole in memory.
pub(super) struct Through<T> {
    begun: VecDeque<Bytes>,
    rest: Body,
    busy: Arc<Busy>,
    patience: Duration,
    late: Pin<Box<Sleep>>,
    _with: T,
}

/// Tells a connection, when a body has been sent on, that it now waits for us.
pub(super) struct ThenWork(pub(super) Arc<Busy>);

impl Drop for ThenWork {
    fn drop(&mut self) {
        self.0.work();
    }
}

impl<T: Clone + Send + Unpin + 'static> Through<T> {
    /// `share` has paid for the beginning. `with` is dropped when all of the body has been written.
    pub(super) fn new(
        begun: Begun,
        rest: Body,
        share: Share,
        busy: Arc<Busy>,
        patience: Duration,
        with: T,
    ) -> Self {
        busy.wait_for_peer();
        let begun = [holding(begun.bytes, (share, with.clone())), begun.last];
        let begun = begun.into_iter().filter(|bytes| !bytes.is_empty()).collect();
        Self { begun, rest, busy, patience, late: Box::pin(sleep(patience)), _with: with }
    }

    pub(super) fn into_body(self) -> Body {
        Body::new(self)
    }
}

impl<T: Unpin> HttpBody for Through<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(bytes) = self.begun.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let frame = Pin::new(&mut self.rest).poll_frame(context);
        if let Poll::Ready(frame) = frame {
            if let Some(Ok(frame)) = &frame {
                self.busy.step(frame.data_ref().map_or(0, Bytes::len));
            }
            let deadline = Instant::now() + self.patience;
            self.late.as_mut().reset(deadline);
            return Poll::Ready(frame);
        }
        let late = std::future::Future::poll(self.late.as_mut(), context);
        late.map(|()| Some(Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut)))))
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let begun = self.begun.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(begun));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(begun));
        }
        hint
    }
}

impl<T> fmt::Debug for Through<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").finish_non_exhaustive()
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &axum::http::HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns whether a request has a body.
pub(super) fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || !matches!(header(headers, &CONTENT_LENGTH), "" | "0")
}

/// Returns what the body is compressed with; nothing when that is not read here.
pub(super) fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(Encoding::Identity),
        (Some(value), None) => value.to_str().ok().and_then(Encoding::named),
        (Some(_), Some(_)) => None,
    }
}

/// Returns whether the sender calls its body newline-delimited JSON.
pub(super) fn says_lines(headers: &HeaderMap) -> bool {
    let essence =
        header(headers, &CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(
        essence.as_str(),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines"
    )
}
