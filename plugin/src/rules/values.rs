//! Tests of values that are not text patterns.
use super::{Cidr, Comparison, Relation};
use std::net::IpAddr;

impl Comparison {
    /// Returns whether `left` compares so to `right`.
    pub(crate) fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Lt => left < right,
            Self::Lte => left <= right,
            Self::Gt => left > right,
            Self::Gte => left >= right,
            Self::Eq => left == right,
            Self::Neq => left != right,
        }
    }

    /// Returns whether a value is a number that compares so.
    pub(super) fn matches(self, value: &str, number: f64) -> bool {
        decimal(value.trim()).is_some_and(|parsed| self.holds(parsed, number))
    }
}

/// Reads a decimal number: a sign, digits, and a fraction. It is exact up to 15 digits. The standard library reads more,
/// such as exponents, with 16 KiB of tables and code.
fn decimal(text: &str) -> Option<f64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mut number, mut scale) = (0.0_f64, 1.0_f64);
    let (mut any, mut fraction) = (false, false);
    for byte in digits.bytes() {
        match byte {
            b'.' if !fraction => fraction = true,
            b'0'..=b'9' => {
                any = true;
                number = number * 10.0 + f64::from(byte.wrapping_sub(b'0'));
                scale *= if fraction { 10.0 } else { 1.0 };
            }
            _ => return None,
        }
    }
    let number = number / scale;
    any.then_some(if negative { -number } else { number })
}

impl Cidr {
    /// Returns whether a value is an address within the network.
    pub(crate) fn matches(self, value: &str) -> bool {
        match (self.network, value.trim().parse::<IpAddr>()) {
            (IpAddr::V4(network), Ok(IpAddr::V4(address))) => {
                same_prefix(u128::from(network.to_bits()), u128::from(address.to_bits()), 32, self.prefix)
            }
            (IpAddr::V6(network), Ok(IpAddr::V6(address))) => {
                same_prefix(network.to_bits(), address.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, width: u32, prefix: u8) -> bool {
    let ignored = width.saturating_sub(u32::from(prefix));
    (left ^ right).checked_shr(ignored).unwrap_or(0) == 0
}

impl Relation {
    /// Returns whether `left` relates so to `right`.
    pub(super) fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equals => left == right,
            Self::Contains => left.contains(right),
            Self::StartsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_numbers() {
        assert!(Comparison::Gt.matches("10", 9.0));
        assert!(Comparison::Lte.matches(" 9.0 ", 9.0));
        assert!(!Comparison::Gt.matches("ten", 9.0));
        assert!(!Comparison::Neq.matches("", 9.0));
    }

    #[test]
    fn decimal_numbers_are_those_of_the_standard_library() {
        for text in
            ["0", "-0", "+7", "12.5", ".5", "5.", "-3.25", "0.1", "123456789012345", "0.000001", "4698"]
        {
            assert_eq!(decimal(text), text.parse().ok(), "{text}");
        }
        for text in ["", ".", "-", "+-1", "1.2.3", "1e3", "inf", "NaN", "0x10", "1 000", "\u{661}"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn networks_hold_their_own_addresses() {
        for (network, prefix, value, expected) in [
            ("10.0.0.0", 8, "10.255.1.1", true),
            ("10.0.0.0", 8, "11.0.0.1", false),
            ("0.0.0.0", 0, "8.8.8.8", true),
            ("192.168.1.1", 32, "192.168.1.1", true),
            ("fe80::", 10, "febf::1", true),
            ("fe80::", 10, "fec0::1", false),
            ("::", 0, "10.0.0.1", false),
            ("10.0.0.0", 8, "not an address", false),
        ] {
            let cidr = Cidr { network: network.parse().unwrap(), prefix };
            assert_eq!(cidr.matches(value), expected, "{value} in {network}/{prefix}");
        }
    }
}
