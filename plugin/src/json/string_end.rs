//! Where does a string end? By windows where it is short or a path, by the [automaton](super::pairs) where it is long.

use super::pairs;
use super::scan_string::is_short_escape;
use super::window::{WINDOW, string_stop};

/// Parts of a string that are read one by one, before the automaton takes over.
const FEW: u32 = 5;

/// Returns how many bytes of a text are of a string, which begins inside of one but not after a backslash: up to the
/// closing quote, to something that has to be looked at, or to the text's last bytes, which are fewer than a window
/// has.
#[inline(never)]
pub(super) fn string_end(text: &[u8]) -> usize {
    let mut rest = text;
    let mut escapes = false;
    // Of a path, the escapes are few and each is alone: to skip so many one by one costs less.
    for _ in 0..FEW {
        let Some(window) = rest.first_chunk::<WINDOW>() else { break };
        let mut start = 0;
        if window[0] == b'\\' {
            escapes = true;
            if window[2] == b'\\' || !is_short_escape(window[1]) {
                break;
            }
            start = 2;
        }
        match string_stop(window, start) {
            Some(stop) => rest = rest.get(stop..).unwrap_or_default(),
            None => {
                rest = rest.get(start.wrapping_add(32)..).unwrap_or_default();
                break;
            }
        }
        if rest.first() != Some(&b'\\') {
            return text.len().wrapping_sub(rest.len());
        }
    }
    text.len().wrapping_sub(pairs::skip(rest, escapes).len())
}
