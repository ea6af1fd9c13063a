//! A file's path as a rule sees it.

use super::super::{cmd, environment, path};
use super::address;
use crate::path::{PATH_SIGNS, SEPARATORS};
use crate::tokens::QUOTES;
use schtag_task::byte_set::ByteSet;
use schtag_task::case;

/// Signs that end the root of a registry key.
const ROOT_ENDS: ByteSet = ByteSet::of(b":\\");

/// The one form of a file that an argument names: an absolute path as far as the folder is known, or an address.
pub(super) fn file(folder: Option<&str>, written: &str) -> String {
    let written = QUOTES.trim(written.trim()).trim();
    let written = of_url(written);
    if address::is_one(written)
        && let Some(address) = address::read(written, "http")
    {
        return address.text;
    }
    let expanded = environment::expand_powershell(written);
    let expanded = with_system_root(&expanded);
    let text = expanded.as_deref().unwrap_or(written);
    match path::joined(folder.filter(|_| !is_variable(text)), text) {
        Some(path) => path,
        None => path::clean(text),
    }
}

/// A path that begins with a variable, whose value is not known here, is taken to be absolute.
fn is_variable(text: &str) -> bool {
    text.starts_with(['%', '$', '!'])
}

/// `file:///C:/x` as the path that it means.
fn of_url(text: &str) -> &str {
    match address::split_scheme(text) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
            let is_drive = rest.as_bytes().get(1) == Some(&b':');
            // Of a share, two slashes stay.
            let start = text.len().saturating_sub(rest.len());
            let from = if is_drive { start } else { start.saturating_sub(2) };
            text.get(from..).unwrap_or(rest)
        }
        _ => text,
    }
}

/// Puts Windows' folder in place of `\SystemRoot\` and of the prefix that global names have.
fn with_system_root(text: &str) -> Option<String> {
    const ROOTS: [&str; 2] = [r"\SystemRoot\", r"\??\SystemRoot\"];
    let root = ROOTS
        .into_iter()
        .find(|root| text.get(..root.len()).is_some_and(|start| start.eq_ignore_ascii_case(root)));
    match root {
        Some(root) => Some([r"C:\Windows\", text.get(root.len()..).unwrap_or_default()].concat()),
        None => Some(text.to_owned()),
    }
}

/// The path of the program itself. A bare name is Windows' own program where there is one of that name; else a
/// relative path is seen from the working directory.
pub(super) fn program(folder: Option<&str>, image: &str, image_name: &str, is_system: bool) -> String {
    if path::is_absolute(image) || is_variable(image) || image.contains("://") {
        return image.to_owned();
    }
    let bare = !PATH_SIGNS.is_in(image);
    if bare && (is_system || cmd::is_system_program(image_name)) {
        return system_path(image_name);
    }
    path::joined(folder, image).unwrap_or_else(|| image.to_owned())
}

/// Where Windows finds its own program of a bare name.
pub(super) fn system_path(name: &str) -> String {
    let folder = match name {
        "powershell.exe" | "powershell_ise.exe" => r"C:\Windows\System32\WindowsPowerShell\v1.0\",
        "wmic.exe" | "mofcomp.exe" | "scrcons.exe" => r"C:\Windows\System32\wbem\",
        "explorer.exe" | "regedit.exe" | "notepad.exe" | "hh.exe" => r"C:\Windows\",
        _ => r"C:\Windows\System32\",
    };
    [folder, name].concat()
}

/// A registry key with the short name of its root and without a remote computer's part.
pub(super) fn registry_key(written: &str) -> String {
    const ROOTS: [(&str, &str); 5] = [
        ("HKEY_LOCAL_MACHINE", "HKLM"),
        ("HKEY_CURRENT_USER", "HKCU"),
        ("HKEY_CLASSES_ROOT", "HKCR"),
        ("HKEY_USERS", "HKU"),
        ("HKEY_CURRENT_CONFIG", "HKCC"),
    ];
    let written = written.trim().trim_matches('"').replace('/', r"\");
    let key = match written.strip_prefix(r"\\").and_then(|rest| rest.split_once('\\')) {
        Some((_, key)) => key,
        None => written.as_str(),
    };
    let key = key.trim_matches('\\');
    let key = key.get(..9).filter(|start| start.eq_ignore_ascii_case("Registry:")).map_or(key, |_| key);
    let (root, rest) = ROOT_ENDS.find(key).and_then(|at| key.split_at_checked(at)).unwrap_or((key, ""));
    let short = ROOTS
        .iter()
        .find(|(long, short)| long.eq_ignore_ascii_case(root) || short.eq_ignore_ascii_case(root));
    let mut out = short.map_or(root, |(_, short)| short).to_owned();
    for part in rest.split([':', '\\']).filter(|part| !part.is_empty()) {
        out.push('\\');
        out.push_str(part);
    }
    out
}

/// A computer's name: without the signs before it, and without an account or a port.
pub(super) fn computer(written: &str) -> String {
    let bare = QUOTES.trim(written.trim()).trim_start_matches(['\\', '/']);
    let bare = address::split_scheme(bare).map_or(bare, |(_, rest)| rest);
    let end = SEPARATORS.find(bare).unwrap_or(bare.len());
    let name = bare.get(..end).unwrap_or(bare);
    case::to_lowercase(name.rsplit_once('@').map_or(name, |(_, host)| host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_form() {
        for (folder, written, path) in [
            (None, r"\SystemRoot\Temp\a.exe", r"C:\Windows\Temp\a.exe"),
            (None, r"\??\C:\x\..\a.exe", r"C:\a.exe"),
            (None, r"\\?\C:\a.exe", r"C:\a.exe"),
            (None, "C:/x/a.exe", r"C:\x\a.exe"),
            (None, "file:///C:/x/a.exe", r"C:\x\a.exe"),
            (None, "file://host/share/a.exe", r"\\host\share\a.exe"),
            (None, "hTTp:\\\\Host\\a", "http://host/a"),
            (None, r"$env:PUBLIC\a.ps1", r"C:\Users\Public\a.ps1"),
            (None, "a.vbs", "a.vbs"),
            (Some(r"C:\x"), "a.vbs", r"C:\x\a.vbs"),
            (Some(r"C:\x"), r".\y\..\a.vbs", r"C:\x\a.vbs"),
            (Some(r"C:\x"), r"\a.vbs", r"C:\a.vbs"),
            (Some(r"C:\x"), r"D:\a.vbs", r"D:\a.vbs"),
            (Some(r"C:\x"), r"%own%\a.vbs", r"%own%\a.vbs"),
            (Some(r"\\host\share"), "a.vbs", r"\\host\share\a.vbs"),
        ] {
            assert_eq!(file(folder, written), path, "{written}");
        }
    }

    #[test]
    fn a_key_has_one_form() {
        for (written, key) in [
            (r"HKEY_LOCAL_MACHINE\SAM", r"HKLM\SAM"),
            (r"hklm\sam\", r"HKLM\sam"),
            (r"\\host\HKLM\Software\\x", r"HKLM\Software\x"),
            (r"HKCU:\Software\x", r"HKCU\Software\x"),
            ("x", "x"),
        ] {
            assert_eq!(registry_key(written), key);
        }
    }
}
