//! `for`: what it goes through, and the commands with the value of its variable.
//!
//! Source: `for /?`.

use super::block::keyword;
use super::variables::Variables;
use super::{is_delimiter, split_word};
use crate::command::environment::find_ignoring_case;

/// Most rounds of a loop, or of all loops around a command.
const MAX_ROUNDS: usize = 512;
/// Most loops whose variables are remembered.
const MAX_LOOPS: usize = 16;

/// A `for` without its first word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loop<'a> {
    kind: Kind,
    /// What `/f` is told about lines.
    options: &'a str,
    /// The first variable; `None` where the rest was not understood.
    variable: Option<char>,
    /// What stands between the parentheses.
    set: &'a str,
    /// What is run in each round.
    pub(super) body: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The words of the set; also folders and files, which are not looked up.
    Words,
    /// `/l`: start, step and end.
    Counter,
    /// `/f`: the lines of a text, a command or files.
    Lines,
}

/// Reads `/f "options" %i in (set) do body` and the like. `None` without a body.
pub(super) fn read(arguments: &str) -> Option<Loop<'_>> {
    let (kind, options, rest) = switches(arguments);
    let head = variable_and_rest(rest).and_then(|(variable, rest)| {
        let set = keyword(rest.trim_start_matches(is_delimiter), "in")?;
        Some((variable, set.trim_start_matches(is_delimiter).strip_prefix('(')?))
    });
    if let Some((variable, behind)) = head {
        let (set, body) = at_do(behind)?;
        return Some(Loop { kind, options, variable: Some(variable), set, body });
    }
    let at = find_ignoring_case(arguments, " do ")?;
    let body = arguments.get(at.saturating_add(4)..)?;
    Some(Loop { kind, options, variable: None, set: "", body })
}

/// The variable of a `for` without its first word.
pub(super) fn variable(arguments: &str) -> Option<char> {
    variable_and_rest(switches(arguments).2).map(|(variable, _)| variable)
}

/// The kind, the options, and the text from the variable on.
fn switches(arguments: &str) -> (Kind, &str, &str) {
    let mut kind = Kind::Words;
    let mut rest = arguments.trim_start_matches(is_delimiter);
    let mut options = "";
    // One switch, and for `/f` and `/r` one more word.
    for _ in 0..2 {
        if rest.starts_with('%') {
            break;
        }
        let (word, behind) = split_word(rest);
        if word.eq_ignore_ascii_case("/f") {
            kind = Kind::Lines;
        } else if word.eq_ignore_ascii_case("/l") {
            kind = Kind::Counter;
        } else {
            options = word.trim_matches('"');
        }
        rest = behind;
    }
    (kind, options, rest)
}

fn variable_and_rest(text: &str) -> Option<(char, &str)> {
    let mut chars = text.trim_start_matches('%').chars();
    let variable = chars.next().filter(|_| text.starts_with('%'))?;
    Some((variable, chars.as_str()))
}

/// Splits at the first `) do`.
fn at_do(text: &str) -> Option<(&str, &str)> {
    let closings = memchr::memchr_iter(b')', text.as_bytes());
    for at in closings {
        let behind = text.get(at.saturating_add(1)..)?.trim_start_matches(is_delimiter);
        if let Some(body) = keyword(behind, "do") {
            return text.get(..at).map(|set| (set, body));
        }
    }
    None
}

impl<'a> Loop<'a> {
    fn quotes(&self) -> (char, char) {
        // `usebackq` frees the quotes for file names.
        match find_ignoring_case(self.options, "usebackq") {
            Some(_) => ('`', '\''),
            None => ('\'', '"'),
        }
    }

