//! The page.
mod card;
mod parts;

use super::chart::bars;
use super::groups::{Group, Groups};
use super::html::{line, link};
use super::{LEVELS, Report, Troubles};
use crate::records::mapping::text;
use crate::rules::attack::is_address;
use crate::rules::catalogue::{Catalogue, RuleSource};
use card::card;
use parts::{anchor, badge, grouped, length, moment, names, several, table, technique, techniques};
use schtag::rules::Level;
use std::fmt::Write;

/// The number of findings that are unfolded at first.
const UNFOLDED: usize = 20;
/// The most bars of the timeline.
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
        include_str!("../style.css")
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
        "Passed on",
        "passed_on",
        "An earlier filter knew something that could not be verified here. These are not counted as alerts: look at what the earlier filter found, if nobody else can write its records.",
        &report.passed_on,
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
    // Only where two filters stand in a chain.
    if report.passed_on.total > 0 {
        tile(report.passed_on.total, "passed on", "low");
    }
    out.push_str("</div>\n");
    let troubles = &report.troubles;
    for (count, one, what) in [
        (
            troubles.unreadable_inputs,
            "input",
            "could not be read to the end: what is in the rest is not in this report",
        ),
        (troubles.passed_over, "file", "in the folders left out, since they hold no records"),
        (troubles.left_out, "finding", "left out by the options that this report was made with"),
        (troubles.faults, "record", "could not be judged, since the filter failed"),
        (troubles.bad_lines, "line", "left out and not checked: no JSON"),
        (troubles.oversized_lines, "record", "left out and not checked: too long"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "<p><b>{}</b> {what}.</p>", several(count, one));
        }
    }
    list(out, &troubles.first_unreadable, troubles.unreadable_inputs, "other input");
    faults(out, troubles);
}

/// Lists the records that the filter failed on: each may be one that somebody made to hide behind.
fn faults(out: &mut String, troubles: &Troubles) {
    list(out, &troubles.first_faults, troubles.faults, "other record");
    if troubles.memory_losses > 0 {
        let _ = writeln!(
            out,
            "<p><b>{}</b> the filter lost what it remembered of earlier events: rules over several events may have \
             missed some.</p>",
            several(troubles.memory_losses, "time")
        );
    }
}

/// Lists the first of `all`.
fn list(out: &mut String, first: &[String], all: u64, other: &str) {
    if first.is_empty() {
        return;
    }
    out.push_str("<ul>\n");
    for entry in first {
        let _ = writeln!(out, "<li>{}</li>", line(entry));
    }
    let more = all.saturating_sub(first.len() as u64);
    if more > 0 {
        let _ = writeln!(out, "<li>and {}</li>", several(more, other));
    }
    out.push_str("</ul>\n");
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
        ("passed_on", "Passed on", report.passed_on.total > 0),
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
        let troubles = &report.troubles;
        let unread =
            troubles.unreadable_inputs + troubles.bad_lines + troubles.oversized_lines + troubles.faults;
        out.push_str(match (unread, troubles.left_out) {
            (0, 0) => "<p>No rule matched in what was read.</p>\n",
            (0, _) => "<p><b>Findings were left out: see above.</b> There is no other one.</p>\n",
            _ => {
                "<p><b>Not everything was read: see above.</b> In the rest there is no finding to list.</p>\n"
            }
        });
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

fn findings(out: &mut String, report: &Report) {
    if report.alerts.total == 0 {
        return;
    }
    out.push_str("<h2 id=\"alerts\">Alerts</h2>\n");
    let groups = report.alerts.ranked();
    let listed = report.alerts.listed();
    let of = if listed < report.alerts.total {
        format!(" of {}", grouped(report.alerts.total))
    } else {
        String::new()
    };
    let _ = writeln!(
        out,
        "<p class=\"soft\">{}{of} in {}, most severe first. Alerts that differ in nothing but time, host and account are one \
         group.</p>",
        several(listed, "alert"),
        several(groups.len() as u64, "group")
    );
    left_out(out, &report.alerts, "alert");
    index(out, &groups);
    for (number, group) in groups.iter().enumerate() {
        card(out, group, &finding(number), number < UNFOLDED, &|id| report.rules.contains(id));
    }
}

/// The name of a group's card in the page.
fn finding(number: usize) -> String {
    format!("finding-{}", number.saturating_add(1))
}

/// Lists the groups, each with a link to its card.
fn index(out: &mut String, groups: &[&Group]) {
    if groups.len() < 2 {
        return;
    }
    out.push_str(
        "<div class=\"box card\"><table><thead><tr><th class=\"level\">Severity</th><th>Alert</th><th>Hosts</th>\
         <th class=\"number\">Times</th></tr></thead><tbody>\n",
    );
    for (number, group) in groups.iter().enumerate() {
        let _ = writeln!(
            out,
            "<tr><td class=\"level\">{}</td><td><a href=\"#{}\">{}</a></td><td>{}</td><td class=\"number\">{}</td></tr>",
            badge(group.severity, ""),
            finding(number),
            line(text(&group.tag, "/title").unwrap_or("(no title)")),
            names(&group.hosts, 2),
            grouped(group.count)
        );
    }
    out.push_str("</tbody></table></div>\n");
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
        card(out, group, "", false, &|_| false);
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

/// Writes the descriptions of the rules.
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
            several(tally.count, "alert"),
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
