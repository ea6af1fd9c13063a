//! The filter as a hop between two ends that speak HTTP, above all Vector's `http` sink and `http_server` source.
//!
//! The hop keeps nothing. A request is answered with a 2xx only after the downstream has answered one for all of its
//! events, with a 4xx only when the downstream said so or the body cannot be read at all, and with a 503, after which
//! Vector tries again, whenever nothing has been decided. So the sender's acknowledgement means what it would mean
//! without the hop, and a crash of either end, of the hop or of a connection loses nothing; events may arrive twice.
//!
//! A body is a JSON array, newline-delimited JSON or one JSON object, plain, gzip or zlib; it goes on in the framing
//! that it came in, not compressed. A record that is no JSON object is wrapped in one, since Vector refuses a whole
//! body for one such line.
//!
//! Limits bound the memory (`memory`), the requests at work, the connections (`peers`), the threads and each wait. A
//! limit never costs an event: what is over one passes without a tag, is counted, and the header `Schtag-Untagged`
//! names the limit. A peer that is slow or silent loses its connection when others need its place; `/healthz` and
//! `/metrics` always answer.
//!
//! Neither side is encrypted or authenticated by the hop: it belongs on the loopback interface, or after a proxy that
//! does both. `headers` lists what is not passed on; `Authorization` is, for the downstream to check.

mod answer;
mod batch;
mod connections;
mod forward;
mod framing;
mod headers;
mod hop;
mod intake;
mod log;
mod memory;
mod metrics;
mod patience;
mod peers;
mod tally;
mod trail;

pub(crate) use connections::Server;
pub(crate) use forward::Downstream;

use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Where a hop sends to, and what bounds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Where tagged batches go. Without one the sender gets them back.
    pub forward: Option<Downstream>,
    /// The largest body, as it comes and decompressed, in bytes.
    pub max_body: usize,
    /// The most requests at work at once, each from the reading of its body until its answer is taken; more wait.
    pub max_requests: usize,
    /// The bytes that all requests together may hold: bodies as they come, decompressed and tagged, and answers that
    /// are not taken yet. Without a number it is the largest body times the number of requests.
    pub max_memory: Option<usize>,
    /// The number of threads that run the filter.
    pub workers: usize,
    /// The time for each of: a request's head, its body, the wait for its turn and the taking back of its answer.
    pub read_timeout: Duration,
    /// The time that the downstream may take for a batch.
    pub forward_timeout: Duration,
    /// The time that running requests have to finish when the hop is stopped.
    pub shutdown_timeout: Duration,
}

impl Options {
    /// Four times the 10 MB of a batch of Vector's `http` sink, since that measure is an estimate.
    pub(crate) const DEFAULT_MAX_BODY: usize = 40 << 20;
    /// Vector's sink begins with one request at a time, and adapts.
    pub(crate) const DEFAULT_MAX_REQUESTS: usize = 16;
    /// 30 seconds.
    pub(crate) const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(30);
    /// 30 seconds: the sink itself gives up after 60.
    pub(crate) const DEFAULT_FORWARD_TIMEOUT: Duration = Duration::from_secs(30);
    /// 20 seconds: many a supervisor kills after 30.
    pub(crate) const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

    /// The bytes that all requests together may hold.
    pub(crate) fn memory_limit(&self) -> usize {
        self.max_memory.unwrap_or_else(|| self.max_body.saturating_mul(self.max_requests.max(4)))
    }

    /// With numbers that semaphores can count to, and one at least.
    fn within_bounds(mut self) -> Self {
        for count in [&mut self.max_requests, &mut self.workers] {
            *count = (*count).clamp(1, Semaphore::MAX_PERMITS);
        }
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            forward: None,
            max_body: Self::DEFAULT_MAX_BODY,
            max_requests: Self::DEFAULT_MAX_REQUESTS,
            max_memory: None,
            workers: available_parallelism().map_or(1, usize::from),
            read_timeout: Self::DEFAULT_READ_TIMEOUT,
            forward_timeout: Self::DEFAULT_FORWARD_TIMEOUT,
            shutdown_timeout: Self::DEFAULT_SHUTDOWN_TIMEOUT,
        }
    }
}
