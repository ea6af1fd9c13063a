//! Holds output of Windows commands that is the same on every machine: `assoc`, `ftype`, `ver`, `where`, `dir` of a
//! system program.
//!
//! Source: a default installation of Windows 10 and 11.

use crate::cmd::lexer::WILDCARDS;

/// File name extensions and their types, as `assoc` shows them.
const TYPES: &[(&str, &str)] = &[
    (".bat", "batfile"),
    (".cdxml", "Microsoft.PowerShellCmdletDefinitionXML.1"),
    (".chm", "chm.file"),
    (".cmd", "cmdfile"),
    (".com", "comfile"),
    (".cpl", "cplfile"),
    (".dll", "dllfile"),
    (".exe", "exefile"),
    (".hlp", "hlpfile"),
    (".hta", "htafile"),
    (".inf", "inffile"),
    (".ini", "inifile"),
    (".js", "JSFile"),
    (".JSE", "JSEFile"),
    (".lnk", "lnkfile"),
    (".msc", "MSCFile"),
    (".msi", "Msi.Package"),
    (".msp", "Msi.Patch"),
    (".ps1", "Microsoft.PowerShellScript.1"),
    (".ps1xml", "Microsoft.PowerShellXMLData.1"),
    (".psc1", "Microsoft.PowerShellConsole.1"),
    (".psd1", "Microsoft.PowerShellData.1"),
    (".psm1", "Microsoft.PowerShellModule.1"),
    (".reg", "regfile"),
    (".scf", "SHCmdFile"),
    (".scr", "scrfile"),
    (".sys", "sysfile"),
    (".txt", "txtfile"),
    (".url", "InternetShortcut"),
    (".vbe", "VBEFile"),
    (".vbs", "VBSFile"),
    (".wsf", "WSFFile"),
    (".wsh", "WSHFile"),
    (".xml", "xmlfile"),
    (".zip", "CompressedFolder"),
];

const POWERSHELL: &str = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";

