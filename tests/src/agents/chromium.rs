//! A headless Chromium on pages of our own.
use crate::project::on_path;
use crate::skip::{Tool, missing};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The time that one page may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The browser: what the environment variable `CHROMIUM` names, else the first on PATH. Without one it says that
/// `test` is skipped.
///
/// # Panics
/// When a browser is required and there is none.
pub fn find(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").filter(|value| !value.is_empty()).map(PathBuf::from);
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = named.or_else(|| names.into_iter().find_map(on_path));
    if found.is_none() {
        missing(
            Tool::Chromium,
            &format!(
                "no chromium for {test}; set CHROMIUM or put it on PATH (Debian's package is `chromium`)"
            ),
        );
    }
    found
}

/// Returns the document of a page, as markup, when it has loaded. A page whose scripts go on after that needs a part that
/// loads slowly, see [`crate::agents::files_server`]. (The browser's virtual time is no way out: it passes while a worker works.)
///
/// # Errors
/// When the browser does not start, fails, or takes too long.
pub fn document(browser: &Path, address: &str) -> Result<String, String> {
    let profile = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", address])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", browser.display()))?;
    let mut output = child.stdout.take().ok_or("no output")?;
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        output.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let started = Instant::now();
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if started.elapsed() > PATIENCE {
            // It may have ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{address} was not done after {} seconds", PATIENCE.as_secs()));
        }
        sleep(Duration::from_millis(20));
    }
    reader.join().map_err(|_| "the reader failed")?.map_err(|error| error.to_string())
}
