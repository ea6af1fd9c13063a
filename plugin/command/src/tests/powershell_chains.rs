//! An obfuscator of PowerShell's texts: whatever chain of its tricks a text goes through, it comes out again.

use super::*;
use crate::powershell::folded;
use proptest::prelude::*;

/// A way to write a text as an expression that gives it.
#[derive(Debug, Clone, Copy)]
enum Trick {
    Sum,
    Index,
    RightToLeft,
    Format,
    Replace,
    Codes,
    Xor,
    Base64,
    Hex,
    Url,
    Bytes,
    Join,
    Reverse,
    Loop,
}

const TRICKS: [Trick; 14] = [
    Trick::Sum,
    Trick::Index,
    Trick::RightToLeft,
    Trick::Format,
    Trick::Replace,
    Trick::Codes,
    Trick::Xor,
    Trick::Base64,
    Trick::Hex,
    Trick::Url,
    Trick::Bytes,
    Trick::Join,
    Trick::Reverse,
    Trick::Loop,
];

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The numbers of a text as an expression. Parentheses with nothing in them are none.
fn list(text: &str, number: impl Fn(u8) -> String) -> String {
    let numbers = text.bytes().map(number).collect::<Vec<_>>().join(",");
    if numbers.is_empty() { "@()".to_owned() } else { format!("({numbers})") }
}

fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

/// The text as an expression, through the tricks from the outermost to the innermost; `before` takes the statements
/// that must run first.
fn hidden(text: &str, tricks: &[Trick], before: &mut String) -> String {
    let Some((trick, inner)) = tricks.split_first() else { return quoted(text) };
    let (start, end) = text.split_at(text.len() / 2);
    let name = format!("v{}", inner.len());
    match trick {
        Trick::Sum => format!("({}+{}+'')", hidden(start, inner, before), quoted(end)),
        Trick::Index => {
            format!("({}[-1..-{}]-join'')", hidden(&backwards(text), inner, before), text.len().max(1))
        }
        Trick::RightToLeft => format!(
            "(([regex]::Matches({},'.','RightToLeft')|%{{$_.Value}})-join'')",
            hidden(&backwards(text), inner, before)
        ),
        Trick::Format => format!("('{{1}}{{0}}'-f {},{})", quoted(end), hidden(start, inner, before)),
        Trick::Replace => {
            let mark = ['~', '#', '^', '@'].into_iter().find(|&c| !text.contains(c)).unwrap_or('\u{1}');
            let marked = text.replace('e', &mark.to_string());
            format!("({}).Replace('{mark}','e')", hidden(&marked, inner, before))
        }
        Trick::Codes => format!("(-join({}|%{{[char]$_}}))", list(text, |byte| byte.to_string())),
        Trick::Xor => {
            let codes = list(text, |byte| (byte ^ 35).to_string());
            format!("(-join({codes}|%{{[char]($_ -bxor 35)}}))")
        }
        Trick::Base64 => format!(
            "([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String({}))+'')",
            hidden(&decode::base64::encode(text.as_bytes()), inner, before)
        ),
        Trick::Hex => {
            let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            let digits = hidden(&digits, inner, before);
            format!("(-join({digits} -split'(..)'|?{{$_}}|%{{[char][convert]::ToInt32($_,16)}}))")
        }
        Trick::Url => {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("([uri]::UnescapeDataString({})+'')", hidden(&escaped, inner, before))
        }
        Trick::Bytes => format!(
            "([Text.Encoding]::ASCII.GetString([byte[]]{})+'')",
            list(text, |byte| format!("{byte:#04x}"))
        ),
        Trick::Join => format!("([string]::Join('',({},{})))", hidden(start, inner, before), quoted(end)),
        Trick::Reverse => {
            let value = hidden(&backwards(text), inner, before);
            before.push_str(&format!("${name}=({value}).ToCharArray();[array]::Reverse(${name});"));
            format!("(-join${name})")
        }
        Trick::Loop => {
            let digits: String = text.bytes().map(|byte| format!("{byte:03}")).collect();
            let digits = hidden(&digits, inner, before);
            before.push_str(&format!(
                "${name}={digits};$s{name}='';for($i=0;$i -lt ${name}.Length;$i+=3)\
                 {{$s{name}+=[char][int]${name}.Substring($i,3)}};"
            ));
            format!("($s{name}+'')")
        }
    }
}

