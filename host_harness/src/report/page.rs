//! The page.
use super::chart::bars;
use super::groups::{Group, Groups, Names};
use super::html::{escape, line, link, marked};
use super::tallies::Tallies;
use super::{LEVELS, Report};
use crate::attack::{is_address, technique_name};
use crate::catalogue::{Catalogue, RuleSource};
use crate::check::attack::technique_url;
use crate::mapping::{entries, text, texts};
use crate::time::rfc3339;
use schtag::rules::Level;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many findings are unfolded at first.
const UNFOLDED: usize = 20;
/// How many rows a table has at most, and how many of them are seen at first.
const ROWS: usize = 100;
const FIRST_ROWS: usize = 10;
/// How many bars the timeline has at most.
const BARS: usize = 60;

/// Writes the page.
pub(super) fn page(report: &Report, catalogue: &Catalogue) -> String {
    let title = line(&report.heading.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{}</style>\n</head>\n<body>\n<div class=\"wrap\">\n",
        include_str!("style.css")
    );
    heading(&mut out, report, &title);
    tiles(&mut out, report);
    navigation(&mut out, report);
    timeline(&mut out, report);
    overview(&mut out, report);
    findings(&mut out, report);
    others(
        &mut out,
        "Unreadable",
        "unreadable",
        "Events that could not be read as far as they should be. No rule matched, which does not mean that there is nothing: look at the host.",
        &report.unreadable,
    );
    others(
        &mut out,
        "Allowlisted",
        "allowlisted",
        "Rules matched, and allowlist entries cover all of them.",
        &report.allowlisted,
    );
    rules(&mut out, report, catalogue);
    out.push_str("</div>\n</body>\n</html>\n");
    out
}

fn heading(out: &mut String, report: &Report, title: &str) {
    let heading = &report.heading;
    let _ = writeln!(out, "<h1>{title}</h1>");
    let shown: Vec<String> = heading.sources.iter().take(12).map(|source| line(source)).collect();
    let more = heading.sources.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if !shown.is_empty() {
        let _ = writeln!(out, "<p class=\"soft\">Read from {}{more}.</p>", shown.join(", "));
    }
    let mut words = Vec::new();
    if let Some((first, last)) = report.timeline.range() {
        words.push(format!("Alerts from {} to {} (UTC).", moment(first), moment(last)));
    }
    if report.timeless > 0 {
        words.push(format!("{} without a time that could be read.", several(report.timeless, "alert")));
    }
    if !heading.module.is_empty() {
        words.push(format!("Judged by {}.", line(&heading.module)));
    }
    if !heading.made.is_empty() {
        words.push(format!("Made {}.", line(&heading.made)));
    }
    let _ = writeln!(out, "<p class=\"soft\">{}</p>", words.join(" "));
}

fn tiles(out: &mut String, report: &Report) {
    out.push_str("<div class=\"tiles\">\n");
    let mut tile = |count: u64, what: &str, class: &str| {
        let zero = match count {
            0 => " zero",
            1_000_000.. => " long",
            _ => "",
        };
        let _ = writeln!(out, "<div class=\"tile {class}{zero}\"><b>{}</b>{what}</div>", grouped(count));
    };
    tile(report.records, "records read", "");
    tile(report.alerts.total, "alerts", "");
    for level in LEVELS {
        let count = report.severities.get(level as usize).copied().unwrap_or(0);
        // Informational findings are rare, and no tile is missed by who has none.
        if count > 0 || level != Level::Informational {
            tile(count, level.as_str(), level.as_str());
        }
    }
    tile(report.unreadable.total, "unreadable", "medium");
    tile(report.allowlisted.total, "allowlisted", "good");
    out.push_str("</div>\n");
    let troubles = &report.troubles;
    for (count, one, what) in [
        (
            troubles.unreadable_inputs,
            "input",
            "could not be read to the end: what is in the rest is not in this report",
        ),
        (troubles.faults, "record", "could not be judged, since the filter failed"),
        (troubles.bad_lines, "line", "left out, since they are no JSON objects"),
        (troubles.oversized_lines, "line", "left out, since they are too long"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "<p><b>{}</b> {what}.</p>", several(count, one));
        }
    }
}

