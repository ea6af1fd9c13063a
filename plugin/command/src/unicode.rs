//! Characters that only look like ASCII, folded to what they look like.
//!
//! Small tables in place of Unicode's: what has been seen in hidden command lines. A letter of another
//! script is folded only inside a word that also has ASCII letters, so that a path in Russian or Greek
//! stays readable.

use std::borrow::Cow;

/// The replacement of a character.
enum Folded {
    /// Itself.
    Same,
    /// Another character.
    To(char),
    /// Nothing: it is invisible.
    Nothing,
    /// The ASCII letter of [`looks_like`], if its word has ASCII letters.
    LooksLike,
}

/// The ASCII letter that a letter of another script looks like.
const fn looks_like(c: char) -> Option<char> {
    Some(match c {
        'а' | 'ɑ' => 'a',
        'е' => 'e',
        'о' | 'ο' => 'o',
        'р' => 'p',
        'с' | 'ⅽ' => 'c',
        'у' => 'y',
        'х' => 'x',
        'і' | 'ι' | 'ı' | 'ⅰ' => 'i',
        'ј' => 'j',
        'ѕ' => 's',
        'ԁ' | 'ⅾ' => 'd',
        'һ' => 'h',
        'ԛ' => 'q',
        'ԝ' => 'w',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'Е' | 'Ε' => 'E',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Н' | 'Η' => 'H',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'С' => 'C',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'Ѕ' => 'S',
        'Ζ' => 'Z',
        'Ν' => 'N',
        'Υ' => 'Y',
        'ν' => 'v',
        'ɡ' => 'g',
        'ⅼ' => 'l',
        'ⅿ' => 'm',
        _ => return None,
    })
}

/// The letter that a modifier letter (`ˣ`, `ᵉ`, ...) stands for.
const fn modified(c: char) -> Option<char> {
    Some(match c {
        'ᵃ' => 'a',
        'ᵇ' => 'b',
        'ᶜ' => 'c',
        'ᵈ' => 'd',
        'ᵉ' => 'e',
        'ᶠ' => 'f',
        'ᵍ' => 'g',
        'ʰ' => 'h',
        'ⁱ' => 'i',
        'ʲ' => 'j',
        'ᵏ' => 'k',
        'ˡ' => 'l',
        'ᵐ' => 'm',
        'ⁿ' => 'n',
        'ᵒ' => 'o',
        'ᵖ' => 'p',
        'ʳ' => 'r',
        'ˢ' => 's',
        'ᵗ' => 't',
        'ᵘ' => 'u',
        'ᵛ' => 'v',
        'ʷ' => 'w',
        'ˣ' => 'x',
        'ʸ' => 'y',
        'ᶻ' => 'z',
        'ᴬ' => 'A',
        'ᴮ' => 'B',
        'ᴰ' => 'D',
        'ᴱ' => 'E',
        'ᴳ' => 'G',
        'ᴴ' => 'H',
        'ᴵ' => 'I',
        'ᴶ' => 'J',
        'ᴷ' => 'K',
        'ᴸ' => 'L',
        'ᴹ' => 'M',
        'ᴺ' => 'N',
        'ᴼ' => 'O',
        'ᴾ' => 'P',
        'ᴿ' => 'R',
        'ᵀ' => 'T',
        'ᵁ' => 'U',
        'ⱽ' => 'V',
        'ᵂ' => 'W',
        _ => return None,
    })
}

/// Returns whether PowerShell reads a character as a dash. Source: `CharExtensions.IsDash` of PowerShell.
pub(super) const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

