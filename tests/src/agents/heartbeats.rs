//! Heartbeats through an agent: an input that has nothing to do with the filter shows when the filter stalls the agent.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::agents::agent_records::parse_all;
use crate::agents::error::{AgentError, PATIENCE, io_error};
use crate::agents::running::{Agent, complete_lines};
use serde_json::Value;

/// The tag of the heartbeats.
pub const TAG: &str = "beat";
/// Time between two heartbeats.
const INTERVAL: Duration = Duration::from_millis(100);
/// Time between two looks at the output.
const LOOK: Duration = Duration::from_millis(10);

/// Returns an input that takes the heartbeats on a port of the loopback interface.
pub fn input(port: u16) -> String {
    format!(
        "    - name: tcp\n      tag: {TAG}\n      listen: 127.0.0.1\n      port: {port}\n      format: json\n"
    )
}

/// Heartbeats on their way: one thread sends ten a second, another looks when they come out.
#[derive(Debug)]
pub struct Heartbeats {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<Result<u64, AgentError>>,
    enough: Arc<AtomicBool>,
    watcher: JoinHandle<Result<Vec<Instant>, AgentError>>,
}

impl Heartbeats {
    /// Starts to send to [`input`]'s port, and to watch the file that the agent writes them to.
    ///
    /// # Errors
    /// When nothing listens on the port.
    pub fn start(agent: &Agent, port: u16) -> Result<Self, AgentError> {
        let (stop, enough) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let stream = connect(port)?;
        let sender = thread::spawn({
            let stop = Arc::clone(&stop);
            move || send(stream, &stop)
        });
        let watcher = thread::spawn({
            let (enough, path) = (Arc::clone(&enough), agent.dir().join("out").join(TAG));
            move || watch(&path, &enough)
        });
        Ok(Self { stop, sender, enough, watcher })
    }

    /// Stops sending, waits until as many heartbeats are out as went in, and checks that they are the same ones, in
    /// order. Returns their number and the longest time that none came out.
    ///
    /// # Errors
    /// When one is lost, comes twice or out of order, or the agent ends.
    pub fn finish(self, agent: &mut Agent) -> Result<(u64, Duration), AgentError> {
        self.stop.store(true, Ordering::Relaxed);
        let sent = join(self.sender)?;
        let lines = agent.wait_for_lines(TAG, usize::try_from(sent).unwrap_or(usize::MAX));
        self.enough.store(true, Ordering::Relaxed);
        let seen = join(self.watcher)?;
        let records = parse_all(&lines?)?;
        let numbers = records.iter().map(|record| record.get(TAG).and_then(Value::as_u64));
        if !numbers.clone().eq((0..sent).map(Some)) {
            let out = numbers.len();
            return Err(AgentError::Unexpected(format!(
                "{sent} heartbeats in, {out} out, or in another order"
            )));
        }
        let gaps = seen.windows(2).filter_map(|pair| Some(pair.get(1)?.duration_since(*pair.first()?)));
        Ok((sent, gaps.max().unwrap_or_default()))
    }
}

fn connect(port: u16) -> Result<TcpStream, AgentError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => return Ok(stream),
            Err(_) if Instant::now() < deadline => sleep(LOOK),
            Err(error) => return Err(io_error("connecting to the input of the heartbeats")(error)),
        }
    }
}

/// Sends numbered heartbeats until `stop`, and returns how many.
fn send(mut stream: TcpStream, stop: &AtomicBool) -> Result<u64, AgentError> {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        writeln!(stream, "{{\"{TAG}\":{number}}}").map_err(io_error("sending a heartbeat"))?;
        number += 1;
        sleep(INTERVAL);
    }
    Ok(number)
}

/// Returns when each new heartbeat was seen in the output.
fn watch(path: &Path, enough: &AtomicBool) -> Result<Vec<Instant>, AgentError> {
    let mut seen = Vec::new();
    loop {
        // Read before the look, so that what came before it is still counted.
        let last = enough.load(Ordering::Relaxed);
        let lines = complete_lines(path)?.len();
        let now = Instant::now();
        seen.resize(lines.max(seen.len()), now);
        if last {
            return Ok(seen);
        }
        sleep(LOOK);
    }
}

fn join<T>(thread: JoinHandle<Result<T, AgentError>>) -> Result<T, AgentError> {
    thread.join().map_err(|_| AgentError::Unexpected("a thread of the heartbeats panicked".into()))?
}
