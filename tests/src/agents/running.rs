//! A running Fluent Bit: its folder, its outputs, its metrics and its end.

use super::error::{AgentError, PATIENCE, PAUSE, io_error};
use super::loopback::http_get;
use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::Instant;
use tempfile::TempDir;

/// A running agent. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    dir: TempDir,
    metrics_port: u16,
}

impl Agent {
    pub(crate) const fn new(child: Child, dir: TempDir, metrics_port: u16) -> Self {
        Self { child, dir, metrics_port }
    }

    /// The agent's own folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The complete lines that an output of type `file` has written for `tag` so far.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn lines(&self, tag: &str) -> Result<Vec<String>, AgentError> {
        complete_lines(&self.dir.path().join("out").join(tag))
    }

    /// Waits until there are at least `count` lines for `tag`, and returns all there are.
    ///
    /// # Errors
    /// When they do not come, or the agent ends.
    pub fn wait_for_lines(&mut self, tag: &str, count: usize) -> Result<Vec<String>, AgentError> {
        self.wait_until(&format!("line {count} for {tag}"), |agent| {
            let lines = agent.lines(tag)?;
            Ok((lines.len() >= count).then_some(lines))
        })
    }

    /// The complete lines that the agent has printed so far.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn printed(&self) -> Result<Vec<String>, AgentError> {
        complete_lines(&self.dir.path().join("stdout.log"))
    }

    /// Waits until `look` finds something.
    ///
    /// # Errors
    /// When it never does, `look` fails, or the agent ends.
    pub fn wait_until<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&Self) -> Result<Option<T>, AgentError>,
    ) -> Result<T, AgentError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait().map_err(io_error("waiting for fluent-bit"))? {
                return Err(AgentError::Ended { status, log: self.log() });
            }
            if Instant::now() > deadline {
                return Err(AgentError::TimedOut { what: what.to_owned(), log: self.log() });
            }
            sleep(PAUSE);
        }
    }

    /// Waits until the filter with this alias has been given `records` records, and returns how many it has lost.
    ///
    /// # Errors
    /// When that does not happen, or the agent reports no such filter.
    pub fn wait_for_filter(&mut self, alias: &str, records: usize) -> Result<u64, AgentError> {
        // The agent refreshes its report about once a second, and starts with an empty one.
        self.wait_until(&format!("report of {records} records at the filter {alias}"), |agent| {
            let report = agent.get("/api/v2/metrics/prometheus")?;
            let counter = |name: &str| -> Option<u64> {
                let series = format!("fluentbit_filter_{name}{{name=\"{alias}\"}} ");
                report.lines().find_map(|line| line.strip_prefix(&series)?.trim().parse().ok())
            };
            let given = counter("records_total").is_some_and(|given| given >= records as u64);
            Ok(if given { counter("drop_records_total") } else { None })
        })
    }

    /// The memory that the agent has resident, in KiB, on Linux.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn resident(&self) -> Result<u64, AgentError> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).map_err(io_error(path))?;
        let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        size.and_then(|size| size.parse().ok())
            .ok_or_else(|| AgentError::Unexpected("the system does not say what is resident".into()))
    }

    /// Asks the agent to end, as a service manager does (SIGTERM), and returns how it ended.
    ///
    /// # Errors
    /// When it cannot be asked, or does not end.
    pub fn terminate(&mut self) -> Result<ExitStatus, AgentError> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().map_err(io_error("sending SIGTERM"))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().map_err(io_error("waiting for fluent-bit"))? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(AgentError::TimedOut { what: "end after SIGTERM".into(), log: self.log() });
            }
            sleep(PAUSE);
        }
    }

    /// Takes another process in place of one that has ended, and waits for its server.
    pub(crate) fn resume(&mut self, child: Child) -> Result<(), AgentError> {
        self.child = child;
        self.wait_for_server()
    }

    pub(crate) fn wait_for_server(&mut self) -> Result<(), AgentError> {
        self.wait_until("HTTP server", |agent| Ok(agent.get("/").is_ok().then_some(())))
    }

    /// Returns what the agent wrote to its log.
    pub fn log(&self) -> String {
        let path = self.dir.path().join("stderr.log");
        fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The body of a page of the agent's HTTP server.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn get(&self, path: &str) -> Result<String, AgentError> {
        http_get(self.metrics_port, path)
    }

    /// The port of the agent's HTTP server.
    pub const fn metrics_port(&self) -> u16 {
        self.metrics_port
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended already; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a file that end with a newline. A file that is not there yet has none.
pub(crate) fn complete_lines(path: &Path) -> Result<Vec<String>, AgentError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(format!("reading {}", path.display()))(error)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    Ok(complete.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
