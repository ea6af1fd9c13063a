//! A real Fluent Bit: found, configured and started for one test.
//!
//! The agent is the program that the environment variable `FLUENT_BIT` names, else `fluent-bit` on PATH.
//! Where there is none a test skips itself, loudly; with `SCHTAG_REQUIRE_FLUENT_BIT` set it fails instead.
//! It loads the module, or in its place the file that `SCHTAG_AOT` names: the same compiled by `flb-wamrc`.
//! Fluent Bit 4.0 or later: the tests write their parsers into their YAML.

use crate::agents::error::io_error;
use crate::project::on_path;
use crate::skip::{Tool, missing};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub use crate::agents::error::AgentError;
pub use crate::agents::loopback::{free_port, http_get, send};
pub use crate::agents::running::Agent;

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
        let mut agent = Agent::new(child, dir, metrics_port);
        agent.wait_for_server()?;
        Ok(agent)
    }

    /// Ends an agent as [`Agent::terminate`] does, and starts it again on the same configuration.
    ///
    /// # Errors
    /// When it does not end, or does not come up.
    pub fn restart(&self, agent: &mut Agent) -> Result<(), AgentError> {
        agent.terminate()?;
        agent.resume(self.spawn(agent.dir())?)
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