fn navigation(out: &mut String, report: &Report) {
    if report.alerts.total == 0 {
        return;
    }
    out.push_str("<nav aria-label=\"Parts\">");
    for (id, name, there) in [
        ("overview", "Overview", true),
        ("alerts", "Alerts", true),
        ("unreadable", "Unreadable", report.unreadable.total > 0),
        ("allowlisted", "Allowlisted", report.allowlisted.total > 0),
        ("rules", "Rules", report.rules.len() > 0),
    ] {
        if there {
            let _ = write!(out, "<a href=\"#{id}\">{name}</a>");
        }
    }
    out.push_str("</nav>\n");
}

fn timeline(out: &mut String, report: &Report) {
    if report.timeline.range().is_none() {
        return;
    }
    out.push_str("<h2>Over time</h2>\n<div class=\"box\">\n");
    // A picture for wide pages, and one with half the bars for narrow ones.
    for (class, most, width) in [("wide", BARS, 1_040), ("narrow", BARS / 2, 380)] {
        if let Some(spans) = report.timeline.spans(most) {
            let _ = writeln!(
                out,
                "{}\n<p class=\"soft {class}\">One bar: {}. Times are UTC.</p>",
                bars(&spans, width, 210, class),
                length(spans.width)
            );
        }
    }
    out.push_str("<ul class=\"legend\">");
    for level in LEVELS {
        if report.severities.get(level as usize).is_some_and(|count| *count > 0) {
            let _ = write!(out, "<li class=\"{0}\"><i></i>{0}</li>", level.as_str());
        }
    }
    out.push_str("</ul>\n</div>\n");
}

fn overview(out: &mut String, report: &Report) {
    out.push_str("<h2 id=\"overview\">Overview</h2>\n");
    if report.alerts.total == 0 {
        out.push_str("<p>No rule matched in what was read.</p>\n");
        return;
    }
    let role = |name: &str, about: &str| match about {
        "" | "unknown" => line(name),
        role => format!("{} <span class=\"soft\">{}</span>", line(name), line(&role.replace('_', " "))),
    };
    out.push_str("<div class=\"columns\">\n<div>\n");
    table(out, "Hosts", "Alerts", &report.hosts, role);
    table(out, "Accounts", "Alerts", &report.accounts, |name, _| line(name));
    table(out, "ATT&amp;CK techniques", "Alerts", &report.techniques, |id, _| technique(id));
    out.push_str("</div>\n<div>\n");
    table(out, "Rules", "Matches", &report.rules, |id, title| {
        let title = if title.is_empty() { id } else { title };
        format!("<a href=\"#{}\">{}</a>", anchor(id), line(title))
    });
    out.push_str("</div>\n</div>\n");
}

/// Names by severity and number: the first ones, and the others folded.
fn table(
    out: &mut String,
    heading: &str,
    unit: &str,
    tallies: &Tallies,
    cell: impl Fn(&str, &str) -> String,
) {
    let ranked = tallies.ranked();
    let _ = writeln!(
        out,
        "<h4>{heading}</h4>\n<div class=\"box\"><table><thead><tr><th class=\"level\">Most severe</th><th>Name</th>\
         <th class=\"number\">{unit}</th></tr></thead><tbody>"
    );
    for (index, (name, tally)) in ranked.iter().take(ROWS).enumerate() {
        if index == FIRST_ROWS {
            let more = grouped((ranked.len().min(ROWS) - FIRST_ROWS) as u64);
            let _ = writeln!(out, "</tbody></table><details><summary>{more} more</summary><table><tbody>");
        }
        let _ = writeln!(
            out,
            "<tr><td class=\"level\">{}</td><td>{}</td><td class=\"number\">{}</td></tr>",
            badge(tally.level, ""),
            cell(name, &tally.about),
            grouped(tally.count)
        );
    }
    out.push_str("</tbody></table>");
    if ranked.len() > FIRST_ROWS {
        out.push_str("</details>");
    }
    let more = ranked.len().saturating_sub(ROWS);
    if more > 0 || tallies.others > 0 {
        let least = if tallies.others > 0 { "at least " } else { "" };
        let _ =
            write!(out, "<p class=\"soft\">{least}{} more are not listed.</p>", grouped(more.max(1) as u64));
    }
    out.push_str("</div>\n");
}

