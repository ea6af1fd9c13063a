//! The rule compiler: any file is compiled or refused, and what is compiled can be run.

use crate::text::lossy;
use schtag::rules::Matcher;
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma::{self, Source};

/// Compiles a file.
pub fn check(data: &[u8]) {
    let source = Source { path: "rule.yml".into(), text: lossy(data) };
    let compilation = sigma::compile(&[source], &Configuration::default());
    for refusal in &compilation.refused {
        assert!(!refusal.reason.to_string().is_empty());
    }
    assert!(Matcher::new(compilation.pack).is_ok(), "a pack that cannot be used");
}
