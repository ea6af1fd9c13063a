//! A peer that is slow or silent costs itself only.
use crate::downstream::{Downstream, Step};
use crate::hop::{Hop, until};
use crate::metrics::samples;
use crate::sender::{connect, get, post, read, request};
#[cfg(target_os = "linux")]
use schtag_test_files::gzip;
use std::io::{Read, Write};
use std::net::TcpStream;

const JSON: &str = "application/json";
/// Longer than any test: nothing here is let go because its time is over.
const PATIENT: &str = "--read-timeout 86400";

/// A request over a connection that is kept, and not answered yet.
fn begin(hop: &Hop, method: &str, path: &str, body: &[u8]) -> TcpStream {
    let mut stream = connect(hop.address).unwrap();
    let bytes = request(method, path, "", body);
    let text = String::from_utf8_lossy(&bytes).replace("connection: close\r\n", "");
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

#[test]
fn silent_connections_make_room_for_new_ones() {
    let hop = Hop::start(PATIENT);
    // Each has had an answer, and asks for nothing more.
    let mut silent: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut stream = begin(&hop, "GET", "/healthz", b"");
            assert!(stream.read(&mut [0; 1000]).unwrap() > 0);
            stream
        })
        .collect();
    assert_eq!(get(hop.address, "/healthz").text(), "ok\n");
    assert_eq!(post(hop.address, JSON, b"[{}]").unwrap().status, 200);
    let samples = samples(&hop);
    assert!((500.0..=512.0).contains(&samples["schtag_connections"]), "{samples:#?}");
    assert!(samples["schtag_connections_closed_total{reason=\"idle\"}"] >= 88.0, "{samples:#?}");
    assert_eq!(silent[0].read(&mut [0; 100]).unwrap_or(0), 0, "the first has gone");
}

#[test]
fn connections_that_never_ask_for_anything_are_closed() {
    let hop = Hop::start(PATIENT);
    let mut silent = connect(hop.address).unwrap();
    let mut begun = connect(hop.address).unwrap();
    begun.write_all(b"POST / HTTP/1.1\r\nx-slow: ").unwrap();
    for stream in [&mut silent, &mut begun] {
        assert_eq!(stream.read(&mut [0; 100]).unwrap_or(0), 0);
    }
    assert_eq!(samples(&hop)["schtag_connections_closed_total{reason=\"silent\"}"], 2.0);
}

#[test]
fn health_and_metrics_answer_when_every_connection_waits_for_its_turn() {
    let downstream = Downstream::start([Step::Hang]);
    let hop = Hop::start(&format!(
        "{PATIENT} --forward-timeout 86400 --max-requests 1 --forward {}",
        downstream.url()
    ));
    let mut waiting: Vec<TcpStream> = (0..512).map(|_| begin(&hop, "POST", "/", b"[{\"n\":1}]")).collect();
    until("requests", || {
        let all = samples(&hop)["schtag_requests_in_flight"] >= 512.0;
        // One whose head had not been read yet may have had to go for a look at the metrics.
        all.then_some(()).or_else(|| {
            waiting.push(begin(&hop, "POST", "/", b"[{\"n\":1}]"));
            None
        })
    });
    assert_eq!(get(hop.address, "/healthz").text(), "ok\n");
    assert_eq!(samples(&hop)["schtag_permits_in_use"], 1.0);
    // A batch more is asked to come again.
    let answer = post(hop.address, JSON, b"[{}]").unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("too many connections"), "{}", answer.text());
    // More silent ones than there is reserve.
    let silent: Vec<TcpStream> = (0..100).map(|_| connect(hop.address).unwrap()).collect();
    assert_eq!(get(hop.address, "/healthz").text(), "ok\n");
    assert_eq!(samples(&hop)["schtag_requests_in_flight"], 512.0, "nobody who works had to go");
    drop((silent, waiting));
}

#[test]
fn bodies_that_do_not_come_make_room_for_others() {
    let hop = Hop::start(&format!("{PATIENT} --max-requests 2"));
    let mut slow: Vec<TcpStream> = (0..2)
        .map(|_| {
            let mut stream = connect(hop.address).unwrap();
            stream.write_all(b"POST / HTTP/1.1\r\nhost: hop\r\ncontent-length: 100\r\n\r\n[").unwrap();
            stream
        })
        .collect();
    until("slow bodies", || (samples(&hop)["schtag_permits_in_use"] == 2.0).then_some(()));
    assert_eq!(post(hop.address, JSON, b"[{}]").unwrap().status, 200);
    assert!(samples(&hop)["schtag_connections_closed_total{reason=\"slow\"}"] >= 1.0);
    // Without an answer, so that the sender tries again.
    assert!(slow.iter_mut().any(|stream| read(stream).is_err()));
}

