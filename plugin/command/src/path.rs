//! Paths in one form: `\` only, no `.` or `..`, no device prefix, no short names, no trailing dots.
//!
//! Source: "Naming Files, Paths, and Namespaces"
//! (<https://learn.microsoft.com/windows/win32/fileio/naming-a-file>) and "File path formats on Windows
//! systems" (<https://learn.microsoft.com/dotnet/standard/io/file-path-formats>).

use schtag_task::byte_set::ByteSet;

/// The signs between the parts of a path.
pub(super) const SEPARATORS: ByteSet = ByteSet::of(b"\\/");
/// The signs without which a name is no path.
pub(super) const PATH_SIGNS: ByteSet = ByteSet::of(b"\\/:");

/// Short (8.3) folder names that mean the same on nearly every machine.
const SHORT_FOLDERS: &[(&str, &str)] = &[
    ("PROGRA~1", "Program Files"),
    ("PROGRA~2", "Program Files (x86)"),
    ("PROGRA~3", "ProgramData"),
    ("DOCUME~1", "Documents and Settings"),
    ("ALLUSE~1", "All Users"),
    ("LOCALS~1", "Local Settings"),
    ("APPLIC~1", "Application Data"),
    ("MICROS~1.NET", "Microsoft.NET"),
];

/// Programs whose names are longer than eight letters, and thus have a short one: `POWERS~1.EXE`.
const LONG_NAMES: &[&str] = &[
    "powershell.exe",
    "powershell_ise.exe",
    "installutil.exe",
    "bitsadmin.exe",
    "scriptrunner.exe",
    "syncappvpublishingserver.exe",
    "microsoft.workflow.compiler.exe",
    "rundll32.exe",
    "regsvr32.exe",
    "schtasks.exe",
    "certutil.exe",
    "forfiles.exe",
];

/// Removes the quotes that group a program or a path, wherever in it they stand.
pub(super) fn unquoted(text: &str) -> String {
    text.chars().filter(|&c| c != '"').collect()
}

fn begins_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
}

/// Drops `\\?\`, `\\.\` and `\??\`, and turns `\\?\UNC\` into `\\`. Pipes and other devices, which are
/// not files, keep their prefix.
fn without_device_prefix(path: &str) -> (bool, &str) {
    for prefix in [r"\\?\", r"\\.\", r"\??\"] {
        let Some(rest) = path.strip_prefix(prefix) else { continue };
        if let Some((unc, share)) =
            rest.split_at_checked(4).filter(|(unc, _)| unc.eq_ignore_ascii_case(r"UNC\"))
        {
            let _ = unc;
            return (true, share);
        }
        let mut chars = rest.chars();
        let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':');
        let global = begins_with(rest, "GLOBALROOT");
        if drive || (global && prefix != r"\\.\") {
            return (false, rest);
        }
    }
    match path.strip_prefix(r"\\") {
        Some(share) => (true, share.trim_start_matches('\\')),
        None => (false, path),
    }
}

/// A path in its one form. What is not a path comes back as it was, apart from slashes.
pub(super) fn clean(path: &str) -> String {
    let path = path.trim().replace('/', r"\");
    let (share, rest) = without_device_prefix(&path);
    if share && rest.starts_with(['.', '?']) {
        // A device.
        return path;
    }
    let rooted = !share && rest.starts_with('\\');
    let mut parts: Vec<&str> = Vec::new();
    // The drive, or the server and its share, cannot be left by `..`.
    let keep = if share { 2 } else { usize::from(rest.as_bytes().get(1) == Some(&b':')) };
    for part in rest.split('\\') {
        match part {
            "" | "." => {}
            ".." => go_up(&mut parts, keep, rooted),
            _ => parts.push(without_trailing_dots(part)),
        }
    }
    let mut out = String::with_capacity(path.len());
    out.push_str(if share {
        r"\\"
    } else if rooted {
        r"\"
    } else {
        ""
    });
    join(&mut out, &parts);
    // `C:\` is a folder; `C:` is a drive's current folder.
    if parts.len() <= 1 && keep == 1 && rest.len() > 2 && rest.ends_with('\\') {
        out.push('\\');
    }
    out
}

fn go_up(parts: &mut Vec<&str>, keep: usize, rooted: bool) {
    if parts.len() > keep && parts.last() != Some(&"..") {
        parts.pop();
    } else if keep == 0 && !rooted {
        parts.push("..");
    }
}

/// Windows drops the dots and blanks that end a name. Blanks that end a *folder's* name are kept: they are
/// how `C:\Windows \System32` differs from the real one.
fn without_trailing_dots(part: &str) -> &str {
    let bare = part.trim_end_matches('.');
    if bare.is_empty() { part } else { bare }
}

fn join(out: &mut String, parts: &[&str]) {
    let mut parent = "";
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push('\\');
        }
        let long = long_name(part, parent);
        out.push_str(long);
        parent = long;
    }
}

