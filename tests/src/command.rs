//! The command `schtag` as `make test` builds it, and its `serve` as a process that a test can kill.

use crate::project;
use crate::skip::skipped;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The command. Where it has not been built, it says that `test` is skipped.
///
/// # Panics
/// When stderr is closed.
pub fn find(test: &str) -> Option<PathBuf> {
    // Tests run from target/<profile>/deps.
    let path = std::env::current_exe().ok()?.parent()?.parent()?.join("schtag");
    if path.is_file() {
        return Some(path);
    }
    skipped(&format!("there is no {} for {test}; `make test` builds it", path.display()));
    None
}

/// A running `schtag serve` with the built filter. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Hop {
    child: Child,
    address: SocketAddr,
}

impl Hop {
    /// Starts it on an address, with further options, and waits until it listens. What it compiles is kept in `cache`.
    ///
    /// # Errors
    /// When there is no filter, or the process does not start; the error then has its words.
    pub fn start(command: &Path, cache: &Path, address: &str, options: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(command)
            .args(["serve", "--listen", address, "--module"])
            .arg(project::module().map_err(io::Error::other)?)
            .arg("--cache")
            .arg(cache)
            .args(options)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = child.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
        let first = lines.next().transpose()?.unwrap_or_default();
        let address = first.split_once("http://").and_then(|(_, rest)| rest.split(',').next());
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            child.kill()?;
            return Err(io::Error::other(first));
        };
        // Who does not read what it says would stop it.
        thread::spawn(move || lines.map_while(Result::ok).count());
        Ok(Self { child, address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it (SIGKILL), so that it has no time for anything.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            return Err(io::Error::other(format!("it had ended with {status}")));
        }
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        // It may have ended already; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
