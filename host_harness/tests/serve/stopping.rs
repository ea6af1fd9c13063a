//! SIGTERM.
use crate::downstream::{Downstream, Moment, Step};
use crate::hop::{Hop, until};
use crate::sender::{connect, post, request};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::{Arc, mpsc};
use std::thread;

#[test]
fn what_has_come_in_is_answered_and_nothing_more_is_taken() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let hold = Step::Do(
        Moment::AfterBody,
        Arc::new(move || {
            let _ = held.lock().unwrap().recv();
        }),
    );
    let downstream = Downstream::start([hold]);
    let mut hop = Hop::start(&format!("--forward {}", downstream.url()));
    // A connection that waits for its next request.
    let mut idle = connect(hop.address).unwrap();
    let kept =
        String::from_utf8(request("GET", "/healthz", "", b"")).unwrap().replace("connection: close\r\n", "");
    idle.write_all(kept.as_bytes()).unwrap();
    assert!(idle.read(&mut [0; 1000]).unwrap() > 0);

    let address = hop.address;
    let sender = thread::spawn(move || post(address, "application/json", b"[{\"n\":1}]"));
    until("request", || (downstream.requests().len() == 1).then_some(()));
    hop.terminate();
    until("closed port", || TcpStream::connect(address).is_err().then_some(()));
    assert_eq!(idle.read(&mut [0; 1000]).unwrap_or(0), 0, "idle connections are closed");
    assert!(hop.is_running(), "a request has no answer yet");
    release.send(()).unwrap();
    assert_eq!(sender.join().unwrap().unwrap().status, 200);
    assert_eq!(hop.wait().code(), Some(0));
    until("word of it", || hop.log().contains("every request was answered").then_some(()));
}

#[test]
fn what_takes_too_long_is_left_to_its_sender() {
    let downstream = Downstream::start([Step::Hang]);
    let mut hop = Hop::start(&format!("--shutdown-timeout 0.2 --forward {}", downstream.url()));
    let address = hop.address;
    let sender = thread::spawn(move || post(address, "application/json", b"[{\"n\":1}]"));
    until("request", || (downstream.requests().len() == 1).then_some(()));
    hop.terminate();
    assert_eq!(hop.wait().code(), Some(0));
    assert!(sender.join().unwrap().is_err(), "no answer, so that it is sent again");
    until("word of it", || hop.log().contains("will send them again").then_some(()));
}