/// A text of letters that every trick can carry.
fn command() -> impl Strategy<Value = String> {
    "[A-Za-z][ -~]{2,40}"
}

proptest! {
    #[test]
    fn a_text_comes_out_of_any_chain_of_tricks(
        text in command(),
        tricks in proptest::collection::vec(proptest::sample::select(TRICKS.to_vec()), 1..4),
    ) {
        let mut before = String::new();
        let expression = hidden(&text, &tricks, &mut before);
        let script = format!("{before}f ({expression}+'')");
        let (plain, spent) = folded(&script, &Work::unlimited());
        prop_assert!(!spent);
        let plain = plain.unwrap_or(script.clone());
        let wanted = format!("f {}", quoted(&text));
        prop_assert!(plain.ends_with(&wanted), "{}\n{}\n{}", script, plain, wanted);
    }

    #[test]
    fn any_text_is_folded_within_a_records_work(script in any::<String>()) {
        let _ = folded(&script, &Work::new(crate::work::RECORD));
    }

    #[test]
    fn any_mixture_of_pieces_is_folded_within_a_records_work(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "(", ")", "[", "]", "{", "}", "'a'", "\"b$x\"", "$x", "$_", "=", "+=", "+", "++", "-", ",", ";", "|", "%", "?",
            " ", "\n", ".", "..", "::", "-join", "-split", "-f", "-replace", "-bxor", "for", "foreach", "in", "for(", "[char]",
            "[char[]]", "[array]::Reverse(", ".Replace(", ".Length", "1", "65", "$(", "@(", "'(..)'", "%{", "|%{", "@'\n", "#",
            "<#", "#>", "`", "[Text.Encoding]::UTF8.GetString(", "[Convert]::FromBase64String(", "gv '*mdr*'", "$i++",
            "for($i=0;$i -lt 9;$i++){", "1..9|%{$x+='a'}",
        ]), 0..60),
    ) {
        let script = pieces.concat();
        let unlimited = Work::unlimited();
        let all = folded(&script, &unlimited).0;
        let (bounded, spent) = folded(&script, &Work::new(crate::work::RECORD));
        prop_assert!(!spent || usize::MAX - unlimited.left() > crate::work::RECORD / 2);
        prop_assert!(spent || all == bounded, "{:?}\n{:?}", all, bounded);
        // With little to spend it ends, too.
        let _ = folded(&script, &Work::new(script.len() * 40));
    }
}

/// The cost of a script is in proportion to its length, whatever it repeats.
#[test]
fn no_script_costs_more_than_its_share() {
    for piece in [
        "'a'+",
        "(",
        "[char]",
        "[char]65+",
        ".Replace('a','b')",
        "'{0}' -f ",
        "$a=$a+",
        "$a=",
        "1,",
        "`a",
        "\"$a\"+",
        "'a',",
        "-join",
        "|%{",
        "for(;;){",
        "for($i=0;$i -lt 9;$i++){",
        "$a+='aaaaaaaa';",
        "1..999|%{$s+='x'};",
        "@(",
        "$(",
        "[",
        "{",
        "..",
        ".ps1\"",
        "'a'[0]+",
        "<#",
        "@'\n",
        "FromBase64String",
        "FromBase64String(",
        "deflate ",
        "powershell ",
        "$x='a';iex $x;",
    ] {
        for start in ["", "'a'", "$a='x';", "powershell -c "] {
            let cost = |length: usize| {
                let script = format!("{start}{}", piece.repeat(length / piece.len()));
                let work = Work::new(crate::work::RECORD);
                let mut decoder = decoder::Decoder::new(&work);
                decoder.search(Some(&script), None, &mut Vec::new());
                crate::work::RECORD - work.left()
            };
            let (short, long) = (cost(2_000), cost(4_000));
            assert!(long <= short * 5 / 2 + 50_000, "{start}{piece}: {short}, twice as long {long}");
        }
    }
}
