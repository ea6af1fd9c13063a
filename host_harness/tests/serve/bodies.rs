//! Tests the possible contents of a request and their results.
use crate::ALERT;
use crate::downstream::{Downstream, events};
use crate::hop::Hop;
use crate::sender::{connect, post, read, send};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use schtag_test_files::gzip;
use serde_json::{Value, json};
use std::io::Write;

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

#[test]
fn each_framing_comes_out_as_it_came_in() {
    let downstream = Downstream::start([]);
    let forwarding = Hop::start(&format!("--forward {}", downstream.url()));
    let answering = Hop::start("");
    for (media_type, body, out) in [
        (JSON, "[{\"a\": 1.0e0}, {\"t\":1}]".to_owned(), format!("[{{\"a\": 1.0e0}},{ALERT}]")),
        (JSON, "{\"t\":1}".into(), ALERT.into()),
        (JSON, "{\n \"a\" : 1\n}".into(), "{\n \"a\" : 1\n}".into()),
        (LINES, "{\"a\":1}\r\n\n{\"t\":1}\n".into(), format!("{{\"a\":1}}\r\n\n{ALERT}\n")),
        (LINES, "{\"t\":1}".into(), ALERT.into()),
        // The framing is what the body says, whatever its type says.
        ("text/plain", "{\"a\":1}\n{\"t\":1}".into(), format!("{{\"a\":1}}\n{ALERT}")),
        (JSON, "\u{feff}[{\"t\":1}]".into(), format!("[{ALERT}]")),
    ] {
        let answer = post(answering.address, media_type, body.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.text()), (200, out.clone()), "{body}");
        assert_eq!(answer.header("content-type"), Some(media_type));
        assert_eq!(post(forwarding.address, media_type, body.as_bytes()).unwrap().status, 200);
        let received = downstream.requests().pop().unwrap();
        assert_eq!(String::from_utf8_lossy(&received.body), out);
        assert!(received.head.contains(&format!("content-type: {media_type}\r\n")), "{}", received.head);
    }
}

#[test]
fn a_body_without_a_type_gets_one() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    for (body, media_type) in [("[{}]", JSON), ("{}\n{}\n", LINES)] {
        send(hop.address, "POST", "/", "", body.as_bytes()).unwrap();
        let head = downstream.requests().pop().unwrap().head;
        assert!(head.contains(&format!("content-type: {media_type}\r\n")), "{head}");
    }
}

#[test]
fn no_events_are_no_request() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    for body in ["", "[]", "\n\n"] {
        assert_eq!(post(hop.address, JSON, body.as_bytes()).unwrap().status, 200, "{body:?}");
    }
    assert!(downstream.requests().is_empty());
}

#[test]
fn a_line_that_is_no_record_is_wrapped_and_the_others_are_tagged() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    for (media_type, body) in [
        (LINES, b"nope \xff\n{\"t\":1}\n[1]\n\"x\"\n{\"a\":1}\n".as_slice()),
        (JSON, b"[nope \xff,{\"t\":1},[1],\"x\",{\"a\":1}]"),
    ] {
        assert_eq!(post(hop.address, media_type, body).unwrap().status, 200);
        let received = downstream.requests().pop().unwrap();
        let alert: Value = serde_json::from_str(ALERT).unwrap();
        let wanted = [
            json!({"log": "nope \u{fffd}"}),
            alert,
            json!({"log": "[1]"}),
            json!({"log": "\"x\""}),
            json!({"a": 1}),
        ];
        assert_eq!(events(&received.body), wanted);
    }
}

#[test]
fn a_record_on_which_the_guest_fails_passes_with_a_note() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--fuel 100000 --forward {}", downstream.url()));
    for what in ["!", "~", "9", "z", "e", "g", "u"] {
        let body = format!("[{{\"{what}\":1,\"n\":5}},{{\"t\":1}}]");
        assert_eq!(post(hop.address, JSON, body.as_bytes()).unwrap().status, 200, "{what}");
    }
    let stored = downstream.stored();
    assert_eq!(stored.len(), 14);
    for pair in stored.chunks(2) {
        assert_eq!(pair[0]["n"], 5);
        assert_eq!(pair[0]["schtag"]["verdict"], "unreadable");
        assert_eq!(pair[1]["schtag"]["verdict"], "alert");
    }
    assert_eq!(hop.log().matches("the event passes with a note").count(), 1, "{}", hop.log());
}

#[test]
fn a_body_with_nothing_readable_is_400_and_says_why() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    for body in ["nope", "a=1&b=2", "<Event/>", "[{\"a\":1},{\"b\"", "{\"a\":", "1"] {
        let answer = post(hop.address, JSON, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().contains("nothing of it was forwarded"), "{}", answer.text());
    }
    assert!(downstream.requests().is_empty());
    // Who says that it sends lines means one that cannot be read.
    assert_eq!(post(hop.address, LINES, b"nope").unwrap().status, 200);
    assert_eq!(downstream.stored(), [json!({"log": "nope"})]);
}

#[test]
fn compressed_bodies_are_decompressed() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    let body = b"[{\"t\":1},{\"a\":1}]";
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(body).unwrap();
    for (encoding, body) in [
        ("gzip", gzip(body)),
        ("x-gzip", gzip(body)),
        ("deflate", zlib.finish().unwrap()),
        ("identity", body.into()),
    ] {
        let headers = format!("content-type: {JSON}\r\ncontent-encoding: {encoding}\r\n");
        assert_eq!(send(hop.address, "POST", "/", &headers, &body).unwrap().status, 200, "{encoding}");
        let received = downstream.requests().pop().unwrap();
        assert_eq!(String::from_utf8_lossy(&received.body), format!("[{ALERT},{{\"a\":1}}]"));
        assert!(!received.head.contains("content-encoding"), "{}", received.head);
    }
    let mut cut = gzip(body);
    cut.truncate(cut.len() - 9);
    for (encoding, body, status) in [
        ("gzip", cut, 400),
        ("gzip", body.to_vec(), 400),
        ("zstd", body.to_vec(), 415),
        ("gzip, gzip", gzip(body), 415),
    ] {
        let headers = format!("content-encoding: {encoding}\r\n");
        assert_eq!(send(hop.address, "POST", "/", &headers, &body).unwrap().status, status, "{encoding}");
    }
    assert_eq!(downstream.requests().len(), 4);
}

#[test]
fn a_huge_array_comes_out_whole_and_in_order() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    let padding = "x".repeat(100);
    let events: Vec<Value> = (0..100_000).map(|n| json!({"n": n, "padding": padding})).collect();
    let body = serde_json::to_vec(&events).unwrap();
    assert!(body.len() > 10_000_000);
    assert_eq!(post(hop.address, JSON, &body).unwrap().status, 200);
    assert!(downstream.stored() == events, "as they were");
}

#[test]
fn a_chunked_body_is_a_body() {
    let hop = Hop::start("");
    let mut stream = connect(hop.address).unwrap();
    let head = "POST / HTTP/1.1\r\nhost: hop\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    for part in [head, "3\r\n[{\"\r\n", "5\r\nt\":1}\r\n", "1\r\n]\r\n0\r\n\r\n"] {
        stream.write_all(part.as_bytes()).unwrap();
        stream.flush().unwrap();
    }
    let answer = read(&mut stream).unwrap();
    assert_eq!((answer.status, answer.text()), (200, format!("[{ALERT}]")));
    // One that is broken has decided nothing.
    let mut stream = connect(hop.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"nonsense\r\n").unwrap();
    assert_eq!(read(&mut stream).unwrap().status, 503);
}
