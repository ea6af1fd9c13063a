//! Reads the line of a PowerShell.

use std::borrow::Cow;

use crate::cmd::Stdin;
use crate::work::Work;
use crate::{Layer, PowerShell, Process, powershell as shell, tokens, unicode};

/// Reads the line as PowerShell would, when the program is one; returns the encoded command.
pub(super) fn read_powershell(
    process: &mut Process,
    arguments: &str,
    stdin: Stdin,
    work: &Work,
) -> Option<String> {
    let edition = shell::edition(&process.image_name)?;
    let folded = unicode::fold_blanks(arguments);
    let options = match &folded {
        Cow::Borrowed(_) => shell::parse(&process.argv, edition),
        Cow::Owned(text) => shell::parse(&tokens::split_arguments(text), edition),
    };
    let mut powershell = PowerShell {
        parameters: options.parameters,
        file: options.file,
        script: options.script,
        from_stdin: options.from_stdin,
    };
    if let Some(script) = powershell.script.as_deref().filter(|_| powershell.file.is_none()) {
        powershell.file = shell::called_file(script, work);
    }
    let nothing = powershell.script.is_none() && powershell.file.is_none() && options.encoded.is_none();
    if let Stdin::Pipe(text) = stdin
        && nothing
    {
        powershell.from_stdin = true;
        // The script stands on no command line of its own.
        let layer = text.clone().map(|text| Layer { how: "standard input".into(), text });
        process.decoded.extend(layer);
        powershell.script = text;
    }
    process.powershell = Some(powershell);
    options.encoded
}
