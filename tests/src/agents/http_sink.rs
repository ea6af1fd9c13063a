//! A stand-in for the HTTP servers that agents send to: it keeps what it is given and says yes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path with its query.
    pub path: String,
    /// Header lines, as they came.
    pub headers: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A server on a port of the loopback interface, for as long as the process lives.
#[derive(Debug, Clone)]
pub struct Sink {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Sink {
    /// Starts it. Every request is answered with 200 and `answer`, as JSON.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(answer: &'static str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let sink = Self { port: listener.local_addr()?.port(), requests: Arc::default() };
        let requests = Arc::clone(&sink.requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let requests = Arc::clone(&requests);
                // An agent that stops in mid-request is no fault of the test.
                thread::spawn(move || serve(stream, answer, &requests));
            }
        });
        Ok(sink)
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns what has come so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, answer: &str, requests: &Mutex<Vec<Request>>) -> io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(request) = read(&mut input)? {
        requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
    Ok(())
}

/// The next request; `None` at the end of the connection.
fn read(input: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if input.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    let mut length = 0_u64;
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
        headers.push(line.to_owned());
    }
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    Ok(Some(Request { path, headers, body }))
}
