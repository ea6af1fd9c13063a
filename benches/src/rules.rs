//! Rules as text.

use schtag_host::rules::sigma::{self, Source};
use schtag_tests::project;
use std::path::PathBuf;

/// The rule files of the default pack, those for correlations among them.
pub fn default_pack() -> Vec<Source> {
    sigma::load([project::root().join("plugin/rules")]).sources
}

/// The rules of SigmaHQ about processes, when the environment variable `SIGMAHQ` names a checkout.
pub fn sigmahq() -> Option<Vec<Source>> {
    let folder = PathBuf::from(std::env::var_os("SIGMAHQ")?).join("rules/windows/process_creation");
    Some(sigma::load([folder]).sources)
}

/// Rules that any engine can load: an event id and words in the raw content. The first two match an encoded
/// command; the others match nothing.
pub fn plain(count: usize) -> Vec<Source> {
    let rule = |number: usize| {
        let words = match number {
            0 => "['powershell.exe', 'pwsh.exe']".to_owned(),
            1 => "[' -enc ', ' -ec ']".into(),
            _ => format!(r"['\tool{number}.exe', '/option{number}', 'host{number}.example']"),
        };
        format!(
            "title: Plain rule {number}\nid: 7b0c3f52-6a3e-4d8e-9a55-{number:012}\nstatus: test\n\
             logsource:\n  product: windows\n  service: security\n\
             detection:\n  selection:\n    EventID: 4698\n    TaskContent|contains: {words}\n  condition: selection\n\
             level: high\n"
        )
    };
    let file = |number| Source { path: format!("plain{number}.yml").into(), text: rule(number) };
    (0..count).map(file).collect()
}
