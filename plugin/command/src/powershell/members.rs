//! Properties, methods and static methods of .NET on known values.
//!
//! Source: the pages of `System.String`, `System.Array`, `System.Convert`, `System.Uri`, `System.Text.Encoding` and
//! `System.Text.RegularExpressions.Regex` in the .NET API reference.

use schtag_task::case;
use std::rc::Rc;

use super::literals;
use super::operators::cast;
use super::values::{MAX_LIST, Text, Value, character, join, number};
use crate::decode::{base64, text as encodings};
use crate::environment;
use crate::work::Work;

/// `value.name`
#[inline(never)]
pub(super) fn property<'a>(value: &Value<'a>, name: &str, work: &Work) -> Option<Value<'a>> {
    let name = name.to_ascii_lowercase();
    match (value, name.as_str()) {
        (Value::Text(text), "length") => length(text.count(work)?),
        (Value::List(list), "length" | "count") => length(list.len()),
        // The properties of a match, whose value is its text.
        (Value::List(_) | Value::Text(_) | Value::Char(_), "value") => Some(value.clone()),
        (Value::Variable(name, _), "name") => Some(Value::text(*name)),
        (Value::Variable(_, value), "value") => Some(Value::text(*value)),
        _ => None,
    }
}

#[inline(never)]
fn length<'a>(count: usize) -> Option<Value<'a>> {
    i64::try_from(count).ok().map(Value::Int)
}

/// `[type]::name` without a call: an encoding.
pub(super) fn static_property<'a>(kind: &str, name: &str) -> Option<Value<'a>> {
    let name = name.to_ascii_lowercase();
    match kind {
        "text.encoding" => Some(Value::Type(["text.encoding.", &name].concat())),
        "string" if name == "empty" => Some(Value::text("")),
        _ => None,
    }
}

/// `value.name(arguments)`
#[inline(never)]
pub(super) fn method<'a>(
    value: Value<'a>,
    name: &str,
    arguments: &[Value<'a>],
    work: &Work,
) -> Option<Value<'a>> {
    let name = name.to_ascii_lowercase();
    match value {
        Value::Text(text) => of_text(&text, &name, arguments, work),
        Value::Char(c) => match name.as_str() {
            "tostring" => Some(Value::text(String::from(c))),
            _ => None,
        },
        Value::Int(_) if name == "tostring" && arguments.is_empty() => value.to_text(work).map(Value::Text),
        Value::List(_) if name == "getenumerator" => Some(value),
        Value::Type(kind) => {
            let encoding = kind.strip_prefix("text.encoding.")?;
            match (name.as_str(), arguments) {
                ("getstring", [bytes]) => string_of(encoding, bytes, work),
                ("getbytes", [text]) => bytes_of(encoding, text, work),
                _ => None,
            }
        }
        _ => None,
    }
}

#[inline(never)]
fn of_text<'a>(text: &Text<'a>, name: &str, arguments: &[Value<'a>], work: &Work) -> Option<Value<'a>> {
    let place =
        |index: usize| arguments.get(index).and_then(Value::to_int).and_then(|n| usize::try_from(n).ok());
    let given = |index: usize| arguments.get(index).and_then(|value| value.to_text(work));
    let count = arguments.len();
    match (name, count) {
        ("replace", 2) => {
            let (old, new) = (given(0)?, given(1)?);
            literals::replace(text.as_str(), old.as_str(), new.as_str(), work).map(Value::text)
        }
        ("tostring" | "normalize" | "clone" | "getenumerator", 0) => Some(Value::Text(text.clone())),
        ("tolower" | "tolowerinvariant", 0) => {
            work.walk(text.len(), 40).then(|| Value::text(case::to_lowercase(text.as_str())))
        }
        ("toupper" | "toupperinvariant", 0) => {
            work.walk(text.len(), 40).then(|| Value::text(case::to_uppercase(text.as_str())))
        }
        ("trim" | "trimstart" | "trimend", 0 | 1) => {
            work.walk(text.len(), 10).then_some(())?;
            let set = given(0);
            let cut = |c: char| set.as_ref().map_or(c.is_whitespace(), |set| set.as_str().contains(c));
            let mut trimmed = text.as_str();
            if name != "trimend" {
                trimmed = trimmed.trim_start_matches(cut);
            }
            if name != "trimstart" {
                trimmed = trimmed.trim_end_matches(cut);
            }
            Some(Value::text(trimmed.to_owned()))
        }
        ("substring", 1) => text.slice(place(0)?, usize::MAX, work).map(Value::text),
        ("substring", 2) => text.slice(place(0)?, place(1)?, work).map(Value::text),
        ("remove", 1) => text.slice(0, place(0)?, work).map(Value::text),
        ("remove", 2) => {
            let (from, count) = (place(0)?, place(1)?);
            let rest = text.slice(from.saturating_add(count), usize::MAX, work)?;
            Some(Value::text([text.slice(0, from, work)?.as_str(), rest.as_str()].concat()))
        }
        ("insert", 2) => {
            let at = place(0)?;
            let (before, behind) = (text.slice(0, at, work)?, text.slice(at, usize::MAX, work)?);
            Some(Value::text([before.as_str(), given(1)?.as_str(), behind.as_str()].concat()))
        }
        ("chars", 1) => Value::Text(text.clone()).index(arguments.first()?, work),
        ("tochararray", 0) => cast("char[]", Value::Text(text.clone()), work),
        ("split", _) => {
            let mut separators = Vec::new();
            for argument in arguments {
                match argument {
                    // Each letter of a text separates, in Windows PowerShell.
                    Value::Text(set) if set.len() <= 16 => {
                        separators.extend(set.as_str().chars().map(String::from));
                    }
                    Value::Char(c) => separators.push(String::from(*c)),
                    _ => return None,
                }
            }
            if separators.is_empty() {
                separators.push(" ".to_owned());
            }
            let mut pieces = Vec::new();
            literals::split(text, &separators, &mut pieces, work).map(|()| Value::list(pieces))
        }
        _ => None,
    }
}

/// The bytes that a value holds, at most as many as a literal.
#[inline(never)]
fn bytes<'a>(value: &Value<'a>, work: &Work) -> Option<Vec<u8>> {
    match value {
        Value::Base64(text) => {
            work.walk(text.len(), 25).then_some(())?;
            Some(base64::decode(text.as_str(), literals::MAX_LITERAL))
        }
        Value::List(list) => {
            work.walk(list.len(), 30).then_some(())?;
            list.iter().map(|byte| byte.to_int().and_then(|byte| u8::try_from(byte).ok())).collect()
        }
        _ => None,
    }
}

