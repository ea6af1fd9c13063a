//! Programs that start another one which stands in their command line.
//!
//! Source: the projects' own usage texts and the LOLBAS pages of each
//! (<https://lolbas-project.github.io>).

use super::cmd::{Started, Starts};
use super::environment::find_ignoring_case;
use super::tokens::{after_arguments, ends_executable};
use super::{cmd, script_calls, shell_open};
use crate::work::Work;

/// Returns what a program starts. `arguments` as written, `argv` split; `shell` is what a cmd.exe begins with.
pub(super) fn started(
    image_name: &str,
    arguments: &str,
    argv: &[String],
    shell: cmd::Shell,
    work: &Work,
) -> Starts {
    if image_name == "cmd.exe" {
        return of_cmd(arguments, shell, work);
    }
    by_arguments(image_name, arguments, argv, work)
}

/// Returns what a program starts that hands its arguments on.
#[inline(never)]
fn by_arguments(image_name: &str, arguments: &str, argv: &[String], work: &Work) -> Starts {
    let one = match image_name {
        "start.exe" => Some(cmd::start(arguments).line.to_owned()),
        "conhost.exe" if !is_other_conhost(argv) => Some(behind_options(arguments, argv, CONHOST)),
        "forfiles.exe" => option_value(argv, &["/c", "-c"]).map(|value| unhex(&value)),
        "pcalua.exe" => pcalua(argv),
        "wmic.exe" => wmic(argv),
        // It starts later, as a task of its own.
        "schtasks.exe" => option_value(argv, &["/tr", "-tr"]),
        "explorer.exe" | "hh.exe" => shell_open::started(argv),
        "wt.exe" => Some(behind_options(arguments, argv, TERMINAL)),
        "bash.exe" | "sh.exe" => option_value(argv, &["-c", "-lc"]),
        "wsl.exe" if !argv.first().is_some_and(|first| is_any(first, WSL_MANAGEMENT)) => {
            Some(behind_options(arguments, argv, WSL))
        }
        "scriptrunner.exe" => {
            option_value(argv, &["-appvscript"]).map(|_| behind_flag(arguments, argv, "-appvscript"))
        }
        "runas.exe" => argv.last().filter(|last| argv.len() > 1 && !last.starts_with('/')).cloned(),
        "psexec.exe" | "psexec64.exe" | "paexec.exe" => Some(behind_options(arguments, argv, PSEXEC)),
        "ssh.exe" | "sftp.exe" | "scp.exe" => argv.iter().find_map(|argument| ssh_command(argument)),
        "at.exe" => at(arguments, argv),
        "sc.exe" => service(argv),
        "winrs.exe" => Some(behind_options(arguments, argv, WINRS)),
        "vsjitdebugger.exe" | "tttracer.exe" => Some(behind_options(arguments, argv, DEBUGGER)),
        "nircmd.exe" | "nircmdc.exe" if argv.first().is_some_and(|first| is_any(first, NIRCMD.words)) => {
            Some(behind_options(arguments, argv, NIRCMD))
        }
        "msdt.exe" => msdt(arguments),
        "mshta.exe" | "wscript.exe" | "cscript.exe" => return of_script(arguments, work).into(),
        "rundll32.exe" => return rundll32(arguments, work).into(),
        _ => None,
    };
    one.filter(|line| !line.trim().is_empty()).map(Started::new).into_iter().collect::<Vec<_>>().into()
}

