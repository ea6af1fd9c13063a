//! A web server on localhost that serves a few files from memory, for as long as it is there. `delay-N.css` is an empty
//! file that comes after N milliseconds: a page with it is not loaded before.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Contents by path, without the first slash.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The server.
#[derive(Debug)]
pub struct FilesServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FilesServer {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(files: Files) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (files, asked, stop) = (Arc::new(files), Arc::clone(&asked), Arc::clone(&stop));
            move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let (files, asked) = (Arc::clone(&files), Arc::clone(&asked));
                    // A browser that closes a connection early is no failure.
                    thread::spawn(move || answer(stream, &files, &asked));
                }
            }
        });
        Ok(Self { address, asked, stop, thread: Some(thread) })
    }

    /// The address of a file.
    pub fn url(&self, file: &str) -> String {
        format!("http://{}/{file}", self.address)
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }
}

impl Drop for FilesServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread up.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, files: &Files, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    if path.is_empty() {
        // The browser opens connections in advance.
        return Ok(());
    }
    let delay = path.strip_prefix("delay-").and_then(|rest| rest.strip_suffix(".css")?.parse().ok());
    if let Some(delay) = delay {
        thread::sleep(Duration::from_millis(delay));
    }
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        _ => "text/plain",
    };
    let (status, body) = match (delay, files.get(&path)) {
        (Some(_), _) => ("200 OK", &b""[..]),
        (None, Some(body)) => ("200 OK", body.as_slice()),
        (None, None) => ("404 Not Found", &b""[..]),
    };
    if let Ok(mut asked) = asked.lock() {
        asked.push(path);
    }
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    stream.flush()
}