/// A technique with its name.
fn technique(id: &str) -> String {
    let well_formed = id.starts_with('T') && id.chars().skip(1).all(|c| c.is_ascii_digit() || c == '.');
    let shown = if well_formed { link(&technique_url(id), id) } else { line(id) };
    format!("{shown} {}", line(technique_name(id).unwrap_or_default()))
}

/// Some techniques, side by side.
fn techniques<'t>(out: &mut String, ids: impl Iterator<Item = &'t str>) {
    let items: Vec<String> = ids.map(|id| format!("<li>{}</li>", technique(id))).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "<h4>ATT&amp;CK</h4>\n<ul class=\"inline\">{}</ul>", items.concat());
    }
}

fn findings(out: &mut String, report: &Report) {
    if report.alerts.total == 0 {
        return;
    }
    out.push_str("<h2 id=\"alerts\">Alerts</h2>\n");
    let groups = report.alerts.ranked();
    let _ = writeln!(
        out,
        "<p class=\"soft\">{} in {}, most severe first. Alerts that differ in nothing but time, host and account are one \
         group.</p>",
        several(report.alerts.total, "alert"),
        several(groups.len() as u64, "group")
    );
    left_out(out, &report.alerts, "alert");
    for (index, group) in groups.iter().enumerate() {
        card(out, group, index < UNFOLDED);
    }
}

fn others(out: &mut String, heading: &str, id: &str, about: &str, groups: &Groups) {
    if groups.total == 0 {
        return;
    }
    let _ = writeln!(
        out,
        "<h2 id=\"{id}\">{heading}</h2>\n<p class=\"soft\">{} {about}</p>",
        several(groups.total, "event") + "."
    );
    left_out(out, groups, "event");
    for group in groups.ranked() {
        card(out, group, false);
    }
}

/// Says what is not listed.
fn left_out(out: &mut String, groups: &Groups, one: &str) {
    if groups.dropped {
        let rest = groups.total.saturating_sub(groups.listed());
        let _ = writeln!(
            out,
            "<p><b>{} of less severe groups are left out here</b> to keep the page readable; the numbers above count \
             them. <code>schtag report --most</code> sets how many groups are listed, and <code>schtag tag \
             --only-tagged</code> gives all.</p>",
            several(rest, one)
        );
    }
}

