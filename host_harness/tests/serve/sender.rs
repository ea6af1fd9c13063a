//! Vector's `http` sink, as far as the contract goes.
use crate::PATIENCE;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// The decision of the sink after a request (`src/sinks/util/http.rs`, `RetryStrategy::Default`; it tries again after
/// an error of the connection).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Acknowledge,
    Retry,
    Drop,
}

pub(crate) fn decision(answer: &io::Result<Answer>) -> Decision {
    match answer {
        Err(_) => Decision::Retry,
        Ok(answer) => match answer.status {
            200..=299 => Decision::Acknowledge,
            408 | 429 => Decision::Retry,
            501 => Decision::Drop,
            500..=599 => Decision::Retry,
            _ => Decision::Drop,
        },
    }
}

pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A request as bytes; `headers` are whole lines.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: hop\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Sends one request over a connection of its own.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = connect(address)?;
    // Who is refused early may find the connection closed while still writing, and can read the answer all the same.
    let written = stream.write_all(&request(method, path, headers, body));
    // An answer to HEAD announces a body that does not come (RFC 9110, section 9.3.2).
    let read = if method == "HEAD" { head(&mut stream) } else { read(&mut stream) };
    read.or_else(|error| written.and(Err(error)))
}

/// Sends a body as Vector does.
pub(crate) fn post(address: SocketAddr, media_type: &str, body: &[u8]) -> io::Result<Answer> {
    send(address, "POST", "/", &format!("content-type: {media_type}\r\n"), body)
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, "GET", path, "", b"").unwrap()
}

/// Reads an answer up to the end of the connection. A body that is shorter than announced is an error.
pub(crate) fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let answer = head(stream)?;
    let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > answer.body.len()) { Err(broken()) } else { Ok(answer) }
}

/// As [`read`], with whatever there is of the body.
fn head(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else { return Err(ended.err().unwrap_or_else(broken)) };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    Ok(Answer { status, head, body: bytes[end + 4..].to_vec() })
}

fn broken() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