    /// The command whose output it goes through.
    pub(super) fn command(&self) -> Option<&'a str> {
        (self.kind == Kind::Lines).then(|| inside(self.set, self.quotes().0)).flatten()
    }

    /// The variables and their values, as far as they are certain.
    fn values(&self, variables: &Variables) -> Vec<(char, Vec<String>)> {
        let Some(variable) = self.variable else { return Vec::new() };
        let set = variables.put_into(self.set);
        match self.kind {
            Kind::Words => vec![(variable, words(&set))],
            Kind::Counter => vec![(variable, numbers(&set))],
            Kind::Lines => {
                let (of_command, of_text) = self.quotes();
                let echoed = inside(&set, of_command).and_then(|line| keyword(line.trim_start(), "echo"));
                match inside(&set, of_text).or(echoed) {
                    Some(text) => fields(self.options, text.trim(), variable),
                    None => Vec::new(),
                }
            }
        }
    }
}

fn inside(set: &str, quote: char) -> Option<&str> {
    set.trim().strip_prefix(quote)?.strip_suffix(quote)
}

/// The words of a set, but those that stand for files.
fn words(set: &str) -> Vec<String> {
    let mut list = Vec::new();
    let mut quoted = false;
    for word in set.split(|c: char| {
        quoted ^= c == '"';
        !quoted && is_delimiter(c)
    }) {
        if !word.is_empty() && !word.contains(['*', '?']) && list.len() < MAX_ROUNDS {
            list.push(word.to_owned());
        }
    }
    list
}

/// `start,step,end`
fn numbers(set: &str) -> Vec<String> {
    let mut list = Vec::new();
    let parts: Vec<i32> = words(set).iter().filter_map(|part| part.parse().ok()).collect();
    let [start, step, end] = *parts.as_slice() else { return list };
    let mut number = start;
    while list.len() < MAX_ROUNDS && if step < 0 { number >= end } else { number <= end } {
        list.push(number.to_string());
        number = number.saturating_add(step);
        if step == 0 {
            break;
        }
    }
    list
}

/// The parts of a line that `tokens=` asks for, by `delims=`, for the variable and the letters after it.
fn fields(options: &str, line: &str, variable: char) -> Vec<(char, Vec<String>)> {
    let option = |name: &str| {
        let at = find_ignoring_case(options, name)?;
        options.get(at.saturating_add(name.len())..)?.split(' ').next()
    };
    let delimiters = option("delims=").unwrap_or(" \t");
    let mut list = Vec::new();
    let mut letter = u32::from(variable);
    for wanted in option("tokens=").unwrap_or("1").split(',').take(MAX_LOOPS) {
        let number: usize = wanted.trim_end_matches('*').parse().unwrap_or(0);
        let (part, rest) = part_of(line, delimiters, number.min(MAX_LOOPS));
        for value in [Some(part).filter(|_| number > 0), Some(rest).filter(|_| wanted.ends_with('*'))] {
            let Some(value) = value else { continue };
            list.push((char::from_u32(letter).unwrap_or(variable), vec![value.to_owned()]));
            letter = letter.saturating_add(1);
        }
    }
    list
}

