//! Tasks that are small to ship and expensive to read: bytes that grow when they are decoded, loops that look through long
//! values, nesting, markup.

use crate::formats::base64::encode as base64;
use crate::inputs::expensive::{self, PLAIN};
use crate::inputs::samples::{escape_xml, task_xml};
use schtag_test_files::gzip;

/// About the number of bytes of a definition that are read.
const READ: usize = 60_000;

/// A task whose definition is small to ship and expensive to read.
#[derive(Debug, Clone)]
pub struct Bomb {
    /// A few words that name it.
    pub name: &'static str,
    /// The definition.
    pub content: String,
    /// Words of the note that the tag must have; the note of the work limit does as well. Nothing where all is read.
    pub note: &'static str,
}

impl Bomb {
    /// The definition with another action before its own, and with that behind them. Nothing where the definition has no
    /// action of its own, or is longer than what is read of one.
    pub fn with_action(&self, action: &str) -> Vec<(&'static str, String)> {
        let content = Some(&*self.content).filter(|content| content.len() < READ);
        let before = content.and_then(|content| content.split_once("<Exec>"));
        let before = before.map(|(start, rest)| ("before", format!("{start}{action}<Exec>{rest}")));
        let behind = content.and_then(|content| content.rsplit_once("</Exec>"));
        let behind = behind.map(|(start, rest)| ("behind", format!("{start}</Exec>{action}{rest}")));
        before.into_iter().chain(behind).collect()
    }
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A script that holds another in base64, as often as fits into 60 KiB.
fn nested(wrap: impl Fn(&str) -> String) -> String {
    let mut script = "Write-Host 'the innermost script'".to_owned();
    loop {
        let next = wrap(&script);
        if next.len() > 60_000 {
            return script;
        }
        script = next;
    }
}

fn powershell(script: &str) -> String {
    task_xml("powershell.exe", &format!("-Command {script}"))
}

fn cmd(line: &str) -> String {
    task_xml("cmd.exe", &format!("/v:on /c {line}"))
}

/// Returns each kind once.
pub fn all() -> Vec<Bomb> {
    let bomb = |name, content, note| Bomb { name, content, note };
    let zeros = base64(&gzip(&vec![b'a'; 30_000_000]));
    let small_bomb = base64(&gzip(&vec![b'a'; 400_000]));
    let inflate = |blob: &str| format!("(GzipStream [Convert]::FromBase64String('{blob}'))");
    let doubled =
        (0..40).map(|n| format!("set a{n}=!b{n}!!b{n}!&& set b{}=!a{n}!&& ", n + 1)).collect::<String>();
    let replaced = format!("$x='a'{}", ".Replace('a','aaaaaaaaaaaaaaaa')".repeat(1_500));
    let formatted = (0..30).fold("'a'".to_owned(), |text, _| {
        if text.len() > 20_000 { text } else { format!("('{{0}}{{0}}{{0}}{{0}}' -f {text})") }
    });
    let exec = |arguments: &str| {
        format!(
            "<Exec><Command>powershell.exe</Command><Arguments>{}</Arguments></Exec>",
            escape_xml(arguments)
        )
    };
    let many_actions = |arguments: &str, count: usize| {
        format!("<Task><Actions>{}</Actions></Task>", exec(arguments).repeat(count))
    };
    vec![
        bomb("30 MB in a gzip stream", powershell(&inflate(&zeros)), "128 KiB"),
        bomb("many gzip streams of 400 kB", powershell(&inflate(&small_bomb).repeat(60)), "128 KiB"),
        bomb(
            "a gzip stream in a gzip stream",
            powershell(&inflate(&base64(&gzip(inflate(&zeros).as_bytes())))),
            "128 KiB",
        ),
        bomb(
            "base64 in base64, 20 deep",
            powershell(&nested(|script| format!("FromBase64String('{}')", base64(script.as_bytes())))),
            "nested deeper than 6",
        ),
        bomb(
            "-EncodedCommand in -EncodedCommand",
            powershell(&nested(|script| format!("powershell -enc {}", base64(&utf_16(script))))),
            "nested deeper",
        ),
        bomb(
            "2,000 short base64 texts",
            powershell(
                &(0..2_000)
                    .map(|n| format!("'{}',", base64(format!("script number {n:06}").as_bytes())))
                    .collect::<String>(),
            ),
            "more than 16 layers",
        ),
        bomb("replacements that grow 16 times each", powershell(&replaced), ""),
        bomb("formats that grow 4 times each", powershell(&formatted), ""),
        bomb("a sum of 15,000 strings", powershell(&format!("$x={}'a'", "'a'+".repeat(15_000))), ""),
        bomb(
            "10,000 nested parentheses",
            powershell(&format!("{}'a'{}", "(".repeat(10_000), ")".repeat(10_000))),
            "",
        ),
        bomb(
            "cmd variables that double 40 times",
            cmd(&format!("\"set b0=powershell&& {doubled}!b40!\"")),
            "",
        ),
        bomb(
            "a variable that grows ten times, 140 times",
            task_xml(
                "cmd.exe",
                &format!("/c powershell {}", format!("%PSModulePath:s={}% ", "s".repeat(400)).repeat(140)),
            ),
            "65536",
        ),
        bomb("2,000 commands in a line", cmd(&"powershell -c x & ".repeat(2_000)), "started processes"),
        bomb("cmd in cmd, 5,000 deep", cmd(&"cmd /c ".repeat(5_000)), "nested deeper than 4"),
        bomb(
            "a megabyte in one element",
            powershell(&"Write-Host x; ".repeat(75_000)),
            "bytes that were read",
        ),
        bomb("carets and quotes", cmd(&"^\"^p\"o\"^w^e^r^s^h^e^l^l".repeat(2_500)), ""),
        bomb(
            "32 actions with a gzip bomb each",
            many_actions(&format!("-c {}", inflate(&zeros)), 32),
            "128 KiB",
        ),
        bomb("1,000 actions", many_actions("-c Write-Host x", 1_000), "actions"),
        // A loop looks through a long value again and again, and little or nothing comes out.
        bomb("a loop over a value that ends late", looped(1_000, "z", "!x:*ab=!"), ""),
        bomb("a loop over a long value", looped(30_000, "z", "!x:*ab=!"), ""),
        bomb("a loop of many commands", looped(1_500, "z", &"!x:*ab=!&set y=%i!x:ab=!".repeat(14)), ""),
        bomb("a loop that replaces", looped(3_000, "z", "!x:a=b!"), ""),
        bomb("a loop that takes one character", looped(30_000, "z", "!x:~%i,1!"), ""),
        bomb("a loop that takes from the end", looped(30_000, "z", "!x:~-%i!"), ""),
        bomb(
            "a loop in a loop",
            looped(1_000, "z", "!x:*ab=!&for /L %j in (1,1,512) do set y=%j!x:*ab=!"),
            "",
        ),
        bomb("a loop that makes its value longer", looped(10, "x", "!x!!x!"), ""),
        bomb(
            "delimiters before a command in a loop",
            cmd(&format!(
                "\"for /L %i in (1,1,512) do >{}{}{}\"",
                "\u{c9}".repeat(30),
                "=".repeat(400),
                "\u{c9}"
            )),
            "",
        ),
        bomb(
            "letters that are not ASCII in a loop that doubles",
            cmd(&format!(
                "\"for /L %i in (1,1,512) do {}&set x=!x!!x!\u{689}\u{7c7}\"",
                "\\temp\0".repeat(20)
            )),
            "",
        ),
        bomb("call in a loop", looped(3_000, "z", "1&call set z=%x:a=b%"), ""),
        bomb(
            "loops over words",
            cmd(&format!("\"for %i in ({}) do set x=%i!x:*b=!\"", "a ".repeat(15_000))),
            "",
        ),
        bomb(
            "16 actions with a loop each",
            format!("<Task><Actions>{}</Actions></Task>", looped_action(1_500).repeat(16)),
            "",
        ),
        // What was expensive before: nested interpreters, rewritings, look-alikes.
        bomb("powershell in powershell, 4,500 deep", powershell(&"powershell -c ".repeat(4_500)), ""),
        bomb("the word powershell, 5,900 times", powershell(&"powershell ".repeat(5_900)), ""),
        bomb("3,000 replacements", powershell(&format!("$x='a'{}", ".Replace('b','c')".repeat(3_000))), ""),
        bomb("30,000 parentheses", powershell(&"(".repeat(30_000)), ""),
        bomb("60,000 look-alikes", powershell(&"\u{ff50}\u{2013}".repeat(10_000)), ""),
        bomb("250,000 signs of and", cmd(&"&".repeat(250_000)), ""),
        bomb("backticks", powershell(&"`i`e`x ".repeat(9_000)), ""),
        bomb("characters from numbers", powershell(&"[char]105+".repeat(6_000)), ""),
        bomb("one long word", task_xml("a.exe", &"a".repeat(60_000)), "bytes"),
        bomb("one long word of wide letters", task_xml("a.exe", &"\u{6f22}".repeat(20_000)), "bytes"),
        // Markup.
        bomb("tags that are not closed", described(&"<".repeat(60_000)), ""),
        bomb("elements in a value", described(&"<a>".repeat(20_000)), ""),
        bomb("references in a value", described(&"&#x41;".repeat(10_000)), ""),
        bomb("unknown references", described(&"&a;".repeat(20_000)), ""),
        bomb("CDATA sections", described(&"<![CDATA[a]]>".repeat(4_500)), ""),
        bomb("comments", described(&"<!---->".repeat(8_500)), ""),
        bomb("processing instructions", described(&"<?a?>".repeat(12_000)), ""),
        bomb("document types", described(&"<!DOCTYPE a>".repeat(5_000)), ""),
        bomb("attributes", described(&"<a b=\"c\" d='e'/>".repeat(3_700)), ""),
        bomb("namespaces", described(&"<t:a xmlns:t=\"t\"/>".repeat(3_300)), ""),
    ]
}

/// A line of cmd.exe that works on a long value in a loop of 512 rounds.
fn looped(length: usize, name: &str, word: &str) -> String {
    cmd(&format!("\"set x={}b&for /L %i in (1,1,512) do set {name}=%i{word}\"", "a".repeat(length)))
}

fn looped_action(length: usize) -> String {
    let line =
        format!("/v:on /c \"set x={}b&for /L %i in (1,1,512) do set z=%i!x:*ab=!\"", "a".repeat(length));
    expensive::exec("cmd.exe", &line)
}

fn described(text: &str) -> String {
    let description = format!("<RegistrationInfo><Description>{text}</Description>");
    task_xml(PLAIN.0, PLAIN.1).replacen("<RegistrationInfo>", &description, 1)
}
