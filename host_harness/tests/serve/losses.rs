//! Every end and every connection breaks at every step, and every event arrives.
use crate::downstream::{Downstream, Moment, Step};
use crate::hop::Hop;
use crate::sender::{Answer, Decision, connect, decision, post, read, request};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// The hop, whoever has to kill or replace it.
#[derive(Clone)]
struct Slot {
    hop: Arc<Mutex<Hop>>,
    words: String,
}

impl Slot {
    fn start(downstream: &Downstream) -> Self {
        let words = format!("--forward-timeout 3 --forward {}", downstream.url());
        Self { hop: Arc::new(Mutex::new(Hop::start(&words))), words }
    }

    fn hop(&self) -> MutexGuard<'_, Hop> {
        self.hop.lock().unwrap()
    }

    fn kill(&self) {
        self.hop().kill();
    }

    /// A supervisor's work.
    fn restart_if_dead(&self) -> bool {
        let dead = !self.hop().is_running();
        if dead {
            let new = Hop::start(&self.words);
            *self.hop() = new;
        }
        dead
    }
}

/// A sender that keeps a batch until it is acknowledged, as Vector's sink with its buffer does.
struct Sender {
    slot: Slot,
    downstream: Downstream,
    next: u64,
    attempts: usize,
    restarts: usize,
}

impl Sender {
    fn new(downstream: &Downstream) -> Self {
        let slot = Slot::start(downstream);
        Self { slot, downstream: downstream.clone(), next: 0, attempts: 0, restarts: 0 }
    }

    /// Delivers a batch of new events. `first` makes the first attempt, the others are plain; the batch goes on until
    /// it is acknowledged, and must then have arrived. How many attempts it took.
    fn deliver(&mut self, first: impl FnOnce(&Slot, &[u8]) -> io::Result<Answer>) -> usize {
        let events: Vec<Value> = (self.next..self.next + 7).map(|n| json!({"n": n})).collect();
        self.next += 7;
        let body = serde_json::to_vec(&events).unwrap();
        let mut first = Some(first);
        for attempt in 1..=20 {
            self.restarts += usize::from(self.slot.restart_if_dead());
            let answer = match first.take() {
                Some(first) => first(&self.slot, &body),
                None => self.plain(&body),
            };
            match decision(&answer) {
                Decision::Acknowledge => {
                    let stored = self.downstream.stored();
                    for event in &events {
                        assert!(stored.contains(event), "{event} was acknowledged and is not there");
                    }
                    self.attempts += attempt;
                    return attempt;
                }
                Decision::Retry => {}
                Decision::Drop => panic!("the sender would drop the batch: {answer:?}"),
            }
        }
        panic!("the batch never arrived; the hop says: {}", self.slot.hop().log());
    }

    fn plain(&self, body: &[u8]) -> io::Result<Answer> {
        let address = self.slot.hop().address;
        post(address, "application/json", body)
    }

    /// Every event that was ever handed over has arrived.
    fn check(&self) {
        let stored = self.downstream.stored();
        let numbers: HashSet<u64> = stored.iter().map(|event| event["n"].as_u64().unwrap()).collect();
        assert_eq!(numbers.len() as u64, self.next, "all events are there");
    }
}

fn plainly(slot: &Slot, body: &[u8]) -> io::Result<Answer> {
    let address = slot.hop().address;
    post(address, "application/json", body)
}

/// The part of a request that is sent before something happens.
#[derive(Clone, Copy)]
enum Part {
    Nothing,
    OfTheHead,
    OfTheBody,
    All,
}

const PARTS: [Part; 4] = [Part::Nothing, Part::OfTheHead, Part::OfTheBody, Part::All];

/// Sends that much of a request.
fn begin(slot: &Slot, body: &[u8], part: Part) -> io::Result<TcpStream> {
    let bytes = request("POST", "/", "content-type: application/json\r\n", body);
    let mut stream = connect(slot.hop().address)?;
    let end = match part {
        Part::Nothing => 0,
        Part::OfTheHead => 10,
        Part::OfTheBody => bytes.len() - body.len() / 2,
        Part::All => bytes.len(),
    };
    stream.write_all(&bytes[..end])?;
    Ok(stream)
}

#[test]
fn the_downstream_fails_at_every_step() {
    let downstream = Downstream::start([]);
    let mut sender = Sender::new(&downstream);
    assert_eq!(sender.deliver(plainly), 1);
    for step in [
        Step::Answer(500, "", "Errored"),
        Step::Answer(503, "", ""),
        Step::Answer(429, "", ""),
        Step::CloseAfterHead,
        Step::CloseInBody,
        Step::CloseAfterBody { stored: false },
        Step::CloseAfterBody { stored: true },
        Step::CloseInAnswer,
        Step::CloseInAnswerBody,
        Step::Hang,
    ] {
        downstream.plan(step);
        assert_eq!(sender.deliver(plainly), 2, "it fails once, and is tried again");
        // Over whatever connections are left.
        assert_eq!(sender.deliver(plainly), 1);
    }
    sender.check();
    assert_eq!(sender.restarts, 0, "the hop survives it all");
}

#[test]
fn the_hop_is_killed_at_every_step() {
    let downstream = Downstream::start([]);
    let mut sender = Sender::new(&downstream);
    let slot = sender.slot.clone();
    for moment in [Moment::AfterHead, Moment::AfterBody, Moment::InAnswer, Moment::AfterAnswer] {
        let slot = slot.clone();
        downstream.plan(Step::Do(moment, Arc::new(move || slot.kill())));
        sender.deliver(plainly);
    }
    // While the sender is still writing: nothing, a part of the head, of the body, or all of it is there.
    for part in PARTS {
        sender.deliver(|slot, body| {
            let mut stream = begin(slot, body, part)?;
            slot.kill();
            read(&mut stream)
        });
    }
    sender.check();
    assert!(sender.restarts >= 7, "it was killed: {}", sender.restarts);
}

#[test]
fn the_senders_connection_breaks_at_every_step() {
    let downstream = Downstream::start([]);
    let mut sender = Sender::new(&downstream);
    for part in PARTS {
        let attempts = sender.deliver(|slot, body| {
            let stream = begin(slot, body, part)?;
            stream.shutdown(Shutdown::Both)?;
            Err(io::ErrorKind::ConnectionReset.into())
        });
        assert_eq!(attempts, 2);
    }
    sender.check();
    assert_eq!(sender.restarts, 0);
}

#[test]
fn all_of_it_at_once() {
    // A plan that is bad luck for several senders at the same time; its order is the same in each run.
    let downstream = Downstream::start([]);
    let mut state = 0x2545_f491_u32;
    for _ in 0..60 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        downstream.plan(match state % 8 {
            0 => Step::Answer(500, "", ""),
            1 => Step::CloseAfterHead,
            2 => Step::CloseInBody,
            3 => Step::CloseAfterBody { stored: true },
            4 => Step::CloseInAnswer,
            5 => Step::Answer(408, "", ""),
            _ => Step::Answer(200, "", ""),
        });
    }
    let mut sender = Sender::new(&downstream);
    let slot = sender.slot.clone();
    for n in 0..30 {
        if n % 10 == 9 {
            let slot = slot.clone();
            downstream.plan(Step::Do(Moment::AfterBody, Arc::new(move || slot.kill())));
        }
        sender.deliver(plainly);
    }
    sender.check();
    assert!(sender.attempts > 30, "not without luck");
}
