//! Small Sigma rules, each about one thing that the specification says.
use schtag::fields::View::{self, ProcessCreation as P, Security as S};
use schtag_host::rules::sigma::Source;

/// The name of the case, its log source, and its section `detection`.
type Case = (&'static str, View, &'static str);

const TEXT: &[Case] = &[
    ("whole value", P, r"{s: {Image: 'C:\Windows\cmd.exe'}, condition: s}"),
    ("contains", P, "{s: {CommandLine|contains: whoami}, condition: s}"),
    ("startswith", P, r"{s: {Image|startswith: 'C:\Temp\'}, condition: s}"),
    ("endswith", P, r"{s: {Image|endswith: '\rundll32.exe'}, condition: s}"),
    ("not ASCII", P, "{s: {CommandLine|contains: 'Prüfung ÄÖÜ'}, condition: s}"),
    ("empty text", P, "{s: {CommandLine: ''}, condition: s}"),
    ("contains empty text", P, "{s: {CommandLine|contains: ''}, condition: s}"),
    ("cased", P, "{s: {CommandLine|cased: IEX}, condition: s}"),
    ("cased contains", P, "{s: {CommandLine|contains|cased: IeX}, condition: s}"),
    ("cased startswith", P, "{s: {CommandLine|startswith|cased: Pow}, condition: s}"),
    ("cased endswith", P, "{s: {CommandLine|cased|endswith: Exe}, condition: s}"),
    (
        "not equal",
        P,
        "{s: {Image: a.exe}, n: {Image|neq: a.exe, CommandLine|contains: b}, condition: s or n}",
    ),
    ("none of several", P, "{s: {Image|contains|neq: [abc, def]}, condition: s}"),
    ("number as text", S, "{s: {EventID: 4698, task.name|contains: run}, condition: s}"),
    ("text as number", S, "{s: {EventID: '4702', task.name|contains: run}, condition: s}"),
    ("number in text", P, "{s: {CommandLine|contains: 8080}, condition: s}"),
    ("markup", S, "{s: {TaskContent|contains: ['cmd.exe</Command>', '<Arguments>/c ']}, condition: s}"),
    ("quotes", P, r#"{s: {CommandLine|contains: '"it''s"'}, condition: s}"#),
];

const WILDCARDS: &[Case] = &[
    ("any text", P, "{s: {CommandLine: 'net*user'}, condition: s}"),
    ("one character", P, "{s: {CommandLine: 'a?c'}, condition: s}"),
    ("both", P, "{s: {CommandLine: '*-e?c* *'}, condition: s}"),
    ("anything at all", P, "{s: {CommandLine: '*'}, condition: s}"),
    ("at least one character", P, "{s: {CommandLine: '?*'}, condition: s}"),
    ("at both ends", P, "{s: {CommandLine: '*certutil*'}, condition: s}"),
    ("within contains", P, "{s: {CommandLine|contains: 'mshta*http?://'}, condition: s}"),
    ("cased", P, "{s: {CommandLine|cased: 'A*B'}, condition: s}"),
    ("backtracking", P, "{s: {CommandLine: '*ab*aab*b'}, condition: s}"),
    ("escaped star", P, r"{s: {CommandLine: 'a\*b'}, condition: s}"),
    ("escaped question mark", P, r"{s: {CommandLine|contains: '\?x'}, condition: s}"),
    ("escaped backslash before star", P, r"{s: {Image: 'C:\\*'}, condition: s}"),
    ("three backslashes", P, r"{s: {CommandLine|contains: 'q\\\*'}, condition: s}"),
    ("four backslashes", P, r"{s: {CommandLine|startswith: '\\\\srv'}, condition: s}"),
    ("two backslashes", P, r"{s: {CommandLine|startswith: '\\srv'}, condition: s}"),
    ("plain backslashes", P, r"{s: {CommandLine|contains: '\Temp\a'}, condition: s}"),
    ("backslash at the end", P, r"{s: {CurrentDirectory|endswith: '\'}, condition: s}"),
];

const LISTS: &[Case] = &[
    ("one of", P, "{s: {Image: [a, b, 'c*d']}, condition: s}"),
    (
        "one of many",
        P,
        "{s: {CommandLine|contains: [one, two, three, four, five, six, seven, eight, nine]}, condition: s}",
    ),
    ("all of", P, "{s: {CommandLine|contains|all: [alpha, beta]}, condition: s}"),
    ("all of with place", P, "{s: {CommandLine|startswith|all: [ab, abc]}, condition: s}"),
    ("map", P, "{s: {Image|endswith: x.exe, CommandLine|contains: y, User: z}, condition: s}"),
    ("list of maps", P, "{s: [{Image: a, User: b}, {CommandLine|contains: c}], condition: s}"),
    (
        "list of lists of maps",
        P,
        "{s: [{Image: a}, {User: [b, c], CommandLine|contains|all: [d, e]}], condition: s}",
    ),
    ("absent", P, "{s: {CurrentDirectory: null}, condition: s}"),
    ("absent and more", S, "{s: {task.author: null, task.name|contains: zz}, condition: s}"),
    ("not absent", S, "{s: {EventID: 4698}, f: {task.author: null}, condition: s and not f}"),
    ("exists", S, "{s: {task.author|exists: true}, condition: s}"),
    ("exists not", S, "{s: {task.uri|exists: false, EventID: 4699}, condition: s}"),
    ("several values", S, "{s: {task.trigger: [logon, boot], task.trigger_interval|lt: 300}, condition: s}"),
];

const CONDITIONS: &[Case] = &[
    ("and", P, "{a: {Image: a}, b: {CommandLine|contains: b}, condition: a and b}"),
    ("or", P, "{a: {Image: a}, b: {CommandLine|contains: b}, condition: a or b}"),
    ("not", P, "{a: {Image: a}, b: {CommandLine|contains: b}, condition: a and not b}"),
    ("only not", P, "{b: {CommandLine|contains: b}, condition: not b}"),
    (
        "precedence",
        P,
        "{a: {Image: a}, b: {User: b}, c: {CommandLine|contains: c}, condition: a or b and not c}",
    ),
    (
        "brackets",
        P,
        "{a: {Image: a}, b: {User: b}, c: {CommandLine|contains: c}, condition: (a or b) and not (c)}",
    ),
    ("not brackets", P, "{a: {Image: a}, b: {User: b}, condition: not (a or b)}"),
    ("twice not", P, "{a: {Image: a}, condition: not not a}"),
    ("1 of them", P, "{a: {Image: a}, b: {User: b}, _c: {CommandLine|contains: c}, condition: 1 of them}"),
    (
        "all of them",
        P,
        "{a: {Image|endswith: a}, b: {User: b}, _c: {CommandLine|contains: c}, condition: all of them}",
    ),
    (
        "1 of pattern",
        P,
        "{s: {Image|contains: a}, x_a: {User: b}, x_b: {CommandLine|contains: c}, condition: s and 1 of x_*}",
    ),
    (
        "all of pattern",
        P,
        "{x_a: {User: b}, x_b: {CommandLine|contains: c}, y: {Image: q}, condition: all of x_* or y}",
    ),
    (
        "not 1 of pattern",
        P,
        "{s: {Image|contains: a}, f_a: {User: b}, f_b: {CommandLine|contains: c}, condition: s and not 1 of f_*}",
    ),
    ("2 of", P, "{x_a: {User: b}, x_b: {CommandLine|contains: c}, x_c: {Image: d}, condition: 2 of x_*}"),
    ("any of", P, "{x_a: {User: b}, x_b: {CommandLine|contains: c}, condition: any of x_*}"),
    (
        "list of conditions",
        P,
        "{a: {Image: a}, b: {User: b}, c: {CommandLine|contains: c}, condition: [a and b, b and c]}",
    ),
];

const MODIFIERS: &[Case] = &[
    ("windash", P, "{s: {CommandLine|contains|windash: ' -enc '}, condition: s}"),
    ("windash with all", P, "{s: {CommandLine|contains|windash|all: [' -k ', ' -o ']}, condition: s}"),
    ("windash at the start", P, "{s: {CommandLine|windash|startswith: '-x'}, condition: s}"),
    ("base64", P, "{s: {CommandLine|base64: 'foo bar'}, condition: s}"),
    ("base64 contains", P, "{s: {CommandLine|base64|contains: 'IEX (New'}, condition: s}"),
    ("base64 cased", P, "{s: {CommandLine|base64|contains|cased: 'foobar'}, condition: s}"),
    ("base64 UTF-16", P, "{s: {CommandLine|wide|base64|contains: 'iex'}, condition: s}"),
    ("base64 UTF-16 big-endian", P, "{s: {CommandLine|utf16be|base64|contains: 'abc'}, condition: s}"),
    ("base64 UTF-16 with mark", P, "{s: {CommandLine|utf16|base64: 'ab'}, condition: s}"),
    ("re", P, r"{s: {CommandLine|re: '(?i)\s-e(nc)?\s+[a-z0-9+/=]{8,}'}, condition: s}"),
    ("re is cased", P, r"{s: {CommandLine|re: 'Ab+c'}, condition: s}"),
    ("re ignoring case", P, r"{s: {CommandLine|re|i: 'x[yz]{2}\.exe$'}, condition: s}"),
    ("re over lines", P, r"{s: {CommandLine|re|m: '^go$'}, condition: s}"),
    ("re with dots for all", P, r"{s: {CommandLine|re|s: '^a.+b$'}, condition: s}"),
    ("re with several flags", P, r"{s: {CommandLine|re|i|m|s: '^a.b$'}, condition: s}"),
    ("re with backslashes", P, r"{s: {Image|re: '\\[^\\]{1,8}\.(exe|com)$'}, condition: s}"),
    ("re with all", P, r"{s: {CommandLine|re|all: ['\d{3}', '[a-f]{3}']}, condition: s}"),
    ("re, one of several", P, r"{s: {CommandLine|re: ['^\d+$', '^[A-F]+$', 'z{4}']}, condition: s}"),
    ("re not", P, r"{s: {CommandLine|re|neq: '[0-9]'}, condition: s}"),
    ("lt", S, "{s: {task.action_count|lt: 2}, condition: s}"),
    ("lte", S, "{s: {task.action_count|lte: 2}, condition: s}"),
    ("gt", S, "{s: {task.action_count|gt: 2.5}, condition: s}"),
    ("gte", S, "{s: {task.action_count|gte: '-3'}, condition: s}"),
    ("fraction", S, "{s: {task.action_count: 1.5}, condition: s}"),
    ("IPv4 network", S, "{s: {Computer|cidr: 10.1.0.0/16}, condition: s}"),
    ("IPv6 network", S, "{s: {Computer|cidr: ['fe80::/10', 192.0.2.0/31]}, condition: s}"),
    ("every address", S, "{s: {Computer|cidr: 0.0.0.0/0}, condition: s}"),
    ("fieldref", P, "{s: {CommandLine|fieldref: ParentCommandLine}, condition: s}"),
    ("fieldref startswith", P, "{s: {CommandLine|fieldref|startswith: Image}, condition: s}"),
    ("fieldref endswith", P, "{s: {CommandLine|fieldref|endswith: User}, condition: s}"),
    ("fieldref contains", P, "{s: {CommandLine|fieldref|contains: CurrentDirectory}, condition: s}"),
    ("fieldref to the task", P, "{s: {CommandLine|fieldref: task.author}, condition: s}"),
    ("fieldref to the action", S, "{s: {task.author|fieldref: task.command}, condition: s}"),
    ("fieldref from the action", S, "{s: {task.command|fieldref|contains: task.author}, condition: s}"),
    (
        "fieldref not",
        S,
        "{s: {SubjectUserName|exists: true}, f: {SubjectUserName|fieldref: task.author}, condition: s and not f}",
    ),
];

const KEYWORDS: &[Case] = &[
    ("keywords", S, "{k: [mimikatz, sekurlsa], condition: k}"),
    ("one keyword", P, "{k: [lsadump], condition: k}"),
    ("keyword with wildcard", P, "{k: ['dump*creds', 'p?th'], condition: k}"),
    ("keywords and field", S, "{k: [procdump, rubeus], s: {EventID: 4698}, condition: k and s}"),
    ("no keyword", P, "{s: {Image|contains: exe}, k: [seatbelt, sharphound], condition: s and not k}"),
    (
        "fields of tasks",
        S,
        r"{s: {task.command_line|contains: enc, task.image|endswith: '\ps.exe'}, condition: s}",
    ),
    ("event and action", S, "{s: {SubjectUserName: bob, task.image_name: [a.exe, b.exe]}, condition: s}"),
];

/// A rule and a filter on it.
const FILTERED: &[(&str, View, &str, &str)] = &[
    ("filter", P, "{s: {Image|contains: abc}, condition: s}", "f: {User: svc}, condition: not f"),
    (
        "filter that selects",
        S,
        "{s: {EventID: [4698, 4702]}, condition: s}",
        "f: {task.author|contains: bob}, condition: f",
    ),
    (
        "filter of several",
        P,
        "{s: {CommandLine|contains: abc}, t: {User: root}, condition: s or t}",
        "f_a: {Image|startswith: x}, f_b: {ParentImage: y}, condition: not (f_a or f_b)",
    ),
];

/// A rule file.
pub(crate) fn source(title: &str, view: View, detection: &str) -> Source {
    let text =
        format!("title: '{title}'\nid: '{title}'\nlogsource: {}\ndetection: {detection}\n", logsource(view));
    Source { path: format!("{title}.yml").into(), text }
}

const fn logsource(view: View) -> &'static str {
    match view {
        P => "{product: windows, category: process_creation}",
        S => "{product: windows, service: security}",
    }
}

/// Every rule of these tables.
pub(crate) fn sources() -> Vec<Source> {
    let groups = [
        ("text", TEXT),
        ("wildcards", WILDCARDS),
        ("lists", LISTS),
        ("conditions", CONDITIONS),
        ("modifiers", MODIFIERS),
        ("keywords", KEYWORDS),
    ];
    let mut sources: Vec<Source> = groups
        .iter()
        .flat_map(|(group, cases)| cases.iter().map(move |case| (group, case)))
        .map(|(group, (title, view, detection))| source(&format!("{group}: {title}"), *view, detection))
        .collect();
    for (title, view, detection, filter) in FILTERED {
        let mut file = source(title, *view, detection);
        file.text.push_str(&format!(
            "---\ntitle: of {title}\nid: of {title}\nlogsource: {}\nfilter: {{rules: ['{title}'], {filter}}}\n",
            logsource(*view)
        ));
        sources.push(file);
    }
    sources
}
