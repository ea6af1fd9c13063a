//! Vector's `http_server` source, as far as the contract goes, and every way in which it can fail.
use crate::PATIENCE;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The action for a request.
#[derive(Clone)]
pub(crate) enum Step {
    /// It is answered with this status, these header lines and this body; events are stored before a 2xx.
    Answer(u16, &'static str, &'static str),
    /// The connection is closed after the head.
    CloseAfterHead,
    /// ... in the middle of the body.
    CloseInBody,
    /// ... after the body, the events having been stored or not.
    CloseAfterBody { stored: bool },
    /// ... in the middle of an answer of 200, the events having been stored.
    CloseInAnswer,
    /// ... before the body of a 200 is complete.
    CloseInAnswerBody,
    /// There is never an answer.
    Hang,
    /// Something is done at a moment, and the request is then answered with 200.
    Do(Moment, Arc<dyn Fn() + Send + Sync>),
}

/// Moments in the life of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    AfterHead,
    AfterBody,
    InAnswer,
    AfterAnswer,
}

/// A request that has been read wholly.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct State {
    plan: VecDeque<Step>,
    requests: Vec<Received>,
    stored: Vec<Value>,
    /// Connections that are never answered, kept open.
    hanging: Vec<TcpStream>,
}

/// A downstream that follows a plan, and then answers everything with 200.
#[derive(Clone)]
pub(crate) struct Downstream {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Downstream {
    pub(crate) fn start(plan: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { plan: plan.into_iter().collect(), ..State::default() }));
        let downstream = Self { address, state };
        let server = downstream.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = server.clone();
                thread::spawn(move || while server.exchange(&stream).is_ok_and(|goes_on| goes_on) {});
            }
        });
        downstream
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/in", self.address)
    }

    pub(crate) fn plan(&self, step: Step) {
        self.state.lock().unwrap().plan.push_back(step);
    }

    /// The requests whose bodies came wholly.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The events that were stored.
    pub(crate) fn stored(&self) -> Vec<Value> {
        self.state.lock().unwrap().stored.clone()
    }

    /// Serves one request; whether the connection can be used for another.
    fn exchange(&self, stream: &TcpStream) -> io::Result<bool> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(false);
            }
        }
        let step = self.state.lock().unwrap().plan.pop_front().unwrap_or(Step::Answer(200, "", ""));
        let at = |moment: Moment| {
            if let Step::Do(when, what) = &step
                && *when == moment
            {
                what();
            }
        };
        at(Moment::AfterHead);
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let chunked = head.contains("transfer-encoding: chunked");
        let mut body = vec![0; length.unwrap_or(0)];
        match step {
            Step::CloseAfterHead => return stream.shutdown(Shutdown::Both).map(|()| false),
            Step::CloseInBody => {
                let half = body.len() / 2;
                reader.read_exact(&mut body[..half])?;
                return stream.shutdown(Shutdown::Both).map(|()| false);
            }
            _ if chunked => body = chunks(&mut reader)?,
            _ => reader.read_exact(&mut body)?,
        }
        self.state.lock().unwrap().requests.push(Received { head, body: body.clone() });
        at(Moment::AfterBody);
        let mut stream = stream;
        match &step {
            Step::Answer(status, headers, text) => {
                if (200..300).contains(status) {
                    self.store(&body);
                }
                let length = text.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} Because\r\n{headers}content-length: {length}\r\n\r\n{text}"
                )?;
            }
            Step::CloseAfterBody { stored } => {
                if *stored {
                    self.store(&body);
                }
                return stream.shutdown(Shutdown::Both).map(|()| false);
            }
            Step::CloseInAnswer => {
                self.store(&body);
                write!(stream, "HTTP/1.1 200 O")?;
                return stream.shutdown(Shutdown::Both).map(|()| false);
            }
            Step::CloseInAnswerBody => {
                self.store(&body);
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive.")?;
                return stream.shutdown(Shutdown::Both).map(|()| false);
            }
            Step::Hang => {
                let kept = stream.try_clone()?;
                self.state.lock().unwrap().hanging.push(kept);
                return Ok(false);
            }
            Step::Do(..) => {
                self.store(&body);
                write!(stream, "HTTP/1.1 200 ")?;
                at(Moment::InAnswer);
                write!(stream, "OK\r\ncontent-length: 0\r\n\r\n")?;
                at(Moment::AfterAnswer);
            }
            Step::CloseAfterHead | Step::CloseInBody => {}
        }
        Ok(true)
    }

    fn store(&self, body: &[u8]) {
        // A gzip body is one that the hop has passed as it came.
        if body.starts_with(b"\x1f\x8b") {
            return;
        }
        self.state.lock().unwrap().stored.extend(events(body));
    }
}

/// A chunked body.
fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// The events in a body, in either framing. Like Vector's, this source takes all of them or none.
pub(crate) fn events(body: &[u8]) -> Vec<Value> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events,
        Ok(event) => vec![event],
        Err(_) => body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect(),
    }
}
