//! Programs that start another one which stands in their command line.
//!
//! Source: the projects' own usage texts and the LOLBAS pages of each
//! (<https://lolbas-project.github.io>).

use super::environment::find_ignoring_case;
use super::tokens::{after_arguments, ends_executable};
use super::{cmd, script_calls};

/// Where a started program's input comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Stdin {
    /// The wrapper's own.
    #[default]
    Inherited,
    /// A pipe or a file, and the text in it where the line shows that.
    Pipe(Option<String>),
}

/// A program that a wrapper starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Started {
    /// Its command line.
    pub(super) line: String,
    /// Its input.
    pub(super) stdin: Stdin,
}

impl Started {
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), stdin: Stdin::Inherited }
    }
}

/// What a program starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Starts {
    /// The programs, in order.
    pub(super) list: Vec<Started>,
    /// Whether the line has more than was read.
    pub(super) cut: bool,
}

impl From<Vec<Started>> for Starts {
    fn from(list: Vec<Started>) -> Self {
        Self { list, cut: false }
    }
}

/// What a program starts. `arguments` as written, `argv` split.
pub(super) fn started(image_name: &str, arguments: &str, argv: &[String]) -> Starts {
    let one = match image_name {
        "cmd.exe" => return of_cmd(arguments),
        "start.exe" => Some(cmd::start(arguments).to_owned()),
        "conhost.exe" => Some(behind_options(arguments, argv, CONHOST)),
        "forfiles.exe" => option_value(argv, &["/c", "-c"]).map(|value| unhex(&value)),
        "pcalua.exe" => pcalua(argv),
        "wmic.exe" => wmic(argv),
        // It starts later, as a task of its own.
        "schtasks.exe" => option_value(argv, &["/tr", "-tr"]),
        "explorer.exe" => explorer(argv),
        "wt.exe" => Some(behind_options(arguments, argv, TERMINAL)),
        "bash.exe" => option_value(argv, &["-c"]),
        "wsl.exe" => Some(behind_options(arguments, argv, WSL)),
        "scriptrunner.exe" => {
            option_value(argv, &["-appvscript"]).map(|_| behind_flag(arguments, argv, "-appvscript"))
        }
        "runas.exe" => argv.last().filter(|last| argv.len() > 1 && !last.starts_with('/')).cloned(),
        "psexec.exe" | "psexec64.exe" | "paexec.exe" => Some(behind_options(arguments, argv, PSEXEC)),
        "ssh.exe" => argv
            .iter()
            .find_map(|a| strip_prefix(a, "ProxyCommand=").or_else(|| strip_prefix(a, "-oProxyCommand=")))
            .map(str::to_owned),
        "mshta.exe" | "wscript.exe" | "cscript.exe" => return script_calls::started(arguments).into(),
        "rundll32.exe" => return rundll32(arguments).into(),
        _ => None,
    };
    one.filter(|line| !line.trim().is_empty()).map(Started::new).into_iter().collect::<Vec<_>>().into()
}

fn of_cmd(arguments: &str) -> Starts {
    let Some((switches, line)) = cmd::line(arguments) else { return Starts::default() };
    let delayed = find_ignoring_case(switches, "/v").is_some();
    let Starts { mut list, cut } = cmd::started(line, delayed);
    for started in &mut list {
        let (name, rest) = cmd::split_name(&started.line);
        if name.trim_matches('"').eq_ignore_ascii_case("start") {
            started.line = cmd::start(rest).to_owned();
        } else if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            // `cmd/c x`, `powershell,-enc`: cmd.exe ends the name there, other splitters would not.
            started.line = [name, " ", rest].concat();
        }
    }
    list.retain(|started| !started.line.trim().is_empty());
    Starts { list, cut }
}

/// The options of a wrapper, in front of the program that it starts.
struct Options {
    /// Options with a value in the next argument.
    valued: &'static [&'static str],
    /// Words that are neither options nor the program.
    words: &'static [&'static str],
}

const CONHOST: Options = Options {
    valued: &["--width", "--height", "--signal", "--server", "--feature"],
    words: &["0x4", "0x0", "0xffffffff"],
};
const TERMINAL: Options = Options {
    valued: &[
        "-w",
        "--window",
        "-p",
        "--profile",
        "-d",
        "--startingdirectory",
        "--title",
        "--tabcolor",
        "--pos",
        "--size",
        "--colorscheme",
    ],
    words: &["nt", "new-tab", "sp", "split-pane"],
};
const WSL: Options = Options { valued: &["-d", "--distribution", "-u", "--user", "--cd"], words: &[] };
const PSEXEC: Options =
    Options { valued: &["-u", "-p", "-n", "-w", "-r", "-a", "-g", "/u", "/p"], words: &["0", "1", "2"] };

