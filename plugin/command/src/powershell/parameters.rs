//! The command line of PowerShell, read by PowerShell's own rules.
//!
//! Source: `CommandLineParameterParser.cs` of PowerShell
//! (<https://github.com/PowerShell/PowerShell>, src/Microsoft.PowerShell.ConsoleHost/host/msh), and
//! about_PowerShell_exe for Windows PowerShell 5.1.

use crate::unicode::is_dash;
use schtag_task::case;

/// The two PowerShells, which differ in what they make of the first unknown word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    /// Windows PowerShell 5.1 and before: the rest of the line is a command.
    Windows,
    /// PowerShell 6 and later: the rest of the line is a script file and its arguments.
    Core,
}

/// The value that follows a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    /// A value that is too long to list.
    Unlisted,
    WindowStyle,
    Encoded,
    Command,
    File,
}

/// Parameters in the order in which PowerShell tries them: full name, the shortest beginning that is
/// accepted, and what follows.
const PARAMETERS: &[(&str, &str, Takes)] = &[
    ("version", "v", Takes::Value),
    ("help", "h", Takes::Nothing),
    ("login", "l", Takes::Nothing),
    ("noexit", "noe", Takes::Nothing),
    ("noprofile", "nop", Takes::Nothing),
    ("nologo", "nol", Takes::Nothing),
    ("noninteractive", "noni", Takes::Nothing),
    ("socketservermode", "so", Takes::Nothing),
    ("sta", "st", Takes::Nothing),
    ("settingsfile", "settings", Takes::Value),
    ("servermode", "s", Takes::Nothing),
    ("namedpipeservermode", "nam", Takes::Nothing),
    ("sshservermode", "sshs", Takes::Nothing),
    ("inputformat", "inp", Takes::Value),
    ("importsystemmodules", "im", Takes::Nothing),
    ("interactive", "i", Takes::Nothing),
    ("configurationname", "config", Takes::Value),
    ("configurationfile", "configurationf", Takes::Value),
    ("custompipename", "cus", Takes::Value),
    ("command", "c", Takes::Command),
    ("commandwithargs", "commandw", Takes::Command),
    ("windowstyle", "w", Takes::WindowStyle),
    ("workingdirectory", "wo", Takes::Value),
    ("file", "f", Takes::File),
    ("outputformat", "o", Takes::Value),
    ("executionpolicy", "ex", Takes::Value),
    ("encodedcommand", "e", Takes::Encoded),
    ("encodedarguments", "encodeda", Takes::Unlisted),
    ("mta", "m", Takes::Nothing),
    ("psconsolefile", "p", Takes::Value),
];

/// Short names that are no beginning of their long one.
const ALIASES: &[(&str, &str)] = &[
    ("?", "help"),
    ("if", "inputformat"),
    ("of", "outputformat"),
    ("ep", "executionpolicy"),
    ("ec", "encodedcommand"),
    ("ea", "encodedarguments"),
    ("wd", "workingdirectory"),
    ("cwa", "commandwithargs"),
];

/// A command line as PowerShell reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// See [`PowerShell::parameters`](crate::PowerShell::parameters).
    pub(crate) parameters: Vec<String>,
    /// The value of `-File`.
    pub(crate) file: Option<String>,
    /// The script of `-Command` or of the rest of the line.
    pub(crate) script: Option<String>,
    /// The value of `-EncodedCommand`, not decoded.
    pub(crate) encoded: Option<String>,
    /// True if `-` stands for the script.
    pub(crate) from_stdin: bool,
}

/// Most parameters that are read before the script.
const MAX_PARAMETERS: usize = 64;

/// Reads the arguments of a PowerShell.
pub(crate) fn parse(argv: &[String], edition: Edition) -> Options {
    let mut options = Options::default();
    let mut rest = argv;
    while let Some((argument, behind)) = rest.split_first() {
        let full = options.parameters.len() >= MAX_PARAMETERS;
        let Some((name, takes, glued)) = parameter(argument).filter(|_| !full) else {
            take_unnamed(&mut options, rest, edition);
            break;
        };
        // `-name:value` has its value with it.
        let (value, after) = match glued {
            Some(value) => (Some(value), behind),
            None if takes == Takes::Nothing => (None, behind),
            None => (behind.first().map(String::as_str), behind.get(1..).unwrap_or_default()),
        };
        rest = after;
        options.parameters.push(listed(name, takes, value));
        match takes {
            Takes::Command => {
                take_command(&mut options, value, after);
                break;
            }
            Takes::File => {
                take_file(&mut options, value);
                break;
            }
            Takes::Encoded if options.encoded.is_none() => {
                options.encoded = value.map(|v| joined_base64(v, &mut rest))
            }
            _ => {}
        }
    }
    options
}

