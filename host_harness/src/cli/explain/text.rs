//! An explanation for a person at a terminal.
use super::View;
use crate::author::explain::{
    AllowView, DetectionView, EventView, Explanation, FieldView, ItemView, Misfit, Outcome, ProcessView,
    Reason, RuleView, SeenView, SequenceView, TestView, Truth,
};
use crate::cli::terminal::{Style, one_line, row};

/// The number of characters of a value that are shown.
const SHOWN: usize = 120;
/// The number of events of a correlation that are shown.
const SEEN: usize = 10;
/// The number of detections that one line names.
const NAMES: usize = 3;
/// The number of tests of an item that are shown.
const TESTS: usize = 4;

/// The whole explanation.
pub(super) fn in_words(explanation: &Explanation, view: &View) -> String {
    let mut out = String::new();
    let text = Text { view, out: &mut out };
    text.explanation(explanation);
    out
}

struct Text<'o, 'v> {
    view: &'v View,
    out: &'o mut String,
}

impl Text<'_, '_> {
    fn explanation(mut self, explanation: &Explanation) {
        match &explanation.event {
            None => {
                self.line(0, "No scheduled-task event (4698 to 4702 of the Security log) is in this record.")
            }
            Some(event) => {
                self.event(event);
                self.rules(explanation, event);
            }
        }
        self.heading("Verdict");
        match (&explanation.verdict, &explanation.severity) {
            (Some(verdict), severity) => {
                let severity = severity.as_deref().unwrap_or_default();
                self.line(1, &format!("{verdict}, severity {severity}"));
            }
            (None, _) => self.line(1, "none: the record is left as it is"),
        }
        if let Some(allowlist) = &explanation.allowlist {
            self.allowlist(allowlist);
        }
        if let Some(tag) = &explanation.tag {
            self.heading("Tag");
            for line in pretty(tag.get()).lines() {
                self.line(1, &one_line(line, usize::MAX));
            }
        }
        if let Some(fuel) = explanation.fuel {
            self.heading("Fuel");
            self.line(1, &format!("{fuel} through the module with these rules"));
        }
    }

    fn allowlist(&mut self, allowlist: &AllowView) {
        if allowlist.misfits.is_empty() {
            return;
        }
        self.heading("Allowlist");
        for Misfit { name, why } in &allowlist.misfits {
            self.line(1, &format!("the entry {} does not cover it", self.value(name)));
            for reason in why {
                self.line(2, &one_line(reason, usize::MAX));
            }
        }
    }

    fn event(&mut self, event: &EventView) {
        let terminal = self.view.terminal;
        let headline = format!("Scheduled task {}, read as {}", event.change, event.shape);
        self.line(0, &terminal.paint(Style::Bold, &headline));
        if let Some(time) = &event.time {
            self.line(1, &format!("time  {}", one_line(time, SHOWN)));
        }
        self.fields(&event.fields);
        self.heading("Task");
        self.fields(&event.task);
        for (index, action) in (1..).zip(&event.actions) {
            self.heading(&format!("Action {index}: {}", action.kind));
            self.fields(&action.fields);
            for (number, process) in (1..).zip(&action.processes) {
                self.process(number, process);
            }
        }
        if !event.notes.is_empty() {
            self.heading("Notes");
            for note in &event.notes {
                self.line(1, &terminal.paint(Style::Yellow, note));
            }
        }
    }

    fn fields(&mut self, fields: &[FieldView]) {
        let width = fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
        for field in fields {
            for (index, value) in field.values.iter().enumerate() {
                let name = if index == 0 { field.name } else { "" };
                self.line(1, &format!("{name:width$}  {}", self.value(value)));
            }
        }
    }

    fn process(&mut self, number: usize, process: &ProcessView) {
        let by = process.parent.map(|parent| format!(", started by process {}", parent.saturating_add(1)));
        let name = if process.image_name.is_empty() { "(no program)" } else { &process.image_name };
        self.line(1, &format!("process {number}: {name}{}", by.unwrap_or_default()));
        let mut rows: Vec<(&str, String)> = vec![("image", process.image.clone())];
        rows.push(("command line", process.command_line.clone()));
        if process.normalized != process.command_line {
            rows.push(("normal form", process.normalized.clone()));
        }
        rows.push(("sha256", process.command_sha256.clone()));
        rows.extend(process.working_directory.iter().map(|folder| ("folder", folder.clone())));
        if let Some(powershell) = &process.powershell {
            rows.push(("PowerShell", powershell.parameters.join(", ")));
            rows.extend(powershell.file.iter().map(|file| ("script file", file.clone())));
            rows.extend(powershell.script.iter().map(|script| ("script", script.clone())));
            if powershell.from_stdin {
                rows.push(("script", "from standard input".into()));
            }
        }
        rows.extend(process.runs_output_of.iter().map(|origin| ("runs output", origin.clone())));
        if !process.obfuscation.is_empty() {
            rows.push(("obfuscated", process.obfuscation.join(", ")));
        }
        for (name, value) in rows {
            self.line(2, &format!("{name:12}  {}", self.value(&value)));
        }
        for fact in &process.facts {
            for value in &fact.values {
                self.line(2, &format!("{:22}  {}", fact.name, self.value(value)));
            }
        }
        for (number, step) in (1..).zip(&process.steps) {
            self.line(3, &format!("step {number:<2} {:14}  {}", step.how, self.value(&step.text)));
        }
        for (number, layer) in (1..).zip(&process.decoded) {
            self.line(2, &format!("decoded {number}     {}: {}", layer.how, self.value(&layer.text)));
        }
    }