/// The long form of a short (8.3) name, where it is sure enough; else the name itself.
pub(super) fn long_name<'a>(name: &'a str, parent: &str) -> &'a str {
    let Some((stem, tail)) = name.split_once('~') else { return name };
    if !tail.starts_with(|c: char| c.is_ascii_digit()) || name.len() > 12 {
        return name;
    }
    if let Some(&(_, long)) = SHORT_FOLDERS.iter().find(|(short, _)| short.eq_ignore_ascii_case(name)) {
        return long;
    }
    let system = parent.eq_ignore_ascii_case("System32") || parent.eq_ignore_ascii_case("SysWOW64");
    if system && stem.eq_ignore_ascii_case("WINDOW") {
        return "WindowsPowerShell";
    }
    let Some((number, extension)) = tail.split_once('.') else { return name };
    if number.len() != 1 || !extension.eq_ignore_ascii_case("exe") || stem.len() != 6 {
        return name;
    }
    let fits = |long: &&&str| long.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(stem));
    LONG_NAMES.iter().find(fits).copied().unwrap_or(name)
}

/// A path that is absolute: with a drive and a backslash, of a share, or with a variable that is one.
pub(super) fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':');
    (drive && matches!(bytes.get(2), Some(b'\\' | b'/'))) || path.starts_with(r"\\") || path.starts_with("//")
}

/// A path seen from a folder, cleaned. `None` where the folder is needed and not known.
pub(super) fn joined(folder: Option<&str>, written: &str) -> Option<String> {
    if is_absolute(written) {
        return Some(clean(written));
    }
    if written.get(1..2) == Some(":") {
        // A drive's current folder; at first its root.
        let rest = written.get(2..).unwrap_or_default();
        let drive = written.get(..2).unwrap_or_default();
        return Some(
            match folder
                .filter(|folder| folder.get(..2).is_some_and(|known| known.eq_ignore_ascii_case(drive)))
            {
                Some(folder) => clean(&[folder, "\\", rest].concat()),
                None => clean(&[drive, "\\", rest].concat()),
            },
        );
    }
    let folder = folder?;
    if SEPARATORS.begins(written) {
        // Below the root of the same drive.
        let drive = folder.get(..2).filter(|drive| drive.ends_with(':'))?;
        return Some(clean(&[drive, written].concat()));
    }
    Some(clean(&[folder, "\\", written].concat()))
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    let end = path.bytes().rposition(|byte| matches!(byte, b'\\' | b'/'));
    end.and_then(|end| path.get(end.saturating_add(1)..)).unwrap_or(path)
}

