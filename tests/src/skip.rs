//! Reports tests that do not run here because a program of others is missing.

use std::io::Write;

/// Programs of others that some tests need, and nothing of this project installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `fluent-bit`.
    FluentBit,
    /// `iwasm`, WAMR's command.
    Iwasm,
    /// A Chromium.
    Chromium,
    /// A Python with the packages that a test asks for.
    Python,
    /// `curl`.
    Curl,
    /// `kubectl`.
    Kubectl,
    /// A checkout of SigmaHQ's rules.
    SigmaHq,
    /// `vector`.
    Vector,
}

impl Tool {
    /// The environment variable that makes it a failure that the tool is missing, when it is set and not empty.
    pub const fn require(self) -> &'static str {
        match self {
            Self::FluentBit => "SCHTAG_REQUIRE_FLUENT_BIT",
            Self::Iwasm => "SCHTAG_REQUIRE_IWASM",
            Self::Chromium => "SCHTAG_REQUIRE_CHROMIUM",
            Self::Python => "SCHTAG_REQUIRE_PYTHON",
            Self::Curl => "SCHTAG_REQUIRE_CURL",
            Self::Kubectl => "SCHTAG_REQUIRE_KUBECTL",
            Self::SigmaHq => "SCHTAG_REQUIRE_SIGMAHQ",
            Self::Vector => "SCHTAG_REQUIRE_VECTOR",
        }
    }

    /// Returns whether it has to be there.
    fn is_required(self) -> bool {
        std::env::var_os(self.require()).is_some_and(|value| !value.is_empty())
    }
}

/// Says that something is not tested because a tool is missing.
///
/// # Panics
/// When the tool is required, or stderr is closed.
pub fn missing(tool: Tool, what: &str) {
    assert!(!tool.is_required(), "{what} ({} is set)", tool.require());
    skipped(&format!("{what} ({}=1 makes this a failure)", tool.require()));
}

/// Says on stderr that something is not tested here, and why.
///
/// # Panics
/// When stderr is closed.
pub fn skipped(what: &str) {
    // Not eprintln!, which the test runner swallows when a test passes.
    std::io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes()).unwrap();
}