/// The `number`-th part of a line, and what follows it.
fn part_of<'a>(line: &'a str, delimiters: &str, number: usize) -> (&'a str, &'a str) {
    let is_delimiter = |c| delimiters.contains(c);
    let mut part = "";
    let mut rest = line;
    for _ in 0..number {
        rest = rest.trim_start_matches(is_delimiter);
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        (part, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    }
    (part, rest.trim_start_matches(is_delimiter))
}

/// The variables of the loops that a line has entered. One is known to the end of the line, or to the next loop
/// with the same: what stands behind the loop rarely names it.
#[derive(Debug, Default)]
pub(super) struct Loops {
    list: Vec<(char, Vec<String>)>,
}

impl Loops {
    /// Remembers the values that a loop's variables will have.
    pub(super) fn enter(&mut self, entered: &Loop<'_>, variables: &Variables) {
        for (variable, values) in entered.values(variables) {
            self.forget(Some(variable));
            if self.list.len() < MAX_LOOPS && !values.is_empty() {
                self.list.push((variable, values));
            }
        }
    }

    pub(super) fn forget(&mut self, variable: Option<char>) {
        self.list.retain(|(known, _)| Some(*known) != variable);
    }

    pub(super) const fn are_running(&self) -> bool {
        !self.list.is_empty()
    }

    /// A command once for each round, with the values put in; `limit` bytes of all rounds together.
    pub(super) fn unrolled(&self, text: &str, limit: usize) -> Vec<String> {
        let mut rounds = vec![text.to_owned()];
        for (variable, values) in &self.list {
            if with_value(text, *variable, "").is_none() {
                continue;
            }
            let mut next = Vec::new();
            let mut bytes = 0_usize;
            for round in &rounds {
                for value in values {
                    if next.len() >= MAX_ROUNDS || bytes > limit {
                        break;
                    }
                    let round = with_value(round, *variable, value).unwrap_or_default();
                    bytes = bytes.saturating_add(round.len());
                    next.push(round);
                }
            }
            rounds = next;
        }
        rounds
    }
}

/// Puts a value in for `%i`, `%%i` and, without its quotes, `%~i`. `None` when the variable is not there.
fn with_value(text: &str, variable: char, value: &str) -> Option<String> {
    let mut out = String::new();
    let mut found = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let name = after.strip_prefix('%').unwrap_or(after);
        if let Some(behind) = name.strip_prefix(variable) {
            out.push_str(value);
            rest = behind;
            found = true;
        } else if let Some(behind) = name.strip_prefix('~').and_then(|name| name.strip_prefix(variable)) {
            out.push_str(value.trim_matches('"'));
            rest = behind;
            found = true;
        } else {
            out.push('%');
            rest = after;
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_loop_goes_through() {
        let one = |name, value: &str| (name, vec![value.to_owned()]);
        for (arguments, values, command, body) in [
            (
                " %i in (a \"b c\",d *.txt) do x",
                vec![('i', vec!["a".into(), "\"b c\"".into(), "d".into()])],
                None,
                " x",
            ),
            ("/l %i in (3,-1,1) do x", vec![('i', vec!["3".into(), "2".into(), "1".into()])], None, " x"),
            ("/f %%a in ('dir (x)') do (x)", vec![], Some("dir (x)"), " (x)"),
            ("/f \"usebackq\" %a in (`dir`) do x", vec![], Some("dir"), " x"),
            ("/f %a in (\"one two\") do x", vec![one('a', "one")], None, " x"),
            (
                "/f \"tokens=1,3*\" %a in (\"k l m n o\") do x",
                vec![one('a', "k"), one('b', "m"), one('c', "n o")],
                None,
                " x",
            ),
            ("/f \"delims=s\\ tokens=2\" %a in (\"as\\b\\c\") do x", vec![one('a', "b")], None, " x"),
            ("/f \"delims=\" %a in ('echo a b') do x", vec![one('a', "a b")], Some("echo a b"), " x"),
            ("/r C:\\x %i in (*) do x", vec![('i', vec![])], None, " x"),
            (" nonsense do x", vec![], None, "x"),
        ] {
            let read = read(arguments).unwrap_or_else(|| panic!("{arguments}"));
            assert_eq!(
                (read.values(&Variables::default()), read.command(), read.body),
                (values, command, body),
                "{arguments}"
            );
        }
        assert_eq!(read(" %i in (a b"), None);
        assert_eq!(numbers("0,0,9"), ["0"]);
        assert_eq!(numbers("0,1,9999999").len(), MAX_ROUNDS);
    }

    #[test]
    fn rounds_are_bounded() {
        let mut loops = Loops::default();
        for variable in 'a'..='z' {
            loops.enter(
                &read(&format!(" %{variable} in (0 1 2 3 4 5 6 7 8 9) do x")).unwrap(),
                &Variables::default(),
            );
        }
        let text: String = ('a'..='z').map(|c| format!("%{c}")).collect();
        assert!(loops.unrolled(&text, 1 << 20).len() <= MAX_ROUNDS);
        assert!(loops.unrolled(&text, 100).len() < 10);
        assert_eq!(loops.unrolled("%~a", 100)[9], "9");
    }
}