/// The parameter that an argument names, what it takes, and the value glued to it.
fn parameter(argument: &str) -> Option<(&'static str, Takes, Option<&str>)> {
    let argument = argument.trim();
    let mut chars = argument.chars();
    chars.next().filter(|&c| is_dash(c) || c == '/')?;
    let mut key = chars.as_str();
    if key.starts_with(is_dash) {
        chars.next();
        key = chars.as_str();
    }
    let (key, glued) = match key.split_once(':') {
        Some((key, value)) => (key, Some(value).filter(|value| !value.is_empty())),
        None => (key, None),
    };
    if key.is_empty() || key.len() > 40 {
        return None;
    }
    let alias = ALIASES.iter().find(|(short, _)| short.eq_ignore_ascii_case(key)).map(|&(_, full)| full);
    let matches = |&&(full, shortest, _): &&(&'static str, &str, Takes)| match alias {
        Some(alias) => full == alias,
        None => key.len() >= shortest.len() && begins_with(full, key),
    };
    let &(full, _, takes) = PARAMETERS.iter().find(matches)?;
    Some((full, takes, glued))
}

fn begins_with(full: &str, key: &str) -> bool {
    full.as_bytes().get(..key.len()).is_some_and(|start| start.eq_ignore_ascii_case(key.as_bytes()))
}

/// Returns how a parameter appears in the list.
fn listed(name: &str, takes: Takes, value: Option<&str>) -> String {
    const LONGEST: usize = 128;
    let value = match (takes, value) {
        (Takes::Value, Some(value)) => {
            let value = case::to_lowercase(value.trim());
            if name == "version" { value.trim_end_matches(".0").to_owned() } else { value }
        }
        (Takes::WindowStyle, Some(value)) => window_style(value),
        _ => return name.to_owned(),
    };
    crate::environment::cut(format!("{name} {value}"), LONGEST)
}

/// The full name of a window style, which may be a number or a beginning.
/// Source: `System.Diagnostics.ProcessWindowStyle`.
fn window_style(value: &str) -> String {
    const STYLES: [(&str, &str); 4] =
        [("normal", "0"), ("hidden", "1"), ("minimized", "2"), ("maximized", "3")];
    let value = case::to_lowercase(value.trim());
    STYLES
        .iter()
        .find(|(name, number)| value == *number || (!value.is_empty() && name.starts_with(&value)))
        .map_or_else(|| value.clone(), |&(name, _)| name.to_owned())
}

fn take_unnamed(options: &mut Options, rest: &[String], edition: Edition) {
    match edition {
        // After an encoded command there is nothing to run.
        _ if options.encoded.is_some() => {}
        Edition::Windows => {
            take_command(options, rest.first().map(String::as_str), rest.get(1..).unwrap_or_default())
        }
        Edition::Core => take_file(options, rest.first().map(String::as_str)),
    }
}

fn take_command(options: &mut Options, first: Option<&str>, rest: &[String]) {
    let Some(first) = first else { return };
    if is_stdin(first) && rest.is_empty() {
        options.from_stdin = true;
        return;
    }
    let mut script = first.to_owned();
    for argument in rest {
        script.push(' ');
        script.push_str(argument);
    }
    let script = script.trim();
    if !script.is_empty() {
        options.script = Some(script.to_owned());
    }
}

fn take_file(options: &mut Options, file: Option<&str>) {
    match file.map(str::trim) {
        Some(file) if is_stdin(file) => options.from_stdin = true,
        Some(file) if !file.is_empty() => options.file = Some(file.to_owned()),
        _ => {}
    }
}

fn is_stdin(argument: &str) -> bool {
    let mut chars = argument.trim().chars();
    chars.next().is_some_and(is_dash) && chars.next().is_none()
}