/// Returns what the line of a cmd.exe starts.
#[inline(never)]
fn of_cmd(arguments: &str, mut shell: cmd::Shell, work: &Work) -> Starts {
    let outer = cmd::outer(arguments);
    let Some(line) = outer.line else { return Starts::default() };
    shell.delayed = outer.delayed;
    cmd::started(&cmd::without_outer_quotes(line, outer.strips), shell, work)
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
/// Commands of wsl.exe that start nothing in a distribution. Source: `wsl --help`.
const WSL_MANAGEMENT: &[&str] = &[
    "--export",
    "--import",
    "--import-in-place",
    "--install",
    "--list",
    "-l",
    "--manage",
    "--mount",
    "--set-default",
    "-s",
    "--set-default-version",
    "--set-version",
    "--shutdown",
    "--status",
    "--terminate",
    "-t",
    "--uninstall",
    "--unmount",
    "--unregister",
    "--update",
    "--version",
    "-v",
];
const WINRS: Options = Options { valued: &["/d", "-d", "/t", "-t"], words: &[] };
const DEBUGGER: Options = Options { valued: &["-out", "-p", "-attach"], words: &[] };
const NIRCMD: Options = Options {
    valued: &[],
    words: &["exec", "exec2", "execmd", "elevate", "elevatecmd", "show", "hide", "min", "max"],
};
const PSEXEC: Options =
    Options { valued: &["-u", "-p", "-n", "-w", "-r", "-a", "-g", "/u", "/p"], words: &["0", "1", "2"] };

/// Returns whether the options are not those of Windows' conhost.exe: a program of another kind bears its name.
fn is_other_conhost(argv: &[String]) -> bool {
    let known = [
        "--headless",
        "--inheritcursor",
        "--resizequirk",
        "--vtmode",
        "-forcev1",
        "-forcenohandoff",
        "--",
        "--win32input",
        "-embedding",
    ];
    argv.first().is_some_and(|first| {
        first.starts_with('-') && !is_any(first, &known) && !is_any(first, CONHOST.valued)
    })
}

fn is_any(argument: &str, list: &[&str]) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(argument))
}

/// Returns the rest of a line after a wrapper's options, as written.
fn behind_options(arguments: &str, argv: &[String], options: Options) -> String {
    let mut count = 0_usize;
    let mut value = false;
    for argument in argv {
        // `--` ends the options; `\\host` names where PsExec runs the program.
        let option = argument.starts_with(['-', '/', '@']) || argument.starts_with(r"\\");
        if !value && !option && !is_any(argument, options.words) {
            break;
        }
        value = !value && is_any(argument, options.valued);
        count = count.saturating_add(1);
    }
    after_arguments(arguments, count).to_owned()
}

/// Returns the rest of a line after a flag, as written.
fn behind_flag(arguments: &str, argv: &[String], flag: &str) -> String {
    let at = argv.iter().position(|argument| argument.eq_ignore_ascii_case(flag)).unwrap_or(argv.len());
    after_arguments(arguments, at.saturating_add(1)).to_owned()
}

/// Returns the argument after one of the flags.
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

/// `-o ProxyCommand=line`, `-o LocalCommand=line`, also with the option's value glued to it.
fn ssh_command(argument: &str) -> Option<String> {
    let option = strip_prefix(argument, "-o").unwrap_or(argument);
    let line = ["ProxyCommand=", "LocalCommand="].iter().find_map(|name| strip_prefix(option, name));
    line.map(str::to_owned)
}

/// `at \\host 12:00 /every:m line`
fn at(arguments: &str, argv: &[String]) -> Option<String> {
    let is_time = |argument: &String| {
        argument.starts_with(|c: char| c.is_ascii_digit()) && argument.contains(':') && argument.len() <= 8
    };
    let time = argv.iter().position(is_time)?;
    let options = argv.iter().skip(time.saturating_add(1)).take_while(|argument| argument.starts_with('/'));
    let count = time.saturating_add(1).saturating_add(options.count());
    Some(after_arguments(arguments, count).to_owned())
}

/// `sc create name binPath= "line"`, which the service starts.
fn service(argv: &[String]) -> Option<String> {
    let at = argv.iter().position(|argument| strip_prefix(argument, "binPath=").is_some())?;
    let glued = argv.get(at).and_then(|argument| strip_prefix(argument, "binPath=")).unwrap_or_default();
    if glued.is_empty() { argv.get(at.saturating_add(1)).cloned() } else { Some(glued.to_owned()) }
}

/// `msdt ... IT_BrowseForFile=...$(script)...`: the script that PowerShell would run (CVE-2022-30190).
fn msdt(arguments: &str) -> Option<String> {
    let (_, behind) = arguments.split_once("$(")?;
    let (script, _) = behind.rsplit_once(')')?;
    Some(["powershell.exe -command ", script].concat())
}

/// Returns what a script in the arguments starts.
fn of_script(arguments: &str, work: &Work) -> Vec<Started> {
    script_calls::lines(arguments, work).into_iter().map(Started::new).collect()
}

/// Functions of system DLLs that start the command line after their name.
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
fn rundll32(arguments: &str, work: &Work) -> Vec<Started> {
    if find_ignoring_case(arguments, "script:").is_some() {
        return of_script(arguments, work);
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
mod tests;
