//! Renders the hop's counters as text for Prometheus.
//!
//! By hand: prometheus-client 0.26 brings three packages, and writes OpenMetrics only, which is another media type than the
//! text format 0.0.4 that every scraper reads. Most values here are read at the moment of the scrape, from the tagger and
//! the connections, and a registry would need a collector of our own for each.
use super::tally::{Limit, Tally};
use crate::run::transform::{ERRORS, RECEIVED_EVENTS, SENT_EVENTS, Snapshot};
use crate::run::wasmtime::Module;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The media type of the text exposition format.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the histograms' buckets, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0];

/// All counters of a hop.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    in_flight: u64,
    requests: BTreeMap<u16, u64>,
    received_bytes: u64,
    sent_bytes: u64,
    sent_events: u64,
    detections: BTreeMap<(String, String), u64>,
    rules: BTreeMap<String, u64>,
    untagged_batches: BTreeMap<Limit, u64>,
    untagged_events: BTreeMap<Limit, u64>,
    loops: u64,
    /// By `error_type` and `stage`.
    errors: BTreeMap<(&'static str, &'static str), u64>,
    request_seconds: Histogram,
    forward_seconds: Histogram,
}

/// The resources in use, and their limits.
#[derive(Debug, Default)]
pub(super) struct Use {
    /// Bytes that requests hold.
    pub(super) memory: usize,
    pub(super) memory_limit: usize,
    /// Requests from the reading of their bodies until their answers are taken.
    pub(super) permits: usize,
    pub(super) permits_limit: usize,
    pub(super) connections: usize,
    /// Connections that were let go, by reason.
    pub(super) closed: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
struct Histogram {
    counts: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Metrics {
    pub(super) fn start(&self) {
        self.counts().in_flight += 1;
    }

    /// A request has been answered, or its sender has gone (`status` 499, as nginx counts it).
    pub(super) fn end(&self, status: u16, took: Duration) {
        let mut counts = self.counts();
        counts.in_flight = counts.in_flight.saturating_sub(1);
        *counts.requests.entry(status).or_default() += 1;
        counts.request_seconds.add(took);
    }

    pub(super) fn receive(&self, bytes: usize) {
        self.counts().received_bytes += bytes as u64;
    }

    /// A batch has been through the filter.
    pub(super) fn tag(&self, tally: &Tally) {
        let mut counts = self.counts();
        for (key, count) in &tally.detections {
            *counts.detections.entry(key.clone()).or_default() += count;
        }
        for (rule, count) in &tally.rules {
            *counts.rules.entry(rule.clone()).or_default() += count;
        }
        for (limit, count) in &tally.untagged {
            *counts.untagged_events.entry(*limit).or_default() += count;
        }
        if tally.invalid > 0 {
            *counts.errors.entry(("invalid_record", "receiving")).or_default() += tally.invalid;
        }
    }

    /// A batch has arrived: the downstream has it, or the sender got it back.
    pub(super) fn send(&self, events: u64, bytes: usize) {
        let mut counts = self.counts();
        counts.sent_events += events;
        counts.sent_bytes += bytes as u64;
    }

    pub(super) fn forward(&self, took: Duration) {
        self.counts().forward_seconds.add(took);
    }

    pub(super) fn fail(&self, error_type: &'static str, stage: &'static str) {
        *self.counts().errors.entry((error_type, stage)).or_default() += 1;
    }

    /// A batch passes as it came.
    pub(super) fn count_untagged_batch(&self, limit: Limit) {
        *self.counts().untagged_batches.entry(limit).or_default() += 1;
    }

    /// A batch has come back.
    pub(super) fn count_loop(&self) {
        self.counts().loops += 1;
    }

    /// Everything, for Prometheus. `filter` is what the transform has counted.
    pub(super) fn text(&self, module: &Module, filter: &Snapshot, now: &Use) -> String {
        let counts = self.counts();
        let mut out = Text(String::new());
        let pack = module.manifest().map_or("", |manifest| manifest.pack.as_str());
        let version = env!("CARGO_PKG_VERSION");
        out.family("build_info", "gauge", "The version, the module and its rules.");
        out.sample(
            "build_info",
            &[("version", version), ("module_sha256", module.sha256()), ("pack", pack)],
            1,
        );
        out.family(RECEIVED_EVENTS, "counter", "Events taken from request bodies.");
        out.sample(RECEIVED_EVENTS, &[], filter.received_events);
        out.family(
            SENT_EVENTS,
            "counter",
            "Events that the downstream has accepted, or the sender got back.",
        );
        out.sample(SENT_EVENTS, &[], counts.sent_events);
        for (name, help, value) in [
            (
                "component_received_bytes_total",
                "Bytes of request bodies, as they came.",
                counts.received_bytes,
            ),
            ("component_sent_bytes_total", "Bytes of bodies that arrived.", counts.sent_bytes),
        ] {
            out.family(name, "counter", help);
            out.sample(name, &[], value);
        }
        out.family(ERRORS, "counter", "Faults. None of them has lost an event.");
        for (error_type, count) in &filter.errors {
            out.sample(ERRORS, &[("error_type", error_type), ("stage", "processing")], count);
        }
        for ((error_type, stage), count) in &counts.errors {
            out.sample(ERRORS, &[("error_type", error_type), ("stage", stage)], count);
        }
        out.family("detections_total", "counter", "Tagged events by the tag's verdict and severity.");
        for ((verdict, severity), count) in &counts.detections {
            out.sample("detections_total", &[("verdict", verdict), ("severity", severity)], count);
        }
        out.family("rule_matches_total", "counter", "Matches by rule id.");
        for (rule, count) in &counts.rules {
            out.sample("rule_matches_total", &[("rule", rule)], count);
        }
        out.family("requests_total", "counter", "Answered requests by status; 499: the sender had gone.");
        for (status, count) in &counts.requests {
            out.sample("requests_total", &[("status", &status.to_string())], count);
        }
        out.family("requests_in_flight", "gauge", "Requests that have no answer yet.");
        out.sample("requests_in_flight", &[], counts.in_flight);
        for (name, help, counts) in [
            (
                "untagged_batches_total",
                "Batches over a limit, which passed as they came.",
                &counts.untagged_batches,
            ),
            (
                "untagged_events_total",
                "Events over a limit of their batch, which passed without a tag.",
                &counts.untagged_events,
            ),
        ] {
            out.family(name, "counter", help);
            for (limit, count) in counts {
                out.sample(name, &[("limit", limit.label())], count);
            }
        }
        out.family("loops_total", "counter", "Batches that came back to a hop that had sent them.");
        out.sample("loops_total", &[], counts.loops);
        for (name, help, value) in [
            ("memory_bytes", "Bytes that requests hold.", now.memory),
            ("memory_limit_bytes", "The most of them: --max-memory.", now.memory_limit),
            ("permits_in_use", "Requests until their answers are taken.", now.permits),
            ("permits", "The most of them: --max-requests.", now.permits_limit),
            ("connections", "Connections of senders.", now.connections),
        ] {
            out.family(name, "gauge", help);
            out.sample(name, &[], value);
        }
        out.family(
            "connections_closed_total",
            "counter",
            "Connections closed for others: idle, slow, silent from the start, or none left.",
        );
        for (reason, count) in &now.closed {
            out.sample("connections_closed_total", &[("reason", reason)], count);
        }
        out.histogram(
            "request_duration_seconds",
            "From a request's head to its answer.",
            &counts.request_seconds,
        );
        out.histogram(
            "forward_duration_seconds",
            "Of these, waiting for the downstream.",
            &counts.forward_seconds,
        );
        out.0
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counters are whole between any two steps.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a request, also one whose sender goes before it is answered.
pub(super) struct Watched {
    metrics: Arc<Metrics>,
    start: Instant,
    pub(super) status: u16,
}

impl Watched {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
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

impl Histogram {
    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.sum += seconds;
        if let Some((_, count)) = BUCKETS.iter().zip(&mut self.counts).find(|(bound, _)| seconds <= **bound) {
            *count += 1;
        }
    }
}

/// The text exposition format.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.0, "# HELP schtag_{name} {help}\n# TYPE schtag_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let _ = write!(self.0, "schtag_{name}");
        let mut before = '{';
        for (label, text) in labels {
            let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{before}{label}=\"{text}\"");
            before = ',';
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let mut up_to = 0;
        for (bound, count) in BUCKETS.iter().zip(histogram.counts) {
            up_to += count;
            self.sample(&format!("{name}_bucket"), &[("le", &bound.to_string())], up_to);
        }
        self.sample(&format!("{name}_bucket"), &[("le", "+Inf")], histogram.count);
        self.sample(&format!("{name}_sum"), &[], histogram.sum);
        self.sample(&format!("{name}_count"), &[], histogram.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::test_guest;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.start();
        metrics.start();
        metrics.end(200, Duration::from_millis(3));
        metrics.tag(&Tally {
            events: 2,
            detections: [(("alert".into(), "high".into()), 2)].into(),
            rules: [("a\"\\\n".into(), 1)].into(),
            invalid: 1,
            untagged: [(Limit::Growth, 3)].into(),
            fault: None,
        });
        metrics.count_untagged_batch(Limit::Body);
        metrics.count_loop();
        let now = Use {
            memory: 7,
            memory_limit: 8,
            permits: 1,
            permits_limit: 2,
            connections: 3,
            closed: [("idle", 4)].into(),
        };
        metrics.fail("timed_out", "sending");
        let module = Module::new(&test_guest::baked()).unwrap();
        let filter = Snapshot { received_events: 5, sent_events: 5, errors: [("trap", 1)].into() };
        let text = metrics.text(&module, &filter, &now);
        for line in [
            "schtag_component_received_events_total 5",
            "schtag_component_errors_total{error_type=\"trap\",stage=\"processing\"} 1",
            "schtag_component_errors_total{error_type=\"timed_out\",stage=\"sending\"} 1",
            "schtag_component_errors_total{error_type=\"invalid_record\",stage=\"receiving\"} 1",
            "schtag_detections_total{verdict=\"alert\",severity=\"high\"} 2",
            "schtag_rule_matches_total{rule=\"a\\\"\\\\\\n\"} 1",
            "schtag_requests_total{status=\"200\"} 1",
            "schtag_requests_in_flight 1",
            "schtag_untagged_batches_total{limit=\"body\"} 1",
            "schtag_untagged_events_total{limit=\"growth\"} 3",
            "schtag_loops_total 1",
            "schtag_memory_bytes 7",
            "schtag_memory_limit_bytes 8",
            "schtag_permits_in_use 1",
            "schtag_permits 2",
            "schtag_connections 3",
            "schtag_connections_closed_total{reason=\"idle\"} 4",
            "schtag_request_duration_seconds_bucket{le=\"0.001\"} 0",
            "schtag_request_duration_seconds_bucket{le=\"0.005\"} 1",
            "schtag_request_duration_seconds_bucket{le=\"+Inf\"} 1",
            "schtag_request_duration_seconds_count 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
        assert!(text.contains(&format!("module_sha256=\"{}\"", module.sha256())));
        let families = text.lines().filter(|line| line.starts_with("# TYPE")).count();
        assert_eq!(families, text.lines().filter(|line| line.starts_with("# HELP")).count());
    }
}
