//! Edits within the record's own bytes, for when there is no memory for another copy of it.
use super::text::stands_for;
use super::walk::Walker;
use memchr::{memchr, memrchr};

/// The bytes, besides those of `member`, that [`append_in_place`] and [`wrap_in_place`] need after a text.
pub const MORE: usize = 16;

/// Overwrites each member of the valid object `text` whose key, unescaped, is `key` with blanks, and one comma
/// beside it. Whether there was one. Allocates nothing.
pub fn blank_members(text: &mut [u8], key: &str) -> bool {
    let Some(start) = memchr(b'{', text) else { return false };
    let mut at = start.saturating_add(1);
    let mut found = false;
    // The commas after the last member that stays, and before the one that is looked at.
    let mut kept = false;
    loop {
        let mut walker = Walker::resume(text, at);
        let Some((member, _)) = walker.member() else { return found };
        let behind = walker.at();
        let name = text.get(member.key_start as usize..member.key_end as usize).unwrap_or_default();
        if stands_for(name, key) {
            found = true;
            let from = (member.key_start as usize).saturating_sub(1);
            if let Some(bytes) = text.get_mut(from..behind) {
                bytes.fill(b' ');
            }
            // After a member that stays, remove the comma before this one; else the comma after it.
            if kept {
                let comma =
                    text.get(at..from).and_then(|gap| memchr(b',', gap)).map(|gap| at.wrapping_add(gap));
                blank(text, comma);
            } else {
                let comma = text.get(behind..).and_then(next_comma).map(|gap| behind.wrapping_add(gap));
                blank(text, comma);
            }
        } else {
            kept = true;
        }
        at = behind;
    }
}

/// Where a comma stands, if nothing but white space is before it.
fn next_comma(rest: &[u8]) -> Option<usize> {
    let at = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))?;
    (rest.get(at) == Some(&b',')).then_some(at)
}

fn blank(text: &mut [u8], at: Option<usize>) {
    if let Some(byte) = at.and_then(|at| text.get_mut(at)) {
        *byte = b' ';
    }
}

/// Adds `member` (a key with its quotes, a colon, a value) to the valid object of `len` bytes that `copy` begins
/// with, before its last brace. The new length; `None`, and nothing done, where there is no brace or no room.
pub fn append_in_place(copy: &mut [u8], len: usize, member: &[u8]) -> Option<usize> {
    let text = copy.get(..len)?;
    let brace = memrchr(b'}', text)?;
    let empty = text.get(..brace)?.trim_ascii_end().ends_with(b"{");
    let comma: &[u8] = if empty { b"" } else { b"," };
    insert(copy, len, brace, &[comma, member])
}

/// Makes of any `len` bytes that `copy` begins with the object `{"log":"…",MEMBER}`, as
/// [`wrap`](super::wrap) does, but within the room that there is: quotes become `'`, backslashes `/`, control
/// characters blanks, and bytes that are not UTF-8 `?`. The new length; `None`, and nothing of use left, where
/// there is no room.
pub fn wrap_in_place(copy: &mut [u8], len: usize, member: &[u8]) -> Option<usize> {
    soften(copy.get_mut(..len)?);
    let len = insert(copy, len, len, &[b"\",", member, b"}"])?;
    insert(copy, len, 0, &[b"{\"log\":\""])
}

/// Replaces what may not stand in a JSON string, byte for byte.
fn soften(text: &mut [u8]) {
    let mut at = 0_usize;
    while let Some(rest) = text.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let (valid, invalid) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid.len(), 0),
            Err(error) => {
                let unended = rest.len().wrapping_sub(error.valid_up_to());
                (error.valid_up_to(), error.error_len().unwrap_or(unended))
            }
        };
        let (valid, broken) = rest.split_at_mut_checked(valid).unwrap_or_default();
        for byte in valid.iter_mut() {
            match *byte {
                b'"' => *byte = b'\'',
                b'\\' => *byte = b'/',
                0..0x20 | 0x7f => *byte = b' ',
                _ => {}
            }
        }
        let step = valid.len().saturating_add(invalid);
        broken.iter_mut().take(invalid).for_each(|byte| *byte = b'?');
        at = at.saturating_add(step.max(1));
    }
}

