//! An obfuscator: it hides a command line as an attacker's tool does. The interpreter must recover it exactly.

use super::super::tests::of_action;
use proptest::prelude::*;

/// Random choices that a transformation makes, from one number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// The characters of every command here: none that cmd.exe treats specially.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./\\:-_";

/// Spellings of `cmd`, some by letters of variables of Windows.
const SHELLS: [&str; 6] =
    ["cmd", "c^m^d", "%ComSpec:~-7,3%", "c%ProgramData:~-5,1%d", "%PUBLIC:~-1%md", "cm%SystemRoot:~6,1%"];

fn shell(dice: &mut Dice) -> &'static str {
    SHELLS[dice.roll(SHELLS.len())]
}

fn random_case(text: &str, dice: &mut Dice) -> String {
    let mut flip = |c: char| if dice.roll(2) == 0 { c.to_ascii_uppercase() } else { c };
    text.chars().map(&mut flip).collect()
}

fn carets(text: &str, dice: &mut Dice) -> String {
    text.chars()
        .flat_map(|c| if c.is_ascii_alphanumeric() && dice.roll(2) == 0 { vec!['^', c] } else { vec![c] })
        .collect()
}

fn noise(dice: &mut Dice) -> &'static str {
    [" ", ",", ";", " , ; ", "  ", ",,,", ";; ,"][dice.roll(7)]
}

/// `set` and `call` of random pieces.
fn concatenated(command: &str, dice: &mut Dice) -> String {
    let mut line = String::new();
    let mut names = String::new();
    let mut rest = command;
    let mut number = 0;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at((1 + dice.roll(7)).min(rest.len()));
        line.push_str(&format!("{} v{number}={piece}&&", random_case("set", dice)));
        names.push_str(&format!("%v{number}%"));
        number += 1;
        rest = behind;
    }
    let call = random_case("call", dice);
    format!("{line}{call} set all={names}&&{call} %all%")
}

/// A loop that goes backwards through every n-th character.
fn reversed(command: &str, dice: &mut Dice) -> String {
    let step = 1 + dice.roll(3);
    let mut text = String::new();
    for c in command.chars().rev() {
        text.push(c);
        text.extend((1..step).map(|_| char::from(LETTERS[dice.roll(LETTERS.len())])));
    }
    let last = (command.len() - 1) * step;
    let end = [
        "if %q==0 call %y:~3%",
        "if %q leq 0 call %y:*y!=%",
        "if %q lss 1 !y:~3!",
        "if %q equ 0 cmd /c !y:~3!",
    ][dice.roll(4)];
    format!("set x={text}&&for /l %q in ({last},-{step},0) do set y=!y!!x:~%q,1!&&{end}")
}

/// A loop over indices into an alphabet.
fn by_indices(command: &str, dice: &mut Dice) -> String {
    let mut alphabet: Vec<char> = Vec::new();
    for c in command.chars() {
        if !alphabet.contains(&c) {
            let at = dice.roll(alphabet.len() + 1);
            alphabet.insert(at, c);
        }
    }
    let indices: Vec<String> =
        command.chars().map(|c| alphabet.iter().position(|&known| known == c).unwrap().to_string()).collect();
    // A blank at the end would be lost to a careless author.
    let alphabet: String = alphabet.into_iter().chain(['_', '_']).collect();
    let separator = [",", ";", " ", " , "][dice.roll(4)];
    let end = alphabet.len() + 5;
    let stop = ["==", " equ ", " geq "][dice.roll(3)];
    let list = indices.join(separator);
    format!(
        "set s={alphabet}&&for %q in ({list}{separator}{end}) do set y=!y!!s:~%q,1!&&if %q{stop}{end} call %y:~3,{}%",
        command.len()
    )
}

fn other_case(letter: char) -> char {
    if letter.is_ascii_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() }
}

/// Replacements, one after the other.
fn replaced(command: &str, dice: &mut Dice) -> String {
    let mut text = command.to_owned();
    let mut marks = vec!['#', '@', '$', '{', '}', '\'', '?'];
    let mut steps = Vec::new();
    for _ in 0..=dice.roll(4) {
        let letter = command.chars().nth(dice.roll(command.len())).unwrap();
        if letter.is_ascii_alphabetic() && text.contains(letter) && !text.contains(other_case(letter)) {
            let mark = marks.pop().unwrap();
            text = text.replace(letter, &mark.to_string());
            steps.push((mark, letter));
        }
    }
    let mut line = format!("set r0={text}");
    let count = steps.len();
    for (number, (mark, letter)) in steps.into_iter().rev().enumerate() {
        line.push_str(&format!("&set r{}=!r{number}:{mark}={letter}!", number + 1));
    }
    let end = ["call %", "!"][dice.roll(2)];
    line + "&&" + &(if end == "!" { format!("!r{count}!") } else { format!("call %r{count}%") })
}

