//! The time of an event, in whatever form its shipper writes it.
//!
//! jiff does the arithmetic of the calendar. It reads two of these forms, and no zone without a colon nor a comma before a
//! fraction, so the forms are read here.

use jiff::Timestamp;
use jiff::civil::{Date, date};

/// Milliseconds since 1970 (UTC) of a time such as these, or `None`:
///
/// - `2026-03-02T09:14:07.123Z`, `2026-03-02 09:14:07 +0100`, and the same without a zone, which is taken for UTC;
/// - `03/02/2026 09:14:07 AM`, as Splunk has it;
/// - `/Date(1772439247123)/`, as `ConvertTo-Json` of Windows PowerShell has it;
/// - seconds since 1970, also with a fraction, or milliseconds.
///
/// Years 1970 to 9999.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let of_json = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")?.parse().ok());
    let time = of_json.or_else(|| number(text)).or_else(|| splunk(text)).or_else(|| calendar(text));
    time.filter(|time| (0..YEAR_10000).contains(time))
}

/// The first millisecond of the year 10000.
const YEAR_10000: i64 = 253_402_300_800_000;

/// Milliseconds since 1970 as `2026-03-02T08:14:07Z`, with milliseconds where there are some.
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    let latest = if milliseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(latest);
    if milliseconds % 1_000 == 0 { time.to_string() } else { format!("{time:.3}") }
}

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

fn number(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(9..=13).contains(&whole.len()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    // Seconds reach twelve digits in the year 5138.
    if text.len() >= 12 && fraction.is_empty() {
        return Some(whole);
    }
    Some(whole * 1_000 + thousandths(fraction)?)
}

/// The first three digits of a fraction.
fn thousandths(fraction: &str) -> Option<i64> {
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    digits.parse().ok()
}

fn splunk(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(' ')?;
    let (clock, half) = rest.split_once(' ')?;
    let mut date = date.split('/');
    let (month, day, year) = (two(date.next()?)?, two(date.next()?)?, four(date.next()?)?);
    let (time, _) = clock_time(clock)?;
    let hour = time / 3_600_000;
    let time = match (half, hour) {
        ("AM", 12) => time - 12 * 3_600_000,
        ("PM", 1..=11) => time + 12 * 3_600_000,
        ("AM" | "PM", _) => time,
        _ => return None,
    };
    Some(days(year, month, day)? * DAY + time)
}

fn calendar(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = clock_time(rest)?;
    Some(day(date)? * DAY + time - zone(rest.trim_start())?)
}

/// Days since 1970 of a date written `YYYY-MM-DD`, or `None` when there is no such day. Years 1970 to 9999.
pub(crate) fn day(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) = (four(parts.next()?)?, two(parts.next()?)?, two(parts.next()?)?);
    if parts.next().is_none() { days(year, month, day) } else { None }
}

/// `hh:mm:ss` with any fraction, in milliseconds, and what follows.
fn clock_time(text: &str) -> Option<(i64, &str)> {
    let (clock, rest) = text.split_at_checked(8)?;
    let mut parts = clock.split(':');
    let (hour, minute, second) = (two(parts.next()?)?, two(parts.next()?)?, two(parts.next()?)?);
    // A leap second is counted with the second before it.
    // ISO 8601 and XML know the end of a day as the hour 24.
    let is_midnight = hour == 24 && minute == 0 && second == 0;
    if hour > 23 && !is_midnight || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => {
            rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))?
        }
        None => ("", rest),
    };
    Some(((hour * 3_600 + minute * 60 + second.min(59)) * 1_000 + thousandths(fraction)?, rest))
}

/// Returns how far a zone is before UTC, in milliseconds.
fn zone(text: &str) -> Option<i64> {
    let (sign, rest) = match text.chars().next() {
        None | Some('Z' | 'z') if text.len() <= 1 => return Some(0),
        Some('+') => (1, text.strip_prefix('+')?),
        Some('-') => (-1, text.strip_prefix('-')?),
        _ => return None,
    };
    let digits = rest.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { two(minutes)? };
    Some(sign * (two(hours)? * 60 + minutes) * 60_000)
}

fn two(text: &str) -> Option<i64> {
    figures(text, 2)
}

fn four(text: &str) -> Option<i64> {
    figures(text, 4)
}

fn figures(text: &str, count: usize) -> Option<i64> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Days since 1970 of a date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let date_of = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    (year >= 1970).then(|| date_of.duration_since(date(1970, 1, 1)).as_hours() / 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_known_shippers_are_read() {
        for (text, expected) in [
            ("2026-03-02 09:14:07 +0100", "2026-03-02T08:14:07Z"),
            ("2026-03-02T09:14:07.1234567Z", "2026-03-02T09:14:07.123Z"),
            ("2026-03-02T09:14:07.1-05:30", "2026-03-02T14:44:07.100Z"),
            ("2026-03-02 09:14:07", "2026-03-02T09:14:07Z"),
            ("2026-03-02 09:14:07.120 UTC", ""),
            ("03/02/2026 12:14:07 AM", "2026-03-02T00:14:07Z"),
            ("03/02/2026 09:14:07 PM", "2026-03-02T21:14:07Z"),
            ("/Date(1772356953123)/", "2026-03-01T09:22:33.123Z"),
            ("1772356953.123", "2026-03-01T09:22:33.123Z"),
            ("1772356953", "2026-03-01T09:22:33Z"),
            ("1772356953123", "2026-03-01T09:22:33.123Z"),
            ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59Z"),
            ("2026-02-28T24:00:00Z", "2026-03-01T00:00:00Z"),
            ("2026-02-28T24:00:01Z", ""),
            ("2023-02-29T00:00:00Z", ""),
            ("2026-03-02", ""),
            ("yesterday", ""),
            ("", ""),
            ("2026-03-02T25:00:00Z", ""),
            ("é026-03-02T09:14:07Z", ""),
        ] {
            assert_eq!(milliseconds(text).map(rfc3339).unwrap_or_default(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(time in 0..YEAR_10000) {
            prop_assert_eq!(milliseconds(&rfc3339(time)), Some(time));
        }

        #[test]
        fn any_text_is_taken(text in r"[0-9:/TZ+ .-]{0,30}|\PC{0,20}") {
            milliseconds(&text);
        }
    }
}