/// Types and the command lines that open them, as `ftype` shows them.
const OPENERS: &[(&str, &str)] = &[
    ("batfile", r#""%1" %*"#),
    ("chm.file", r#""%SystemRoot%\hh.exe" %1"#),
    ("cmdfile", r#""%1" %*"#),
    ("comfile", r#""%1" %*"#),
    ("cplfile", r"%SystemRoot%\System32\control.exe %1,%*"),
    ("exefile", r#""%1" %*"#),
    (
        "htafile",
        r#"C:\Windows\SysWOW64\mshta.exe "%1" {1E460BD7-F1C3-4B2E-88BF-4E770A288AF5}%U{1E460BD7-F1C3-4B2E-88BF-4E770A288AF5} %*"#,
    ),
    ("inffile", r"%SystemRoot%\system32\NOTEPAD.EXE %1"),
    ("inifile", r"%SystemRoot%\system32\NOTEPAD.EXE %1"),
    ("JSEFile", r#"%SystemRoot%\System32\WScript.exe "%1" %*"#),
    ("JSFile", r#"%SystemRoot%\System32\WScript.exe "%1" %*"#),
    (
        "Microsoft.PowerShellConsole.1",
        r#""C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe" "-p" "%1""#,
    ),
    ("Microsoft.PowerShellData.1", r#""C:\Windows\System32\notepad.exe" "%1""#),
    ("Microsoft.PowerShellModule.1", r#""C:\Windows\System32\notepad.exe" "%1""#),
    ("Microsoft.PowerShellScript.1", r#""C:\Windows\System32\notepad.exe" "%1""#),
    ("MSCFile", r#"%SystemRoot%\system32\mmc.exe "%1" %*"#),
    ("Msi.Package", r#""%SystemRoot%\System32\msiexec.exe" /i "%1" %*"#),
    ("Msi.Patch", r#""%SystemRoot%\System32\msiexec.exe" /p "%1" %*"#),
    ("regfile", r#"regedit.exe "%1""#),
    ("scrfile", r#""%1" /S"#),
    ("SHCmdFile", r"%SystemRoot%\explorer.exe"),
    ("txtfile", r"%SystemRoot%\system32\NOTEPAD.EXE %1"),
    ("VBEFile", r#""%SystemRoot%\System32\WScript.exe" "%1" %*"#),
    ("VBSFile", r#""%SystemRoot%\System32\WScript.exe" "%1" %*"#),
    ("WSFFile", r#""%SystemRoot%\System32\WScript.exe" "%1" %*"#),
    ("WSHFile", r#""%SystemRoot%\System32\WScript.exe" "%1" %*"#),
];

/// Programs of Windows that are found by their bare names wherever the current folder is, without `.exe`.
const PROGRAMS: &[&str] = &[
    "arp",
    "at",
    "attrib",
    "auditpol",
    "bash",
    "bcdboot",
    "bcdedit",
    "bitsadmin",
    "cacls",
    "calc",
    "certreq",
    "certutil",
    "chcp",
    "chkdsk",
    "choice",
    "cipher",
    "cleanmgr",
    "clip",
    "cmd",
    "cmdkey",
    "cmstp",
    "compact",
    "conhost",
    "control",
    "cscript",
    "curl",
    "defrag",
    "diskpart",
    "diskshadow",
    "dism",
    "dsquery",
    "esentutl",
    "eventcreate",
    "expand",
    "explorer",
    "extrac32",
    "fc",
    "find",
    "findstr",
    "finger",
    "forfiles",
    "format",
    "fsutil",
    "ftp",
    "getmac",
    "gpresult",
    "gpupdate",
    "hh",
    "hostname",
    "icacls",
    "ie4uinit",
    "ipconfig",
    "klist",
    "logman",
    "logoff",
    "makecab",
    "manage-bde",
    "mavinject",
    "mmc",
    "mode",
    "more",
    "mountvol",
    "msdt",
    "mshta",
    "msiexec",
    "msra",
    "mstsc",
    "nbtstat",
    "net",
    "net1",
    "netsh",
    "netstat",
    "nltest",
    "notepad",
    "nslookup",
    "ntdsutil",
    "odbcconf",
    "openfiles",
    "pathping",
    "pcalua",
    "ping",
    "pnputil",
    "powercfg",
    "powershell",
    "powershell_ise",
    "print",
    "pwsh",
    "query",
    "quser",
    "qwinsta",
    "rasdial",
    "reg",
    "regedit",
    "regini",
    "regsvr32",
    "replace",
    "robocopy",
    "route",
    "runas",
    "rundll32",
    "sc",
    "schtasks",
    "scp",
    "sdbinst",
    "secedit",
    "setx",
    "sfc",
    "sftp",
    "shutdown",
    "sort",
    "ssh",
    "subst",
    "systeminfo",
    "takeown",
    "tar",
    "taskkill",
    "tasklist",
    "telnet",
    "tftp",
    "timeout",
    "tracert",
    "tree",
    "tscon",
    "typeperf",
    "vssadmin",
    "w32tm",
    "waitfor",
    "wbadmin",
    "wecutil",
    "wevtutil",
    "where",
    "whoami",
    "winget",
    "winrm",
    "winrs",
    "wmic",
    "wscript",
    "wsl",
    "wt",
    "wusa",
    "xcopy",
];

/// Returns whether a file name is that of a program that Windows finds by itself.
pub(crate) fn is_system_program(name: &str) -> bool {
    let stem = name.strip_suffix(".exe").or_else(|| name.strip_suffix(".com")).unwrap_or(name);
    PROGRAMS.binary_search(&stem).is_ok()
}

/// The path of a system program by its name.
#[inline(never)]
pub(super) fn full_path(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".exe").unwrap_or(&name);
    if !is_system_program(stem) {
        return None;
    }
    Some(match stem {
        "powershell" => POWERSHELL.to_owned(),
        "wmic" => r"C:\Windows\System32\wbem\wmic.exe".to_owned(),
        _ => [r"C:\Windows\System32\", stem, ".exe"].concat(),
    })
}

/// The system programs that a pattern with a wildcard names, by their paths or only by their names. A pattern that names
/// many picks none.
#[inline(never)]
pub(super) fn matching(pattern: &str, with_path: bool) -> Vec<String> {
    /// A pattern for one program; one that lists a folder names none.
    const MOST: usize = 3;
    let name = pattern.rsplit(['\\', '/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    if name.len() > 40 || !WILDCARDS.is_in(&name) || !name.contains(|c: char| c.is_ascii_alphabetic()) {
        return Vec::new();
    }
    let mut list = Vec::new();
    for stem in PROGRAMS {
        let file = [stem, ".exe"].concat();
        if is_like(&file, &name) {
            list.push(if with_path { full_path(stem).unwrap_or(file) } else { file });
        }
    }
    if list.len() > MOST { Vec::new() } else { list }
}

/// Returns whether a name fits a pattern of `*` and `?`.
fn is_like(name: &str, pattern: &str) -> bool {
    // The places in the pattern that the name so far may have reached, one bit each.
    let bytes = pattern.as_bytes();
    let mut reached = closed(1, bytes);
    for byte in name.bytes() {
        let mut next = 0_u64;
        for (at, &wanted) in bytes.iter().enumerate().take(63) {
            if reached >> at & 1 == 1 {
                match wanted {
                    b'*' => next |= 1 << at,
                    b'?' => next |= 2 << at,
                    _ if wanted == byte => next |= 2 << at,
                    _ => {}
                }
            }
        }
        reached = closed(next, bytes);
    }
    reached >> bytes.len().min(63) & 1 == 1
}

/// Passes over stars, which may stand for nothing.
fn closed(mut reached: u64, pattern: &[u8]) -> u64 {
    for (at, &wanted) in pattern.iter().enumerate().take(63) {
        if wanted == b'*' && reached >> at & 1 == 1 {
            reached |= 2 << at;
        }
    }
    reached
}

/// Returns what `assoc` shows: all, or one extension.
pub(super) fn assoc(arguments: &str) -> Option<String> {
    table(TYPES, arguments)
}

/// Returns what `ftype` shows: all, or one type.
pub(super) fn ftype(arguments: &str) -> Option<String> {
    table(OPENERS, arguments)
}

/// `None` where something is set.
fn table(table: &[(&str, &str)], arguments: &str) -> Option<String> {
    let asked = arguments.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '='));
    if asked.contains('=') {
        return None;
    }
    let mut out = String::new();
    for (name, value) in table {
        if asked.is_empty() || name.eq_ignore_ascii_case(asked) {
            out.push_str(name);
            out.push('=');
            out.push_str(value);
            out.push('\n');
        }
    }
    Some(out)
}

/// The output of `ver`.
pub(super) const VERSION: &str = "\nMicrosoft Windows [Version 10.0.19045.5371]\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_programs_is_sorted() {
        assert!(PROGRAMS.is_sorted());
        assert!(is_system_program("powershell.exe") && !is_system_program("a.exe"));
    }

    #[test]
    fn patterns_of_file_names() {
        for (pattern, paths) in [
            ("pow*ll.exe", vec![POWERSHELL]),
            (r"C:\Windows\*rshell.exe", vec![POWERSHELL]),
            ("c?d.exe", vec![r"C:\Windows\System32\cmd.exe"]),
            ("*.log", vec![]),
            ("*", vec![]),
            ("*.exe", vec![]),
        ] {
            assert_eq!(matching(pattern, true), paths, "{pattern}");
        }
    }
}
