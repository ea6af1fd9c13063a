//! A real Fluent Bit: found, configured, started for one test and stopped with it.
//!
//! The agent is the program that the environment variable `FLUENT_BIT` names, else `fluent-bit` on PATH.
//! Where there is none a test skips itself, loudly; with `SCHTAG_REQUIRE_FLUENT_BIT` set it fails instead.
//! It loads the module, or in its place the file that `SCHTAG_AOT` names: the same compiled by `flb-wamrc`.
//! Fluent Bit 4.0 or later: the tests write their parsers into their YAML.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::skip::{Tool, missing};
use tempfile::TempDir;
use thiserror::Error;

pub use crate::loopback::{free_port, http_get, send};

/// The time that a test waits for an agent to do what it asked for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The time between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);
/// Values for the environment variables that the examples name.
const STAND_INS: [(&str, &str); 16] = [
    ("SCHTAG_AGGREGATOR", "127.0.0.1"),
    ("SCHTAG_BROKERS", "127.0.0.1:9092"),
    ("SPLUNK_HOST", "127.0.0.1"),
    ("SPLUNK_TOKEN", "00000000-0000-0000-0000-000000000000"),
    ("ELASTIC_HOST", "127.0.0.1"),
    ("ELASTIC_USER", "schtag"),
    ("ELASTIC_PASSWORD", "secret"),
    ("OPENSEARCH_HOST", "127.0.0.1"),
    ("OPENSEARCH_USER", "schtag"),
    ("OPENSEARCH_PASSWORD", "secret"),
    ("LOKI_HOST", "127.0.0.1"),
    ("AZURE_TENANT_ID", "tenant"),
    ("AZURE_CLIENT_ID", "client"),
    ("AZURE_CLIENT_SECRET", "secret"),
    ("AZURE_DCE_URL", "https://dce.example.org"),
    ("AZURE_DCR_ID", "dcr-0"),
];

/// An error of an agent.
#[derive(Error)]
pub enum AgentError {
    /// The module has not been built.
    #[error("{0}")]
    NoModule(String),
    /// A file or socket of the test.
    #[error("{what}: {source}")]
    Io {
        /// The action that failed.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The agent stopped by itself.
    #[error("fluent-bit ended with {status} while the test waited; its log:\n{log}")]
    Ended {
        /// The agent's exit status.
        status: ExitStatus,
        /// The agent's output.
        log: String,
    },
    /// The agent did not do it in time.
    #[error("after {PATIENCE:?} there was still no {what}; fluent-bit's log:\n{log}")]
    TimedOut {
        /// The thing that the test waited for.
        what: String,
        /// The agent's output.
        log: String,
    },
    /// The agent refused a configuration.
    #[error("fluent-bit refuses {config}:\n{log}")]
    Refused {
        /// The file.
        config: String,
        /// The agent's output.
        log: String,
    },
    /// The agent's output is not what it should be.
    #[error("{0}")]
    Unexpected(String),
}

// A test that returns an error is reported with its Debug form, and an agent's log is for reading.
impl fmt::Debug for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Wraps an error of the system with what was being done.
pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> AgentError {
    let what = what.into();
    move |source| AgentError::Io { what, source }
}

/// A version of Fluent Bit: major, minor.
pub type Version = (u32, u32);

/// The first version that keeps one instance of the module; before, each chunk has its own.
pub const PERSISTENT: Version = (4, 1);

/// The agent's program and the filter it will load.
#[derive(Debug, Clone)]
pub struct Installation {
    program: PathBuf,
    module: PathBuf,
    /// The compiled module that the agents load in its place.
    compiled: Option<PathBuf>,
    version: Version,
}

impl Installation {
    /// Finds both, or says on stderr that `test` is skipped and returns `None`.
    ///
    /// # Errors
    /// When the module has not been built.
    ///
    /// # Panics
    /// When an agent is required and there is none.
    pub fn find(test: &str) -> Result<Option<Self>, AgentError> {
        let program = match std::env::var_os("FLUENT_BIT").filter(|path| !path.is_empty()) {
            Some(path) => Some(PathBuf::from(path)),
            None => on_path("fluent-bit"),
        };
        match program {
            Some(program) => {
                let module = crate::project::module().map_err(AgentError::NoModule)?;
                let version = version_of(&program)?;
                let compiled = std::env::var_os("SCHTAG_AOT").filter(|path| !path.is_empty());
                let compiled = compiled.map(PathBuf::from);
                Ok(Some(Self { program, module, compiled, version }))
            }
            None => {
                missing(
                    Tool::FluentBit,
                    &format!(
                        "no fluent-bit for {test}; set FLUENT_BIT or put it on PATH (https://docs.fluentbit.io)"
                    ),
                );
                Ok(None)
            }
        }
    }