fn card(out: &mut String, group: &Group, unfolded: bool) {
    let tag = &group.tag;
    let verdict = text(tag, "/verdict").unwrap_or_default();
    let first = match verdict {
        "alert" => badge(group.severity, "full"),
        "allowlisted" => "<span class=\"badge good\">allowlisted</span>".to_owned(),
        _ => "<span class=\"badge medium\">unreadable</span>".to_owned(),
    };
    let times = if group.count > 1 { format!("{} times", grouped(group.count)) } else { String::new() };
    let hosts = names(&group.hosts, 3);
    let about: Vec<String> =
        [times, period(group), hosts].into_iter().filter(|text| !text.is_empty()).collect();
    let _ = writeln!(
        out,
        "<details class=\"card\"{}><summary><span class=\"badges\">{first} {}</span><h3>{}</h3></summary>\n<div>",
        if unfolded { " open" } else { "" },
        about.join(" · "),
        line(text(tag, "/title").unwrap_or("(no title)"))
    );
    facts(out, group);
    let titles: BTreeMap<&str, &str> =
        entries(tag, "/rules").filter_map(|rule| Some((text(rule, "/id")?, text(rule, "/title")?))).collect();
    let words: Vec<(&str, &str)> = entries(tag, "/evidence")
        .filter_map(|entry| {
            let rule = text(entry, "/rule")?;
            Some((text(entry, "/match")?, titles.get(rule).copied().unwrap_or(rule)))
        })
        .collect();
    for (heading, pointer) in [("What it runs", "/task/commands"), ("Decoded", "/task/decoded")] {
        let mut shown = texts(tag, pointer).peekable();
        if shown.peek().is_some() {
            let _ = writeln!(out, "<h4>{heading}</h4>");
        }
        for value in shown {
            let _ = writeln!(out, "<pre dir=\"ltr\">{}</pre>", marked(value, &words));
        }
    }
    matched(out, tag);
    techniques(out, texts(tag, "/techniques"));
    let allowed: Vec<String> = entries(tag, "/allowlist")
        .map(|entry| {
            format!(
                "{}: {}",
                line(text(entry, "/name").unwrap_or_default()),
                line(text(entry, "/reason").unwrap_or_default())
            )
        })
        .collect();
    if !allowed.is_empty() {
        let _ = writeln!(out, "<h4>Allowlist</h4><p>{}</p>", allowed.join("<br>"));
    }
    let notes: Vec<String> = texts(tag, "/notes").map(line).collect();
    if !notes.is_empty() {
        let _ = writeln!(out, "<h4>Notes</h4><p>{}</p>", notes.join("<br>"));
    }
    out.push_str("</div></details>\n");
}

fn facts(out: &mut String, group: &Group) {
    let tag = &group.tag;
    let task = |name: &str| text(tag, &format!("/task/{name}")).map(line).unwrap_or_default();
    let joined =
        |parts: [String; 2]| parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let hidden = if text(tag, "/task/hidden") == Some("true") { "yes".to_owned() } else { String::new() };
    let rows = [
        ("Task", task("name")),
        ("Runs as", joined([task("run_as"), task("run_level")])),
        ("Starts at", texts(tag, "/task/triggers").map(line).collect::<Vec<_>>().join(", ")),
        ("Hidden", hidden),
        ("Author", task("author")),
        ("Hosts", names(&group.hosts, 50)),
        ("Accounts", names(&group.accounts, 50)),
        ("Found in", names(&group.places, 5)),
    ];
    out.push_str("<dl>");
    for (name, value) in rows {
        if !value.is_empty() {
            let _ = write!(out, "<dt>{name}</dt><dd>{value}</dd>");
        }
    }
    out.push_str("</dl>\n");
}

/// The rules of a finding, each with the words that decided.
fn matched(out: &mut String, tag: &Value) {
    let mut rules = entries(tag, "/rules").peekable();
    if rules.peek().is_none() {
        return;
    }
    out.push_str("<h4>Rules that matched</h4>\n<ul class=\"rules\">\n");
    for rule in rules {
        let id = text(rule, "/id").unwrap_or_default();
        let words: Vec<String> = entries(tag, "/evidence")
            .filter(|entry| text(entry, "/rule") == Some(id))
            .map(|entry| {
                let word = text(entry, "/match").unwrap_or_default();
                let short: String = word.chars().take(100).collect();
                let mark = if short.len() < word.len() { "…" } else { "" };
                format!("{}: {}{mark}", line(text(entry, "/field").unwrap_or_default()), line(&short))
            })
            .collect();
        let _ = writeln!(
            out,
            "<li>{}<span>{}</span><span class=\"why\">{}</span></li>",
            badge(super::level(text(rule, "/level")), ""),
            line(text(rule, "/title").unwrap_or(id)),
            words.join("\n")
        );
    }
    out.push_str("</ul>\n");
}