#[test]
fn an_answer_keeps_its_turn_and_its_memory_until_it_is_taken() {
    let hop = Hop::start(&format!("{PATIENT} --max-requests 1"));
    // More than the system takes for a connection.
    let body = format!("[{{\"a\":\"{}\"}}]", "x".repeat(30_000_000));
    let mut stream = begin(&hop, "POST", "/", body.as_bytes());
    stream.read_exact(&mut [0; 100]).unwrap();
    let now = samples(&hop);
    assert_eq!(now["schtag_permits_in_use"], 1.0, "{now:#?}");
    assert!(
        now["schtag_memory_bytes"] >= 30_000_000.0 && now["schtag_memory_bytes"] < 60_000_000.0,
        "{now:#?}"
    );
    // Who needs its place gets it.
    assert_eq!(post(hop.address, JSON, b"[{}]").unwrap().status, 200);
    assert_eq!(samples(&hop)["schtag_connections_closed_total{reason=\"slow\"}"], 1.0);
    until("freed memory", || (samples(&hop)["schtag_memory_bytes"] == 0.0).then_some(()));
    // An answer that is taken gives all back too.
    let mut stream = begin(&hop, "POST", "/", body.as_bytes());
    let mut answer = vec![0; body.len()];
    stream.read_exact(&mut answer).unwrap();
    until("freed memory", || (samples(&hop)["schtag_memory_bytes"] == 0.0).then_some(()));
    assert_eq!(samples(&hop)["schtag_permits_in_use"], 0.0);
}

/// Sends a compressed batch on each of forty connections, and takes no answer.
#[cfg(target_os = "linux")]
fn forty_batches(hop: &Hop, body: &[u8]) -> Vec<TcpStream> {
    let post = request("POST", "/", "content-encoding: gzip\r\n", body);
    let connected = (0..40).map(|_| {
        let mut stream = connect(hop.address).unwrap();
        stream.write_all(&post).unwrap();
        stream
    });
    connected.collect()
}

#[test]
#[cfg(target_os = "linux")]
fn answers_that_nobody_takes_are_bounded_by_bytes() {
    let hop = Hop::start("--max-body 20000000 --max-requests 4");
    let event = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1_000_000));
    let plain = event.repeat(19);
    let body = gzip(plain.as_bytes());
    assert!(body.len() < 100_000);
    let streams = forty_batches(&hop, &body);
    until("answers", || {
        let now = samples(&hop);
        let requests = now.iter().filter(|(name, _)| name.starts_with("schtag_requests_total"));
        (requests.map(|(_, count)| count).sum::<f64>() >= 12.0).then_some(())
    });
    let now = samples(&hop);
    assert!(now["schtag_memory_bytes"] <= 80_000_000.0, "{now:#?}");
    let peak = hop.peak_memory();
    assert!(peak < 300_000_000, "{peak} bytes for a limit of 80 million");
    drop(streams);
}

#[test]
#[cfg(target_os = "linux")]
fn batches_that_the_downstream_does_not_take_are_bounded_by_bytes() {
    // A record of one byte is wrapped, and comes out as twelve.
    let plain = "1\n".repeat(500_000) + "{\"t\":1}\n";
    let body = gzip(plain.as_bytes());
    assert!(body.len() < 2_000);
    let downstream = Downstream::start(vec![Step::Hang; 40]);
    let hop = Hop::start(&format!("--max-body 4000000 --max-requests 4 --forward {}", downstream.url()));
    let streams = forty_batches(&hop, &body);
    until("batch on its way", || (!downstream.requests().is_empty()).then_some(()));
    assert_eq!(get(hop.address, "/healthz").text(), "ok\n");
    let now = samples(&hop);
    assert!(now["schtag_memory_bytes"] > 0.0 && now["schtag_memory_bytes"] <= 16_000_000.0, "{now:#?}");
    assert!(hop.peak_memory() < 200_000_000, "{} bytes for a limit of 16 million", hop.peak_memory());
    drop((hop, streams));
}
