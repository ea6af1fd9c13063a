//! Regular expressions, compiled on the host to automata that the guest only steps through.
//!
//! The dialect is that of Rust's `regex` (a subset of PCRE without look-around and back-references). Each
//! becomes a DFA for unanchored search. A deterministic automaton can be large, so there are limits; and
//! since Unicode's classes (`\w`, `\d`, `\s`, `.`, case folding) make most of the size, what is too large with
//! them is compiled once more with ASCII's. Word boundaries (`\b`, `\B`) are ASCII's in any case: a DFA cannot
//! decide Unicode's.

use super::literals;
use super::modifiers::Flags;
use super::refusal::{Reason, shown};
use regex_automata::MatchKind;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{Compiler, Config as NfaConfig, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_syntax::hir::{Hir, HirKind, Look};
use schtag::rules::{Cells, Dfa, Regex};
use std::collections::HashMap;
use std::rc::Rc;

/// The most bytes of a compiled expression.
pub(crate) const MAX_REGEX: usize = 1 << 20;
/// The most bytes of the automaton before it is made sparse.
const MAX_DENSE: usize = 4 * MAX_REGEX;
/// From this size on, time is spent on making the automaton smaller.
const WORTH_MINIMISING: usize = 1 << 8;
/// Up to this size the Unicode form is kept; a larger one gives way to the ASCII form if that is smaller. In the
/// latter `.` and negated classes stand for one byte, so that a count of them counts bytes.
const SMALL: usize = 1 << 10;
/// The most expressions that are compiled at all: each can take a second.
const MAX_EXPRESSIONS: usize = 1_000;
/// Longest pattern.
const MAX_PATTERN: usize = 4 << 10;

/// A compiled expression.
pub(super) type Automaton = Rc<Regex>;

/// Compiles expressions, each once.
#[derive(Default)]
pub(super) struct Regexes {
    compiled: HashMap<(String, Flags), Result<Automaton, String>>,
}

impl Regexes {
    /// The automaton of an expression.
    pub(super) fn compile(&mut self, pattern: &str, flags: Flags) -> Result<Automaton, Reason> {
        let key = (pattern.to_owned(), flags);
        if self.compiled.len() >= MAX_EXPRESSIONS && !self.compiled.contains_key(&key) {
            return Err(Reason::PackFull { what: "regular expressions", limit: MAX_EXPRESSIONS });
        }
        let compiled = self.compiled.entry(key).or_insert_with(|| compile(pattern, flags).map(Rc::new));
        compiled.clone().map_err(|problem| Reason::Regex { pattern: shown(pattern), problem })
    }
}

impl Regexes {
    /// The text of each automaton; of several that mean the same, the first by the alphabet.
    pub(super) fn texts(&self, automata: &[Regex]) -> Vec<String> {
        let mut texts: HashMap<&Regex, &str> = HashMap::new();
        for ((text, _), compiled) in &self.compiled {
            if let Ok(automaton) = compiled {
                let first = texts.entry(automaton).or_insert(text);
                *first = (*first).min(text);
            }
        }
        automata
            .iter()
            .map(|regex| texts.get(regex).map_or_else(String::new, |&text| text.to_owned()))
            .collect()
    }
}

fn compile(pattern: &str, flags: Flags) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("longer than {MAX_PATTERN} bytes"));
    }
    let hir = parse(pattern, flags, true)?;
    if hir.properties().minimum_len() == Some(0) && hir.properties().look_set().is_empty() {
        return Err("it is found in any text, even an empty one".into());
    }
    // What becomes small is not large on the way either; a lower limit saves the time to find out.
    let unicode = form(&hir, MAX_REGEX);
    if let Ok(unicode) = unicode.as_ref()
        && unicode.sparse <= SMALL
    {
        return table(&unicode.dense).map(|automaton| with_literals(automaton, &hir));
    }
    // Not every pattern has an ASCII form: `[é]` has none.
    let ascii = parse(pattern, flags, false).and_then(|hir| Ok((form(&hir, MAX_DENSE)?, hir)));
    let (form, hir) = match (unicode, ascii) {
        (Ok(unicode), Ok((ascii, _))) if unicode.sparse <= ascii.sparse => (unicode, hir),
        (_, Ok(ascii)) => ascii,
        (Ok(unicode), Err(_)) => (unicode, hir),
        (Err(_), Err(_)) => (form(&hir, MAX_DENSE)?, hir),
    };
    table(&form.dense).map(|automaton| with_literals(automaton, &hir))
}

