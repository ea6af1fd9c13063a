//! The variables of a default installation of Windows.

use crate::names::Names;

/// Variables and the values that a default installation gives them. Names compare without case.
pub(super) const VALUES: &[(&str, &str)] = &[
    ("ALLUSERSPROFILE", r"C:\ProgramData"),
    ("APPDATA", r"C:\Users\%USERNAME%\AppData\Roaming"),
    ("CommonProgramFiles", r"C:\Program Files\Common Files"),
    ("CommonProgramFiles(x86)", r"C:\Program Files (x86)\Common Files"),
    ("CommonProgramW6432", r"C:\Program Files\Common Files"),
    ("ComSpec", r"C:\Windows\System32\cmd.exe"),
    ("DriverData", r"C:\Windows\System32\Drivers\DriverData"),
    ("HOMEDRIVE", "C:"),
    ("HOMEPATH", r"\Users\%USERNAME%"),
    ("LOCALAPPDATA", r"C:\Users\%USERNAME%\AppData\Local"),
    ("OneDrive", r"C:\Users\%USERNAME%\OneDrive"),
    ("OS", "Windows_NT"),
    ("PROCESSOR_ARCHITECTURE", "AMD64"),
    ("ProgramData", r"C:\ProgramData"),
    ("ProgramFiles", r"C:\Program Files"),
    ("ProgramFiles(x86)", r"C:\Program Files (x86)"),
    ("ProgramW6432", r"C:\Program Files"),
    ("PUBLIC", r"C:\Users\Public"),
    ("SystemDrive", "C:"),
    ("SystemRoot", r"C:\Windows"),
    ("TEMP", r"C:\Users\%USERNAME%\AppData\Local\Temp"),
    ("TMP", r"C:\Users\%USERNAME%\AppData\Local\Temp"),
    ("USERPROFILE", r"C:\Users\%USERNAME%"),
    ("windir", r"C:\Windows"),
    ("__APPDIR__", r"C:\Windows\System32\"),
];

/// Variables that are lists: expanded only where a modifier picks letters out of them, since the plain
/// value differs from machine to machine and says nothing.
const LISTS: &[(&str, &str)] = &[
    (
        "PATH",
        r"C:\Windows\system32;C:\Windows;C:\Windows\System32\Wbem;C:\Windows\System32\WindowsPowerShell\v1.0\",
    ),
    ("PATHEXT", ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC"),
    (
        "PSModulePath",
        r"C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules",
    ),
    ("PROMPT", "$P$G"),
];

/// The names of the tables.
const NAMES: Names = {
    let mut names = Names::new();
    let mut rest: &[(&str, &str)] = VALUES;
    while let [(name, _), others @ ..] = rest {
        names = names.with(name);
        rest = others;
    }
    rest = LISTS;
    while let [(name, _), others @ ..] = rest {
        names = names.with(name);
        rest = others;
    }
    names
};

#[inline(never)]
fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    if !NAMES.may_have(name) {
        return None;
    }
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, value)| value)
}

/// The value of a variable on a default installation.
pub(in super::super) fn value(name: &str) -> Option<&'static str> {
    find(VALUES, name)
}

/// The value of a variable on a default installation, lists such as `PATH` among them.
pub(in super::super) fn any_value(name: &str) -> Option<&'static str> {
    value(name).or_else(|| find(LISTS, name))
}

/// Every variable of a default installation, as `set` shows them, apart from those that cmd.exe makes up.
pub(in super::super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    VALUES.iter().chain(LISTS).copied().filter(|(name, _)| !name.starts_with('_'))
}
