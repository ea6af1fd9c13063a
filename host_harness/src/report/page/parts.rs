//! The small parts of the page.
use super::super::groups::{Group, Names};
use super::super::html::{line, link};
use super::super::tallies::Tallies;
use crate::rules::attack::technique_name;
use crate::rules::attack::technique_url;
use crate::text::time::rfc3339;
use schtag::rules::Level;
use std::fmt::Write;

/// The most rows of a table, and the number of them that show at first.
const ROWS: usize = 100;
const FIRST_ROWS: usize = 10;

/// Names by severity and number: the first ones, and the others folded.
pub(super) fn table(
    out: &mut String,
    heading: &str,
    unit: &str,
    tallies: &Tallies,
    cell: impl Fn(&str, &str) -> String,
) {
    let ranked = tallies.ranked();
    let _ = writeln!(
        out,
        "<h4>{heading}</h4>\n<div class=\"box\"><table><thead><tr><th class=\"level\">Most severe</th><th>Name</th>\
         <th class=\"number\">{unit}</th></tr></thead><tbody>"
    );
    for (index, (name, tally)) in ranked.iter().take(ROWS).enumerate() {
        if index == FIRST_ROWS {
            let more = grouped((ranked.len().min(ROWS) - FIRST_ROWS) as u64);
            let _ = writeln!(out, "</tbody></table><details><summary>{more} more</summary><table><tbody>");
        }
        let _ = writeln!(
            out,
            "<tr><td class=\"level\">{}</td><td>{}</td><td class=\"number\">{}</td></tr>",
            badge(tally.level, ""),
            cell(name, &tally.about),
            grouped(tally.count)
        );
    }
    out.push_str("</tbody></table>");
    if ranked.len() > FIRST_ROWS {
        out.push_str("</details>");
    }
    let more = ranked.len().saturating_sub(ROWS);
    if more > 0 || tallies.others > 0 {
        let least = if tallies.others > 0 { "at least " } else { "" };
        let _ =
            write!(out, "<p class=\"soft\">{least}{} more are not listed.</p>", grouped(more.max(1) as u64));
    }
    out.push_str("</div>\n");
}

/// A technique with its name.
pub(super) fn technique(id: &str) -> String {
    let well_formed = id.starts_with('T') && id.chars().skip(1).all(|c| c.is_ascii_digit() || c == '.');
    let shown = if well_formed { link(&technique_url(id), id) } else { line(id) };
    format!("{shown} {}", line(technique_name(id).unwrap_or_default()))
}

/// Some techniques, side by side.
pub(super) fn techniques<'t>(out: &mut String, ids: impl Iterator<Item = &'t str>) {
    let items: Vec<String> = ids.map(|id| format!("<li>{}</li>", technique(id))).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "<h4>ATT&amp;CK</h4>\n<ul class=\"inline\">{}</ul>", items.concat());
    }
}

/// A name for a rule's part of the page.
pub(super) fn anchor(id: &str) -> String {
    let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("rule-{plain}")
}

pub(super) fn badge(level: Level, more: &str) -> String {
    format!("<span class=\"badge {more} {0}\">{0}</span>", level.as_str())
}

/// Some names, each with its number where it is more than one.
pub(super) fn names(names: &Names, most: usize) -> String {
    let shown = names.kept.iter().take(most);
    let mut words: Vec<String> = shown
        .map(
            |(name, count)| {
                if *count > 1 { format!("{} ({})", line(name), grouped(*count)) } else { line(name) }
            },
        )
        .collect();
    let hidden = names.kept.len().saturating_sub(most) as u64;
    if hidden > 0 || names.others > 0 {
        let least = if names.others > 0 { "at least " } else { "" };
        words.push(format!("and {least}{} more", grouped(hidden.max(1))));
    }
    words.join(", ")
}

pub(super) fn period(group: &Group) -> String {
    match group.range {
        None => String::new(),
        Some((first, last)) if first == last => moment(first),
        Some((first, last)) => format!("{} to {}", moment(first), moment(last)),
    }
}

/// A time to the second.
pub(super) fn moment(milliseconds: i64) -> String {
    let text = rfc3339(milliseconds - milliseconds.rem_euclid(1_000));
    text.replace('T', " ").trim_end_matches('Z').to_owned()
}

pub(super) fn length(milliseconds: i64) -> String {
    let minutes = milliseconds / 60_000;
    let (count, unit) = match minutes {
        0..60 => (minutes, "minute"),
        60..1_440 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    several(count.unsigned_abs(), unit)
}

pub(super) fn several(count: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with commas between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