/// A shell that the output of a command of Windows names.
fn launched(line: &str, dice: &mut Dice) -> String {
    let launcher = [
        r#""tokens=1 delims=f" %b in ('ftype^|find "dfil"')"#,
        r#""tokens=1 delims=.=" %b in ('assoc^|findstr c^md^=')"#,
        r#""delims=f= tokens=2" %b in ('assoc .cmd')"#,
        r#""tokens=1" %b in ('echo cmd')"#,
        r#"%b in ("cmd x")"#,
        r#""tokens=4 delims=\." %b in ('where c?d.exe')"#,
    ];
    let name = launcher[dice.roll(launcher.len())];
    format!("for /f {name} do %b /v:on{}/c \"{line}\"", noise(dice))
}

/// One random way to hide a line that is to run.
fn hidden(command: &str, dice: &mut Dice) -> String {
    let line = match dice.roll(4) {
        0 => concatenated(command, dice),
        1 => reversed(command, dice),
        2 => by_indices(command, dice),
        _ => replaced(command, dice),
    };
    match dice.roll(5) {
        0 => launched(&line, dice),
        1 => format!("{} /v{}/r\"{line}\"", shell(dice), noise(dice)),
        2 => format!("{} zX/vQ2{}xY/C\" ({line})\"", shell(dice), noise(dice)),
        3 => format!("/v:on /c \"{}(({line}) )\"", noise(dice)),
        _ => format!("/V/C\"{line}\""),
    }
}

fn whole(command: &str, dice: &mut Dice) -> String {
    let line = hidden(command, dice);
    if line.starts_with('/') { line } else { format!("/c {line}") }
}

fn command() -> impl Strategy<Value = String> {
    proptest::string::string_regex(r"[a-z]{3,8}(\.exe)? [-a-z0-9./:_]{1,12}( [-A-Za-z0-9./:_]{1,12}){0,4}")
        .unwrap()
        .prop_filter("no name that cmd.exe itself takes", |line| {
            let name = line.split(' ').next().unwrap().trim_end_matches(".exe");
            !crate::tests::is_taken(name)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_command_comes_out(command in command(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let arguments = whole(&command, &mut dice);
        let lines = of_action(&arguments);
        prop_assert!(lines.contains(&command), "{command} | {arguments} | {lines:?}");
    }

    #[test]
    fn two_layers_come_out(command in command(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let inner = format!("cmd {}", whole(&command, &mut dice));
        // What the inner line holds would be read by the outer one, so it goes through standard input.
        let arguments = format!("/c \"(echo {}) | {}\"", escaped(&inner), shell(&mut dice));
        let lines = of_action(&arguments);
        prop_assert!(lines.contains(&command), "{command} | {arguments} | {lines:?}");
    }

    #[test]
    fn carets_and_noise_change_nothing(command in command(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let noisy = format!("{}{}{}", noise(&mut dice), carets(&command, &mut dice), noise(&mut dice).trim_end_matches([',', ';']));
        let lines = of_action(&format!("/c {noisy}"));
        let lines: Vec<_> = lines.iter().map(|line| line.trim_end_matches([' ', ',', ';']).to_owned()).collect();
        prop_assert!(lines.contains(&command), "{command} | {noisy} | {lines:?}");
    }

    #[test]
    fn decoys_hide_nothing(command in command(), seed in any::<u64>(), before in 0_usize..20, after in 0_usize..20) {
        let mut dice = Dice(seed);
        let decoy = |number: usize| match number % 4 {
            0 => format!("ping -n {number} srv"),
            1 => format!("set d{number}=x"),
            2 => format!("if exist C:\\d{number} (timeout {number})"),
            _ => format!("for %z in (a b) do find /v %z{number}"),
        };
        let mut parts: Vec<String> = (0..before).map(decoy).collect();
        let real = format!("powershell -x {command}");
        let line = hidden(&real, &mut dice);
        parts.push(format!("({}{line})", if line.starts_with('/') { "cmd " } else { "" }));
        parts.extend((100..100 + after).map(decoy));
        let lines = of_action(&format!("/c {}", parts.join("&")));
        prop_assert!(lines.contains(&real), "{real} | {lines:?}");
    }
}

/// A line that `echo` writes as it is, through a pipe whose sides are parsed twice.
fn escaped(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        match c {
            '&' | '|' | '<' | '>' | '(' | ')' | '"' | '^' => {
                out.push_str("^^^");
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
