//! A group of findings.
use super::super::groups::Group;
use super::super::html::{line, marked};
use super::super::level;
use super::parts::{anchor, badge, grouped, names, period, techniques};
use crate::records::mapping::{entries, text, texts};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Writes a group, unfolded or not. `id` is that of the card in the page; the rules that `is_told` are linked.
pub(super) fn card(
    out: &mut String,
    group: &Group,
    id: &str,
    unfolded: bool,
    is_told: &dyn Fn(&str) -> bool,
) {
    let tag = &group.tag;
    let verdict = text(tag, "/verdict").unwrap_or_default();
    let first = match verdict {
        "alert" => badge(group.severity, "full"),
        "allowlisted" => "<span class=\"badge good\">allowlisted</span>".to_owned(),
        "passed_on" => "<span class=\"badge low\">passed on</span>".to_owned(),
        _ => "<span class=\"badge medium\">unreadable</span>".to_owned(),
    };
    let times = if group.count > 1 { format!("{} times", grouped(group.count)) } else { String::new() };
    let hosts = names(&group.hosts, 3);
    let id = if id.is_empty() { String::new() } else { format!(" id=\"{id}\"") };
    let about: Vec<String> =
        [times, period(group), hosts].into_iter().filter(|text| !text.is_empty()).collect();
    let _ = writeln!(
        out,
        "<details class=\"card\"{id}{}><summary><span class=\"badges\">{first} {}</span><h3>{}</h3></summary>\n<div>",
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
    for (heading, pointer) in [
        ("What it runs", "/task/commands"),
        ("Decoded", "/task/decoded"),
        ("Files that it executes or loads", "/task/runs"),
        ("Addresses that it contacts", "/task/address"),
    ] {
        let mut shown = texts(tag, pointer).peekable();
        if shown.peek().is_some() {
            let _ = writeln!(out, "<h4>{heading}</h4>");
        }
        for value in shown {
            let _ = writeln!(out, "<pre dir=\"ltr\">{}</pre>", marked(value, &words));
        }
    }
    matched(out, tag, is_told);
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
    let earlier: Vec<String> = entries(tag, "/passed_on/rules")
        .filter_map(|rule| text(rule, "/title"))
        .chain(texts(tag, "/passed_on/notes"))
        .map(line)
        .collect();
    if !earlier.is_empty() {
        let _ = writeln!(out, "<h4>By an earlier filter, not verified</h4><p>{}</p>", earlier.join("<br>"));
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
fn matched(out: &mut String, tag: &Value, is_told: &dyn Fn(&str) -> bool) {
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
        let title = line(text(rule, "/title").unwrap_or(id));
        let title =
            if is_told(id) { format!("<a href=\"#{}\">{title}</a>", anchor(id)) } else { title.to_string() };
        let _ = writeln!(
            out,
            "<li>{}<span>{}</span><span class=\"why\">{}</span></li>",
            badge(level(text(rule, "/level")), ""),
            title,
            words.join("\n")
        );
    }
    out.push_str("</ul>\n");
}
