//! Tests the answers that a sender gets.
use crate::ALERT;
use crate::downstream::{Downstream, Step};
use crate::hop::{Hop, until};
use crate::sender::{Decision, decision, get, post, send};
use std::net::TcpListener;

#[test]
fn each_status_of_the_downstream_means_the_same_to_the_sender_or_asks_it_to_try_again() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    for (theirs, ours) in [
        (200, 200),
        (201, 201),
        (202, 202),
        (400, 400),
        (401, 401),
        (403, 403),
        (404, 404),
        (408, 408),
        (413, 413),
        (415, 415),
        (422, 422),
        (429, 429),
        // After these Vector would drop the batch, and nobody has decided that.
        (302, 503),
        (307, 503),
        (501, 503),
        (500, 503),
        (502, 503),
        (503, 503),
        (504, 503),
        (599, 503),
    ] {
        downstream.plan(Step::Answer(theirs, "content-type: text/x-why\r\nretry-after: 7\r\n", "because"));
        let answer = post(hop.address, "application/json", br#"[{"n":1}]"#);
        let wanted = match theirs {
            200..=299 => Decision::Acknowledge,
            408 | 429 | 300..=399 | 500.. => Decision::Retry,
            _ => Decision::Drop,
        };
        assert_eq!(decision(&answer), wanted, "{theirs}");
        let answer = answer.unwrap();
        assert_eq!(answer.status, ours, "{theirs}");
        if theirs < 500 && theirs == ours {
            assert_eq!(answer.text(), "because", "{theirs}");
            assert_eq!(answer.header("content-type"), Some("text/x-why"));
            assert_eq!(answer.header("retry-after"), Some("7"));
        } else {
            assert!(answer.text().contains(&theirs.to_string()), "{}", answer.text());
        }
    }
}

#[test]
fn what_the_operator_has_to_know_is_said_once() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    for status in [400, 400, 429, 200, 404] {
        downstream.plan(Step::Answer(status, "", ""));
        post(hop.address, "application/json", b"[{}]").unwrap();
    }
    until("word of it", || hop.log().contains("404").then_some(()));
    assert_eq!(hop.log().matches("senders will drop them").count(), 2, "{}", hop.log());
}

#[test]
fn an_answer_that_has_no_body_is_passed_on_too() {
    let downstream = Downstream::start([Step::Answer(204, "", "")]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    assert_eq!(post(hop.address, "application/json", b"[{}]").unwrap().status, 204);
}

#[test]
fn a_downstream_that_is_not_there_is_503_until_it_is() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hop = Hop::start(&format!("--forward http://{port}/"));
    for _ in 0..2 {
        let answer = post(hop.address, "application/json", b"[{}]").unwrap();
        assert_eq!(answer.status, 503);
        assert!(answer.text().contains("refused"), "{}", answer.text());
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    until("word of it", || hop.log().contains("the downstream does not take batches").then_some(()));
    assert_eq!(hop.log().matches("does not take batches").count(), 1, "once: {}", hop.log());
}

#[test]
fn no_answer_in_time_is_503() {
    let downstream = Downstream::start([Step::Hang]);
    let hop = Hop::start(&format!("--forward-timeout 2 --forward {}", downstream.url()));
    let answer = post(hop.address, "application/json", b"[{}]").unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("2 seconds"), "{}", answer.text());
    assert_eq!(post(hop.address, "application/json", b"[{}]").unwrap().status, 200);
    until("word of it", || hop.log().contains("takes batches again").then_some(()));
}

#[test]
fn other_methods_and_paths() {
    let hop = Hop::start("");
    assert_eq!(get(hop.address, "/healthz").text(), "ok\n");
    // Vector's health check.
    assert_eq!(send(hop.address, "HEAD", "/healthz", "", b"").unwrap().status, 200);
    let answer = get(hop.address, "/");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("post, put")));
    // A batch is one wherever it is sent to, also in absolute form and to a page of our own.
    let own = format!("http://{}/metrics", hop.address);
    for path in ["/", "/any/path?query", "/metrics", "/healthz", &own, "http://elsewhere.example/healthz"] {
        for method in ["POST", "PUT"] {
            let answer = send(hop.address, method, path, "", b"{\"t\":1}").unwrap();
            assert_eq!((answer.status, answer.text()), (200, ALERT.into()), "{method} {path}");
        }
    }
    // After a 405 the sender would drop the events.
    for method in ["PATCH", "DELETE", "GET", "OPTIONS", "FOO"] {
        for path in ["/", "/any"] {
            let answer = send(hop.address, method, path, "", b"{\"t\":1}");
            assert_eq!(decision(&answer), Decision::Retry, "{method} {path}");
            assert!(answer.unwrap().text().contains("POST or PUT"));
        }
    }
}

#[test]
fn what_the_sender_says_about_its_request_goes_on() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    let headers = "authorization: Basic YTpi\r\nx-team: blue\r\ncontent-type: application/json\r\naccept-encoding: gzip\r\n";
    send(hop.address, "PUT", "/elsewhere", headers, b"[{\"n\":1}]").unwrap();
    let head = downstream.requests()[0].head.clone();
    assert!(head.starts_with("put /in http/1.1\r\n"), "{head}");
    for line in [
        "authorization: basic ytpi",
        "x-team: blue",
        "content-type: application/json",
        &format!("host: {}", downstream.address),
    ] {
        assert!(head.lines().any(|other| other == line), "{line}\n{head}");
    }
    assert!(!head.contains("accept-encoding") && !head.contains("connection: close"), "{head}");
}

#[test]
fn what_is_about_the_way_here_or_the_body_as_it_was_stays_behind() {
    let downstream = Downstream::start([]);
    let hop = Hop::start(&format!("--forward {}", downstream.url()));
    let stay = [
        ("proxy-authorization", "basic c"),
        ("cookie", "a=1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("forwarded", "for=192.0.2.1"),
        ("x-forwarded-for", "192.0.2.1"),
        ("content-md5", "x"),
        ("digest", "x"),
        ("content-digest", "x"),
        ("repr-digest", "x"),
        ("signature", "x"),
        ("signature-input", "x"),
        ("etag", "x"),
        ("x-hop-by-hop", "named by connection"),
    ];
    let lines: String = stay.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = format!("{lines}connection: x-hop-by-hop\r\nx-team: blue\r\n");
    assert_eq!(send(hop.address, "POST", "/", &headers, b"[{\"n\":1}]").unwrap().status, 200);
    let head = downstream.requests()[0].head.clone();
    assert!(head.contains("x-team: blue"), "{head}");
    for (name, _) in stay {
        assert!(!head.lines().any(|line| line.starts_with(&format!("{name}:"))), "{name}\n{head}");
    }
}
