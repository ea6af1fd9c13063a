//! Finds the text of a process in which something may be hidden.

use std::borrow::Cow;

use crate::decode::base64;
use crate::{Process, environment};
use schtag_task::byte_set::ByteSet;

/// Words that say that a line which is no PowerShell's holds a script or base64.
const SCRIPT_WORDS: [&str; 6] = ["base64", "powershell", "powershdll", "iex", "invoke-", "[char]"];

/// Returns whether an argument that may be `-EncodedCommand` has a value that may be one: for a PowerShell under a name
/// that is not known here, such as a variable's.
fn has_encoded_command(argv: &[String]) -> bool {
    /// Shorter values are too often something else.
    const MIN_VALUE: usize = 48;
    const PADDED: ByteSet = base64::DIGITS.with(b'=');
    let mut options = argv.iter().zip(argv.iter().skip(1));
    options.any(|(option, value)| {
        let named = option.strip_prefix(['-', '/']).is_some_and(|name| name.starts_with(['e', 'E']));
        named && value.len() >= MIN_VALUE && PADDED.run(value.as_bytes()) == value.len()
    })
}

/// Programs that hand their arguments to PowerShell. Source: the LOLBAS page of each.
const SCRIPT_HOSTS: [&str; 3] =
    ["syncappvpublishingserver.exe", "syncappvpublishingserver.vbs", "powershdll.exe"];

/// The text of a process in which something may be hidden.
pub(super) fn decodable(process: &Process, wraps: bool) -> Option<Cow<'_, str>> {
    let arguments = process.arguments.as_str();
    if let Some(powershell) = &process.powershell {
        return Some(Cow::Borrowed(powershell.script.as_deref().unwrap_or(arguments)));
    }
    let hints = || {
        SCRIPT_WORDS.iter().any(|word| environment::find_ignoring_case(arguments, word).is_some())
            || has_encoded_command(&process.argv)
    };
    if wraps || !(SCRIPT_HOSTS.contains(&process.image_name.as_str()) || hints()) {
        return None;
    }
    // Quotes around a whole script are not the script's.
    Some(if arguments.starts_with('"') {
        Cow::Owned(process.argv.join(" "))
    } else {
        Cow::Borrowed(arguments)
    })
}
