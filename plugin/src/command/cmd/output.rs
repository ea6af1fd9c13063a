//! What commands of Windows write where that is the same on every machine: `assoc`, `ftype`, `ver`, `where`, `dir` of a
//! system program; and `find` and `findstr`, which pick lines.
//!
//! Source: a default installation of Windows 10 and 11; `find /?`, `findstr /?`.

use crate::work::Work;

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

/// Whether a file name is that of a program that Windows finds by itself.
pub(in crate::command) fn is_system_program(name: &str) -> bool {
    let stem = name.strip_suffix(".exe").or_else(|| name.strip_suffix(".com")).unwrap_or(name);
    PROGRAMS.binary_search(&stem).is_ok()
}

/// The path of a system program by its name.
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
pub(super) fn matching(pattern: &str, with_path: bool) -> Vec<String> {
    /// A pattern for one program; one that lists a folder names none.
    const MOST: usize = 3;
    let name = pattern.rsplit(['\\', '/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    if name.len() > 40 || !name.contains(['*', '?']) || !name.contains(|c: char| c.is_ascii_alphabetic()) {
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

/// Whether a name fits a pattern of `*` and `?`.
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

/// What `assoc` shows: all, or one extension.
pub(super) fn assoc(arguments: &str) -> Option<String> {
    table(TYPES, arguments)
}

/// What `ftype` shows: all, or one type.
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

/// What `ver` shows.
pub(super) const VERSION: &str = "\nMicrosoft Windows [Version 10.0.19045.5371]\n";

/// The lines of a text that `find` or `findstr` picks. `None` where its arguments are not understood, or name files.
pub(super) fn filtered(text: &str, program: &str, arguments: &str, work: &Work) -> Option<String> {
    let pattern = Pattern::read(program, arguments)?;
    if !work.walk(text.len(), pattern.cost()) {
        return None;
    }
    let mut out = String::new();
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        if pattern.fits(line) != pattern.inverted {
            out.push_str(line);
            out.push('\n');
        }
    }
    Some(out)
}

/// What `find` and `findstr` look for.
#[derive(Default)]
struct Pattern {
    any_case: bool,
    inverted: bool,
    begins: bool,
    ends: bool,
    /// Texts, any of which may be in a line.
    texts: Vec<Vec<Atom>>,
}

/// A character of an expression of findstr.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Atom {
    kind: Kind,
    repeated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Any,
    One(u8),
    /// The bytes of a class, with its ranges written out.
    Class(Vec<u8>, bool),
    Start,
    End,
}

impl Pattern {
    fn read(program: &str, arguments: &str) -> Option<Self> {
        /// Most characters of one expression.
        const LONGEST: usize = 60;
        let mut pattern = Self::default();
        let mut expressions: Vec<String> = Vec::new();
        let mut literal = None;
        // Delimiters of cmd.exe around the arguments are no part of them.
        let spaced: String =
            arguments.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).to_owned();
        for argument in super::super::tokens::split_arguments(&spaced) {
            let argument = argument.trim_matches([',', ';']).to_owned();
            if argument.is_empty() {
                continue;
            }
            let switch = argument.strip_prefix('/').or_else(|| argument.strip_prefix('-'));
            let lower = switch.unwrap_or_default().to_ascii_lowercase();
            if let Some(text) = switch.filter(|_| lower.starts_with("c:")).and_then(|switch| switch.get(2..))
            {
                expressions.push(text.trim_matches('"').to_owned());
                continue;
            }
            match switch {
                Some(_) if lower.len() <= 8 && lower.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                    for letter in lower.chars() {
                        match letter {
                            'i' => pattern.any_case = true,
                            'v' => pattern.inverted = true,
                            'b' => pattern.begins = true,
                            'e' => pattern.ends = true,
                            'x' => (pattern.begins, pattern.ends) = (true, true),
                            'l' => literal = Some(true),
                            'r' => literal = Some(false),
                            'n' => return None,
                            _ => {}
                        }
                    }
                }
                _ if expressions.is_empty() => {
                    if program == "findstr" {
                        expressions
                            .extend(argument.split(' ').filter(|part| !part.is_empty()).map(str::to_owned));
                    } else {
                        expressions.push(argument);
                    }
                }
                // A file.
                _ => return None,
            }
        }
        if expressions.is_empty() || expressions.iter().any(|text| text.len() > LONGEST) {
            return None;
        }
        for text in &expressions {
            let plain = program == "find" || literal.unwrap_or(!text.contains(['.', '*', '[', '^', '$']));
            pattern.texts.push(if plain { literal_atoms(text) } else { atoms(text) });
        }
        Some(pattern)
    }

    fn cost(&self) -> usize {
        self.texts.iter().map(|text| text.len().saturating_mul(2).saturating_add(8)).sum()
    }

    fn fits(&self, line: &str) -> bool {
        self.texts.iter().any(|text| self.one_fits(text, line.as_bytes()))
    }

    /// Goes over the line once; each bit says how much of the expression may be passed.
    fn one_fits(&self, text: &[Atom], line: &[u8]) -> bool {
        let all = text.len();
        let mut reached = 0_u64;
        for at in 0..=line.len() {
            if at == 0 || !self.begins {
                reached |= 1;
            }
            // What takes no character.
            for (place, atom) in text.iter().enumerate() {
                if reached >> place & 1 == 1 {
                    let passes = match atom.kind {
                        Kind::Start => at == 0,
                        Kind::End => at == line.len(),
                        _ => atom.repeated,
                    };
                    if passes {
                        reached |= 2 << place;
                    }
                }
            }
            if reached >> all & 1 == 1 && (!self.ends || at == line.len()) {
                return true;
            }
            let Some(&byte) = line.get(at) else { break };
            let mut next = 0_u64;
            for (place, atom) in text.iter().enumerate() {
                if reached >> place & 1 == 1 && self.takes(&atom.kind, byte) {
                    next |= if atom.repeated { 1 << place } else { 2 << place };
                }
            }
            reached = next;
        }
        false
    }

    fn takes(&self, kind: &Kind, byte: u8) -> bool {
        let same = |wanted: u8| wanted == byte || (self.any_case && wanted.eq_ignore_ascii_case(&byte));
        match kind {
            Kind::Any => true,
            Kind::One(wanted) => same(*wanted),
            Kind::Class(list, inverted) => list.iter().any(|&wanted| same(wanted)) != *inverted,
            Kind::Start | Kind::End => false,
        }
    }
}