fn with_literals(automaton: Dfa, hir: &Hir) -> Regex {
    Regex { automaton, literals: literals::of(hir).unwrap_or_default() }
}

fn parse(pattern: &str, flags: Flags, unicode: bool) -> Result<Hir, String> {
    let hir = regex_syntax::ParserBuilder::new()
        .nest_limit(64)
        .unicode(unicode)
        .utf8(unicode)
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_matches_new_line)
        .build()
        .parse(pattern)
        .map_err(|error| match error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            other => other.to_string(),
        })?;
    Ok(for_search(hir))
}

/// Replaces Unicode word boundaries by ASCII ones, and takes as little as possible in repetitions: whether there is
/// a match stays the same, and the automaton ends at the first one. Recursion is bounded by the parser's nesting
/// limit.
fn for_search(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            other => other,
        }),
        HirKind::Repetition(mut repetition) => {
            repetition.greedy = false;
            repetition.sub = Box::new(for_search(*repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => for_search(*capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(for_search).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(for_search).collect()),
    }
}

/// A form in which an expression can be compiled.
struct Form {
    dense: dense::DFA<Vec<u32>>,
    /// The bytes that its transitions take without those that lead nowhere. This is the measure of a form.
    sparse: usize,
}

fn too_large() -> String {
    format!("its automaton is larger than {MAX_REGEX} bytes; simplify it")
}

fn form(hir: &Hir, dense_limit: usize) -> Result<Form, String> {
    let config =
        NfaConfig::new().utf8(false).which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_REGEX));
    let nfa = Compiler::new().configure(config).build_from_hir(hir).map_err(|_| too_large())?;
    let build = |minimize| {
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .match_kind(MatchKind::LeftmostFirst)
            .accelerate(false)
            .minimize(minimize)
            .dfa_size_limit(Some(dense_limit))
            .determinize_size_limit(Some(dense_limit));
        let dense = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
        let sparse = dense.to_sparse().ok()?.to_bytes_little_endian().len();
        Some(Form { dense, sparse })
    };
    let mut form = build(false).ok_or_else(too_large)?;
    if form.sparse > WORTH_MINIMISING {
        form = build(true).ok_or_else(too_large)?;
    }
    if form.sparse > MAX_REGEX { Err(too_large()) } else { Ok(form) }
}

/// The table that the guest steps through. After a match no step matters any more.
fn table(dense: &dense::DFA<Vec<u32>>) -> Result<Dfa, String> {
    let mut states = States { dense, numbers: HashMap::new(), order: Vec::new() };
    let first = dense.start_state(&start::Config::new()).map_err(|error| error.to_string())?;
    let start = states.number(first).ok_or_else(too_large)?;
    let mut rows = vec![vec![Dfa::DEAD; ENDS + 1], vec![Dfa::FOUND; ENDS + 1]];
    let mut next = 0;
    while let Some(&state) = states.order.get(next) {
        next += 1;
        let row: Option<Vec<u16>> =
            (0..=u8::MAX).map(|byte| states.number(dense.next_state(state, byte))).collect();
        let mut row = row.ok_or_else(too_large)?;
        let found = dense.is_match_state(dense.next_eoi_state(state));
        row.push(if found { Dfa::FOUND } else { Dfa::DEAD });
        rows.push(row);
    }
    let column = |byte: usize| rows.iter().filter_map(|row| row.get(byte).copied()).collect::<Vec<u16>>();
    let mut distinct: Vec<Vec<u16>> = Vec::new();
    let mut columns = Vec::new();
    for column in (0..ENDS).map(column) {
        let place = distinct.iter().position(|known| *known == column).unwrap_or_else(|| {
            distinct.push(column);
            distinct.len() - 1
        });
        columns.push(u8::try_from(place).map_err(|_| too_large())?);
    }
    distinct.push(column(ENDS));
    let width = u16::try_from(distinct.len()).map_err(|_| too_large())?;
    let cells = || (0..rows.len()).flat_map(|row| distinct.iter().filter_map(move |column| column.get(row)));
    let narrow: Option<Vec<u8>> = cells().map(|&state| u8::try_from(state).ok()).collect();
    let cells = narrow.map_or_else(|| Cells::Wide(cells().copied().collect()), Cells::Narrow);
    Ok(Dfa { columns, width, start, cells })
}

