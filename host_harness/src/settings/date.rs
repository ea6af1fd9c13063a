//! Calendar dates, as far as the settings need them.

/// Unix time in seconds of the last second of a day (UTC) written `YYYY-MM-DD`, or `None` when there is no
/// such day. Years 1970 to 9999.
pub(super) fn end_of_day(date: &str) -> Option<u64> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    if !date.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    let (year, month, day): (u64, u64, u64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if year < 1970 || day == 0 || day > length {
        return None;
    }
    let before = year.checked_sub(1)?;
    let leap_days = before / 4 - before / 100 + before / 400 - 477;
    let months: u64 = lengths.iter().take(usize::try_from(month).ok()?.checked_sub(1)?).sum();
    let days = (year - 1970) * 365 + leap_days + months + day;
    Some(days * 86_400 - 1)
}

#[cfg(test)]
mod tests {
    use super::end_of_day;

    #[test]
    fn the_last_second_of_a_day() {
        for (date, unix) in [
            ("1970-01-01", Some(86_399)),
            ("2000-02-29", Some(951_868_799)),
            ("2001-03-01", Some(983_491_199)),
            ("2026-12-31", Some(1_798_761_599)),
            ("2100-03-01", Some(4_107_628_799)),
            ("2100-02-29", None),
            ("2026-13-01", None),
            ("2026-00-01", None),
            ("2026-01-00", None),
            ("2026-1-1", None),
            ("+026-01-01", None),
            ("1969-12-31", None),
            ("2026-01-01T00:00", None),
            ("", None),
        ] {
            assert_eq!(end_of_day(date), unix, "{date}");
        }
    }
}
