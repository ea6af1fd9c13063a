//! Whole numbers in any spelling, without floating point: an event id or record id must be exact.

/// The value of a JSON number that is whole, not negative and at most [`u64::MAX`], such as `4698`,
/// `4698.0`, `4.698e3` or `46980e-1`. Leading zeros are tolerated, as text has them.
pub(super) fn whole(spelling: &[u8]) -> Option<u64> {
    few_digits(spelling).or_else(|| any_spelling(spelling))
}

/// The same of a few digits and nothing else, as nearly all numbers are.
fn few_digits(spelling: &[u8]) -> Option<u64> {
    if spelling.is_empty() || spelling.len() > 9 {
        return None;
    }
    let mut value = 0u32;
    for byte in spelling {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // Nine digits fit.
        value = value.wrapping_mul(10).wrapping_add(u32::from(digit));
    }
    Some(u64::from(value))
}

#[inline(never)]
fn any_spelling(spelling: &[u8]) -> Option<u64> {
    let (negative, digits) = match spelling.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, spelling),
    };
    let mark = digits.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(digits.len());
    let (mantissa, exponent) = digits.split_at_checked(mark)?;
    let exponent = if exponent.is_empty() { 0 } else { signed(exponent.get(1..)?)? };
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = mantissa.split_at_checked(point)?;
    let fraction = match fraction.split_first() {
        Some((_, [])) => return None,
        Some((_, fraction)) => fraction,
        None => fraction,
    };
    if whole.is_empty() {
        return None;
    }
    // The number of digits before the point once the exponent has moved it.
    let mut before = i64::try_from(whole.len()).ok()?.saturating_add(exponent);
    let mut value = 0u64;
    for byte in whole.iter().chain(fraction) {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        if before > 0 {
            value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        } else if digit != 0 {
            return None;
        }
        before = before.saturating_sub(1);
    }
    // Ends within 20 steps: the value overflows.
    while before > 0 && value != 0 {
        value = value.checked_mul(10)?;
        before = before.saturating_sub(1);
    }
    (!negative || value == 0).then_some(value)
}

/// Digits with an optional sign, held within what an `i64` can be.
fn signed(spelling: &[u8]) -> Option<i64> {
    let (negative, digits) = match spelling.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, spelling),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value = value.saturating_mul(10).saturating_add(i64::from(digit));
    }
    Some(if negative { value.saturating_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn reads_every_spelling_of_a_whole_number() {
        for (spelling, value) in [
            ("0", 0),
            ("-0", 0),
            ("0.000", 0),
            ("0e99999999999999999999", 0),
            ("-0.0e5", 0),
            ("4698", 4698),
            ("004698", 4698),
            ("4698.0", 4698),
            ("4.698e3", 4698),
            ("4.698E+3", 4698),
            ("46980e-1", 4698),
            ("4698000e-3", 4698),
            ("0.4698e4", 4698),
            ("9007199254740993", 9_007_199_254_740_993),
            ("18446744073709551615", u64::MAX),
            ("18446744073709551615.00", u64::MAX),
            ("1844674407370955161.5e1", u64::MAX),
            ("1e19", 10_000_000_000_000_000_000),
        ] {
            assert_eq!(whole(spelling.as_bytes()), Some(value), "{spelling}");
        }
    }

    #[test]
    fn everything_else_is_not_one() {
        for spelling in [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "e",
            "1e",
            "1e+",
            "-1",
            "-1e0",
            "0.5",
            "4698.5",
            "46981e-1",
            "1e-1",
            "1e20",
            "18446744073709551616",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "0x10",
            "1 2",
            "1,2",
            "+1",
            "--1",
            "1.2.3",
            "1e2e3",
            "1e2.0",
            "nan",
            "四",
            "12a",
        ] {
            assert_eq!(whole(spelling.as_bytes()), None, "{spelling}");
        }
    }
}
