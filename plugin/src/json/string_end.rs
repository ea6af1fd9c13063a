//! Where does a string end? By a window where it is short, by the [automaton](super::pairs) where it is long or has escapes.

use super::pairs;
use super::window::{WINDOW, string_stop};

/// Returns how many bytes of a text are of a string, which begins inside of one but not after a backslash: up to the
/// closing quote, to something that has to be looked at, or to the text's last bytes, which are fewer than a window
/// has.
#[inline(never)]
pub(super) fn string_end(text: &[u8]) -> usize {
    let mut rest = text;
    let mut escapes = rest.first() == Some(&b'\\');
    if !escapes && let Some(window) = rest.first_chunk::<WINDOW>() {
        if let Some(stop) = string_stop(window, 0) {
            rest = rest.get(stop..).unwrap_or_default();
            escapes = true;
            if rest.first() != Some(&b'\\') {
                return stop;
            }
        } else {
            rest = rest.get(32..).unwrap_or_default();
        }
    }
    text.len().wrapping_sub(pairs::skip(rest, escapes).len())
}