/// The cleaned path of a program, with the `.exe` that Windows adds to a name without an extension.
pub(super) fn program(written: &str) -> String {
    /// Windows knows no longer path than 32,767 characters; what is much longer than any name is none.
    const LONGEST: usize = 2048;
    if written.len() > LONGEST {
        return written.to_owned();
    }
    let bare = unquoted(written);
    if bare.contains("://") {
        // An address is not a path.
        return bare;
    }
    let mut path = clean(bare.trim_matches(|c: char| c.is_whitespace() || c == '\''));
    let trimmed = path.trim_end().len();
    path.truncate(trimmed);
    let name = file_name(&path);
    // What a variable stands for is not known, and neither is its extension.
    let unknown = name.starts_with('%') || name.contains('!');
    if !name.is_empty() && !unknown && !name.contains('.') && !name.ends_with([':', ')']) {
        path.push_str(".exe");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_form_becomes_one() {
        for (written, cleaned) in [
            ("C:/Windows/System32/cmd.exe", r"C:\Windows\System32\cmd.exe"),
            (r"C:\\Windows\\\System32\cmd.exe", r"C:\Windows\System32\cmd.exe"),
            (r"C:\Windows\System32\..\System32\cmd.exe", r"C:\Windows\System32\cmd.exe"),
            (r"C:\Windows\.\System32\.\cmd.exe", r"C:\Windows\System32\cmd.exe"),
            (r"C:\..\..\Windows\cmd.exe", r"C:\Windows\cmd.exe"),
            (r"\\?\C:\Windows\cmd.exe", r"C:\Windows\cmd.exe"),
            (r"\\.\C:\Windows\cmd.exe", r"C:\Windows\cmd.exe"),
            (r"\??\C:\Windows\cmd.exe", r"C:\Windows\cmd.exe"),
            (r"\\?\UNC\server\share\x.exe", r"\\server\share\x.exe"),
            (r"\\server\share\..\..\..\x.exe", r"\\server\share\x.exe"),
            ("//server/share/x.exe", r"\\server\share\x.exe"),
            (r"\\.\pipe\name", r"\\.\pipe\name"),
            (r"\Windows\Temp\x", r"\Windows\Temp\x"),
            (r"\..\x", r"\x"),
            (r"..\..\x.exe", r"..\..\x.exe"),
            (r".\x.exe", "x.exe"),
            (r"C:\Windows\cmd.exe.", r"C:\Windows\cmd.exe"),
            (r"C:\Windows \System32\cmd.exe", r"C:\Windows \System32\cmd.exe"),
            (r"C:\PROGRA~1\x\y.exe", r"C:\Program Files\x\y.exe"),
            (r"c:\progra~3\y.exe", r"c:\ProgramData\y.exe"),
            (
                r"C:\Windows\System32\WINDOW~1\v1.0\POWERS~1.EXE",
                r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
            ),
            (r"C:\x\WINDOW~1\y.exe", r"C:\x\WINDOW~1\y.exe"),
            (r"C:\x\VERYLO~1.EXE", r"C:\x\VERYLO~1.EXE"),
            (r"C:\", r"C:\"),
            ("C:", "C:"),
            ("cmd", "cmd"),
            ("", ""),
        ] {
            assert_eq!(clean(written), cleaned, "{written}");
            assert_eq!(clean(cleaned), cleaned, "cleaning is done once");
        }
    }

    #[test]
    fn a_program_has_its_extension() {
        for (written, path) in [
            ("powershell", "powershell.exe"),
            ("\"powershell\"", "powershell.exe"),
            (r#"p"o"wershell.EXE"#, "powershell.EXE"),
            (r"C:\Windows\System32\cmd", r"C:\Windows\System32\cmd.exe"),
            ("cmd.exe ", "cmd.exe"),
            ("cmd.", "cmd.exe"),
            ("RUNDLL~1.EXE", "rundll32.exe"),
            ("x.vbs", "x.vbs"),
            (r"C:\x\data.wll", r"C:\x\data.wll"),
            ("$(Arg0)", "$(Arg0)"),
            (r"C:\x\file.txt:evil.exe", r"C:\x\file.txt:evil.exe"),
            ("", ""),
        ] {
            assert_eq!(program(written), path, "{written}");
        }
    }
}
