//! The modifiers of a detection item, as one description of what its values mean.
//!
//! Source: Sigma specification 2.1.0, appendix "Modifiers", and pySigma's type checks for what goes together.

use super::refusal::Reason;
use rsigma_parser::ast::Modifier;
use schtag::rules::Comparison;

/// The meaning of an item's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The test for each value.
    pub(super) test: Kind,
    /// All values must be met, not just one.
    pub(super) all: bool,
    /// The item holds when its values are not met.
    pub(super) negated: bool,
}

/// The test for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As text.
    Text(TextMeaning),
    /// As a regular expression.
    Regex(Flags),
    /// Tests that the field exists.
    Exists,
    /// As an IP network.
    Cidr,
    /// As a number.
    Number(Comparison),
    /// As the name of another field.
    FieldRef { place: Place, cased: bool },
}

/// The test for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TextMeaning {
    pub(super) place: Place,
    pub(super) cased: bool,
    pub(super) windash: bool,
    pub(super) expand: bool,
    pub(super) encoding: Encoding,
    pub(super) base64: Base64,
}

/// Where in the field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    Whole,
    Start,
    End,
    Anywhere,
}

/// The encoding that turns a text into bytes before Base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    #[default]
    Utf8,
    Utf16Le,
    Utf16Be,
    /// Little-endian, after a byte order mark.
    Utf16,
}

/// The Base64 form in which a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Base64 {
    #[default]
    No,
    Whole,
    Offset,
}

/// Flags of a regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_matches_new_line: bool,
}

/// The modifiers that Sigma 2 has, by all their names.
const NAMES: [&str; 32] = [
    "contains",
    "startswith",
    "endswith",
    "all",
    "base64",
    "base64offset",
    "wide",
    "utf16le",
    "utf16be",
    "utf16",
    "windash",
    "re",
    "cidr",
    "cased",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "lt",
    "lte",
    "neq",
    "i",
    "m",
    "s",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "ignorecase",
];

/// Why the key of an item cannot be read; `problem` is the parser's answer.
pub(super) fn unreadable(key: &str, problem: String) -> Reason {
    let unknown = key.split('|').skip(1).find(|name| !NAMES.contains(name) && *name != "not");
    unknown.map_or(Reason::Modifier(problem), |name| Reason::UnknownModifier {
        name: name.to_owned(),
        nearest: crate::rules::yaml::nearest(name, NAMES).map(str::to_owned),
    })
}

/// A modifier's name in Sigma.
pub(super) const fn name(modifier: Modifier) -> &'static str {
    match modifier {
        Modifier::Contains => "contains",
        Modifier::StartsWith => "startswith",
        Modifier::EndsWith => "endswith",
        Modifier::All => "all",
        Modifier::Base64 => "base64",
        Modifier::Base64Offset => "base64offset",
        Modifier::Wide => "utf16le",
        Modifier::Utf16be => "utf16be",
        Modifier::Utf16 => "utf16",
        Modifier::WindAsh => "windash",
        Modifier::Re => "re",
        Modifier::Cidr => "cidr",
        Modifier::Cased => "cased",
        Modifier::Exists => "exists",
        Modifier::Expand => "expand",
        Modifier::FieldRef => "fieldref",
        Modifier::Gt => "gt",
        Modifier::Gte => "gte",
        Modifier::Lt => "lt",
        Modifier::Lte => "lte",
        Modifier::Neq => "neq",
        Modifier::IgnoreCase => "i",
        Modifier::Multiline => "m",
        Modifier::DotAll => "s",
        Modifier::Minute => "minute",
        Modifier::Hour => "hour",
        Modifier::Day => "day",
        Modifier::Week => "week",
        Modifier::Month => "month",
        Modifier::Year => "year",
    }
}

impl Default for Meaning {
    fn default() -> Self {
        Self { test: Kind::Text(TextMeaning::default()), all: false, negated: false }
    }
}

