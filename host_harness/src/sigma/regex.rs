//! Regular expressions, compiled on the host to automata that the guest only steps through.
//!
//! The dialect is that of Rust's `regex` (a subset of PCRE without look-around and back-references). Each
//! becomes a sparse DFA for unanchored search. A deterministic automaton can be large, so there are limits; and
//! since Unicode's classes (`\w`, `\d`, `\s`, `.`, case folding) make most of the size, what is too large with
//! them is compiled once more with ASCII's. Word boundaries (`\b`, `\B`) are ASCII's in any case: a DFA cannot
//! decide Unicode's.

use super::literals;
use super::modifiers::Flags;
use super::refusal::{Reason, shown};
use regex_automata::MatchKind;
use regex_automata::dfa::{StartKind, dense};
use regex_automata::nfa::thompson::{Compiler, Config as NfaConfig, WhichCaptures};
use regex_syntax::hir::{Hir, HirKind, Look};
use schtag::rules::Regex;
use std::collections::HashMap;
use std::rc::Rc;

/// How many bytes a compiled expression may have.
pub const MAX_REGEX: usize = 1 << 20;
/// How many bytes the automaton may have before it is made sparse.
const MAX_DENSE: usize = 4 * MAX_REGEX;
/// From this size on, time is spent on making the automaton smaller.
const WORTH_MINIMISING: usize = 1 << 8;
/// Up to this size the Unicode form is kept; a larger one gives way to the ASCII form if that is smaller. In the
/// latter `.` and negated classes stand for one byte, so that a count of them counts bytes.
const SMALL: usize = 1 << 10;
/// How many expressions are compiled at all: each can take a second.
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
    let unicode = regex(&hir, MAX_REGEX);
    if unicode.as_ref().is_ok_and(|regex| regex.automaton.len() <= SMALL) {
        return unicode;
    }
    // Not every pattern has an ASCII form: `[é]` has none.
    let ascii = parse(pattern, flags, false).and_then(|hir| regex(&hir, MAX_DENSE));
    match (unicode, ascii) {
        (Ok(unicode), Ok(ascii)) if unicode.automaton.len() <= ascii.automaton.len() => Ok(unicode),
        (_, Ok(ascii)) => Ok(ascii),
        (Ok(unicode), Err(_)) => Ok(unicode),
        (Err(_), Err(_)) => regex(&hir, MAX_DENSE),
    }
}

fn regex(hir: &Hir, dense_limit: usize) -> Result<Regex, String> {
    Ok(Regex { automaton: automaton(hir, dense_limit)?, literals: literals::of(hir).unwrap_or_default() })
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

fn automaton(hir: &Hir, dense_limit: usize) -> Result<Vec<u8>, String> {
    let too_large = || format!("its automaton is larger than {MAX_REGEX} bytes; simplify it");
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
        Some(dense.to_sparse().ok()?.to_bytes_little_endian())
    };
    let mut bytes = build(false).ok_or_else(too_large)?;
    if bytes.len() > WORTH_MINIMISING {
        bytes = build(true).ok_or_else(too_large)?;
    }
    if bytes.len() > MAX_REGEX { Err(too_large()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_automata::Input;
    use regex_automata::dfa::{Automaton as _, sparse::DFA};

    /// As the guest does it.
    fn found(pattern: &str, flags: Flags, value: &str) -> bool {
        let regex = compile(pattern, flags).unwrap_or_else(|problem| panic!("{pattern}: {problem}"));
        let (dfa, _) = DFA::from_bytes(&regex.automaton).unwrap();
        let found = dfa.try_search_fwd(&Input::new(value).earliest(true)).unwrap().is_some();
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
        assert!(compile(pattern, Flags::default()).unwrap().automaton.len() < 64 << 10);
    }
}
