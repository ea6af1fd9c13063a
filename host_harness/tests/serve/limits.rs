//! Tests that no sender can harm the others.
use crate::downstream::{Downstream, Step};
use crate::hop::{Hop, until};
use crate::metrics::samples;
use crate::sender::{Answer, connect, post, read, send};
use schtag_test_files::gzip;
use std::io::{Read, Write};
use std::thread;

/// Sends a body without saying how long it is.
fn send_chunked(hop: &Hop, body: &[u8]) -> Answer {
    let mut stream = connect(hop.address).unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nhost: hop\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    for chunk in body.chunks(50_000) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).unwrap();
        stream.write_all(chunk).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    read(&mut stream).unwrap()
}

#[test]
fn a_body_over_a_limit_of_ours_passes_as_it_came_and_is_counted() {
    let line = format!("{{\"t\":\"{}\"}}\n", "x".repeat(91));
    let lines = line.repeat(1_000).into_bytes();
    assert_eq!(lines.len(), 100_000);
    let bomb = gzip(&vec![b' '; 50_000_000]);
    assert!(bomb.len() < 99_999);
    for (words, encoding, body, limit) in [
        ("--max-body 99999", "", lines.clone(), "body"),
        ("--max-body 99999", "gzip", gzip(&lines), "decompressed"),
        ("--max-body 99999", "gzip", bomb, "decompressed"),
        ("--max-memory 50000", "", lines.clone(), "memory"),
        ("--max-memory 150000", "", lines.clone(), "memory"),
        ("--max-memory 150000", "gzip", gzip(&lines), "memory"),
    ] {
        let downstream = Downstream::start([]);
        let forwarding = Hop::start(&format!("{words} --forward {}", downstream.url()));
        let answering = Hop::start(words);
        let encoded =
            if encoding.is_empty() { String::new() } else { format!("content-encoding: {encoding}\r\n") };
        let headers = format!("{encoded}content-type: application/x-ndjson\r\ncontent-digest: x\r\n");
        let answer = send(forwarding.address, "POST", "/", &headers, &body).unwrap();
        assert_eq!(
            (answer.status, answer.header("schtag-untagged")),
            (200, Some(limit)),
            "{words} {encoding}"
        );
        let received = downstream.requests().pop().unwrap();
        assert!(received.body == body, "as it came: {words} {encoding}");
        for line in [&*format!("schtag-untagged: {limit}\r\n"), &encoded, "content-digest: x\r\n"] {
            assert!(received.head.contains(line), "{line} in {}", received.head);
        }
        let answer = send(answering.address, "POST", "/", &headers, &body).unwrap();
        assert_eq!(
            (answer.status, answer.header("schtag-untagged")),
            (200, Some(limit)),
            "{words} {encoding}"
        );
        assert_eq!(answer.header("content-encoding").unwrap_or_default(), encoding);
        for hop in [&forwarding, &answering] {
            let name = format!("schtag_untagged_batches_total{{limit=\"{limit}\"}}");
            assert_eq!(samples(hop).get(&name), Some(&1.0), "{name}");
            until("word of it", || hop.log().contains("pass without a tag").then_some(()));
        }
    }
}

#[test]
fn a_body_that_turns_out_to_be_over_a_limit_while_it_comes_passes_too() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--max-body 99999 --forward {}", downstream.url()));
    let body = "{\"t\":12345}\n".repeat(30_000).into_bytes();
    let answer = send_chunked(&hop, &body);
    assert_eq!((answer.status, answer.header("schtag-untagged")), (200, Some("body")), "{}", answer.text());
    assert!(downstream.requests()[0].body == body, "as it came");
    // What the downstream says about it counts.
    downstream.plan(Step::Answer(413, "", "too large for me"));
    let answer = send_chunked(&hop, &body);
    assert_eq!((answer.status, answer.text()), (413, "too large for me".into()));
    until("freed memory", || (samples(&hop)["schtag_memory_bytes"] == 0.0).then_some(()));
}

#[test]
fn events_over_the_limit_of_growth_pass_without_a_tag_and_the_others_with_one() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--max-body 1000 --forward {}", downstream.url()));
    let body = format!("[{}1]", "{\"t\":1},".repeat(120));
    let answer = post(hop.address, "application/json", body.as_bytes()).unwrap();
    assert_eq!((answer.status, answer.header("schtag-untagged")), (200, Some("growth")));
    let stored = downstream.stored();
    assert_eq!(stored.len(), 121);
    let untagged = stored.iter().filter(|event| event.get("schtag").is_none()).count();
    assert!((10..100).contains(&untagged), "{untagged}");
    assert_eq!(stored[120], serde_json::json!({"log": "1"}));
    assert_eq!(samples(&hop)["schtag_untagged_events_total{limit=\"growth\"}"], untagged as f64);
    // Records that are wrapped are not tagged, so that they are no growth.
    let hop = Hop::start(&format!("--max-body 1000 --forward {}", downstream.url()));
    let many = format!("[{}{{\"t\":1}}]", "1,".repeat(400));
    let answer = post(hop.address, "application/json", many.as_bytes()).unwrap();
    assert_eq!((answer.status, answer.header("schtag-untagged")), (200, None));
    assert_eq!(downstream.stored().pop().unwrap()["schtag"]["verdict"], "alert");
}

#[test]
fn slow_heads_and_bodies_are_let_go_and_keep_nobody_waiting() {
    let hop = Hop::start("--read-timeout 3 --max-requests 4");
    // More than are read at once: heads that never end, and one byte of each body.
    let mut heads: Vec<_> = (0..40).map(|_| connect(hop.address).unwrap()).collect();
    for stream in &mut heads {
        stream.write_all(b"POST / HTTP/1.1\r\nx-slow: ").unwrap();
    }
    assert_eq!(post(hop.address, "application/json", b"[{}]").unwrap().status, 200);
    let mut bodies: Vec<_> = (0..3).map(|_| connect(hop.address).unwrap()).collect();
    for stream in &mut bodies {
        stream.write_all(b"POST / HTTP/1.1\r\nhost: hop\r\ncontent-length: 100\r\n\r\n[").unwrap();
    }
    assert_eq!(post(hop.address, "application/json", b"[{}]").unwrap().status, 200);
    for stream in &mut bodies {
        let answer = read(stream).unwrap();
        assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    }
    // A connection that has had its answer and asks for nothing more is not kept either.
    let mut idle = connect(hop.address).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: hop\r\n\r\n").unwrap();
    assert_eq!(read(&mut idle).unwrap().status, 200, "read up to the end of the connection");
    for stream in &mut heads {
        // hyper says 408 or nothing; that it ends is what matters.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert_eq!(post(hop.address, "application/json", b"[{}]").unwrap().status, 200);
}

#[test]
fn what_is_too_much_at_once_waits_and_is_then_asked_to_come_again() {
    let downstream = Downstream::start([Step::Hang]);
    let hop = Hop::start(&format!("--max-requests 1 --read-timeout 2 --forward {}", downstream.url()));
    let address = hop.address;
    let first = thread::spawn(move || post(address, "application/json", b"[{\"n\":1}]"));
    until("first request", || (downstream.requests().len() == 1).then_some(()));
    let answer = post(hop.address, "application/json", b"[{\"n\":2}]").unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("too many requests"), "{}", answer.text());
    drop(hop);
    let _ = first.join();
}
