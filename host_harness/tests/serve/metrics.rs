//! Tests the metrics and logs that an operator sees.
use crate::downstream::{Downstream, Step};
use crate::hop::Hop;
use crate::hop::until;
use crate::sender::{connect, get, post};
use std::collections::BTreeMap;
use std::io::Write;

/// The samples by name and labels.
pub(crate) fn samples(hop: &Hop) -> BTreeMap<String, f64> {
    let answer = get(hop.address, "/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[test]
fn counters_say_what_has_happened() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--fuel 100000 --max-body 10000 --forward {}", downstream.url()));
    let json = "application/json";
    post(hop.address, json, b"[{\"t\":1},{\"t\":2},{\"o\":1},{\"a\":1},nope,{\"!\":1}]").unwrap();
    downstream.plan(Step::Answer(500, "", ""));
    post(hop.address, json, b"[{\"a\":1}]").unwrap();
    downstream.plan(Step::Answer(400, "", ""));
    post(hop.address, json, b"[{\"a\":1}]").unwrap();
    downstream.plan(Step::CloseAfterBody { stored: false });
    post(hop.address, json, b"[{\"a\":1}]").unwrap();
    post(hop.address, json, b"nonsense").unwrap();
    post(hop.address, json, &[b' '; 10_001]).unwrap();

    let samples = samples(&hop);
    for (name, value) in [
        ("schtag_component_received_events_total", 9.0),
        ("schtag_component_sent_events_total", 6.0),
        ("schtag_detections_total{verdict=\"alert\",severity=\"high\"}", 2.0),
        ("schtag_detections_total{verdict=\"observed\",severity=\"\"}", 1.0),
        ("schtag_component_errors_total{error_type=\"trap\",stage=\"processing\"}", 1.0),
        ("schtag_component_errors_total{error_type=\"invalid_record\",stage=\"receiving\"}", 1.0),
        ("schtag_component_errors_total{error_type=\"invalid_body\",stage=\"receiving\"}", 1.0),
        ("schtag_untagged_batches_total{limit=\"body\"}", 1.0),
        ("schtag_component_errors_total{error_type=\"http_status\",stage=\"sending\"}", 1.0),
        ("schtag_component_errors_total{error_type=\"rejected\",stage=\"sending\"}", 1.0),
        ("schtag_component_errors_total{error_type=\"connection_failed\",stage=\"sending\"}", 1.0),
        ("schtag_requests_total{status=\"200\"}", 2.0),
        ("schtag_requests_total{status=\"400\"}", 2.0),
        ("schtag_requests_total{status=\"503\"}", 2.0),
        ("schtag_requests_in_flight", 0.0),
        ("schtag_request_duration_seconds_count", 6.0),
        ("schtag_request_duration_seconds_bucket{le=\"+Inf\"}", 6.0),
        ("schtag_forward_duration_seconds_count", 5.0),
        ("schtag_memory_bytes", 0.0),
        ("schtag_memory_limit_bytes", 160_000.0),
        ("schtag_permits_in_use", 0.0),
        ("schtag_permits", 16.0),
        ("schtag_loops_total", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name} in {samples:#?}");
    }
    let info = samples.keys().find(|name| name.starts_with("schtag_build_info{")).unwrap();
    let log = hop.log();
    let is_sha256 = |text: &&str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sha256 = log.split(|c: char| !c.is_ascii_alphanumeric()).find(is_sha256).unwrap();
    assert!(info.contains(&format!("module_sha256=\"{sha256}\"")), "{info}");
    assert!(info.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))), "{info}");
}

#[test]
fn a_sender_that_has_gone_is_counted() {
    let downstream = Downstream::start([Step::Hang]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    let mut stream = connect(hop.address).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: hop\r\ncontent-length: 4\r\n\r\n[{}]").unwrap();
    until("request", || (downstream.requests().len() == 1).then_some(()));
    drop(stream);
    until("its count", || samples(&hop).get("schtag_requests_total{status=\"499\"}").copied());
}
