//! The values of text items: placeholders, dashes, encodings and Base64, down to globs.

use super::base64;
use super::modifiers::{Base64, Encoding, Place, TextMeaning};
use super::refusal::{Reason, shown};
use crate::rules::globs::Text;
use crate::rules::settings::Placeholders;
use schtag::rules::{Glob, GlobPart};

/// The most globs for one value.
const MAX_VARIANTS: usize = 1000;

/// The globs that a value stands for; a field meets the value when it fits one of them.
///
/// # Errors
/// When the value cannot be what its modifiers say.
pub(super) fn globs(
    value: &str,
    meaning: TextMeaning,
    placeholders: &Placeholders,
) -> Result<Vec<Glob>, Reason> {
    let mut texts = if meaning.expand { expand(value, placeholders)? } else { vec![Text::parse(value)] };
    if meaning.windash {
        let mut variants = Vec::new();
        for text in texts {
            variants.extend(windash(text, value)?);
            within_limit(variants.len(), value)?;
        }
        texts = variants;
    }
    if meaning.base64 != Base64::No {
        let mut encoded = Vec::new();
        for text in texts {
            encoded.extend(in_base64(&text, meaning, value)?);
        }
        texts = encoded;
    }
    let globs = texts.into_iter().map(|text| {
        let text = match meaning.place {
            Place::Whole => text,
            Place::Start => text.before_anything(),
            Place::End => text.after_anything(),
            Place::Anywhere => text.after_anything().before_anything(),
        };
        text.into_glob(meaning.cased).map_err(|error| problem(value, error.to_string()))
    });
    globs.collect()
}

fn problem(value: &str, problem: impl Into<String>) -> Reason {
    Reason::Value { value: shown(value), problem: problem.into() }
}

fn within_limit(count: usize, value: &str) -> Result<(), Reason> {
    if count > MAX_VARIANTS {
        return Err(Reason::TooManyVariants { value: shown(value), limit: MAX_VARIANTS });
    }
    Ok(())
}

/// `%name%` becomes each of the placeholder's values; `\%` is a percent sign. The values are Sigma strings, and
/// an escape does not reach over their ends.
fn expand(value: &str, placeholders: &Placeholders) -> Result<Vec<Text>, Reason> {
    let mut texts = vec![Text::default()];
    let mut plain = String::new();
    let mut rest = value;
    let mut found = false;
    while let Some(char) = rest.chars().next() {
        let after = rest.get(char.len_utf8()..).unwrap_or_default();
        if char == '\\' && after.starts_with('\\') {
            plain.push_str(r"\\");
            rest = after.get(1..).unwrap_or_default();
        } else if char == '\\' && after.starts_with('%') {
            plain.push('%');
            rest = after.get(1..).unwrap_or_default();
        } else if let ('%', Some((name, after))) = (char, name(after)) {
            let values = placeholders.get(name).ok_or_else(|| Reason::Placeholder(name.to_owned()))?;
            within_limit(texts.len().saturating_mul(values.len()), value)?;
            found = true;
            let before = Text::parse(&std::mem::take(&mut plain));
            texts = texts
                .into_iter()
                .flat_map(|text| {
                    let before = &before;
                    values.iter().map(move |value| {
                        let mut text = text.clone();
                        text.append(before.clone());
                        text.append(Text::parse(value));
                        text
                    })
                })
                .collect();
            rest = after;
        } else {
            plain.push(char);
            rest = after;
        }
    }
    if !found {
        return Err(problem(value, "`|expand` needs a placeholder such as `%name%`"));
    }
    for text in &mut texts {
        text.append(Text::parse(&plain));
    }
    Ok(texts)
}

/// A placeholder's name up to its closing `%`, and what follows.
fn name(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('%')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    is_name.then_some((name, rest))
}

/// The characters that Windows programs take for one another at the start of an option.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Each `-` or `/` that begins an option (none of a word's characters before it, one after it) becomes every
/// one of [`DASHES`], as in pySigma.
fn windash(text: Text, value: &str) -> Result<Vec<Text>, Reason> {
    let mut texts = vec![Text::default()];
    for part in text.parts() {
        let GlobPart::Literal(literal) = part else {
            for text in &mut texts {
                text.append(Text::from(part.clone()));
            }
            continue;
        };
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let mut plain = String::new();
        let mut before = None;
        let mut chars = literal.chars().peekable();
        while let Some(char) = chars.next() {
            if matches!(char, '-' | '/') && !is_word(before) && is_word(chars.peek().copied()) {
                within_limit(texts.len().saturating_mul(DASHES.len()), value)?;
                let start = Text::literal(std::mem::take(&mut plain));
                texts = texts
                    .into_iter()
                    .flat_map(|text| {
                        let start = &start;
                        DASHES.into_iter().map(move |dash| {
                            let mut text = text.clone();
                            text.append(start.clone());
                            text.append(Text::literal(dash));
                            text
                        })
                    })
                    .collect();
            } else {
                plain.push(char);
            }
            before = Some(char);
        }
        for text in &mut texts {
            text.append(Text::literal(plain.as_str()));
        }
    }
    Ok(texts)
}

