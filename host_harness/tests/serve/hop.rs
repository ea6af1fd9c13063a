//! The process under test.
use crate::PATIENCE;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Instant;
use tempfile::TempDir;

/// A running `schtag serve` on a free port. It is killed when this value is dropped.
pub(crate) struct Hop {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
}

/// A folder with the module, and what the first hop has compiled.
fn folder() -> &'static TempDir {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let base = wat::parse_str(include_str!("../guest/base.wat")).unwrap();
        let baked =
            schtag_host::wasm::bake::bake(&base, &schtag::rules::Pack::default(), usize::MAX).unwrap();
        std::fs::write(folder.path().join("schtag.wasm"), baked.wasm).unwrap();
        folder
    })
}

impl Hop {
    /// Starts the command with these words more, and waits until it listens.
    pub(crate) fn start(words: &str) -> Self {
        Self::start_on("127.0.0.1:0", words)
    }

    /// As [`Self::start`], on this address.
    pub(crate) fn start_on(address: &str, words: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_schtag"))
            .args(["serve", "--cache", "cache", "--listen", address])
            .args(words.split_whitespace())
            .current_dir(folder().path())
            .env("SCHTAG_MODULE", "schtag.wasm")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().expect("it should say where it listens").unwrap();
        let address = first.split_once("http://").and_then(|(_, rest)| rest.split(',').next()).unwrap();
        let address = address.parse().unwrap_or_else(|_| panic!("{first}"));
        let log = Arc::new(Mutex::new(first + "\n"));
        let writer = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *writer.lock().unwrap() += &(line + "\n");
            }
        });
        Self { child, address, log }
    }

    /// SIGKILL: it has no time for anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The most memory that it has had so far, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGTERM.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        until("the end of the hop", || self.child.try_wait().unwrap())
    }

    /// Returns what it has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until there is something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "there is still no {what}");
        thread::sleep(std::time::Duration::from_millis(10));
    }
}