    fn rules(&mut self, explanation: &Explanation, event: &EventView) {
        let matched = explanation.rules.iter().filter(|rule| rule.outcome.matched()).count();
        self.heading(&format!("Rules: {matched} of {} match", explanation.rules.len()));
        for rule in &explanation.rules {
            self.rule(rule, explanation, event);
        }
    }

    fn rule(&mut self, rule: &RuleView, explanation: &Explanation, event: &EventView) {
        let matched = rule.outcome.matched();
        let full = self.view.verbose || matched || self.view.rules.contains(&rule.id);
        let (style, mark) = if matched { (Style::Red, "✓") } else { (Style::Dim, "✗") };
        let mut line =
            format!("{mark} {:13} {} ({})", rule.level.as_str(), one_line(&rule.title, SHOWN), rule.id);
        if let Some(why) = why(rule.outcome) {
            line.push_str(&format!(": {why}"));
        }
        if !full && rule.outcome == Outcome::NotMatched {
            let reasons: Vec<String> = rule.reasons.iter().map(reason).collect();
            line.push_str(&format!(": {}", reasons.join("; ")));
        }
        self.line(1, &self.view.terminal.paint(style, &line));
        if let Some(sequence) = rule.sequence.as_ref().filter(|sequence| full || !sequence.seen.is_empty()) {
            self.sequence(sequence);
        }
        if !full || rule.detections.is_empty() {
            return;
        }
        if let Some(place) = rule.row.and_then(|row| place(row, explanation, event)) {
            let what = if matched { "decided on" } else { "closest on" };
            self.line(3, &format!("{what} {place}"));
        }
        self.line(3, &format!("condition: {}", one_line(&rule.condition, usize::MAX)));
        for detection in &rule.detections {
            self.detection(detection);
        }
    }

    /// Writes the condition of a correlation, and the events that count for it.
    fn sequence(&mut self, sequence: &SequenceView) {
        self.line(3, &format!("asks for {}", one_line(&sequence.asks, usize::MAX)));
        let most = if self.view.verbose { usize::MAX } else { SEEN };
        let skipped = sequence.seen.len().saturating_sub(most);
        if skipped > 0 {
            self.line(3, &format!("{skipped} earlier events that count"));
        }
        for SeenView { seconds_before, rule, group } in sequence.seen.iter().skip(skipped) {
            let when = match seconds_before {
                0 => "now".to_owned(),
                seconds => format!("{seconds} s before"),
            };
            let group = if group.is_empty() { String::new() } else { format!(" ({})", group.join(", ")) };
            self.line(3, &format!("{when:>12}  {}{}", one_line(rule, SHOWN), one_line(&group, SHOWN)));
        }
    }

    fn detection(&mut self, detection: &DetectionView) {
        let name = one_line(&detection.name, SHOWN);
        self.line(3, &self.marked(detection.truth, &name));
        let mut alternative = 0;
        for item in &detection.items {
            if item.alternative != alternative {
                alternative = item.alternative;
                self.line(5, &self.view.terminal.paint(Style::Dim, "or"));
            }
            self.item(item);
        }
    }

    fn item(&mut self, item: &ItemView) {
        let name = if item.name.is_empty() { "keywords" } else { &item.name };
        self.line(5, &self.marked(item.truth, &one_line(name, SHOWN)));
        if !matches!(item.truth, Truth::Holds | Truth::Fails) {
            return;
        }
        // Of a list of names, the one that was found is shown.
        let some_hold = item.tests.iter().any(|test| test.holds);
        let decisive: Vec<&TestView> = item.tests.iter().filter(|test| test.holds || !some_hold).collect();
        let most = if self.view.verbose { usize::MAX } else { TESTS };
        for test in decisive.iter().take(most) {
            let found = match &test.found {
                Some(found) => format!(": {} {}", found.field, self.value(&found.value)),
                None => String::new(),
            };
            let not = if test.holds { "" } else { "no value " };
            self.line(7, &format!("{not}{}{found}", one_line(&test.asks, SHOWN)));
        }
        if decisive.len() > most {
            self.line(7, &format!("and {} others", decisive.len().saturating_sub(most)));
        }
        if !some_hold && !item.name.is_empty() {
            if item.values.is_empty() {
                self.line(7, &self.view.terminal.paint(Style::Dim, "the field is not there"));
            }
            for value in item.values.iter().take(most) {
                let line = format!("the value is {}", self.value(value));
                self.line(7, &self.view.terminal.paint(Style::Dim, &line));
            }
        }
    }

