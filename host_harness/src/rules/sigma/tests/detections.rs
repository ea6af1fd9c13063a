use super::*;

/// Returns what becomes of a detection.
fn detection(logsource: &str, detection: &str) -> Result<String, String> {
    let compilation = compile_texts(&[&rule("a", logsource, detection)]);
    match compilation.pack.rules.first() {
        Some(rule) => {
            assert!(compilation.refused.is_empty(), "{:?}", compilation.refused);
            Ok(infix(&compilation.pack, &rule.condition))
        }
        None => Err(compilation.refused[0].to_string().replace("0.yml (The rule a): ", "")),
    }
}

/// Returns what becomes of an item, as the only one of a rule about processes.
fn item(text: &str) -> Result<String, String> {
    detection(PROCESS, &format!("{{selection: {{{text}}}, condition: selection}}"))
}

#[test]
fn values() {
    for (text, expected) in [
        // Case does not count, and numbers are their text.
        ("Image: 'C:\\Windows\\CMD.exe'", r#"Image="c:\windows\cmd.exe""#),
        ("CommandLine: 4698", r#"CommandLine="4698""#),
        ("CommandLine: '4698'", r#"CommandLine="4698""#),
        ("CommandLine: -1", r#"CommandLine="-1""#),
        ("CommandLine: 1.5", "CommandLine Eq 1.5"),
        ("CommandLine: 18446744073709551615", r#"CommandLine="18446744073709551615""#),
        ("task.hidden: true", r#"task.hidden="true""#),
        // Wildcards and escapes.
        ("CommandLine: 'a*b?c'", r#"CommandLine="a*b?c""#),
        (r"CommandLine: 'a\*b\?c\\d\e'", r#"CommandLine="a[*]b[?]c\d\e""#),
        (r"CommandLine: 'C:\\*'", r#"CommandLine="c:\*""#),
        // Nothing there, and nothing in it.
        ("CommandLine: null", "no CommandLine"),
        ("CommandLine: ", "no CommandLine"),
        ("CommandLine: ''", r#"CommandLine="""#),
        ("CommandLine: [null, '']", r#"(no CommandLine | CommandLine="")"#),
        // Lists, and what they mean with modifiers.
        ("CommandLine: [a, b]", r#"(CommandLine="a" | CommandLine="b")"#),
        ("CommandLine|contains: [a, b]", r#"(CommandLine="*a*" | CommandLine="*b*")"#),
        ("CommandLine|contains|all: [a, b]", r#"(CommandLine="*a*" & CommandLine="*b*")"#),
        ("CommandLine|contains|all: a", r#"CommandLine="*a*""#),
        ("CommandLine|startswith: 4", r#"CommandLine="4*""#),
        ("CommandLine|endswith: '*X'", r#"CommandLine="*x""#),
        ("CommandLine|endswith|cased: X", r#"CommandLine=="*X""#),
        ("CommandLine|neq: a", r#"!CommandLine="a""#),
        ("CommandLine|contains|neq: [a, b]", r#"!(CommandLine="*a*" | CommandLine="*b*")"#),
        (
            "CommandLine|contains|all|windash: [' -a', x]",
            "((CommandLine=\"* -a*\" | CommandLine=\"* /a*\" | CommandLine=\"* –a*\" | CommandLine=\"* —a*\" \
             | CommandLine=\"* ―a*\") & CommandLine=\"*x*\")",
        ),
        (
            "CommandLine|wide|base64offset|contains: IEX",
            r#"(CommandLine="*sqbfafga*" | CommandLine="*karqbya*" | CommandLine="*jaeuawa*")"#,
        ),
        ("CommandLine|base64|cased: IEX", r#"CommandLine=="SUVY""#),
        ("User|expand: 'CORP\\\\%admins%'", r#"(User="corp\alice" | User="corp\adm_*")"#),
        // What is not text.
        ("CommandLine|exists: true", "CommandLine?"),
        ("CommandLine|exists: no", "no CommandLine"),
        ("CommandLine|re: 'a+'", "CommandLine~"),
        ("CommandLine|re|i: ['a+', b]", "(CommandLine~ | CommandLine~)"),
        ("CommandLine|re|neq: 'a+'", "!CommandLine~"),
        ("task.action_count|gt: 1", "task.action_count Gt 1"),
        ("task.action_count|lte: '2.5'", "task.action_count Lte 2.5"),
        ("Computer|cidr: 10.0.0.0/8", "Computer in 10.0.0.0/8"),
        ("Computer|cidr: ['fe80::/10', 192.0.2.1]", "(Computer in fe80::/10 | Computer in 192.0.2.1/32)"),
        ("Image|fieldref: ParentImage", "Image Equals ParentImage"),
        ("CommandLine|fieldref|contains|cased: Image", "CommandLine ContainsCased Image"),
    ] {
        assert_eq!(item(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn values_that_are_refused() {
    let placed = |key: &str, complaint: &str| format!("detection.selection.{key}: {complaint}");
    for (text, expected) in [
        ("CommandLine: []", placed("CommandLine", "there is nothing to look for")),
        (
            "CommandLine: [[a]]",
            placed("CommandLine[0]", "expected a text, a number, `true` or `false`, found a list"),
        ),
        ("CommandLine: {a: b}", placed("CommandLine", "expected a text, a number")),
        ("CommandLine|includes: a", placed("CommandLine|includes", "there is no modifier `|includes`")),
        (
            "CommandLine|endwith: a",
            placed("CommandLine|endwith", "there is no modifier `|endwith`; did you mean `endswith`?"),
        ),
        (
            "task.change: create",
            placed("task.change", "`create`: `task.change` never has this value; it is one of `created`"),
        ),
        (
            "task.change: [created, made]",
            placed("task.change[1]", "`made`: `task.change` never has this value"),
        ),
        ("task.hidden: 1", placed("task.hidden", "`1`: `task.hidden` never has this value")),
        (
            "task.trigger_interval: PT1M",
            placed(
                "task.trigger_interval",
                "`PT1M`: `task.trigger_interval` is a number of seconds; did you mean `60`?",
            ),
        ),
        ("CommandLine|not: a", placed("CommandLine|not", "`not` is not a value modifier")),
        (
            "CommandLine|re|contains: a",
            placed("CommandLine|re|contains", "`|re` does not go with `|contains`"),
        ),
        (
            "CommandLine|re: [a, '(']",
            placed("CommandLine|re[1]", "the regular expression `(`: unclosed group"),
        ),
        ("CommandLine|re: null", placed("CommandLine|re", "expected a text, a number")),
        (
            "CommandLine|contains|expand: '%nobody%'",
            placed("CommandLine|contains|expand", "the placeholder `%nobody%`"),
        ),
        ("CommandLine|gt: many", placed("CommandLine|gt", "expected a number, found the text `many`")),
        ("CommandLine|gt: .inf", placed("CommandLine|gt", "expected a number")),
        ("CommandLine|exists: maybe", placed("CommandLine|exists", "expected `true` or `false`")),
        ("Computer|cidr: 10.0.0.1/8", placed("Computer|cidr", "`10.0.0.1/8`: has bits set after the prefix")),
        ("Computer|cidr: 10.0.0.0/33", placed("Computer|cidr", "`10.0.0.0/33`: the length of the prefix")),
        ("Computer|cidr: host", placed("Computer|cidr", "`host`: not an IP network")),
        ("CommandLine|hour: 3", placed("CommandLine|hour", "`|hour` compares a part of a time")),
        (
            "task.comand_line: a",
            placed(
                "task.comand_line",
                "there is no field `task.comand_line` (docs/fields.md); did you mean `task.command_line`?",
            ),
        ),
    ] {
        match item(text) {
            Ok(compiled) => assert!(expected.is_empty(), "{text} became {compiled}"),
            Err(found) => {
                assert!(found.starts_with(&expected), "{text}\n  found:    {found}\n  expected: {expected}")
            }
        }
    }
}

#[test]
fn detections_and_conditions() {
    for (text, expected) in [
        ("{s: {Image: a, CommandLine: b}, condition: s}", r#"(Image="a" & CommandLine="b")"#),
        (
            "{s: [{Image: a, User: u}, {CommandLine: b}], condition: s}",
            r#"((Image="a" & User="u") | CommandLine="b")"#,
        ),
        ("{s: {Image: a}, f: {User: u}, condition: s and not f}", r#"(Image="a" & !User="u")"#),
        (
            "{a: {Image: a}, b: {Image: b}, c: {Image: c}, condition: a or b and not c}",
            r#"(Image="a" | (Image="b" & !Image="c"))"#,
        ),
        (
            "{a: {Image: a}, b: {Image: b}, c: {Image: c}, condition: (a or b) and c}",
            r#"((Image="a" | Image="b") & Image="c")"#,
        ),
        (
            "{a_1: {Image: a}, a_2: {Image: b}, c: {Image: c}, condition: c and 1 of a_*}",
            r#"(Image="c" & (Image="a" | Image="b"))"#,
        ),
        (
            "{a_1: {Image: a}, a_2: {Image: b}, c: {Image: c}, condition: all of a_* and c}",
            r#"((Image="a" & Image="b") & Image="c")"#,
        ),
        (
            "{a: {Image: a}, b: {Image: b}, c: {Image: c}, condition: 2 of them}",
            r#"2 of (Image="a", Image="b", Image="c")"#,
        ),
        (
            "{a: {Image: a}, _b: {Image: b}, c: {Image: c}, condition: all of them}",
            r#"(Image="a" & Image="c")"#,
        ),
        ("{a: {Image: a}, b: {Image: b}, condition: any of them}", r#"(Image="a" | Image="b")"#),
        ("{a: {Image: a}, b: {Image: b}, condition: [a, not b]}", r#"(Image="a" | !Image="b")"#),
        ("{a: {Image: a}, condition: not not a}", r#"Image="a""#),
        // Keywords are looked for in every field.
        ("{k: [iex, '*x?', 7], condition: k}", r#"(anywhere="*iex*" | anywhere="*x?*" | anywhere="*7*")"#),
        ("{k: iex, condition: k}", r#"anywhere="*iex*""#),
        ("{k: {'|all': [a, b]}, condition: k}", r#"(anywhere="*a*" & anywhere="*b*")"#),
        ("{k: {'|re': 'a+'}, condition: k}", "anywhere~"),
        ("{k: [iex, {Image: a}], condition: k}", r#"(anywhere="*iex*" | Image="a")"#),
    ] {
        assert_eq!(detection(PROCESS, text).as_deref(), Ok(expected), "{text}");
    }
    for (text, expected) in [
        ("{s: {Image: a}}", "detection: the key `condition` is missing"),
        ("{condition: s}", "detection.condition: the condition names `s`, which is not in the detection"),
        (
            "{selection: {Image: a}, condition: selektion}",
            "detection.condition: the condition names `selektion`, which is not in the detection; did you mean `selection`?",
        ),
        ("{s: {Image: a}, condition: [s, 1]}", "detection.condition[1]: expected a text, found the number 1"),
        ("{s: {Image: a}, condition: []}", "detection.condition: there is nothing to look for"),
        (
            "{s: {Image: a}, condition: s |  count() > 3}",
            "detection.condition: aggregations after `|` ended with Sigma 1",
        ),
        ("{s: {Image: a}, condition: s and}", "detection.condition: the condition cannot be read"),
        (
            "{s: {Image: a}, condition: 1 of f_*}",
            "detection.condition: `1 of f_*` needs 1 detections, but 0 fit",
        ),
        (
            "{s: {Image: a}, condition: all of f_*}",
            "detection.condition: `all of f_*` needs 1 detections, but 0 fit",
        ),
        (
            "{s: {Image: a}, condition: 2 of them}",
            "detection.condition: `2 of them` needs 2 detections, but 1 fit",
        ),
        (
            "{s: {Image: a}, condition: 0 of them}",
            "detection.condition: `0 of them` needs 0 detections, but 1 fit",
        ),
        ("{s: {}, condition: s}", "detection.s: there is nothing to look for"),
        ("{s: [], condition: s}", "detection.s: there is nothing to look for"),
        ("{s: null, condition: s}", "detection.s: expected a text"),
        ("{s: '', condition: s}", "detection.s: there is nothing to look for"),
        (
            "{s: {'|startswith': x}, condition: s}",
            "detection.s.|startswith: `|startswith` needs a field before it",
        ),
        (
            "{s: {'|exists': true}, condition: s}",
            "detection.s.|exists: this modifier needs a field before it",
        ),
        ("x", "detection: expected a mapping, found the text `x`"),
    ] {
        let found = detection(PROCESS, text).expect_err(text);
        assert!(found.starts_with(expected), "{text}\n  found:    {found}\n  expected: {expected}");
    }
}

#[test]
fn what_scheduled_task_events_decide_is_folded() {
    for (logsource, text, expected) in [
        // A field that is never there.
        (PROCESS, "{s: [{Image: a}, {OriginalFileName: b}], condition: s}", Ok(r#"Image="a""#)),
        (PROCESS, "{s: {Image: a}, f: {Hashes: x}, condition: s and not f}", Ok(r#"Image="a""#)),
        (PROCESS, "{s: {Image: a, Hashes: null, Company|exists: false}, condition: s}", Ok(r#"Image="a""#)),
        (PROCESS, "{s: {Image: a, Hashes|neq: x}, condition: s}", Ok(r#"Image="a""#)),
        (PROCESS, "{s: {User|fieldref|neq: ParentUser, Image: a}, condition: s}", Ok(r#"Image="a""#)),
        (
            PROCESS,
            "{s: {Hashes: x, Image: a}, condition: s}",
            Err("can never match: scheduled-task events have no Hashes"),
        ),
        (
            PROCESS,
            "{s: {Hashes|contains: x, Company|exists: true}, condition: s}",
            Err("can never match: scheduled-task events have no Hashes, Company"),
        ),
        (
            PROCESS,
            "{s: {Hashes: x}, condition: not s}",
            Err(
                "matches every event; nothing that it looks at decides anything: scheduled-task events have no Hashes",
            ),
        ),
        // A field of the other view is not there either.
        (
            SECURITY,
            "{s: {Image: a}, condition: s}",
            Err("can never match: scheduled-task events have no Image with this log source \
                 (`category: process_creation` has it; here there is `task.image`)"),
        ),
        (
            PROCESS,
            "{s: {EventID: 4698}, condition: s}",
            Err("can never match: scheduled-task events have no EventID with this log source \
                 (`service: security` has it; here there is `task.change`)"),
        ),
        (
            SECURITY,
            "{s: {EventId: 4698}, condition: s}",
            Err("can never match: scheduled-task events have no EventId (did you mean `EventID`?)"),
        ),
        // Every event.
        (
            SECURITY,
            "{s: {EventID: [4698, 4699, 4700, 4701, '4702']}, condition: s}",
            Err("matches every event; nothing that it looks at decides anything: \
                 every event has one of these EventIDs"),
        ),
        (
            SECURITY,
            "{s: {EventID: [4698, 4699, 4700, 4701, 4702], TaskName: a}, condition: s}",
            Ok(r#"TaskName="a""#),
        ),
        // Another event.
        (SECURITY, "{s: {EventID: [4698, 4688]}, condition: s}", Ok(r#"EventID="4698""#)),
        (
            SECURITY,
            "{s: {EventID: [4698, '4702']}, condition: s}",
            Ok(r#"(EventID="4698" | EventID="4702")"#),
        ),
        (SECURITY, "{s: {EventID|startswith: 46}, condition: s}", Ok(r#"EventID="46*""#)),
        (
            SECURITY,
            "{s: {EventID: [4688, 1102], TaskName: a}, condition: s}",
            Err("can never match: EventID 4688, 1102 is not of a scheduled task"),
        ),
    ] {
        assert_eq!(detection(logsource, text).as_deref().map_err(String::as_str), expected, "{text}");
    }
    let compilation = compile_texts(&[&rule("a", PROCESS, "{s: [{Image: a}, {Hashes: b}], condition: s}")]);
    assert_eq!(compilation.rules[0].absent_fields, ["Hashes"]);
}

#[test]
fn probable_mistakes_are_named_with_their_place() {
    for (item, said) in [
        (
            r"task.image: 'C:\tools\*'",
            r"detection.s.task.image: `C:\tools\*`: a backslash before `*` or `?` makes it",
        ),
        (r"Image|startswith: 'C:\tools\?'", r"detection.s.Image|startswith: `C:\tools\?`: a backslash"),
        (r#"Image: "C:\\tools\\new""#, ""),
        (r#"Image: "C:\tools""#, "detection.s.Image: the value holds a tab: in YAML's double quotes"),
        (
            r#"CommandLine|contains: [a, "x\ny"]"#,
            "detection.s.CommandLine|contains[1]: the value holds a line break",
        ),
        (r#"CommandLine|re: "\bcmd\b""#, "detection.s.CommandLine|re: the value holds a backspace"),
        ("CommandLine|contains: ''", "detection.s.CommandLine|contains: an empty text is part of every text"),
        // In a command line an asterisk is nothing special.
        (r"CommandLine: 'del C:\tools\*'", ""),
        (r"Image: 'C:\tools\\*'", ""),
        (r"Image: '*\x.exe'", ""),
    ] {
        let text = format!("{{s: {{{item}}}, condition: s}}");
        let remarks = remarks(&compile_texts(&[&rule("a", PROCESS, &text)]));
        let expected = if said.is_empty() { String::new() } else { format!("0.yml (The rule a): {said}") };
        assert!(
            remarks.concat().starts_with(&expected) && remarks.is_empty() == said.is_empty(),
            "{item}: {remarks:?}"
        );
    }
}

#[test]
fn keys_that_no_tool_knows_are_named() {
    let with = |keys: &str| rule("a", PROCESS, "{s: {Image: a}, condition: s}") + keys;
    for (keys, said) in [
        ("falsepositive: [x]\n", "no tool looks at the key `falsepositive`; did you mean `falsepositives`?"),
        ("comment: x\n", "no tool looks at the key `comment`"),
        ("titels: {s: x}\n", "no tool looks at the key `titels`; did you mean `titles`?"),
        ("ads: {goal: x}\nmodified: 2026-01-01\nlicense: MIT\n", ""),
    ] {
        let remarks = remarks(&compile_texts(&[&with(keys)]));
        assert!(
            remarks.concat().ends_with(said) && remarks.is_empty() == said.is_empty(),
            "{keys}: {remarks:?}"
        );
    }
}