/// Returns the value of `-EncodedCommand`. Where blanks or line breaks cut the base64, the pieces after it that
/// can be nothing else are joined to it.
fn joined_base64(value: &str, rest: &mut &[String]) -> String {
    const SHORTEST: usize = 8;
    // Typographic quotes are no quotes to Windows, but to PowerShell's own reading of a script.
    let mut joined = value.trim_matches(|c| matches!(c, '\u{2018}'..='\u{201f}')).to_owned();
    while let Some((piece, behind)) = rest.split_first() {
        let digits = piece.trim_end_matches('=');
        if digits.len() < SHORTEST
            || !digits.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/_".contains(&b))
        {
            break;
        }
        if piece.starts_with('/') && parameter(piece).is_some() {
            break;
        }
        joined.push_str(piece);
        *rest = behind;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::split_arguments;

    fn read(line: &str) -> Options {
        parse(&split_arguments(line), Edition::Windows)
    }

    #[test]
    fn every_beginning_of_a_parameter_is_the_parameter() {
        for (line, listed) in [
            ("-e AA", "encodedcommand"),
            ("-ec AA", "encodedcommand"),
            ("-en AA", "encodedcommand"),
            ("-enc AA", "encodedcommand"),
            ("-encod AA", "encodedcommand"),
            ("-EncodedCommand AA", "encodedcommand"),
            ("/e AA", "encodedcommand"),
            ("--enc AA", "encodedcommand"),
            ("\u{2013}enc AA", "encodedcommand"),
            ("\u{2014}\u{2015}enc AA", "encodedcommand"),
            ("-enc:AA", "encodedcommand"),
            ("\"-enc\" \"AA\"", "encodedcommand"),
            ("-ea AA", "encodedarguments"),
            ("-encodeda AA", "encodedarguments"),
            ("-encodedarguments AA", "encodedarguments"),
            ("-w 1", "windowstyle hidden"),
            ("-w h", "windowstyle hidden"),
            ("-wi HID", "windowstyle hidden"),
            ("-WindowStyle:Hidden", "windowstyle hidden"),
            ("-win min", "windowstyle minimized"),
            ("-w 0", "windowstyle normal"),
            ("-w odd", "windowstyle odd"),
            ("-ex Bypass", "executionpolicy bypass"),
            ("-ep bypass", "executionpolicy bypass"),
            ("-exec UNRESTRICTED", "executionpolicy unrestricted"),
            ("-ExecutionPolicy \"Bypass\"", "executionpolicy bypass"),
            ("-nop", "noprofile"),
            ("-NoP", "noprofile"),
            ("-noprofile", "noprofile"),
            ("-noni", "noninteractive"),
            ("-nonint", "noninteractive"),
            ("-nol", "nologo"),
            ("-noe", "noexit"),
            ("-sta", "sta"),
            ("-mta", "mta"),
            ("-v 2", "version 2"),
            ("-version 2.0", "version 2"),
            ("-ver 5.1", "version 5.1"),
            ("-inp Text", "inputformat text"),
            ("-if none", "inputformat none"),
            ("-o xml", "outputformat xml"),
            ("-of Text", "outputformat text"),
            ("-config X", "configurationname x"),
            ("-cus Pipe", "custompipename pipe"),
            ("-settings C:\\x.json", "settingsfile c:\\x.json"),
            ("-s", "servermode"),
            ("-sshs", "sshservermode"),
            ("-wd C:\\", "workingdirectory c:\\"),
            ("-wo C:\\", "workingdirectory c:\\"),
            ("-c x", "command"),
            ("-com x", "command"),
            ("-f x", "file"),
            ("-psc x.psc1", "psconsolefile x.psc1"),
        ] {
            assert_eq!(read(line).parameters, [listed], "{line}");
        }
    }

    #[test]
    fn the_script_and_where_it_comes_from() {
        let script = |line| read(line).script.unwrap_or_default();
        assert_eq!(script(r#"-c "a b" c"#), "a b c");
        assert_eq!(script("-nop -w 1 IEX (x) -nop"), "IEX (x) -nop");
        assert_eq!(script("-no Get-Date"), "-no Get-Date", "an ambiguous beginning is no parameter");
        assert_eq!(script("-Command \"& {iex \\\"x\\\"}\""), "& {iex \"x\"}");
        assert_eq!(read("-File \"C:\\a b\\x.ps1\" -enc AA").file.as_deref(), Some("C:\\a b\\x.ps1"));
        assert_eq!(read("-File x.ps1 -enc AA").encoded, None, "what follows a file is the file's");
        for line in ["-", "-c -", "-Command -", "-File -", "-nop -"] {
            assert!(read(line).from_stdin, "{line}");
        }
        assert_eq!(read("-enc"), Options { parameters: vec!["encodedcommand".into()], ..Options::default() });
        assert_eq!(read(""), Options::default());
    }

    #[test]
    fn the_editions_differ_in_the_first_unknown_word() {
        let argv = split_arguments("-nop x.ps1 -a");
        assert_eq!(parse(&argv, Edition::Core).file.as_deref(), Some("x.ps1"));
        assert_eq!(parse(&argv, Edition::Windows).script.as_deref(), Some("x.ps1 -a"));
    }

    #[test]
    fn an_encoded_command_broken_by_blanks_is_joined() {
        assert_eq!(read("-enc SQBFAFgA IAAoAHgAKQA= -nop").encoded.as_deref(), Some("SQBFAFgAIAAoAHgAKQA="));
        assert_eq!(read("-enc SQBFAFgA -nop").parameters, ["encodedcommand", "noprofile"]);
    }
}
