//! Which findings are shown: the options of `tag` and `report` that choose among them.
use crate::records::mapping::{Facts, entries, text};
use crate::report::severity;
use crate::rules::globs::{GlobError, path_glob};
use crate::rules::settings;
use crate::text::time;
use clap::Args;
use schtag::rules::{Glob, Level};
use schtag::work::Work;
use serde_json::Value;

/// Options that choose findings. All records are judged all the same, so that rules over several events see them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Filter {
    /// Show only findings of at least this level
    #[arg(long, value_name = "LEVEL", value_parser = level, help_heading = "Which findings")]
    min_level: Option<Level>,
    /// Show only events from this time on: `2026-03-02`, `2026-03-02T08:00:00Z`, in UTC where no zone is said. Events whose
    /// time cannot be read are shown
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "Which findings")]
    since: Option<i64>,
    /// Show only findings on this host; `ws17` is `ws17.corp.example`, too, and * stands for any text. Give it once for
    /// each host
    #[arg(long, value_name = "NAME", value_parser = host, help_heading = "Which findings")]
    host: Vec<Glob>,
    /// Show only findings of this rule: its id, the beginning of its id (8 digits at least), or words of its title. Give it
    /// once for each rule
    #[arg(long, value_name = "RULE", help_heading = "Which findings")]
    rule: Vec<String>,
    /// End with exit code 6 when an alert of at least this level is shown
    #[arg(long, value_name = "LEVEL", value_parser = level, help_heading = "Which findings")]
    pub(crate) fail_on: Option<Level>,
}

fn level(word: &str) -> Result<Level, String> {
    let found = settings::level(&word.to_ascii_lowercase());
    found.ok_or_else(|| "give informational, low, medium, high or critical".into())
}

fn host(word: &str) -> Result<Glob, GlobError> {
    path_glob(word)
}

fn moment(word: &str) -> Result<i64, String> {
    let day = || time::day(word).map(|day| day * time::DAY);
    day()
        .or_else(|| time::milliseconds(word))
        .ok_or_else(|| "give a date or a time, for example 2026-03-02 or 2026-03-02T08:00:00Z".into())
}

impl Filter {
    /// Returns whether any option chooses.
    pub(crate) fn chooses(&self) -> bool {
        self.min_level.is_some() || self.since.is_some() || !self.host.is_empty() || !self.rule.is_empty()
    }

    /// Returns whether a finding is shown. `record` is the record that has the tag.
    pub(crate) fn admits(&self, tag: &Value, record: &[u8]) -> bool {
        self.min_level.is_none_or(|least| severity(tag) >= least)
            && (self.host.is_empty() || {
                let name = text(tag, "/host/name").unwrap_or_default();
                self.host.iter().any(|wanted| is_host(name, wanted))
            })
            && (self.rule.is_empty()
                || entries(tag, "/rules").any(|rule| self.rule.iter().any(|wanted| is_rule(rule, wanted))))
            && self.since.is_none_or(|since| {
                Facts::of(record).milliseconds.is_none_or(|milliseconds| milliseconds >= since)
            })
    }
}

fn is_host(name: &str, wanted: &Glob) -> bool {
    let short = name.split('.').next().unwrap_or_default();
    [name, short].iter().any(|name| wanted.matches(name, &Work::unlimited()))
}

fn is_rule(rule: &Value, wanted: &str) -> bool {
    let id = text(rule, "/id").unwrap_or_default().to_lowercase();
    let title = text(rule, "/title").unwrap_or_default().to_lowercase();
    let wanted = wanted.trim().to_lowercase();
    let hex = wanted.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if hex && wanted.len() >= 8 {
        id.starts_with(&wanted)
    } else {
        !wanted.is_empty() && title.contains(&wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filter() -> Filter {
        Filter::default()
    }

    #[test]
    fn each_option_chooses() {
        let tag = json!({"verdict": "alert", "severity": "high", "host": {"name": "WS17.corp.example"},
            "rules": [{"id": "7d240724-4061-40fa-a336-6f2d672aa45c", "title": "Scheduled task runs PowerShell"}]});
        let record = br#"{"EventID":4699,"Channel":"Security","TaskName":"\\A","TimeCreated":"2026-03-02 09:14:07 +0100"}"#;
        let on =
            |name: &str| Filter { host: ["other", name].map(|name| host(name).unwrap()).into(), ..filter() };
        let rule = |rule: &str| Filter { rule: vec![rule.into()], ..filter() };
        let since = |time: &str| Filter { since: Some(moment(time).unwrap()), ..filter() };
        let least = |word: &str| Filter { min_level: Some(level(word).unwrap()), ..filter() };
        for (filter, admitted) in [
            (filter(), true),
            (least("high"), true),
            (least("Medium"), true),
            (least("critical"), false),
            (on("ws17"), true),
            (on("WS17.CORP.example"), true),
            (on("ws*"), true),
            (on("*.corp.*"), true),
            (on("ws1"), false),
            (on("*.example.org"), false),
            (rule("7d240724"), true),
            (rule("7D240724-4061-40fa-a336-6f2d672aa45c"), true),
            (rule("runs powershell"), true),
            (rule("7d240725"), false),
            (rule("beef"), false),
            (since("2026-03-02"), true),
            (since("2026-03-02T08:14:07Z"), true),
            (since("2026-03-02T08:14:08Z"), false),
            (Filter { host: vec![host("ws17").unwrap()], ..least("critical") }, false),
        ] {
            assert_eq!(filter.admits(&tag, record), admitted, "{filter:?}");
        }
        // What has no time is not hidden.
        assert!(since("2026-03-02").admits(&tag, b"{}"));
        assert!(!filter().chooses() && since("2026-03-02").chooses());
        assert!(!Filter { fail_on: Some(Level::High), ..filter() }.chooses());
    }

    #[test]
    fn other_words_are_refused() {
        for word in ["", "severe", "3"] {
            level(word).unwrap_err();
        }
        for word in ["", "yesterday", "2026-02-30", "2026-03-02T25:00:00Z"] {
            moment(word).unwrap_err();
        }
    }
}