#[inline(never)]
fn string_of<'a>(encoding: &str, value: &Value<'a>, work: &Work) -> Option<Value<'a>> {
    let bytes = bytes(value, work)?;
    work.walk(bytes.len(), 20).then_some(())?;
    let text = match encoding {
        "unicode" => encodings::utf_16le(&bytes),
        "utf8" | "ascii" | "default" | "utf7" | "latin1" => String::from_utf8_lossy(&bytes).into_owned(),
        "bigendianunicode" => {
            let swapped: Vec<u8> =
                bytes.chunks_exact(2).flat_map(|pair| pair.iter().rev().copied()).collect();
            encodings::utf_16le(&swapped)
        }
        _ => return None,
    };
    Some(Value::text(text))
}

#[inline(never)]
fn bytes_of<'a>(encoding: &str, value: &Value<'a>, work: &Work) -> Option<Value<'a>> {
    let text = value.to_text(work)?;
    work.walk(text.len(), 120).then_some(())?;
    let mut list = Vec::with_capacity(text.len().min(MAX_LIST));
    match encoding {
        "unicode" => {
            for unit in text.as_str().encode_utf16().take(MAX_LIST >> 1) {
                list.extend(unit.to_le_bytes().map(|byte| Value::Int(i64::from(byte))));
            }
        }
        "utf8" | "ascii" | "default" => {
            list.extend(text.as_str().bytes().take(MAX_LIST).map(|byte| Value::Int(i64::from(byte))));
        }
        _ => return None,
    }
    Some(Value::list(list))
}

/// `[kind]::name(arguments)`
#[inline(never)]
pub(super) fn static_method<'a>(
    kind: &str,
    name: &str,
    arguments: Vec<Value<'a>>,
    work: &Work,
) -> Option<Value<'a>> {
    let name = name.to_ascii_lowercase();
    let text = |index: usize| arguments.get(index).and_then(|value| value.to_text(work));
    match (kind, name.as_str()) {
        ("string", "join") => {
            let separator = text(0)?;
            join(&flat(arguments.get(1..)?, work)?, separator.as_str(), work).map(Value::text)
        }
        ("string", "concat") => join(&flat(&arguments, work)?, "", work).map(Value::text),
        ("string", "format") => {
            let format = text(0)?;
            literals::format(format.as_str(), &flat(arguments.get(1..)?, work)?, work).map(Value::text)
        }
        ("string", "new") => join(&flat(&arguments, work)?, "", work).map(Value::text),
        ("convert", "frombase64string") => text(0).map(Value::Base64),
        ("convert", "tochar") => character(arguments.first()?.to_int()?).map(Value::Char),
        ("convert", "tostring") if arguments.len() == 1 => text(0).map(Value::Text),
        ("convert", _) if name.starts_with("toint") || name.starts_with("touint") || name == "tobyte" => {
            match arguments.get(1) {
                Some(base) => {
                    let base =
                        u32::try_from(base.to_int()?).ok().filter(|base| [2, 8, 10, 16].contains(base))?;
                    number(text(0)?.as_str(), base).map(Value::Int)
                }
                None => arguments.first()?.to_int().map(Value::Int),
            }
        }
        ("char", "convertfromutf32") => {
            character(arguments.first()?.to_int()?).map(|c| Value::text(String::from(c)))
        }
        ("uri", "unescapedatastring") => {
            literals::url_decoded(text(0)?.as_str(), false, work).map(Value::text)
        }
        ("web.httputility" | "net.webutility", "urldecode") => {
            literals::url_decoded(text(0)?.as_str(), true, work).map(Value::text)
        }
        ("regex" | "text.regularexpressions.regex", _) => regex(&name, &arguments, work),
        ("environment", "getenvironmentvariable") if arguments.len() == 1 => {
            environment::value(text(0)?.as_str()).map(Value::text)
        }
        _ => None,
    }
}