impl Meaning {
    /// Reads a chain of modifiers.
    pub(super) fn read(modifiers: &[Modifier]) -> Result<Self, Reason> {
        use Modifier as M;
        for (index, &modifier) in modifiers.iter().enumerate() {
            let before = modifiers.get(..index).unwrap_or_default();
            if let M::Minute | M::Hour | M::Day | M::Week | M::Month | M::Year = modifier {
                return Err(Reason::TimeModifier(name(modifier)));
            }
            for &earlier in before {
                if earlier == modifier || !compatible(earlier, modifier) {
                    return Err(Reason::ModifierCombination { first: name(earlier), second: name(modifier) });
                }
            }
        }
        let has = |modifier| modifiers.contains(&modifier);
        let place = if has(M::Contains) {
            Place::Anywhere
        } else if has(M::StartsWith) {
            Place::Start
        } else if has(M::EndsWith) {
            Place::End
        } else {
            Place::Whole
        };
        let comparison = [
            (M::Lt, Comparison::Lt),
            (M::Lte, Comparison::Lte),
            (M::Gt, Comparison::Gt),
            (M::Gte, Comparison::Gte),
        ];
        let comparison = comparison.into_iter().find(|&(modifier, _)| has(modifier));

        let test = if has(M::Re) {
            Kind::Regex(Flags {
                ignore_case: has(M::IgnoreCase),
                multi_line: has(M::Multiline),
                dot_matches_new_line: has(M::DotAll),
            })
        } else if let Some(&flag) = modifiers.iter().find(|m| is_flag(**m)) {
            return Err(Reason::ModifierNeeds { modifier: name(flag), needs: "`|re` before it" });
        } else if has(M::Exists) {
            Kind::Exists
        } else if has(M::Cidr) {
            Kind::Cidr
        } else if let Some((_, comparison)) = comparison {
            Kind::Number(comparison)
        } else if has(M::FieldRef) {
            Kind::FieldRef { place, cased: has(M::Cased) }
        } else {
            Kind::Text(text(modifiers, place)?)
        };
        Ok(Self { test, all: has(M::All), negated: has(M::Neq) })
    }
}

/// The meaning of a text's modifiers.
fn text(modifiers: &[Modifier], place: Place) -> Result<TextMeaning, Reason> {
    use Modifier as M;
    let has = |modifier| modifiers.contains(&modifier);
    let base64 = if has(M::Base64Offset) {
        Base64::Offset
    } else if has(M::Base64) {
        Base64::Whole
    } else {
        Base64::No
    };
    let (encoding, encoder) = if has(M::Wide) {
        (Encoding::Utf16Le, Some(M::Wide))
    } else if has(M::Utf16be) {
        (Encoding::Utf16Be, Some(M::Utf16be))
    } else if has(M::Utf16) {
        (Encoding::Utf16, Some(M::Utf16))
    } else {
        (Encoding::Utf8, None)
    };
    if let (Some(encoder), Base64::No) = (encoder, base64) {
        let needs = "`|base64` or `|base64offset` after it: no field holds raw UTF-16";
        return Err(Reason::ModifierNeeds { modifier: name(encoder), needs });
    }
    if base64 == Base64::Offset && place != Place::Anywhere {
        let needs = "`|contains` after it: it finds its value at any offset";
        return Err(Reason::ModifierNeeds { modifier: "base64offset", needs });
    }
    Ok(TextMeaning {
        place,
        cased: has(M::Cased),
        windash: has(M::WindAsh),
        expand: has(M::Expand),
        encoding,
        base64,
    })
}

const fn is_flag(modifier: Modifier) -> bool {
    matches!(modifier, Modifier::IgnoreCase | Modifier::Multiline | Modifier::DotAll)
}

/// Modifiers that say what a value is. An item has at most one of each family.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Family {
    Place,
    Encoding,
    Base64,
    /// A test that is not for text: `re`, `cidr`, `exists`, `lt` …, `fieldref`.
    Type,
    Flag,
    Other,
}

const fn family(modifier: Modifier) -> Family {
    use Modifier as M;
    match modifier {
        M::Contains | M::StartsWith | M::EndsWith => Family::Place,
        M::Wide | M::Utf16be | M::Utf16 => Family::Encoding,
        M::Base64 | M::Base64Offset => Family::Base64,
        M::Re | M::Cidr | M::Exists | M::Lt | M::Lte | M::Gt | M::Gte | M::FieldRef => Family::Type,
        M::IgnoreCase | M::Multiline | M::DotAll => Family::Flag,
        _ => Family::Other,
    }
}