fn is_any(argument: &str, list: &[&str]) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(argument))
}

/// The rest of a line behind a wrapper's options, as written.
fn behind_options(arguments: &str, argv: &[String], options: Options) -> String {
    let mut count = 0_usize;
    let mut value = false;
    for argument in argv {
        // `--` ends the options; `\\host` names where PsExec runs the program.
        let option = argument.starts_with(['-', '/']) || argument.starts_with(r"\\");
        if !value && !option && !is_any(argument, options.words) {
            break;
        }
        value = !value && is_any(argument, options.valued);
        count = count.saturating_add(1);
    }
    after_arguments(arguments, count).to_owned()
}

/// The rest of a line behind a flag, as written.
fn behind_flag(arguments: &str, argv: &[String], flag: &str) -> String {
    let at = argv.iter().position(|argument| argument.eq_ignore_ascii_case(flag)).unwrap_or(argv.len());
    after_arguments(arguments, at.saturating_add(1)).to_owned()
}

/// The argument behind one of the flags.
fn option_value(argv: &[String], flags: &[&str]) -> Option<String> {
    let at = argv.iter().position(|argument| is_any(argument, flags))?;
    argv.get(at.saturating_add(1)).cloned()
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Puts in the characters that forfiles writes as `0xHH`.
fn unhex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("0x") {
        out.push_str(before);
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push_str("0x");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `pcalua -a program -c arguments`
fn pcalua(argv: &[String]) -> Option<String> {
    let program = option_value(argv, &["-a", "/a"])?;
    let quoted =
        if program.contains(' ') && ends_executable(&program) { format!("\"{program}\"") } else { program };
    let at = argv.iter().position(|argument| is_any(argument, &["-c", "/c"]));
    let rest = at.and_then(|at| argv.get(at.saturating_add(1)..)).unwrap_or_default();
    Some(std::iter::once(quoted).chain(rest.iter().cloned()).collect::<Vec<_>>().join(" "))
}

/// `wmic process call create "line"`, also `wmic path win32_process call create "line"`.
fn wmic(argv: &[String]) -> Option<String> {
    let at = argv.windows(3).position(|words| match words {
        [class, call, create] => {
            is_any(class, &["process", "win32_process"])
                && is_any(call, &["call"])
                && is_any(create, &["create"])
        }
        _ => false,
    })?;
    let rest = argv.get(at.saturating_add(3)..)?.join(" ");
    let rest = rest.trim();
    match rest.strip_prefix('\'') {
        Some(inside) => inside.split_once('\'').map(|(line, _)| line.to_owned()),
        None => Some(rest.to_owned()),
    }
}

/// `explorer program`: the program alone, since a folder or a switch starts nothing.
fn explorer(argv: &[String]) -> Option<String> {
    let first = argv.first().filter(|first| ends_executable(first) && !first.starts_with('/'))?;
    let name = first.rsplit_once(',').map_or(first.as_str(), |(_, name)| name);
    Some(if name.contains(' ') { format!("\"{name}\"") } else { name.to_owned() })
}

/// Functions of system DLLs that start the command line behind them.
const RUNDLL32_STARTERS: &[&str] = &[
    "ShellExec_RunDLL",
    "ShellExec_RunDLLA",
    "ShellExec_RunDLLW",
    "RouteTheCall",
    "LaunchApplication",
    "RegisterOCX",
    "OpenURL",
    "OpenURLA",
    "FileProtocolHandler",
];

/// `rundll32 shell32.dll,ShellExec_RunDLL program`, and the script forms.
fn rundll32(arguments: &str) -> Vec<Started> {
    if find_ignoring_case(arguments, "script:").is_some() {
        return script_calls::started(arguments);
    }
    let Some((_, call)) = arguments.split_once(',') else { return Vec::new() };
    let call = call.trim_start();
    let end = call.find(char::is_whitespace).unwrap_or(call.len());
    let Some((name, line)) = call.split_at_checked(end) else { return Vec::new() };
    let line = line.trim();
    let line = line.strip_prefix("?").unwrap_or(line).trim();
    // Quotes may group the whole line.
    let whole = line
        .strip_prefix('"')
        .and_then(|l| l.strip_suffix('"'))
        .filter(|l| !l.contains('"') && !ends_executable(l));
    let line = whole.unwrap_or(line);
    if line.is_empty() || line.contains("://") || !is_any(name, RUNDLL32_STARTERS) {
        return Vec::new();
    }
    vec![Started::new(line)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{path, tokens};

    fn of_line(line: &str) -> Vec<String> {
        let (program, arguments) = tokens::split_program(line);
        let name = path::file_name(&path::program(program)).to_lowercase();
        started(&name, arguments, &tokens::split_arguments(arguments))
            .list
            .into_iter()
            .map(|s| s.line)
            .collect()
    }

    #[test]
    fn every_wrapper_shows_what_it_starts() {
        for (line, started) in [
            ("cmd /c powershell -c x", vec!["powershell -c x"]),
            ("cmd.exe /c start /min \"\" powershell -c x", vec!["powershell -c x"]),
            ("cmd /c cmd/c powershell", vec!["cmd /c powershell"]),
            ("cmd /c powershell,-c x", vec!["powershell ,-c x"]),
            ("cmd", vec![]),
            ("conhost --headless powershell -c x", vec!["powershell -c x"]),
            ("conhost.exe --headless --width 80 cmd /c x", vec!["cmd /c x"]),
            ("conhost 0x4", vec![]),
            ("conhost.exe 0xffffffff -ForceV1", vec![]),
            (
                r#"forfiles /p C:\Windows /m notepad.exe /c "powershell -c 0x22x0x22""#,
                vec!["powershell -c \"x\""],
            ),
            (r#"forfiles /c "cmd /c \"a b\"""#, vec![r#"cmd /c "a b""#]),
            ("pcalua -a powershell -c -enc AA", vec!["powershell -enc AA"]),
            (r#"pcalua.exe -a "C:\a b\x.exe""#, vec![r#""C:\a b\x.exe""#]),
            ("wmic process call create \"powershell -c x\"", vec!["powershell -c x"]),
            ("wmic /node:h process call create 'cmd /c x'", vec!["cmd /c x"]),
            ("wmic path Win32_Process call create \"cmd /c x\"", vec!["cmd /c x"]),
            ("wmic os get name", vec![]),
            ("schtasks /create /tn x /sc once /st 00:00 /tr \"powershell -c x\"", vec!["powershell -c x"]),
            ("schtasks /change /tn x /disable", vec![]),
            ("cmd /c echo calc x | cmd", vec!["cmd", "calc x"]),
            (r"explorer.exe C:\x\y.exe", vec![r"C:\x\y.exe"]),
            ("explorer.exe /NoUACCheck", vec![]),
            ("wt -w 0 nt powershell -c x", vec!["powershell -c x"]),
            ("bash -c \"powershell.exe -c x\"", vec!["powershell.exe -c x"]),
            ("wsl -e powershell.exe -c x", vec!["powershell.exe -c x"]),
            ("scriptrunner.exe -appvscript powershell -c x", vec!["powershell -c x"]),
            ("runas /user:a /savecred \"powershell -c x\"", vec!["powershell -c x"]),
            (r"psexec \\host -accepteula -s -u a -p b powershell -c x", vec!["powershell -c x"]),
            ("ssh -o ProxyCommand=calc.exe localhost", vec!["calc.exe"]),
            (
                "mshta vbscript:CreateObject(\"Wscript.Shell\").Run(\"powershell -c x\",0)(window.close)",
                vec!["powershell -c x"],
            ),
            (
                "mshta vbscript:Execute(\"CreateObject(\"\"Wscript.Shell\"\").Run \"\"powershell -c \"\"\"\"x y\"\"\"\"\"\", 0:close\")",
                vec!["powershell -c \"x y\""],
            ),
            (
                "mshta.exe \"javascript:new ActiveXObject('WScript.Shell').Run('power'+'shell -c x',0)\"",
                vec!["powershell -c x"],
            ),
            (
                "mshta vbscript:CreateObject(\"Shell.Application\").ShellExecute(\"powershell\",\"-c x\",\"\",\"open\",0)",
                vec!["powershell -c x"],
            ),
            ("mshta http://x/y.hta", vec![]),
            (
                "rundll32.exe javascript:\"\\..\\mshtml,RunHTMLApplication \";new%20ActiveXObject(\"WScript.Shell\").Run(\"calc\")",
                vec!["calc"],
            ),
            ("rundll32 shell32.dll,ShellExec_RunDLL powershell -c x", vec!["powershell -c x"]),
            ("rundll32.exe zipfldr.dll,RouteTheCall calc.exe", vec!["calc.exe"]),
            ("rundll32.exe url.dll,OpenURL http://x", vec![]),
            ("rundll32.exe /d srrstr.dll,ExecuteScheduledSPPCreation", vec![]),
            ("notepad /c calc", vec![]),
        ] {
            assert_eq!(of_line(line), started, "{line}");
        }
    }
}
