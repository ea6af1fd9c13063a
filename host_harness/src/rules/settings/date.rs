//! Calendar dates, as far as the settings need them.

use crate::text::time::day;

/// Unix time in seconds of the last second of a day (UTC) written `YYYY-MM-DD`, or `None` when there is no
/// such day. Years 1970 to 9999.
pub(super) fn end_of_day(date: &str) -> Option<u64> {
    let next = u64::try_from(day(date)?).ok()? + 1;
    Some(next * 86_400 - 1)
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
