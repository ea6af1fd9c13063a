//! Checks of the techniques that an alert names, by words: rough, and the same for every pack.

use serde_json::Value;

/// A technique is shown where one of the words stands in the task.
const SIGNS: &[(&str, &[&str])] = &[
    ("T1003.001", &["lsass", "comsvcs", "minidump", "sekurlsa", "procdump", "keymgr", "vaultcmd"]),
    ("T1003.002", &["\\sam", "lsadump", "\\security", "\\system"]),
    ("T1003.003", &["ntds"]),
    ("T1070.001", &["wevtutil", "eventlog", "auditpol"]),
    ("T1127.001", &["msbuild", "proj", ".sln"]),
    ("T1136.001", &["user", "add"]),
    ("T1197", &["bitsadmin", "bitstransfer", "bits"]),
    ("T1216.001", &["pubprn"]),
    ("T1216.002", &["syncappv"]),
    ("T1218.004", &["installutil"]),
    ("T1218.005", &["mshta", "mshtml", ".hta"]),
    ("T1218.007", &["msiexec", ".msi"]),
    ("T1218.009", &["regasm", "regsvcs"]),
    ("T1218.010", &["regsvr32"]),
    ("T1218.011", &["rundll32"]),
    ("T1220", &["wmic", "xsl"]),
    ("T1485", &["cipher", "sdelete", "format", "del "]),
    ("T1490", &["shadow", "wbadmin", "bcdedit", "reagentc", "catalog", "usn", "backup", "restore"]),
    ("T1620", &["reflection", "assembly", "appdomain", "virtualalloc", "load("]),
];

/// The program alone is the technique.
const PROGRAMS: &[(&str, &str)] = &[
    ("rundll32", "T1218.011"),
    ("regsvr32", "T1218.010"),
    ("cmstp", "T1218.003"),
    ("odbcconf", "T1218.008"),
    ("hh", "T1218.001"),
    ("mshta", "T1218.005"),
    ("python", "T1059.006"),
    ("pythonw", "T1059.006"),
    ("psexec", "T1569.002"),
];

/// The techniques of a tag.
pub(super) fn said(tag: &Value) -> Vec<&str> {
    tag.get("techniques").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Those of which the task shows no sign.
pub(super) fn not_shown<'a>(tag: &Value, said: &[&'a str]) -> Vec<&'a str> {
    let task = tag.get("task").map(Value::to_string).unwrap_or_default().to_lowercase().replace("\\\\", "\\");
    let shown = |technique: &&str| {
        let signs = SIGNS.iter().find(|(name, _)| name == technique);
        signs.is_none_or(|(_, words)| words.iter().any(|word| task.contains(word)))
    };
    said.iter().filter(|technique| !shown(technique)).copied().collect()
}

/// The technique of the first program, where it has one of its own.
pub(super) fn due(tag: &Value) -> Vec<&'static str> {
    let command = tag.pointer("/task/commands/0").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let path = match command.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => command.split(' ').next(),
    };
    let name = path.unwrap_or_default().rsplit('\\').next().unwrap_or_default();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    PROGRAMS.iter().filter(|(program, _)| *program == name).map(|(_, technique)| *technique).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_technique_needs_a_sign_in_the_task() {
        let tag = json!({"task": {"commands": ["msiexec.exe /i a.msi"]}, "techniques": ["T1218.007", "T1218.010", "T1053.005"]});
        assert_eq!(not_shown(&tag, &said(&tag)), ["T1218.010"]);
    }

    #[test]
    fn a_program_has_its_technique_however_its_path_is_written() {
        for (command, due_technique) in [
            ("rundll32.exe a.dll,b", Some("T1218.011")),
            (r#""C:\Windows\System32\RUNDLL32.EXE" a.dll,b"#, Some("T1218.011")),
            (r"C:\Python\pythonw.exe a.py", Some("T1059.006")),
            (r"C:\Tools\rundll32\a.exe", None),
            ("", None),
        ] {
            let tag = json!({"task": {"commands": [command]}});
            assert_eq!(due(&tag).first().copied(), due_technique, "{command}");
        }
    }
}