/// Arguments, with the values of a list in place of the list.
#[inline(never)]
fn flat<'a>(arguments: &[Value<'a>], work: &Work) -> Option<Vec<Value<'a>>> {
    let mut list = Vec::new();
    for argument in arguments {
        match argument {
            Value::List(values) => {
                work.walk(values.len(), 40).then_some(())?;
                list.extend(values.iter().cloned());
            }
            other => list.push(other.clone()),
        }
    }
    Some(list)
}

#[inline(never)]
fn regex<'a>(name: &str, arguments: &[Value<'a>], work: &Work) -> Option<Value<'a>> {
    let text = |index: usize| arguments.get(index).and_then(|value| value.to_text(work));
    match name {
        "matches" => {
            let (input, pattern) = (text(0)?, text(1)?);
            let width = literals::any_characters(pattern.as_str())?;
            let backwards = text(2).is_some_and(|options| {
                let named = options.as_str().to_ascii_lowercase();
                named.contains("righttoleft") || named == "64"
            });
            if width == 1 {
                return of_chars(input.as_str(), backwards, work);
            }
            let mut pieces = Vec::new();
            literals::chunks(&input, width, &mut pieces, work)?;
            (!backwards).then(|| Value::list(pieces))
        }
        "replace" => {
            let (input, pattern, new) = (text(0)?, text(1)?, text(2)?);
            literals::replace_pattern(input.as_str(), pattern.as_str(), new.as_str(), true, work)
                .map(Value::text)
        }
        "split" => {
            let (input, pattern) = (text(0)?, text(1)?);
            let separators = literals::alternatives(pattern.as_str())?;
            let mut pieces = Vec::new();
            literals::split(&input, &separators, &mut pieces, work).map(|()| Value::list(pieces))
        }
        "unescape" => literals::unescaped(text(0)?.as_str(), work).map(Value::text),
        _ => None,
    }
}

#[inline(never)]
fn of_chars<'a>(text: &str, backwards: bool, work: &Work) -> Option<Value<'a>> {
    work.walk(text.len(), 30).then_some(())?;
    let chars = text.chars().map(Value::Char);
    Some(Value::list(if backwards { chars.rev().collect() } else { chars.collect() }))
}

/// The values of a list in reverse order: what `[array]::Reverse` leaves in its argument.
#[inline(never)]
pub(super) fn reversed<'a>(value: &Value<'a>, work: &Work) -> Option<Value<'a>> {
    let Value::List(list) = value else { return None };
    work.walk(list.len(), 40).then(|| Value::List(Rc::new(list.iter().rev().cloned().collect())))
}

/// Automatic variables of known value, out of whose names and values letters are picked.
/// Source: about_Automatic_Variables and about_Preference_Variables.
pub(super) const AUTOMATIC: &[(&str, &str)] = &[
    ("PSHOME", r"C:\Windows\System32\WindowsPowerShell\v1.0"),
    ("ShellId", "Microsoft.PowerShell"),
    ("VerbosePreference", "SilentlyContinue"),
    ("DebugPreference", "SilentlyContinue"),
    ("InformationPreference", "SilentlyContinue"),
    ("WarningPreference", "Continue"),
    ("ErrorActionPreference", "Continue"),
    ("ProgressPreference", "Continue"),
    ("ConfirmPreference", "High"),
    ("MaximumAliasCount", "4096"),
    ("MaximumDriveCount", "4096"),
    ("MaximumErrorCount", "256"),
    ("MaximumFunctionCount", "4096"),
    ("MaximumHistoryCount", "4096"),
    ("MaximumVariableCount", "4096"),
    ("OutputEncoding", ""),
    ("PSDefaultParameterValues", ""),
    ("PSEmailServer", ""),
    ("PSVersionTable", ""),
    ("PSSessionApplicationName", "wsman"),
    ("PSSessionConfigurationName", "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"),
    ("ExecutionContext", ""),
    ("HOME", r"C:\Users\%USERNAME%"),
    ("Host", ""),
    ("NestedPromptLevel", "0"),
    ("WhatIfPreference", "False"),
    ("FormatEnumerationLimit", "4"),
];

/// The one automatic variable whose name fits a pattern, as `Get-Variable` finds it.
pub(super) fn variable_like(pattern: &str) -> Option<(&'static str, &'static str)> {
    const LONGEST: usize = 40;
    let name = pattern.rsplit([':', '\\', '/']).next().unwrap_or(pattern);
    if name.len() > LONGEST {
        return None;
    }
    let mut fitting = AUTOMATIC.iter().filter(|(known, _)| literals::is_like(known, name));
    let found = fitting.next()?;
    fitting.next().is_none().then_some(*found)
}
