//! The names that rustc gives to functions, as a person writes them: enough of it to tell them apart.
//!
//! By hand: rustc-demangle writes the newer scheme with brackets and type arguments and the older one without. Of 1,729 names
//! in the base module 735 would be written otherwise, and each written answer would need one name for each scheme.
//!
//! Source: the Itanium C++ ABI as rustc uses it, and <https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>.

/// The path of a function, by its symbol: `core::str::pattern::StrSearcher::new`. Other names stay as they are.
pub fn readable(symbol: &str) -> String {
    if let Some(rest) = symbol.strip_prefix("_ZN") {
        let mut parts = identifiers(rest, false);
        // The last one is a hash.
        parts.pop();
        let path = parts.join("::");
        return ESCAPES
            .iter()
            .fold(path, |path, (escape, text)| path.replace(escape, text))
            .replace("::_<", "::<");
    }
    match symbol.strip_prefix("_R") {
        Some(rest) => identifiers(rest, true).join("::"),
        None => symbol.to_owned(),
    }
}

const ESCAPES: [(&str, &str); 12] = [
    ("..", "::"),
    ("$LT$", "<"),
    ("$GT$", ">"),
    ("$RF$", "&"),
    ("$BP$", "*"),
    ("$C$", ", "),
    ("$LP$", "("),
    ("$RP$", ")"),
    ("$u20$", " "),
    ("$u5b$", "["),
    ("$u5d$", "]"),
    ("$u7b$$u7b$closure$u7d$$u7d$", "{closure}"),
];

/// The identifiers in a symbol, each of which its length precedes. With `hashes`, `s` and `Cs` begin a number in base
/// 62 that ends with `_`.
fn identifiers(mut rest: &str, hashes: bool) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_digit() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (length, behind) = rest.split_at(digits);
            // Where an identifier begins with a digit or `_`, a `_` separates them.
            let behind = if hashes { behind.strip_prefix('_').unwrap_or(behind) } else { behind };
            let length = length.parse().unwrap_or(0);
            let Some((identifier, behind)) = behind.split_at_checked(length) else { break };
            if !identifier.is_empty() {
                found.push(identifier);
            }
            rest = behind;
        } else if hashes && matches!(first, 's' | 'B' | 'L') {
            rest = rest.split_once('_').map_or("", |(_, behind)| behind);
        } else {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn symbols_become_paths() {
        for (symbol, path) in [
            ("_ZN6schtag6shapes4read17h0123456789abcdefE", "schtag::shapes::read"),
            (
                "_ZN89_$LT$aho_corasick..nfa..contiguous..NFA$u20$as$u20$aho_corasick..automaton..Automaton$GT$\
                 13match_pattern17h0123456789abcdefE",
                "_<aho_corasick::nfa::contiguous::NFA as aho_corasick::automaton::Automaton>::match_pattern",
            ),
            (
                "_RNvNtNtCsgXGp5Oqx2Ny_4core5slice5index16slice_index_fail",
                "core::slice::index::slice_index_fail",
            ),
            (
                "_RNvMsa_NtCsgXGp5Oqx2Ny_4core3fmtNtB5_9Formatter26debug_struct_field1_finish",
                "core::fmt::Formatter::debug_struct_field1_finish",
            ),
            ("schtag_filter", "schtag_filter"),
        ] {
            assert_eq!(readable(symbol), path);
        }
    }
}
