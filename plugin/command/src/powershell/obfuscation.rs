//! Tells an obfuscated script from an ordinary one, by how dense its tricks are.

use crate::work::Work;

/// Shortest script that is looked at, in bytes.
const SHORTEST: usize = 32;
/// Fewest tricks of a kind that say something.
const FEWEST: usize = 4;

/// The counts in a script.
#[derive(Debug, Default)]
struct Counts {
    letters: usize,
    blanks: usize,
    /// Backticks with a letter on both sides.
    ticks: usize,
    /// Strings that are added to strings.
    joints: usize,
    /// Casts to a character.
    characters: usize,
}

/// The kinds of obfuscation of a script: `special characters`, `ticks`, `string pieces`, `character codes`. An
/// ordinary script has none: one trick says nothing, many in a short text do.
pub(crate) fn obfuscation(script: &str, work: &Work) -> Vec<&'static str> {
    if script.len() < SHORTEST || !work.walk(script.len(), 60) {
        return Vec::new();
    }
    let counts = count(script.as_bytes());
    let length = script.len().saturating_sub(counts.blanks);
    let special = length.saturating_sub(counts.letters);
    let dense = |count: usize, each: usize| count >= FEWEST && count.saturating_mul(each) >= length;
    [
        (special.saturating_mul(10) >= length.saturating_mul(8), "special characters"),
        (dense(counts.ticks, 16), "ticks"),
        (dense(counts.joints, 20), "string pieces"),
        (dense(counts.characters, 24), "character codes"),
    ]
    .into_iter()
    .filter_map(|(is, word)| is.then_some(word))
    .collect()
}

fn count(script: &[u8]) -> Counts {
    let mut counts = Counts::default();
    let (mut before, mut solid, mut added) = (b' ', b' ', false);
    let mut bytes = script.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let next = bytes.peek().copied().unwrap_or(b' ');
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => counts.blanks = counts.blanks.saturating_add(1),
            b'`' if before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric() => {
                counts.ticks = counts.ticks.saturating_add(1);
            }
            // Letters of other scripts count as letters.
            byte if byte.is_ascii_alphanumeric() || byte >= 0x80 => {
                counts.letters = counts.letters.saturating_add(1);
            }
            _ => {}
        }
        if byte == b']' && before.eq_ignore_ascii_case(&b'r') {
            counts.characters = counts.characters.saturating_add(1);
        }
        if matches!(byte, b'\'' | b'"') && added {
            counts.joints = counts.joints.saturating_add(1);
        }
        if !byte.is_ascii_whitespace() {
            added = byte == b'+' && matches!(solid, b'\'' | b'"' | b')');
            solid = byte;
        }
        before = byte;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_tricks_have_names() {
        for (script, words) in [
            ("${;}=+$();${=}=${;};${+}=++${;};${@}=++${;};${.}=++${;}", vec!["special characters"]),
            ("i`e`x (N`ew-O`bj`ect N`et.We`bCl`ient)", vec!["ticks"]),
            ("&('i'+'e'+'x') ('Wr'+'ite'+'-H'+'ost') 'a'", vec!["string pieces"]),
            ("iex([char]73+[char]69+[char]88+[char]32+[char]97)", vec!["character codes"]),
        ] {
            assert_eq!(obfuscation(script, &Work::unlimited()), words, "{script}");
        }
    }

    #[test]
    fn ordinary_scripts_have_none() {
        for script in [
            "",
            "Get-ChildItem C:\\Logs -Recurse | Where-Object { $_.LastWriteTime -lt (Get-Date).AddDays(-30) } | Remove-Item",
            "$x = 'a' + $b + 'c'; Write-Host ('value: ' + $x + '.')",
            "& 'C:\\Program Files\\Vendor\\tool.exe' /s /q `\n  /log:C:\\x.txt",
            "if (-not (Test-Path \"$env:TEMP\\x\")) { New-Item -ItemType Directory -Path \"$env:TEMP\\x\" | Out-Null }",
            "[System.Net.ServicePointManager]::SecurityProtocol = [System.Net.SecurityProtocolType]::Tls12",
            "$d = @{ 'a' = 1; 'b' = 2 }; $d.Keys | % { \"$_=$($d[$_])\" }",
        ] {
            assert_eq!(obfuscation(script, &Work::unlimited()), Vec::<&str>::new(), "{script}");
        }
    }
}
