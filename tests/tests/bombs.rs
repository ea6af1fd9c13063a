//! Command lines that are small to ship and large to read: what reading them costs is bounded, and the tag says
//! that not everything was read.
//!
//! Fuel is about one unit an instruction and the same on every machine, so that a bound on it is a bound on time
//! that no slow machine breaks. Each ceiling is about twice what was measured when the row was written (20 to
//! 5,700 million). An ordinary task event takes one to three million. Most of a bomb's cost is the search of the
//! rules' regular expressions in 64 KiB of text.

use flate2::Compression;
use flate2::read::GzEncoder;
use schtag_tests::base64::encode as base64;
use schtag_tests::filter::{self, Filter};
use schtag_tests::samples::{Sample, Shape, escape_xml, task_xml};
use std::io::Read as _;

/// The most linear memory that any of them may need, in bytes. It starts at about 2 MiB, rules included.
const MEMORY: usize = 16 << 20;

struct Bomb {
    name: &'static str,
    content: String,
    /// Words of the note that the tag must have.
    note: &'static str,
    /// Millions of fuel.
    ceiling: u64,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let read = GzEncoder::new(bytes, Compression::best()).read_to_end(&mut packed);
    assert!(read.is_ok(), "memory is all that it reads");
    packed
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

fn bombs() -> Vec<Bomb> {
    let bomb = |name, content, note, ceiling| Bomb { name, content, note, ceiling };
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
        bomb("30 MB in a gzip stream", powershell(&inflate(&zeros)), "128 KiB", 1700),
        bomb("many gzip streams of 400 kB", powershell(&inflate(&small_bomb).repeat(60)), "128 KiB", 1700),
        bomb(
            "a gzip stream in a gzip stream",
            powershell(&inflate(&base64(&gzip(inflate(&zeros).as_bytes())))),
            "128 KiB",
            800,
        ),
        bomb(
            "base64 in base64, 20 deep",
            powershell(&nested(|script| format!("FromBase64String('{}')", base64(script.as_bytes())))),
            "nested deeper than 6",
            2000,
        ),
        bomb(
            "-EncodedCommand in -EncodedCommand",
            powershell(&nested(|script| format!("powershell -enc {}", base64(&utf_16(script))))),
            "nested deeper",
            2000,
        ),
        bomb(
            "2,000 short base64 texts",
            powershell(
                &(0..2_000)
                    .map(|n| format!("'{}',", base64(format!("script number {n:06}").as_bytes())))
                    .collect::<String>(),
            ),
            "more than 16 layers",
            1400,
        ),
        bomb("replacements that grow 16 times each", powershell(&replaced), "", 1400),
        bomb("formats that grow 4 times each", powershell(&formatted), "", 400),
        bomb("a sum of 15,000 strings", powershell(&format!("$x={}'a'", "'a'+".repeat(15_000))), "", 1300),
        bomb(
            "10,000 nested parentheses",
            powershell(&format!("{}'a'{}", "(".repeat(10_000), ")".repeat(10_000))),
            "",
            900,
        ),
        bomb(
            "cmd variables that double 40 times",
            cmd(&format!("\"set b0=powershell&& {doubled}!b40!\"")),
            "",
            40,
        ),
        bomb(
            "a variable that grows ten times, 140 times",
            task_xml(
                "cmd.exe",
                &format!("/c powershell {}", format!("%PSModulePath:s={}% ", "s".repeat(400)).repeat(140)),
            ),
            "64 KiB",
            5800,
        ),
        bomb("2,000 commands in a line", cmd(&"powershell -c x & ".repeat(2_000)), "started processes", 800),
        bomb("cmd in cmd, 5,000 deep", cmd(&"cmd /c ".repeat(5_000)), "nested deeper than 4", 3000),
        bomb("a megabyte in one element", powershell(&"Write-Host x; ".repeat(75_000)), "65536", 1600),
        bomb("carets and quotes", cmd(&"^\"^p\"o\"^w^e^r^s^h^e^l^l".repeat(2_500)), "", 1200),
        bomb(
            "32 actions with a gzip bomb each",
            many_actions(&format!("-c {}", inflate(&zeros)), 32),
            "128 KiB",
            11_500,
        ),
        bomb("1,000 actions", many_actions("-c Write-Host x", 1_000), "actions", 190),
    ]
}

#[test]
fn what_a_bomb_costs_is_bounded_and_noted() {
    let module = filter::module().unwrap();
    let mut failures = Vec::new();
    for Bomb { name, content, note, ceiling } in bombs() {
        let mut filter = Filter::new(&module).unwrap();
        let record = Sample { content, ..Sample::new(4698, "", "") }.record(Shape::Flat);
        let tag = filter.tag(&record, 0).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let (fuel, memory) = (filter.fuel(), filter.memory());
        println!("{name}: {} bytes, {} million fuel, {} KiB", record.len(), fuel / 1_000_000, memory >> 10);
        if fuel > ceiling * 1_000_000 {
            failures.push(format!("{name}: {fuel} fuel, more than {ceiling} million"));
        }
        if memory > MEMORY {
            failures.push(format!("{name}: {memory} bytes of memory"));
        }
        if !(tag["verdict"] == "alert" || tag["verdict"] == "unreadable")
            || !tag["notes"].to_string().contains(note)
        {
            failures.push(format!("{name}: verdict {}, notes {}", tag["verdict"], tag["notes"]));
        }
        if tag.to_string().len() > 32 << 10 {
            failures.push(format!("{name}: a tag of {} bytes", tag.to_string().len()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