fn in_base64(text: &Text, meaning: TextMeaning, value: &str) -> Result<Vec<Text>, Reason> {
    let Some(literal) = text.as_literal() else {
        return Err(problem(value, "a wildcard cannot be put in Base64; escape it with a backslash"));
    };
    let bytes: Vec<u8> = match meaning.encoding {
        Encoding::Utf8 => literal.into_bytes(),
        Encoding::Utf16Le => literal.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => literal.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Utf16 => {
            std::iter::once(0xfeff).chain(literal.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        }
    };
    if bytes.is_empty() {
        return Err(problem(value, "there is nothing to put in Base64"));
    }
    if meaning.base64 == Base64::Whole {
        return Ok(vec![Text::literal(base64::encode(&bytes))]);
    }
    let offsets = base64::at_offsets(&bytes)
        .ok_or_else(|| problem(value, "too short for `|base64offset`: it would be found in any text"))?;
    Ok(offsets.into_iter().map(Text::literal).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders() -> Placeholders {
        [("admins", vec!["Alice", "adm_*"]), ("empty_text", vec![""]), ("tail", vec![r"C:\"])]
            .into_iter()
            .map(|(name, values)| (name.to_owned(), values.into_iter().map(str::to_owned).collect()))
            .collect()
    }

    fn written(value: &str, meaning: TextMeaning) -> Result<Vec<String>, String> {
        let globs = globs(value, meaning, &placeholders()).map_err(|reason| reason.to_string())?;
        let part = |part: &GlobPart| match part {
            GlobPart::Literal(text) => text.replace('*', "[*]"),
            GlobPart::Any => "*".into(),
            GlobPart::One => "?".into(),
        };
        Ok(globs.iter().map(|glob| glob.parts.iter().map(part).collect()).collect())
    }

    #[test]
    fn places() {
        for (place, glob) in [
            (Place::Whole, "ab?c"),
            (Place::Start, "ab?c*"),
            (Place::End, "*ab?c"),
            (Place::Anywhere, "*ab?c*"),
        ] {
            let meaning = TextMeaning { place, ..TextMeaning::default() };
            assert_eq!(written("Ab?C", meaning).unwrap(), [glob]);
        }
        let meaning = TextMeaning { place: Place::Anywhere, ..TextMeaning::default() };
        assert_eq!(written("*x*", meaning).unwrap(), ["*x*"]);
        assert_eq!(written("", meaning).unwrap(), ["*"]);
    }

    #[test]
    fn placeholders_are_expanded() {
        let meaning = TextMeaning { expand: true, ..TextMeaning::default() };
        assert_eq!(written(r"CORP\\%admins%", meaning).unwrap(), [r"corp\alice", r"corp\adm_*"]);
        assert_eq!(
            written("%admins%-%admins%", meaning).unwrap(),
            ["alice-alice", "alice-adm_*", "adm_*-alice", "adm_*-adm_*"]
        );
        assert_eq!(written(r"\%admins% %empty_text%", meaning).unwrap(), ["%admins% "]);
        assert_eq!(
            written(r"%tail%*", meaning).unwrap(),
            [r"c:\*"],
            "an escape does not reach out of a value"
        );
        assert_eq!(
            written("%nobody%", meaning).unwrap_err(),
            "the placeholder `%nobody%` has no values; give it some under `placeholders` in the settings"
        );
        assert!(written("100% of %", meaning).unwrap_err().contains("needs a placeholder"));
        let many = "%admins%".repeat(12);
        assert!(written(&many, meaning).unwrap_err().contains("more than 1000"));
        assert_eq!(written("%admins%", TextMeaning::default()).unwrap(), ["%admins%"]);
    }

    #[test]
    fn dashes_that_begin_an_option_are_exchanged() {
        let meaning = TextMeaning { windash: true, ..TextMeaning::default() };
        assert_eq!(written(" -x", meaning).unwrap(), [" -x", " /x", " –x", " —x", " ―x"]);
        assert_eq!(written("/create", meaning).unwrap()[0], "-create");
        assert_eq!(written("*-x", meaning).unwrap().len(), 5);
        assert_eq!(written("-a -b", meaning).unwrap().len(), 25);
        assert!(written("-a -b", meaning).unwrap().contains(&"/a —b".to_owned()));
        assert_eq!(written("--x", meaning).unwrap(), ["--x", "-/x", "-–x", "-—x", "-―x"]);
        for unchanged in ["a-b", "- x", "-", "a/b", "", "–x"] {
            assert_eq!(written(unchanged, meaning).unwrap(), [unchanged]);
        }
        assert!(written(&"-a ".repeat(5), meaning).unwrap_err().contains("more than 1000"));
    }

    #[test]
    fn encodings() {
        let base64 = TextMeaning { base64: Base64::Whole, cased: true, ..TextMeaning::default() };
        for (encoding, text) in [
            (Encoding::Utf8, "SUVY"),
            (Encoding::Utf16Le, "SQBFAFgA"),
            (Encoding::Utf16Be, "AEkARQBY"),
            (Encoding::Utf16, "//5JAEUAWAA="),
        ] {
            assert_eq!(written("IEX", TextMeaning { encoding, ..base64 }).unwrap(), [text]);
        }
        let offset = TextMeaning { base64: Base64::Offset, place: Place::Anywhere, ..base64 };
        assert_eq!(written("foobar", offset).unwrap(), ["*Zm9vYmFy*", "*Zvb2Jhc*", "*mb29iYX*"]);
        assert!(written("x", offset).unwrap_err().contains("too short"));
        assert!(written("", base64).unwrap_err().contains("nothing"));
        assert!(written("a*", base64).unwrap_err().contains("wildcard"));
        assert_eq!(written(r"a\*", base64).unwrap(), ["YSo="]);
    }
}