fn fold_char(c: char) -> Folded {
    match c {
        '\0'..='\u{7f}' => Folded::Same,
        // Every blank of Unicode, and the braille pattern without dots, which is drawn as one.
        '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{2800}'
        | '\u{3000}' => Folded::To(' '),
        // Soft hyphen, zero-width characters, direction marks, variation selectors, byte order mark.
        '\u{ad}'
        | '\u{34f}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => Folded::Nothing,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => Folded::To('-'),
        '\u{2018}'..='\u{201b}' => Folded::To('\''),
        '\u{201c}'..='\u{201f}' => Folded::To('"'),
        '\u{2044}' | '\u{2215}' => Folded::To('/'),
        '\u{2216}' => Folded::To('\\'),
        // Full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => Folded::To(full_width(c)),
        _ => match modified(c) {
            Some(to) => Folded::To(to),
            None if looks_like(c).is_some() => Folded::LooksLike,
            None => Folded::Same,
        },
    }
}

fn full_width(c: char) -> char {
    u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c)
}

/// Folds a text to the ASCII that it looks like.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // Where the current word begins, whether it has an ASCII letter, and whether it has a letter that looks like one.
    let (mut word, mut mixed, mut alike) = (0, false, false);
    for c in text.chars() {
        let to = match fold_char(c) {
            Folded::Nothing => continue,
            Folded::To(to) => to,
            Folded::Same => c,
            Folded::LooksLike => {
                alike = true;
                out.push(c);
                continue;
            }
        };
        if ends_word(to) {
            if mixed && alike {
                fold_word(&mut out, word);
            }
            out.push(to);
            (word, mixed, alike) = (out.len(), false, false);
            continue;
        }
        mixed |= to.is_ascii_alphabetic();
        out.push(to);
    }
    if mixed && alike {
        fold_word(&mut out, word);
    }
    Cow::Owned(out)
}

/// Returns true when a character is no part of a word: of ASCII, all but letters and digits; of the others, those of the
/// blocks of punctuation and symbols. Unicode's own table would cost a search for each letter.
const fn ends_word(c: char) -> bool {
    match c {
        '\0'..='\u{7f}' => !c.is_ascii_alphanumeric(),
        _ => matches!(c, '\u{80}'..='\u{bf}' | '\u{d7}' | '\u{f7}' | '\u{2000}'..='\u{2bff}'
            | '\u{3000}'..='\u{303f}' | '\u{fff0}'..='\u{ffff}' | '\u{1f000}'..='\u{1faff}'),
    }
}

/// Writes the word that begins at `start` with the ASCII letters that its letters look like.
fn fold_word(out: &mut String, start: usize) {
    let word = out.split_off(start);
    out.extend(word.chars().map(|c| looks_like(c).unwrap_or(c)));
}

/// Folds only what stands for a blank or for nothing; letters and dashes stay as written.
pub(super) fn fold_blanks(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let blank = |c: char| match fold_char(c) {
        Folded::To(' ') => Some(' '),
        Folded::Nothing => None,
        _ => Some(c),
    };
    Cow::Owned(text.chars().filter_map(blank).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_become_ascii() {
        for (written, folded) in [
            ("powershell –enc —nop ―w", "powershell -enc -nop -w"),
            ("powershell\u{a0}-enc\u{2800}x\u{3000}y", "powershell -enc x y"),
            ("power\u{200b}shell\u{feff} \u{202e}x", "powershell x"),
            ("ｐｏｗｅｒｓｈｅｌｌ　－ｅｎｃ", "powershell -enc"),
            ("pоwershеll", "powershell"),
            ("rundll32 ˣ ieˣ", "rundll32 x iex"),
            ("iex ‘a’ “b”", "iex 'a' \"b\""),
        ] {
            assert_eq!(fold(written), folded, "{written}");
        }
    }

    #[test]
    fn other_scripts_stay_readable() {
        for text in ["C:\\Программы\\обновление.exe", "Ενημέρωση", "更新プログラム", "größe", "plain"]
        {
            assert_eq!(fold(text), text);
        }
    }

    #[test]
    fn only_blanks_are_folded_where_letters_matter() {
        assert_eq!(fold_blanks("a\u{a0}b\u{200b}c –ｘ"), "a bc –ｘ");
    }
}