/// Returns whether a modifier may follow another, at any distance.
fn compatible(earlier: Modifier, later: Modifier) -> bool {
    use Modifier as M;
    let (a, b) = (family(earlier), family(later));
    // One of a family, but any of the flags.
    if a == b && !matches!(a, Family::Flag | Family::Other) {
        return false;
    }
    // What is not text has no text modifiers; a reference has some.
    for (kind, other) in [(earlier, later), (later, earlier)] {
        if family(kind) != Family::Type {
            continue;
        }
        let goes = match kind {
            M::Re => matches!(other, M::All | M::Neq) || is_flag(other),
            M::FieldRef => family(other) == Family::Place || matches!(other, M::All | M::Neq | M::Cased),
            M::Exists => false,
            _ => matches!(other, M::All | M::Neq),
        };
        if !goes {
            return false;
        }
    }
    // A text is put together from the inside: placeholders and dashes, UTF-16, Base64, where it stands.
    match later {
        M::Wide | M::Utf16be | M::Utf16 => !matches!(a, Family::Base64 | Family::Place),
        M::Base64 | M::Base64Offset => a != Family::Place,
        M::WindAsh | M::Expand => !matches!(a, Family::Encoding | Family::Base64),
        M::Re => !is_flag(earlier),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chain: &str) -> Result<Meaning, String> {
        let spec = rsigma_parser::parse_field_spec(&format!("Field|{chain}")).unwrap();
        Meaning::read(&spec.modifiers).map_err(|reason| reason.to_string())
    }

    #[test]
    fn chains_that_mean_something() {
        let text = TextMeaning::default();
        let anywhere = TextMeaning { place: Place::Anywhere, ..text };
        for (chain, test) in [
            ("cased", Kind::Text(TextMeaning { cased: true, ..text })),
            ("startswith", Kind::Text(TextMeaning { place: Place::Start, ..text })),
            ("contains|windash", Kind::Text(TextMeaning { windash: true, ..anywhere })),
            ("windash|contains", Kind::Text(TextMeaning { windash: true, ..anywhere })),
            ("contains|expand", Kind::Text(TextMeaning { expand: true, ..anywhere })),
            (
                "wide|base64offset|contains",
                Kind::Text(TextMeaning { encoding: Encoding::Utf16Le, base64: Base64::Offset, ..anywhere }),
            ),
            (
                "utf16|base64",
                Kind::Text(TextMeaning { encoding: Encoding::Utf16, base64: Base64::Whole, ..text }),
            ),
            ("re", Kind::Regex(Flags::default())),
            (
                "re|i|s",
                Kind::Regex(Flags { ignore_case: true, multi_line: false, dot_matches_new_line: true }),
            ),
            ("gte", Kind::Number(Comparison::Gte)),
            ("cidr", Kind::Cidr),
            ("exists", Kind::Exists),
            ("fieldref|endswith", Kind::FieldRef { place: Place::End, cased: false }),
            ("endswith|cased|fieldref", Kind::FieldRef { place: Place::End, cased: true }),
        ] {
            assert_eq!(read(chain), Ok(Meaning { test, all: false, negated: false }), "{chain}");
        }
        assert!(read("contains|all").unwrap().all);
        assert!(read("re|neq").unwrap().negated);
    }

    #[test]
    fn chains_that_mean_nothing_are_refused() {
        for (chain, complaint) in [
            ("contains|contains", "`|contains` does not go with `|contains`"),
            ("contains|startswith", "`|contains` does not go with `|startswith`"),
            ("contains|base64", "`|contains` does not go with `|base64`"),
            ("base64|wide|contains", "`|base64` does not go with `|utf16le`"),
            ("base64|windash", "`|base64` does not go with `|windash`"),
            ("wide|utf16", "`|utf16le` does not go with `|utf16`"),
            ("re|contains", "`|re` does not go with `|contains`"),
            ("re|cased", "`|re` does not go with `|cased`"),
            ("i|re", "`|i` does not go with `|re`"),
            ("i", "`|i` needs `|re` before it"),
            ("exists|all", "`|exists` does not go with `|all`"),
            ("cidr|contains", "`|cidr` does not go with `|contains`"),
            ("gt|lt", "`|gt` does not go with `|lt`"),
            ("gt|cased", "`|gt` does not go with `|cased`"),
            ("fieldref|windash", "`|fieldref` does not go with `|windash`"),
            ("wide", "`|utf16le` needs `|base64` or `|base64offset` after it"),
            ("base64offset", "`|base64offset` needs `|contains` after it"),
            ("base64offset|endswith", "`|base64offset` needs `|contains` after it"),
            ("hour", "`|hour` compares a part of a time"),
            ("re|week", "`|week` compares a part of a time"),
        ] {
            let found = read(chain).expect_err(chain);
            assert!(found.starts_with(complaint), "{chain}: {found}");
        }
    }
}
