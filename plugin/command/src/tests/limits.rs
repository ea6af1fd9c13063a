//! Whatever an action holds, reading it ends, stays within its limits, and says what it did not read.

use super::*;
use crate::event::Note;
use proptest::prelude::*;

/// Returns what must hold of every reading.
fn check(exec: &Exec) -> Processes {
    let processes = read(exec, &Programs::default(), &Work::unlimited());
    assert!(processes.list.len() <= 16);
    let layers: Vec<_> = processes.list.iter().flat_map(|p| &p.decoded).collect();
    assert!(layers.len() <= decoder::MAX_LAYERS);
    assert!(layers.iter().map(|layer| layer.text.len()).sum::<usize>() <= decoder::MAX_OUTPUT);
    for (index, process) in processes.list.iter().enumerate() {
        assert!(process.parent.is_none_or(|parent| parent < index), "a wrapper comes before what it starts");
        assert_eq!(process.parent.is_none(), index == 0);
        assert!(process.command_line.len() <= 300 * 1024 && process.normalized.len() <= 600 * 1024);
        assert!(process.argv.len() <= tokens::MAX_ARGUMENTS + 1);
        assert_eq!(process.image_name, unicode::fold(path::file_name(&process.image)).to_lowercase());
    }
    processes
}

#[test]
fn a_long_element_is_cut_and_noted() {
    let processes = check(&exec("notepad", &"ä".repeat(50_000)));
    assert_eq!(processes.notes, [Note::CommandCut { bytes: 65_536 }]);
}

#[test]
fn many_started_processes_are_cut_and_noted() {
    let processes = check(&exec(
        "cmd",
        &format!("/c {}", (0..1_000).map(|n| format!("calc {n} & ")).collect::<String>()),
    ));
    assert!((8..=16).contains(&processes.list.len()));
    assert!(processes.notes.contains(&Note::TooMany { what: "started processes", kept: 16 }));
}

#[test]
fn deep_wrappers_are_cut_and_noted() {
    let processes = check(&exec(&format!("{}calc", "cmd /c ".repeat(100)), ""));
    assert_eq!(processes.list.len(), 9);
    assert_eq!(processes.notes, [Note::NestedDeeper { what: "wrappers", depth: 8 }]);
}

#[test]
fn deep_base64_is_cut_and_noted() {
    let mut script = "Write-Host 'the innermost script'".to_owned();
    for _ in 0..100 {
        let next = format!("FromBase64String('{}')", decode::base64::encode(script.as_bytes()));
        if next.len() > 12_000 {
            break;
        }
        script = next;
    }
    let processes = check(&exec("powershell", &format!("-c {script}")));
    assert_eq!(processes.list[0].decoded.len(), decoder::MAX_DEPTH);
    assert_eq!(processes.notes, [Note::DecodingStopped("nested deeper than 6 layers".into())]);
}

#[test]
fn a_gzip_bomb_is_cut_and_noted() {
    let bomb = decode::base64::encode(&decode::compressed::gzip(&vec![b'a'; 30_000_000]));
    let processes = check(&exec("powershell", &format!("-c FromBase64String('{bomb}')")));
    assert_eq!(processes.notes, [Note::DecodingStopped("more than 128 KiB of decoded text".into())]);
    assert_eq!(processes.list[0].decoded[0].how, "base64 gzip utf-8");
}

#[test]
fn huge_repetitions_end() {
    for piece in [
        "%",
        "%a",
        "^",
        "\"",
        "\\",
        "a\"",
        "`",
        "'",
        "'a'+",
        "(",
        "[char]",
        "/",
        "/c ",
        "& ",
        "~",
        "$env:",
        "=",
        "FromBase64String(",
        "{0}",
        "'{0}' -f ",
        "-join ",
        ".Run(\"",
        "\u{202e}",
        "a b\\",
        "!x!",
        "\\\\?\\",
        "..\\",
        "0x",
        "if ",
        "A",
        "\"\"",
        ".ps1 ",
        "set x=y&",
    ] {
        let text = piece.repeat(65_536 / piece.len());
        for program in [
            "cmd /c ",
            "powershell ",
            "powershell -enc ",
            "mshta vbscript:x.Run(\"",
            "forfiles /c ",
            "cmd /v /c set x=%PATH%&",
            "",
        ] {
            check(&exec(program.trim_end(), &text));
            check(&exec(&format!("{program}{text}"), ""));
        }
    }
}

fn real_line() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "cmd",
        ".exe",
        " /c ",
        "\"",
        "^",
        "powershell",
        " -enc ",
        " -w ",
        "hidden",
        " -c ",
        "SQBFAFgAIAAoAHgAKQA=",
        "'",
        "`",
        "%windir%",
        "%ComSpec:~",
        "-7%",
        "\\",
        "/",
        "..",
        "C:",
        " & ",
        " | ",
        ">",
        "<",
        "(",
        ")",
        "[char]",
        "65",
        "+",
        "'a'",
        "-f",
        "{0}",
        "-join",
        ".Replace(",
        "FromBase64String(",
        "H4sIAAAAAAAEAA",
        "start",
        "mshta ",
        "vbscript:",
        ".Run(",
        "forfiles",
        "conhost --headless ",
        "rundll32 ",
        "PowerShdll.dll,main",
        "$env:",
        "${env:",
        "comspec",
        "[4,24,25]",
        "~1",
        "\u{2013}",
        "\u{a0}",
        "ё",
        " ",
        "=",
        ",",
        "set x=",
        "!x!",
        "0x22",
        "wmic process call create ",
        "-a ",
        "pcalua ",
        "if exist ",
        "for %i in (x) do ",
        ".ps1",
        "::",
        "-replace",
        "..",
    ]);
    proptest::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read(command in any::<String>(), arguments in any::<String>()) {
        check(&exec(&command, &arguments));
    }

    #[test]
    fn any_mixture_of_real_pieces_is_read(command in real_line(), arguments in real_line()) {
        check(&exec(&command, &arguments));
    }

    #[test]
    fn the_normal_form_is_its_own_normal_form(line in real_line()) {
        let once = normalize::arguments(&line);
        // Taking out a caret or a quote may uncover another; it never takes many rounds.
        let settled = (0..8).fold(once, |text, _| normalize::arguments(&text));
        prop_assert_eq!(normalize::arguments(&settled), settled);
    }
}