fn literal_atoms(text: &str) -> Vec<Atom> {
    text.bytes().map(|byte| Atom { kind: Kind::One(byte), repeated: false }).collect()
}

/// An expression of findstr: `.`, `*`, `^`, `$`, `[class]`, `\x`.
fn atoms(text: &str) -> Vec<Atom> {
    let mut list: Vec<Atom> = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let kind = match byte {
            b'.' => Kind::Any,
            b'^' if list.is_empty() => Kind::Start,
            b'$' if bytes.peek().is_none() => Kind::End,
            b'*' => {
                if let Some(last) = list.last_mut() {
                    last.repeated = true;
                }
                continue;
            }
            b'\\' => Kind::One(bytes.next().unwrap_or(byte)),
            b'[' => {
                let inverted = bytes.next_if_eq(&b'^').is_some();
                let mut class = Vec::new();
                while let Some(member) = bytes.next().filter(|&member| member != b']') {
                    let ranged = bytes.peek() == Some(&b'-');
                    if ranged {
                        bytes.next();
                        class.extend(member..=bytes.next().unwrap_or(member));
                    } else {
                        class.push(member);
                    }
                }
                Kind::Class(class, inverted)
            }
            _ => Kind::One(byte),
        };
        list.push(Atom { kind, repeated: false });
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_programs_is_sorted() {
        assert!(PROGRAMS.is_sorted());
        assert!(is_system_program("powershell.exe") && !is_system_program("a.exe"));
    }

    #[test]
    fn what_a_pattern_picks() {
        let text = "cmdfile=\"%1\" %*\nSHCmdFile=x\nPowerShell\\v1.0=y\n";
        for (program, arguments, lines) in [
            ("find", " \"mdf\"", "cmdfile=\"%1\" %*\n"),
            ("find", " /i \"CMDF\"", "cmdfile=\"%1\" %*\nSHCmdFile=x\n"),
            ("find", " /v \"md\"", "PowerShell\\v1.0=y\n"),
            ("findstr", " l\\v", "PowerShell\\v1.0=y\n"),
            ("findstr", " v1.0", "PowerShell\\v1.0=y\n"),
            ("findstr", " ^c.*file", "cmdfile=\"%1\" %*\n"),
            ("findstr", " [HX]Cm", "SHCmdFile=x\n"),
            ("findstr", " /c:\"e=x\"", "SHCmdFile=x\n"),
            ("findstr", " /e =y", "PowerShell\\v1.0=y\n"),
            ("findstr", " \"zz HC\"", "SHCmdFile=x\n"),
            ("findstr", " , ;mdfi", "cmdfile=\"%1\" %*\n"),
            ("find", " \"zz\"", ""),
        ] {
            assert_eq!(
                filtered(text, program, arguments, &Work::unlimited()).as_deref(),
                Some(lines),
                "{arguments}"
            );
        }
        assert_eq!(filtered(text, "find", " \"a\" b.txt", &Work::unlimited()), None);
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