    fn marked(&self, truth: Truth, text: &str) -> String {
        let (style, mark, note) = match truth {
            Truth::Holds => (Style::Green, "✓", ""),
            Truth::Fails => (Style::Plain, "✗", ""),
            Truth::AlwaysHolds => (Style::Dim, "✓", ": holds on every scheduled-task event"),
            Truth::NeverHolds => (Style::Dim, "✗", ": holds on no scheduled-task event"),
            Truth::Unused => (Style::Dim, "·", ": decides nothing"),
        };
        self.view.terminal.paint(style, &format!("{mark} {text}{note}"))
    }

    fn value(&self, value: &str) -> String {
        format!("\"{}\"", one_line(value, if self.view.verbose { usize::MAX } else { SHOWN }))
    }

    fn heading(&mut self, text: &str) {
        self.out.push('\n');
        self.line(0, &self.view.terminal.paint(Style::Bold, text));
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.out.push_str(&"  ".repeat(depth));
        self.out.push_str(&row(text));
        self.out.push('\n');
    }
}

/// JSON on several lines, its members in their order.
fn pretty(json: &str) -> String {
    let (mut out, mut depth) = (String::new(), 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    let mut before = ' ';
    for c in json.chars() {
        let break_line = |out: &mut String, depth: usize| out.push_str(&format!("\n{}", "  ".repeat(depth)));
        if quoted {
            quoted = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
        } else {
            match c {
                '"' => quoted = true,
                '}' | ']' => {
                    depth = depth.saturating_sub(1);
                    if !matches!(before, '{' | '[') {
                        break_line(&mut out, depth);
                    }
                }
                _ => {}
            }
            if matches!(before, '{' | '[') && !matches!(c, '}' | ']') {
                break_line(&mut out, depth);
            }
        }
        out.push(c);
        before = c;
        if !quoted {
            match c {
                '{' | '[' => depth = depth.saturating_add(1),
                ',' => break_line(&mut out, depth),
                ':' => out.push(' '),
                _ => {}
            }
        }
        if quoted {
            // A bracket within a text opens nothing.
            before = ' ';
        }
    }
    out
}

const fn why(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Reported | Outcome::NotMatched => None,
        Outcome::Allowlisted => Some("matches, but the allowlist covers it"),
        Outcome::BelowMinimumLevel => Some("matches, but is below the settings' minimum_level"),
        Outcome::FeedsCorrelation => Some("matches, but only feeds a correlation"),
        Outcome::NoProcess => Some("is about processes, and the task starts none"),
        Outcome::Correlation => Some("is about several events; --before gives those that came before"),
    }
}

/// A reason in words.
fn reason(reason: &Reason) -> String {
    let (before, names) = match reason {
        Reason::Lacks { one_of } => ("no", one_of),
        Reason::Excluded { by } => ("excluded by", by),
    };
    let shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    let others = names.len().saturating_sub(shown.len());
    let more = match others {
        0 => String::new(),
        1 => " or 1 other".to_owned(),
        others => format!(" or {others} others"),
    };
    format!("{before} {}{more}", shown.join(", "))
}

/// An action or process in words.
fn place(row: usize, explanation: &Explanation, event: &EventView) -> Option<String> {
    let row = explanation.rows.get(row)?;
    let action = event.actions.get(row.action)?;
    let number = row.action.saturating_add(1);
    Some(match row.process.and_then(|process| Some((process, action.processes.get(process)?))) {
        Some((index, process)) => {
            format!("action {number}, process {}: {}", index.saturating_add(1), process.image_name)
        }
        None => format!("action {number}: {}", action.kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_stays_what_it_is() {
        let json = r#"{"b":"{,:\"[\\","a":[1,{"c":[]},{}],"d":{"e":true}}"#;
        let text = pretty(json);
        assert_eq!(
            text,
            "{\n  \"b\": \"{,:\\\"[\\\\\",\n  \"a\": [\n    1,\n    {\n      \"c\": []\n    },\n    {}\n  ],\n  \"d\": {\n    \"e\": true\n  }\n}"
        );
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&text), read(json));
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        let names = |count: usize| (1..=count).map(|n| format!("d{n}")).collect();
        assert_eq!(reason(&Reason::Lacks { one_of: names(2) }), "no d1, d2");
        assert_eq!(reason(&Reason::Excluded { by: names(5) }), "excluded by d1, d2, d3 or 2 others");
    }
}