/// Moves the bytes from `at` on and writes `parts` there. Returns the new length.
fn insert(copy: &mut [u8], len: usize, at: usize, parts: &[&[u8]]) -> Option<usize> {
    let added = parts.iter().map(|part| part.len()).fold(0, usize::saturating_add);
    let longer = len.checked_add(added).filter(|longer| *longer <= copy.len())?;
    let behind = at.saturating_add(added);
    if at > len {
        return None;
    }
    copy.copy_within(at..len, behind);
    let mut next = at;
    for part in parts {
        let end = next.saturating_add(part.len());
        copy.get_mut(next..end)?.copy_from_slice(part);
        next = end;
    }
    Some(longer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;
    use proptest::prelude::*;

    const MEMBER: &[u8] = br#""k":{"n":1}"#;

    fn edited(text: &[u8], edit: impl Fn(&mut [u8], usize, &[u8]) -> Option<usize>) -> Vec<u8> {
        let mut copy = text.to_vec();
        copy.resize(text.len() + MEMBER.len() + MORE, 0);
        let len = edit(&mut copy, text.len(), MEMBER).unwrap();
        copy.truncate(len);
        Scanner::default().scan(&copy).unwrap_or_else(|error| panic!("{error:?}: {}", copy.escape_ascii()));
        copy
    }

    #[test]
    fn members_are_blanked_with_one_comma_each() {
        for (text, expected) in [
            (r#"{"k":1}"#, "{     }"),
            (r#"{"k":1,"a":2}"#, r#"{      "a":2}"#),
            (r#"{"k":1 , "a":2}"#, r#"{        "a":2}"#),
            (r#"{"a":2,"k":1}"#, r#"{"a":2      }"#),
            (r#"{"a":1 ,"k":2, "b":3}"#, r#"{"a":1       , "b":3}"#),
            (r#"{"k":1,"k":[2,{"k":3}],"a":{"k":4},"k":5}"#, r#"{                      "a":{"k":4}      }"#),
            (r#"{"\u006b":1,"\u006B":2}"#, "{                     }"),
            (r#"{"a":1}"#, r#"{"a":1}"#),
            ("{}", "{}"),
        ] {
            let mut copy = text.as_bytes().to_vec();
            assert_eq!(blank_members(&mut copy, "k"), text != expected, "{text}");
            Scanner::default().scan(&copy).unwrap();
            assert_eq!(String::from_utf8(copy).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_member_is_added_where_append_member_adds_it() {
        for text in ["{}", "{ }", r#"{"a":1}"#, "{\"a\":{}\n}\r\n", r#"{"a":"}{"}"#] {
            let mut expected = Vec::new();
            crate::json::append_member(&mut expected, text.as_bytes(), "k", br#"{"n":1}"#).unwrap();
            assert_eq!(edited(text.as_bytes(), append_in_place), expected, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_done() {
        let mut copy = *b"{\"a\":1}....";
        assert_eq!(append_in_place(&mut copy, 7, MEMBER), None);
        assert_eq!(&copy, b"{\"a\":1}....");
        assert_eq!(append_in_place(&mut copy, 99, MEMBER), None);
        assert_eq!(wrap_in_place(&mut copy, 7, MEMBER), None);
    }

    #[test]
    fn any_text_is_wrapped() {
        let wrapped = edited(b"a\"b\\c\n\xff\xe2\x82 \xc3\xa9\x7f", wrap_in_place);
        assert_eq!(wrapped, "{\"log\":\"a'b/c ??? é \",\"k\":{\"n\":1}}".as_bytes());
    }

    proptest! {
        #[test]
        fn whatever_is_wrapped_is_an_object(text in proptest::collection::vec(any::<u8>(), 0..64)) {
            edited(&text, wrap_in_place);
        }

        #[test]
        fn blanking_takes_away_what_remove_members_does(
            names in proptest::collection::vec(prop_oneof!["k", "a", r"\u006b", "kk"], 0..6),
            gap in prop_oneof!["", " ", "\n "],
        ) {
            let members: Vec<String> =
                names.iter().map(|name| format!("{gap}\"{name}\"{gap}:{gap}[1,{{\"k\":2}}]{gap}")).collect();
            let text = format!("{{{}}}", members.join(","));
            let mut copy = text.clone().into_bytes();
            blank_members(&mut copy, "k");
            let mut scanner = Scanner::default();
            let left: Vec<Vec<u8>> =
                scanner.scan(&copy).unwrap().iter().map(|(key, _)| key.to_vec()).collect();
            let stay: Vec<Vec<u8>> = names
                .iter()
                .filter(|name| *name == "a" || *name == "kk")
                .map(|name| name.clone().into_bytes())
                .collect();
            prop_assert_eq!(left, stay);
        }
    }
}
