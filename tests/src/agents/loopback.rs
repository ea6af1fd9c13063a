//! The loopback interface, as a client: ports, sending, asking.

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::{AgentError, PATIENCE, PAUSE, io_error};

/// The time that a server may stay silent.
const SILENCE: Duration = Duration::from_millis(500);

/// The body of a page of a server on the loopback interface.
///
/// # Errors
/// When nothing answers there.
pub fn http_get(port: u16, path: &str) -> Result<String, AgentError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let exchange = || -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        // Up to 4.0 the server promises to close the connection and does not: silence ends the answer, too.
        stream.set_read_timeout(Some(SILENCE))?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(error) if answer.is_empty() || !matches!(error.kind(), WouldBlock | TimedOut) => Err(error),
            _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
        }
    };
    let answer = exchange().map_err(io_error(format!("asking {address} for {path}")))?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// The body of what a server on the loopback interface answers to a body. The server has to close the connection.
///
/// # Errors
/// When nothing answers there, or the answer is not 200.
pub fn http_post(port: u16, path: &str, media_type: &str, body: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        Ipv4Addr::LOCALHOST,
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(io::Error::other(answer)),
    }
}

/// A port of the loopback interface that was free a moment ago.
///
/// # Errors
/// When the system has none.
pub fn free_port() -> Result<u16, AgentError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(io_error("finding a free port"))
}

/// Sends `bytes` to a port of the loopback interface, as soon as something listens there.
///
/// # Errors
/// When nothing does.
pub fn send(port: u16, bytes: &[u8]) -> Result<(), AgentError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(mut stream) => return stream.write_all(bytes).map_err(io_error("sending")),
            Err(_) if Instant::now() < deadline => sleep(PAUSE),
            Err(error) => return Err(io_error(format!("connecting to port {port}"))(error)),
        }
    }
}
