//! A report as JUnit XML, which continuous integration servers show.
//!
//! There is no standard; this is the form that Jenkins' JUnit plugin and GitLab read
//! (<https://docs.gitlab.com/ci/testing/unit_test_reports/>): a test suite a rule, a test case a case and lint.
//! Warnings stand in `system-out`.
//!
//! By hand: quick-junit 0.8 brings four packages and a second quick-xml, and drops characters that XML does not allow;
//! here U+FFFD stands in their place.
use super::{CaseReport, Lint, Report, RuleReport};
use std::fmt::{self, Display, Write};

/// The report as an XML document.
pub(crate) fn junit(report: &Report) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"schtag check\">\n");
    for rule in &report.rules {
        // Writing to a string cannot fail.
        let _ = suite(&mut out, rule);
    }
    let other = report.unreadable.iter().map(|problem| (problem.as_str(), true));
    let refused = report.refused.iter().map(|refused| (refused.problem.as_str(), refused.fatal));
    let _ = files(&mut out, &refused.chain(other).collect::<Vec<_>>());
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, rule: &RuleReport) -> fmt::Result {
    let tests = rule.lints.len().saturating_add(rule.cases.len());
    let bad_lints = rule.lints.iter().filter(|lint| lint.fatal && !lint.problems.is_empty()).count();
    let bad_cases = rule.cases.len().saturating_sub(rule.passed());
    let failures = bad_lints.saturating_add(bad_cases);
    let name = Escaped(&rule.name);
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">"
    )?;
    for lint in &rule.lints {
        write!(out, "    <testcase classname=\"{name}\" name=\"lint: {}\"", Escaped(lint.name))?;
        lint_result(out, lint)?;
    }
    for case in &rule.cases {
        write!(out, "    <testcase classname=\"{name}\" name=\"case: {}\"", Escaped(&case.name))?;
        case_result(out, case)?;
    }
    writeln!(out, "  </testsuite>")
}

fn lint_result(out: &mut String, lint: &Lint) -> fmt::Result {
    let Some(first) = lint.problems.first() else { return writeln!(out, "/>") };
    let all = lint.problems.join("\n");
    if lint.fatal {
        writeln!(out, "><failure message=\"{}\">{}</failure></testcase>", Escaped(first), Escaped(&all))
    } else {
        writeln!(out, "><system-out>warning: {}</system-out></testcase>", Escaped(&all))
    }
}

fn case_result(out: &mut String, case: &CaseReport) -> fmt::Result {
    let Some(decided) = &case.decided else { return writeln!(out, "/>") };
    let expected = if case.matches { "must match" } else { "must not match" };
    writeln!(
        out,
        "><failure message=\"{}\">line {}: {expected}, but {}</failure></testcase>",
        Escaped(decided),
        case.line,
        Escaped(decided)
    )
}

/// Writes what belongs to no rule, as a suite of its own.
fn files(out: &mut String, problems: &[(&str, bool)]) -> fmt::Result {
    if problems.is_empty() {
        return Ok(());
    }
    let failures = problems.iter().filter(|(_, fatal)| *fatal).count();
    writeln!(
        out,
        "  <testsuite name=\"files\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
        problems.len()
    )?;
    for (problem, fatal) in problems {
        let text = Escaped(problem);
        let result = if *fatal {
            format!("<failure message=\"{text}\"/>")
        } else {
            format!("<system-out>warning: {text}</system-out>")
        };
        writeln!(out, "    <testcase classname=\"files\" name=\"{text}\">{result}</testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

/// Text in XML 1.0, for content and attributes. What XML has no way to write becomes U+FFFD.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\n' | '\r' | '\t' => write!(f, "&#{};", u32::from(c))?,
                '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schtag::rules::Level;

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            Escaped("a<b> & \"c\"\n\0\u{1b}[1mé").to_string(),
            "a&lt;b&gt; &amp; &quot;c&quot;&#10;\u{fffd}\u{fffd}[1mé"
        );
    }

    #[test]
    fn a_rule_is_a_suite_and_a_case_or_lint_a_test_case() {
        let lint = |name, fatal, problem: &str| Lint {
            name,
            fatal,
            problems: (!problem.is_empty()).then(|| problem.to_owned()).into_iter().collect(),
        };
        let rule = RuleReport {
            name: "a&b".into(),
            id: String::new(),
            title: String::new(),
            path: "x".into(),
            level: Level::Low,
            techniques: Vec::new(),
            lints: vec![lint("id", true, ""), lint("tags", true, "<none>"), lint("level", false, "guessed")],
            cases: vec![CaseReport {
                name: "it's".into(),
                line: 3,
                place: "x/cases.ndjson:3".into(),
                matches: true,
                passed: false,
                decided: Some("no rule matched".into()),
            }],
            fuel: None,
            spots: Vec::new(),
        };
        let report = Report {
            rules: vec![rule],
            refused: Vec::new(),
            unreadable: vec!["x:1: bad".into()],
            ..Report::default()
        };
        assert_eq!(
            junit(&report),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="schtag check">
  <testsuite name="a&amp;b" tests="4" failures="2" errors="0" skipped="0">
    <testcase classname="a&amp;b" name="lint: id"/>
    <testcase classname="a&amp;b" name="lint: tags"><failure message="&lt;none&gt;">&lt;none&gt;</failure></testcase>
    <testcase classname="a&amp;b" name="lint: level"><system-out>warning: guessed</system-out></testcase>
    <testcase classname="a&amp;b" name="case: it's"><failure message="no rule matched">line 3: must match, but no rule matched</failure></testcase>
  </testsuite>
  <testsuite name="files" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="files" name="x:1: bad"><failure message="x:1: bad"/></testcase>
  </testsuite>
</testsuites>
"#
        );
    }
}
