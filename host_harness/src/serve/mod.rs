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
//! What bounds it: the size of a body, as it comes and decompressed; how many requests are read at once, and for how
//! long each may take to come in, to be sent on and to be taken back; how many connections there are; how many
//! threads work for the filter. Neither side is encrypted or authenticated by the hop: it belongs on the loopback
//! interface, or behind a proxy that does both. `Authorization` is passed on, for the downstream to check.

mod answer;
mod batch;
mod connections;
mod forward;
mod framing;
mod hop;
mod metrics;
mod patience;

pub use connections::Server;
pub use forward::{Downstream, DownstreamError};

use std::thread::available_parallelism;
use std::time::Duration;

/// Where a hop sends to, and what bounds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where tagged batches go. Without one the sender gets them back.
    pub forward: Option<Downstream>,
    /// The largest body, as it comes and decompressed, in bytes.
    pub max_body: usize,
    /// How many requests are read and worked on at once; more wait.
    pub max_requests: usize,
    /// How many threads run the filter.
    pub workers: usize,
    /// How long a request's head, its body, the wait for its turn and the taking back of its answer may each take.
    pub read_timeout: Duration,
    /// How long the downstream may take for a batch.
    pub forward_timeout: Duration,
    /// How long requests that are being worked on have when the hop is stopped.
    pub shutdown_timeout: Duration,
}

impl Options {
    /// Four times the 10 MB of a batch of Vector's `http` sink, since that measure is an estimate.
    pub const DEFAULT_MAX_BODY: usize = 40 << 20;
    /// Vector's sink begins with one request at a time, and adapts.
    pub const DEFAULT_MAX_REQUESTS: usize = 16;
    /// 30 seconds.
    pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(30);
    /// 30 seconds: the sink itself gives up after 60.
    pub const DEFAULT_FORWARD_TIMEOUT: Duration = Duration::from_secs(30);
    /// 20 seconds: many a supervisor kills after 30.
    pub const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);
}

impl Default for Options {
    fn default() -> Self {
        Self {
            forward: None,
            max_body: Self::DEFAULT_MAX_BODY,
            max_requests: Self::DEFAULT_MAX_REQUESTS,
            workers: available_parallelism().map_or(1, usize::from),
            read_timeout: Self::DEFAULT_READ_TIMEOUT,
            forward_timeout: Self::DEFAULT_FORWARD_TIMEOUT,
            shutdown_timeout: Self::DEFAULT_SHUTDOWN_TIMEOUT,
        }
    }
}
