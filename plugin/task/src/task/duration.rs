//! ISO 8601 durations, as the Task Scheduler writes them: `PT5M`, `P1D`, `PT1H30M`, `P1Y2M3DT4H`.
//!
//! Also as .NET writes them where something decoded the definition: `00:05:00`, `1.00:00:00`, `24:00:00`.
//!
//! Sources: `xs:duration` of W3C XML Schema part 2, 3.2.6, which the Task Scheduler schema uses; `TimeSpan.ToString`
//! (<https://learn.microsoft.com/dotnet/standard/base-types/standard-timespan-format-strings>).

use super::text;

/// The length of a duration in whole seconds; fractions of a second are dropped.
///
/// Years and months have no fixed length: they count as 365 and 30 days. `None` when the text is not a
/// duration, is negative, or does not fit.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text::trim(text);
    let Some(text) = text.strip_prefix('P') else { return clock(text) };
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let days = sum(date, &[('Y', 365 * DAY), ('M', 30 * DAY), ('W', 7 * DAY), ('D', DAY)])?;
    match time {
        None if date.is_empty() => None,
        None => Some(days),
        Some("") => None,
        Some(time) => days.checked_add(sum(time, &[('H', 3600), ('M', 60), ('S', 1)])?),
    }
}

const DAY: u64 = 86_400;

/// Hours, minutes and seconds between colons, before them days and a dot.
#[inline(never)]
fn clock(text: &str) -> Option<u64> {
    let (mut total, mut number, mut digits, mut colons) = (0_u64, 0_u64, 0_u8, 0_u8);
    for byte in text.bytes() {
        let unit = match byte {
            b'0'..=b'9' => {
                number = number.checked_mul(10)?.checked_add(u64::from(byte.wrapping_sub(b'0')))?;
                digits = 1;
                continue;
            }
            b':' => 60,
            b'.' if colons == 0 => 24,
            // A fraction.
            b'.' if colons == 2 => break,
            _ => return None,
        };
        if digits == 0 {
            return None;
        }
        total = total.checked_add(number)?.checked_mul(unit)?;
        (number, digits) = (0, 0);
        colons = colons.saturating_add(u8::from(byte == b':'));
    }
    if colons == 2 && digits > 0 { total.checked_add(number) } else { None }
}

/// Adds up numbers that are each followed by one of the units, the units in their order.
fn sum(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut units = units.iter();
    let mut total = 0_u64;
    while !text.is_empty() {
        let (number, rest) = text.split_at_checked(text.find(|c: char| c.is_ascii_alphabetic())?)?;
        let mut rest = rest.chars();
        let letter = rest.next()?;
        let (_, unit) = units.find(|(name, _)| *name == letter)?;
        total = total.checked_add(whole(number, letter)?.checked_mul(*unit)?)?;
        text = rest.as_str();
    }
    Some(total)
}

/// The whole part of a number. Only seconds may have a fraction.
fn whole(number: &str, unit: char) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if unit == 'S' => (whole, fraction),
        Some(_) => return None,
        None => (number, "0"),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && digits(fraction) { whole.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_of_real_tasks() {
        for (text, expected) in [
            ("PT1M", 60),
            ("PT5M", 300),
            ("PT72H", 259_200),
            ("P3D", 259_200),
            ("P1D", 86_400),
            ("PT1H30M", 5_400),
            ("PT0S", 0),
            ("PT1.9S", 1),
            ("P1W", 604_800),
            ("P1Y2M3DT4H5M6S", 365 * 86_400 + 63 * 86_400 + 4 * 3_600 + 5 * 60 + 6),
            (" PT10M\n", 600),
            ("00:05:00", 300),
            ("24:00:00", 86_400),
            ("1.00:00:30.5", 86_430),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_a_duration() {
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "PT5",
            "5M",
            "T5M",
            "P5S",
            "PT1D",
            "PT5M1H",
            "PT5M5M",
            "-PT5M",
            "PT-5M",
            "PT+5M",
            "P1.5D",
            "PT.5S",
            "PT5.S",
            "PT1..5S",
            "pt5m",
            "PT5Mx",
            "PTM",
            "PT5M T",
            "P1DT",
            "P１D",
            "PT99999999999999999999S",
            "P99999999999999999Y",
            "PTT5M",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_is_written(d in 0..10_000_u64, h in 0..1_000_u64, m in 0..1_000_u64, s in 0..100_000_u64) {
            prop_assert_eq!(
                seconds(&format!("P{d}DT{h}H{m}M{s}S")),
                Some(d * 86_400 + h * 3_600 + m * 60 + s)
            );
        }

        #[test]
        fn never_panics(text in "P?[0-9A-Z.T-]{0,30}|.{0,20}") {
            let _ = seconds(&text);
        }
    }
}
