//! A task's own definition, as a file: `schtasks /query /xml`, `Export-ScheduledTask`, or the files of
//! `C:\Windows\System32\Tasks`. It is judged as if the task had just been created.

use serde_json::json;
use std::path::{Component, Path};

/// The event 4698 that Windows would write for a definition: its name, and the definition as it is. Nothing is known of
/// who created it, when and where.
pub(super) fn record(definition: &[u8], name: &str) -> Vec<u8> {
    let definition = String::from_utf8_lossy(definition);
    json!({ "EventID": 4698, "Channel": "Security", "TaskName": name, "TaskContent": definition })
        .to_string()
        .into_bytes()
}

/// The task's name: its place below the folder `Tasks`, where the file is in one, since the service goes by that; else
/// the comment before it; else its URI; else the file's name.
pub(super) fn name(file: Option<&Path>, comment: Option<String>, definition: &[u8]) -> String {
    let by_place = || below_tasks(file?);
    let by_comment = || comment.filter(|comment| comment.starts_with('\\'));
    let by_file = || Some(format!("\\{}", file?.file_stem()?.to_string_lossy()));
    by_place()
        .or_else(by_comment)
        .or_else(|| uri(definition))
        .or_else(by_file)
        .unwrap_or_else(|| "\\(unknown)".into())
}

/// `\Microsoft\Windows\Defrag` of `…/System32/Tasks/Microsoft/Windows/Defrag`.
fn below_tasks(file: &Path) -> Option<String> {
    let parts: Vec<String> = file
        .components()
        .filter_map(|part| {
            if let Component::Normal(part) = part { Some(part.to_string_lossy().into_owned()) } else { None }
        })
        .collect();
    let is_tasks = |at: usize| {
        let is = |at: Option<usize>, name: &str| {
            at.and_then(|at| parts.get(at)).is_some_and(|part| part.eq_ignore_ascii_case(name))
        };
        is(Some(at), "Tasks")
            && (is(at.checked_sub(1), "System32")
                || is(at.checked_sub(1), "SysWOW64")
                || is(at.checked_sub(1), "Windows"))
    };
    let tasks = (0..parts.len()).rev().find(|at| is_tasks(*at))?;
    let below = parts.get(tasks.checked_add(1)?..).filter(|below| !below.is_empty())?;
    Some(format!("\\{}", below.join("\\")))
}

/// The `URI` that the service puts into a definition's `RegistrationInfo`.
fn uri(definition: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(definition);
    let (_, rest) = text.split_once("<URI>")?;
    let (uri, _) = rest.split_once("</URI>")?;
    let uri =
        uri.trim().replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(uri.replace("&amp;", "&")).filter(|uri| uri.starts_with('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_from_the_place_the_comment_the_uri_or_the_file() {
        let with_uri = b"<Task><RegistrationInfo><URI>\\A &amp; B</URI></RegistrationInfo></Task>";
        for (file, comment, definition, expected) in [
            (
                Some("/mnt/c/Windows/System32/Tasks/Microsoft/Windows/Defrag"),
                Some("\\X"),
                &with_uri[..],
                r"\Microsoft\Windows\Defrag",
            ),
            (Some("image/WINDOWS/system32/TASKS/One"), None, b"", r"\One"),
            (Some("my/Tasks/One.xml"), Some(r"\A\B"), with_uri, r"\A\B"),
            (Some("One.xml"), Some("a comment"), with_uri, r"\A & B"),
            (Some("One.xml"), None, b"<Task/>", r"\One"),
            (None, None, b"<Task/>", r"\(unknown)"),
        ] {
            assert_eq!(name(file.map(Path::new), comment.map(str::to_owned), definition), expected);
        }
    }
}
