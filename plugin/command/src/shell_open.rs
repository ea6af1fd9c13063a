//! Finds what opening a file from the shell starts: `explorer.exe file`, `hh.exe file`.
//!
//! Source: the LOLBAS pages of both, and Windows' default associations of file names.

use super::tokens::{ends_executable, ends_with_ignoring_case};

/// The programs that open a file, by the end of its name.
const OPENED_BY: [(&str, &str); 8] = [
    (".vbs", "wscript.exe"),
    (".vbe", "wscript.exe"),
    (".js", "wscript.exe"),
    (".jse", "wscript.exe"),
    (".wsf", "wscript.exe"),
    (".wsh", "wscript.exe"),
    (".hta", "mshta.exe"),
    (".msc", "mmc.exe"),
];

/// The command line that opens the file among the arguments. A folder, an address or a switch starts nothing that
/// is known here.
pub(super) fn started(argv: &[String]) -> Option<String> {
    let argument = argv.first()?;
    let file = match argument.strip_prefix('/') {
        // `/root,file`; `/select,file` only shows it.
        Some(switch) => {
            let (name, file) = switch.split_once(',')?;
            Some(file).filter(|_| name.eq_ignore_ascii_case("root"))?
        }
        None => argument.rsplit_once(',').map_or(argument.as_str(), |(_, file)| file),
    };
    if file.is_empty() || file.contains("://") {
        return None;
    }
    let quote = if file.contains(' ') { "\"" } else { "" };
    if ends_executable(file) {
        return Some([quote, file, quote].concat());
    }
    let (_, program) = OPENED_BY.iter().find(|(end, _)| ends_with_ignoring_case(file, end))?;
    Some([program, " ", quote, file, quote].concat())
}
