//! A hop that sends to itself, directly or by way of others.
use crate::downstream::Downstream;
use crate::hop::{Hop, until};
use crate::metrics::samples;
use crate::sender::{Decision, decision, post, send};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

#[test]
fn an_address_of_its_own_is_refused_however_it_is_written() {
    for (listen, forward) in [
        ("127.0.0.1:8787", "http://127.0.0.1:8787/"),
        ("127.0.0.1:8787", "http://localhost:8787/"),
        ("127.0.0.1:8787", "http://0.0.0.0:8787/"),
        ("127.0.0.1:8787", "http://127.1:8787/"),
        ("0.0.0.0:8787", "http://127.0.0.2:8787/in"),
        ("0.0.0.0:8787", "http://localhost:8787/"),
    ] {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_schtag"));
        command.args(["serve", "--listen", listen, "--forward", forward]).timeout(Duration::from_secs(60));
        let output = command.assert().code(3).get_output().stderr.clone();
        let output = String::from_utf8(output).unwrap();
        assert!(
            output.contains("--forward leads to the address of --listen"),
            "{listen} {forward}: {output}"
        );
    }
}

/// An address that nobody listens on now.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A proxy that knows nothing of HTTP.
fn proxy(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for there in listener.incoming().map_while(Result::ok) {
            let back = TcpStream::connect(to).unwrap();
            for (mut from, mut to) in [
                (there.try_clone().unwrap(), back.try_clone().unwrap()),
                (back.try_clone().unwrap(), there.try_clone().unwrap()),
            ] {
                thread::spawn(move || io::copy(&mut from, &mut to));
            }
        }
    });
    address
}

#[test]
fn a_batch_that_comes_back_is_found_and_its_sender_keeps_it() {
    // Through a proxy, and through another hop.
    let address = free();
    let through_proxy = Hop::start_on(&address.to_string(), &format!("--forward http://{}/", proxy(address)));
    let first = free();
    let second = Hop::start(&format!("--forward http://{first}/"));
    let through_hop = Hop::start_on(&first.to_string(), &format!("--forward http://{}/", second.address));
    for hop in [&through_proxy, &through_hop] {
        for _ in 0..2 {
            let answer = post(hop.address, "application/json", b"[{\"n\":1}]");
            assert_eq!(decision(&answer), Decision::Retry);
        }
        let now = samples(hop);
        assert_eq!(now["schtag_loops_total"], 2.0, "once a batch, and not for ever");
        assert_eq!(now["schtag_permits_in_use"], 0.0);
        until("word of it", || hop.log().contains("--forward leads to the hop itself").then_some(()));
        assert_eq!(hop.log().matches("leads to the hop itself").count(), 1, "once: {}", hop.log());
    }
}

#[test]
fn hops_one_after_the_other_are_no_loop() {
    let downstream = Downstream::start([]);
    let last = Hop::start(&format!("--forward {}", downstream.url()));
    let first = Hop::start(&format!("--forward http://{}/", last.address));
    assert_eq!(post(first.address, "application/json", b"[{\"n\":1}]").unwrap().status, 200);
    let head = downstream.requests()[0].head.clone();
    let hops = head.lines().find_map(|line| line.strip_prefix("schtag-hop: ")).unwrap();
    assert_eq!(hops.split(", ").count(), 2, "{head}");
    // A chain that never ends by the looks of it.
    let many = format!("schtag-hop: {}\r\n", ["x"; 16].join(", "));
    let answer = send(first.address, "POST", "/", &many, b"[{\"n\":1}]").unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("16 hops"), "{}", answer.text());
}
