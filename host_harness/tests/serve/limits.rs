//! What no sender can do to the others.
use crate::downstream::{Downstream, Step};
use crate::hop::{Hop, until};
use crate::sender::{connect, post, read, send};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Read, Write};
use std::thread;

#[test]
fn a_body_that_is_too_large_is_413_however_it_is_too_large() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--max-body 1000 --forward {}", downstream.url()));
    let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(91));
    let fits = line.repeat(10);
    assert_eq!(fits.len(), 1000);
    assert_eq!(post(hop.address, "application/x-ndjson", fits.as_bytes()).unwrap().status, 200);
    let large = line.repeat(11);
    let answer = post(hop.address, "application/x-ndjson", large.as_bytes()).unwrap();
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("--max-body"), "{}", answer.text());

    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 50_000_000]).unwrap();
    let bomb = encoder.finish().unwrap();
    let hop = Hop::start(&format!("--max-body 100000 --forward {}", downstream.url()));
    assert!(bomb.len() < 100_000);
    let answer = send(hop.address, "POST", "/", "content-encoding: gzip\r\n", &bomb).unwrap();
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("decompressed"), "{}", answer.text());

    // Without a length it is known only when it has come.
    let mut stream = connect(hop.address).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: hop\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let _ = stream.write_all(chunk.repeat(4).as_bytes());
    assert_eq!(read(&mut stream).unwrap().status, 413);

    // Tiny records that each get wrapped: what goes out is bounded as well.
    let many = format!("[{}]", "1,".repeat(45_000));
    let answer = post(hop.address, "application/json", many.as_bytes()).unwrap();
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("with its tags"), "{}", answer.text());
    assert_eq!(downstream.requests().len(), 1);
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