/// What the rules say of themselves.
fn rules(out: &mut String, report: &Report, catalogue: &Catalogue) {
    if report.rules.len() == 0 {
        return;
    }
    out.push_str("<h2 id=\"rules\">Rules</h2>\n<p class=\"soft\">What each rule that matched looks for, when it is wrong, and what to do.</p>\n");
    for (id, tally) in report.rules.ranked() {
        let _ = writeln!(
            out,
            "<details class=\"card\" id=\"{}\"><summary><span class=\"badges\">{} {}</span><h3>{}</h3></summary>\n<div>",
            anchor(id),
            badge(tally.level, ""),
            several(tally.count, "match").replace("matchs", "matches"),
            line(if tally.about.is_empty() { id } else { &tally.about })
        );
        let Some(rule) = catalogue.rule(id) else {
            let _ = writeln!(
                out,
                "<p>This rule is not among those that <code>schtag report</code> knows; <code>--rules</code> names its \
                 folder.</p>\n<p class=\"soft\">{}</p>\n</div></details>",
                line(id)
            );
            continue;
        };
        let _ = writeln!(out, "<p>{}</p>", line(&rule.metadata.description));
        for (heading, texts) in [("False positives", rule.false_positives()), ("Response", rule.response())] {
            if !texts.is_empty() {
                let texts: Vec<String> = texts.iter().map(|text| line(text)).collect();
                let _ = writeln!(out, "<h4>{heading}</h4><p>{}</p>", texts.join("<br>"));
            }
        }
        techniques(out, rule.metadata.techniques.iter().map(String::as_str));
        let source = match &rule.source {
            RuleSource::Page(address) => link(address, address),
            RuleSource::File(path) => line(&path.display().to_string()),
        };
        let mut sources = vec![source];
        sources.extend(
            rule.metadata
                .references
                .iter()
                .map(|text| if is_address(text) { link(text, text) } else { line(text) }),
        );
        let _ = writeln!(out, "<h4>Source and references</h4><p>{}</p>", sources.join("<br>"));
        let _ = writeln!(out, "<p class=\"soft\">{}</p>\n</div></details>", line(id));
    }
}

/// A name for a rule's part of the page.
fn anchor(id: &str) -> String {
    let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("rule-{plain}")
}

fn badge(level: Level, more: &str) -> String {
    format!("<span class=\"badge {more} {0}\">{0}</span>", level.as_str())
}

/// Some names, each with its number where it is more than one.
fn names(names: &Names, most: usize) -> String {
    let shown = names.kept.iter().take(most);
    let mut words: Vec<String> = shown
        .map(
            |(name, count)| {
                if *count > 1 { format!("{} ({})", line(name), grouped(*count)) } else { line(name) }
            },
        )
        .collect();
    let hidden = names.kept.len().saturating_sub(most) as u64;
    if hidden > 0 || names.others > 0 {
        let least = if names.others > 0 { "at least " } else { "" };
        words.push(format!("and {least}{} more", grouped(hidden.max(1))));
    }
    words.join(", ")
}

fn period(group: &Group) -> String {
    match group.range {
        None => String::new(),
        Some((first, last)) if first == last => moment(first),
        Some((first, last)) => format!("{} to {}", moment(first), moment(last)),
    }
}

/// A time to the second.
fn moment(milliseconds: i64) -> String {
    let text = rfc3339(milliseconds - milliseconds.rem_euclid(1_000));
    text.replace('T', " ").trim_end_matches('Z').to_owned()
}

fn length(milliseconds: i64) -> String {
    let minutes = milliseconds / 60_000;
    let (count, unit) = match minutes {
        0..60 => (minutes, "minute"),
        60..1_440 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    several(count.unsigned_abs(), unit)
}

fn several(count: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    escape(&out)
}