/// The column of the end of the text, after those of the bytes.
const ENDS: usize = 256;

/// The states of an automaton, numbered as they are met.
struct States<'d> {
    dense: &'d dense::DFA<Vec<u32>>,
    numbers: HashMap<StateID, u16>,
    order: Vec<StateID>,
}

impl States<'_> {
    /// The number of a state; `None` when there are too many.
    fn number(&mut self, state: StateID) -> Option<u16> {
        if self.dense.is_dead_state(state) {
            return Some(Dfa::DEAD);
        }
        if self.dense.is_match_state(state) {
            return Some(Dfa::FOUND);
        }
        if let Some(number) = self.numbers.get(&state) {
            return Some(*number);
        }
        let number = u16::try_from(self.order.len()).ok()?.checked_add(Dfa::FOUND + 1)?;
        self.order.push(state);
        self.numbers.insert(state, number);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    /// As the guest does it.
    fn found(pattern: &str, flags: Flags, value: &str) -> bool {
        let regex = compile(pattern, flags).unwrap_or_else(|problem| panic!("{pattern}: {problem}"));
        let found = regex.automaton.is_found(value);
        let folded = schtag::rules::fold(value);
        let suggested = regex.literals.is_empty() || regex.literals.iter().any(|text| folded.contains(text));
        assert!(suggested || !found, "{pattern} on {value}: without any of {:?}", regex.literals);
        found
    }

    #[test]
    fn expressions_are_found_anywhere_and_case_counts() {
        let none = Flags::default();
        for (pattern, value, expected) in [
            (r"\s-k\s", "curl -k x", true),
            (r"\s-k\s", "curl -K x", false),
            (r"(?i)\s-k\s", "curl -K x", true),
            (r"^a.c$", "abc", true),
            (r"^a.c$", "xabc", false),
            (r"^a.c$", "a\nc", false),
            (r"\bcmd\b", "run cmd.exe", true),
            (r"\bcmd\b", "runcmd.exe", false),
            (r"\bcmd\b", "é cmd é", true),
            (r"\\[^\\]{1,256}$", r"C:\x\y", true),
            ("^.ü$", "äü", true),
            (r"://\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", "http://10.0.0.1/", true),
            (r"x{2,}", "axx", true),
            ("é|ü", "tür", true),
        ] {
            assert_eq!(found(pattern, none, value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn flags() {
        let ignore_case = Flags { ignore_case: true, ..Flags::default() };
        assert!(found("ab", ignore_case, "xAB"));
        let multi_line = Flags { multi_line: true, ..Flags::default() };
        assert!(found("^b$", multi_line, "a\nb\nc"));
        let dot_all = Flags { dot_matches_new_line: true, ..Flags::default() };
        assert!(found("a.b", dot_all, "a\nb"));
    }

    #[test]
    fn what_cannot_be_compiled_is_refused_with_a_reason() {
        for (pattern, complaint) in [
            ("(", "unclosed group"),
            ("a(?=b)", "look-around, including look-ahead and look-behind, is not supported"),
            (r"(a)\1", "backreferences are not supported"),
            ("a{3,2}", "invalid repetition count range"),
            (r"\p{Foo}", "Unicode property not found"),
            ("", "found in any text"),
            ("a*", "found in any text"),
            (&"(".repeat(5000), "longer than"),
            (&format!("{}a{}", "(".repeat(100), ")".repeat(100)), "nest"),
            (r"((a{1,100}){1,100}){1,100}", "larger than"),
            (r"(?:[ab]*a[ab]{20}c)", "larger than"),
        ] {
            let problem = compile(pattern, Flags::default()).expect_err(pattern);
            assert!(problem.contains(complaint), "{pattern}: {problem}");
        }
    }

    #[test]
    fn what_is_too_large_with_unicode_is_compiled_with_ascii() {
        let pattern = r"\w{1,60}-\w{1,60}$";
        assert!(found(pattern, Flags::default(), "abc-def"));
        // With Unicode's \w it takes more than this.
        assert!(compile(pattern, Flags::default()).unwrap().automaton.size() < 64 << 10);
    }
}