    /// The filter as WebAssembly, which other engines load, too.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The agent's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns whether this build has a plugin of that name.
    ///
    /// # Errors
    /// When the program does not run.
    pub fn has_plugin(&self, name: &str) -> Result<bool, AgentError> {
        let output = Command::new(&self.program)
            .arg("--help")
            .output()
            .map_err(io_error(format!("running {}", self.program.display())))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().any(|line| line.split_whitespace().next() == Some(name)))
    }

    /// Returns whether the agent accepts the configuration `text`: `fluent-bit --dry-run`.
    ///
    /// # Errors
    /// [`AgentError::Refused`] when it does not.
    pub fn dry_run(&self, config: &str, extension: &str, text: &str) -> Result<(), AgentError> {
        let dir = TempDir::new().map_err(io_error("making a folder"))?;
        let path = dir.path().join(format!("config.{extension}"));
        fs::write(&path, text).map_err(io_error("writing the configuration"))?;
        let output = self
            .command(dir.path())
            .arg("--dry-run")
            .arg("-c")
            .arg(&path)
            .output()
            .map_err(io_error("starting fluent-bit"))?;
        let mut log = String::from_utf8_lossy(&output.stdout).into_owned();
        log.push_str(&String::from_utf8_lossy(&output.stderr));
        // 4.0 with azure_logs_ingestion crashes after it has said so.
        let said_so = self.version < (5, 0) && log.contains("configuration test is successful");
        // A property it does not know is an error line; the exit status alone would do for most.
        if (output.status.success() || said_so) && !log.contains("[error]") {
            Ok(())
        } else {
            Err(AgentError::Refused { config: config.to_owned(), log })
        }
    }

    /// Runs an agent on a configuration that ends it, in the folder `dir`, and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be started, or ends otherwise.
    pub fn run_to_end(&self, config: &Path, dir: &Path) -> Result<String, AgentError> {
        let output = self
            .command(dir)
            .arg("-q")
            .arg("-c")
            .arg(config)
            .output()
            .map_err(io_error("starting fluent-bit"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(AgentError::Ended { status: output.status, log })
        }
    }

    /// Starts an agent on a YAML configuration that `text` makes of the agent's own folder and metrics port, and
    /// waits until it answers there. The configuration has to open an HTTP server on that port.
    ///
    /// # Errors
    /// When `text` fails, or the agent does not come up.
    pub fn start(
        &self,
        text: impl FnOnce(&Path, u16) -> Result<String, AgentError>,
    ) -> Result<Agent, AgentError> {
        let dir = TempDir::new().map_err(io_error("making a folder"))?;
        let metrics_port = free_port()?;
        let config = dir.path().join("config.yaml");
        fs::write(&config, text(dir.path(), metrics_port)?).map_err(io_error("writing the configuration"))?;
        let child = self.spawn(dir.path())?;
        let mut agent = Agent { child, dir, metrics_port, installation: self.clone() };
        agent.wait_for_server()?;
        Ok(agent)
    }

    /// Starts an agent on the configuration in its folder `dir`; what it writes is appended to what is there.
    fn spawn(&self, dir: &Path) -> Result<Child, AgentError> {
        let stream = |name: &str| {
            let file = File::options().create(true).append(true).open(dir.join(name));
            file.map_err(io_error(name.to_owned()))
        };
        self.command(dir)
            .arg("-c")
            .arg(dir.join("config.yaml"))
            .stdin(Stdio::null())
            .stdout(stream("stdout.log")?)
            .stderr(stream("stderr.log")?)
            .spawn()
            .map_err(io_error("starting fluent-bit"))
    }

    fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.program);
        // The agent opens its working folder for the guest (accessible_paths is "." unless set).
        let filter = self.compiled.as_ref().unwrap_or(&self.module);
        command.current_dir(dir).env("SCHTAG_WASM", filter).envs(STAND_INS);
        command
    }
}

/// A running agent. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    dir: TempDir,
    metrics_port: u16,
    installation: Installation,
}

impl Agent {
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

    /// Ends the agent as [`Self::terminate`] does, and starts it again on the same configuration.
    ///
    /// # Errors
    /// When it does not end, or does not come up.
    pub fn restart(&mut self) -> Result<(), AgentError> {
        self.terminate()?;
        self.child = self.installation.spawn(self.dir.path())?;
        self.wait_for_server()
    }

    fn wait_for_server(&mut self) -> Result<(), AgentError> {
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

/// Asks a program for its version; it answers `Fluent Bit v5.1.1`.
fn version_of(program: &Path) -> Result<Version, AgentError> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .map_err(io_error(format!("running {}", program.display())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = || {
        let (major, rest) = text.split_once(" v")?.1.split_once('.')?;
        let (minor, _) = rest.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    version().ok_or_else(|| AgentError::Unexpected(format!("not a version of Fluent Bit: {text}")))
}

/// Where a program on PATH is.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
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
