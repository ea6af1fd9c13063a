//! A progress bar for files, where someone can see it.
use super::output::say;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Read, stderr, stdout};

/// The bar, which may be invisible.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar over the bytes of all files. There is none when it would mix with the output, when standard error
    /// is no terminal, or when an input has no size.
    pub(crate) fn new(bytes: Option<u64>, wanted: bool) -> Self {
        let visible = wanted && stderr().is_terminal() && !stdout().is_terminal();
        let (true, Some(bytes)) = (visible, bytes) else { return Self(ProgressBar::hidden()) };
        let bar = ProgressBar::new(bytes);
        if let Ok(style) = ProgressStyle::with_template(
            "{wide_bar} {bytes}/{total_bytes}  {binary_bytes_per_sec}  {eta} left",
        ) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Counts what is read.
    pub(crate) fn watch<'r>(&self, input: impl Read + 'r) -> Box<dyn Read + 'r> {
        Box::new(self.0.wrap_read(input))
    }

    /// Says something without tearing the bar.
    pub(crate) fn say(&self, text: &str) {
        self.0.suspend(|| say(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
