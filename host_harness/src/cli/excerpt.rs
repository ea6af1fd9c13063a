//! The lines of a rule file that a complaint is about, in the manner of a compiler.
use super::terminal::visible;
use crate::rules::default_rules;
use crate::rules::sigma;
use crate::rules::yaml::Spot;
use crate::text::files;
use ariadne::{CharSet, Config, IndexType, Label, Report, ReportKind, Source};
use std::borrow::Cow;
use std::path::Path;

/// The longest line of a text of which an excerpt is shown, in characters: a longer one says nothing.
const LONGEST: usize = 500;

/// The line of a file that holds a spot, with the spot marked; empty where there is nothing to show.
pub(super) fn excerpt(path: &Path, spot: Option<&Spot>) -> String {
    let Some(spot) = spot else { return String::new() };
    let text = match files::read_text(path, sigma::MAX_FILE) {
        Ok(text) => Cow::Owned(text),
        Err(_) => match default_rules::text(path) {
            Some(text) => Cow::Borrowed(text),
            None => return String::new(),
        },
    };
    // A name with a line end would begin a line of its own.
    marked(&visible(&path.display().to_string()), &text, spot)
}

fn marked(name: &str, text: &str, spot: &Spot) -> String {
    if text.lines().any(|line| line.chars().count() > LONGEST) {
        return String::new();
    }
    // Colours are set where the terminal is known, not here.
    let config = Config::default()
        .with_color(false)
        .with_char_set(CharSet::Ascii)
        .with_index_type(IndexType::Char)
        .with_compact(false);
    let at = || (name, spot.chars.clone());
    let report = Report::build(ReportKind::Error, at())
        .with_config(config)
        .with_label(Label::new(at()).with_message("here"))
        .finish();
    let mut out = Vec::new();
    if report.write((name, Source::from(text)), &mut out).is_err() {
        return String::new();
    }
    // The first line is for a message, which stands before the excerpt already.
    let text = String::from_utf8_lossy(&out);
    text.lines().skip(1).map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_shown_with_a_mark_below_the_words() {
        let text = "title: ü\nlevel: hihg\n";
        let spot = Spot::at(text, 2, 8, None).unwrap();
        let shown = marked("rule.yml", text, &spot);
        assert!(shown.contains("rule.yml:2:8") && shown.contains("2 | level: hihg"), "{shown}");
        let marks = shown.lines().find(|line| line.contains('^')).unwrap();
        let line = shown.lines().find(|line| line.contains("hihg")).unwrap();
        assert_eq!(marks.find('^'), line.find("hihg"), "{shown}");
        assert!(shown.contains("here"), "{shown}");
        assert_eq!(marked("x", &"x".repeat(501), &spot), "");
    }
}
