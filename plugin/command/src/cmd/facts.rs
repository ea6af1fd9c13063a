//! The signs that a line was written to be unreadable. Each counts only where it is dense: an administrator's line may
//! have a caret, a variable or a loop.

/// Counts the signs that the machine meets while it runs.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Letters picked out of variables of Windows.
    pub(super) picked: usize,
    /// Single characters that a loop added to a variable.
    pub(super) collected: usize,
    /// Such characters in a loop that counts down.
    pub(super) backwards: usize,
    /// Replacements in variables that the line itself sets.
    pub(super) replaced: usize,
    /// Most variables that were put together without anything between.
    pub(super) joined: usize,
    /// A whole command came out of a variable.
    pub(super) called: bool,
    /// The output of a command of Windows names the program.
    pub(super) launcher: bool,
}

/// Fewest characters that a loop collects where that is a sign.
const COLLECTED: usize = 6;
/// Fewest replacements.
const REPLACED: usize = 3;
/// Fewest variables side by side.
const JOINED: usize = 3;
/// Fewest carets before letters.
const CARETS: usize = 4;
/// Fewest pairs of delimiters.
const COMMAS: usize = 6;

impl Facts {
    /// The words for what is dense enough, `line` being the line as it was written.
    pub(super) fn words(&self, line: &str) -> Vec<&'static str> {
        let (carets, commas) = of_text(line);
        [
            (carets >= CARETS, "carets"),
            (commas >= COMMAS, "commas"),
            (self.picked >= 2, "substrings"),
            (self.backwards >= COLLECTED, "reversed"),
            (self.collected >= COLLECTED && self.backwards == 0, "characters"),
            (self.replaced >= REPLACED, "replaced"),
            (self.joined >= JOINED, "concatenated"),
            (self.called, "variables"),
            (self.launcher, "launcher"),
        ]
        .into_iter()
        .filter_map(|(holds, word)| holds.then_some(word))
        .collect()
    }
}

/// Counts the carets before letters, and the pairs of commas and semicolons with at most blanks between them.
fn of_text(line: &str) -> (usize, usize) {
    let (mut carets, mut commas) = (0_usize, 0_usize);
    let (mut caret, mut comma) = (false, false);
    for byte in line.bytes() {
        if caret && byte.is_ascii_alphabetic() {
            carets = carets.saturating_add(1);
        }
        caret = byte == b'^';
        match byte {
            b',' | b';' => {
                commas = commas.saturating_add(usize::from(comma));
                comma = true;
            }
            b' ' | b'^' => {}
            _ => comma = false,
        }
    }
    (carets, commas)
}
