//! A rendered message whose lines and tabs a relay turned into single blanks, in any language.
//!
//! ```text
//! A scheduled task was created. Subject: Security ID: S-1-5-18 Account Name: WS17$ Account Domain: CORP Logon ID: 0x3e7
//! Task Information: Task Name: \Ops\x Task Content: <?xml …
//! ```
//!
//! Between two colons stand a value and the label of the next one. A SID and a logon id are one word, so that the words
//! around them are labels; and the labels for the name and the domain of an account are alike in every language of
//! Windows, as those for the name and the content of a task are: they begin alike (`Kontoname`, `Kontodomäne`), or have as
//! many words (`Nom du compte`, `Domaine du compte`).

use super::partial_event::{PartialEvent, Slot};
use crate::bytes;

/// The most parts between colons.
const PARTS: usize = 96;

/// Returns the texts between colons.
#[inline(never)]
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() < PARTS
        && let Some((part, after)) =
            bytes::find_any(rest.as_bytes(), &[":", "："]).and_then(|at| rest.split_at_checked(at))
    {
        parts.push(part.trim_ascii());
        rest = after.strip_prefix(':').or_else(|| after.strip_prefix('：')).unwrap_or_default();
    }
    parts.push(rest.trim_ascii());
    parts
}

/// Takes the account and the name of the task from what stands before the definition.
#[inline(never)]
pub(super) fn read_head(reading: &mut PartialEvent<'_, '_>, head: &str) {
    let parts = parts(head);
    let account = parts.windows(4).find(|window| window.last().is_some_and(|id| id.starts_with("0x")));
    if let Some(&[sid, user, domain, logon_id]) = account {
        let (sid, label) = word_of(sid);
        if sid.starts_with("S-1-") {
            reading.set_from_message(Slot::Sid, sid);
        }
        reading.set_from_message(Slot::User, before_label(user, label));
        // `NT AUTHORITY` is the only domain that has a blank.
        let name = domain.strip_prefix("NT ").unwrap_or(domain);
        let end = domain.len().saturating_sub(name.len()).saturating_add(word_of(name).0.len());
        reading.set_from_message(Slot::Domain, domain.get(..end).unwrap_or(domain));
        reading.set_from_message(Slot::LogonId, word_of(logon_id).0);
    }
    let mut label = "";
    for (at, part) in parts.iter().enumerate() {
        if part.starts_with('\\') {
            // Without a definition nothing follows the name.
            let is_last = at.saturating_add(1) == parts.len();
            reading.set_from_message(Slot::TaskName, if is_last { part } else { before_label(part, label) });
        }
        label = part;
    }
}

/// The first four numbers of what stands after the definition.
#[inline(never)]
pub(super) fn numbers(tail: &str) -> Option<[&str; 4]> {
    let mut found = [""; 4];
    let mut count = 0;
    for part in parts(tail) {
        let (value, _) = word_of(part);
        if !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_digit())
            && let Some(place) = found.get_mut(count)
        {
            *place = value;
            count = count.saturating_add(1);
        }
    }
    (count == found.len()).then_some(found)
}

/// A word, or a name with its domain, and the label that follows it.
fn word_of(part: &str) -> (&str, &str) {
    let from = bytes::find(part.as_bytes(), b'\\').unwrap_or(0);
    let rest = part.as_bytes().get(from..).unwrap_or_default();
    let length = bytes::find(rest, b' ').unwrap_or(rest.len());
    let (word, label) = part.split_at_checked(from.saturating_add(length)).unwrap_or((part, ""));
    (word, label.trim_ascii())
}

/// The value that stands before a label which is like another.
#[inline(never)]
fn before_label<'t>(part: &'t str, like: &str) -> &'t str {
    if like.is_empty() {
        return part;
    }
    // Three bytes are one character or more.
    let beginning = like.get(..like.ceil_char_boundary(3.min(like.len()))).unwrap_or_default();
    let mut words = bytes::count(like.as_bytes(), b' ').saturating_add(1);
    let (mut end, mut by_count) = (part, part);
    while let Some(at) = end.rfind(' ') {
        let (value, label) = part.split_at_checked(at).unwrap_or((part, ""));
        if label.trim_ascii_start().starts_with(beginning) {
            return value.trim_ascii_end();
        }
        if words == 1 {
            by_count = value;
        }
        words = words.saturating_sub(1);
        end = value;
    }
    by_count.trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_ends_before_a_label_like_the_one_before_it() {
        for (part, like, wanted) in [
            ("WS17$ Account Domain", "Account Name", "WS17$"),
            ("alice b Kontodomäne", "Kontoname", "alice b"),
            ("alice Domaine du compte", "Nom du compte", "alice"),
            ("alice Hesap Etki Alanı", "Hesap Adı", "alice"),
            ("alice アカウント ドメイン", "アカウント名", "alice"),
            ("\\Ops\\a b Task Content", "Task Name", "\\Ops\\a b"),
            ("Account Account Domain", "Account Name", "Account"),
            ("alice b", "", "alice b"),
            ("alice", "Account Name", "alice"),
            ("", "", ""),
        ] {
            assert_eq!(before_label(part, like), wanted, "{part}");
        }
        assert_eq!(word_of("NT AUTHORITY\\SYSTEM Account Name"), ("NT AUTHORITY\\SYSTEM", "Account Name"));
        assert_eq!(word_of("S-1-5-18 帐户名"), ("S-1-5-18", "帐户名"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(a|é| |:|：|0x3|S-1-5|\\\\|5|NT ){0,40}", like in "[aé ]{0,6}") {
            let _ = (before_label(&text, &like), word_of(&text), numbers(&text));
        }
    }
}
