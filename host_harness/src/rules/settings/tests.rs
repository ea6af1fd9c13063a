use super::*;
use schtag::fields::Field;
use schtag::rules::GlobPart;
use std::time::{Duration, UNIX_EPOCH};

/// 2026-07-01.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_782_864_000)
}

fn refused(text: &str) -> String {
    parse(text, now()).expect_err(text).to_string()
}

#[test]
fn nothing_said_means_the_defaults() {
    for text in ["", "---\n", "# only a comment\n", "key: null\n"] {
        assert_eq!(parse(text, now()).unwrap(), Configuration::default(), "{text:?}");
    }
}

#[test]
fn everything_that_can_be_said() {
    let hash = "AB".repeat(32);
    let text = format!(
        r#"
key: scheduled_task
minimum_level: low
observe: all
source: winevtlog
hosts:
  role_member: host.role
  raise_on_servers: false
  roles:
    - {{ pattern: 'SRV-*', role: server }}
    - {{ pattern: 'DC??', role: domain_controller }}
allowlist:
  - name: backup
    reason: nightly backup, change 1234
    expires: 2026-12-31
    rules: [rule-a, rule-b]
    task_name: '\Backup\*'
    author: 'CORP\Backup'
    subject: 's-1-5-18'
    image: 'C:\Backup\*.exe'
    command_line: '*--nightly'
    command_sha256: [{hash}]
  - name: old
    reason: migration
    expires: 2026-06-30
    subject: svc_deploy
placeholders:
  admins: [alice, 'adm_*']
  one: single
"#
    );
    let read = parse(&text, now()).unwrap();
    assert_eq!(read.settings.key, "scheduled_task");
    assert_eq!(read.settings.minimum_level, Level::Low);
    assert!(read.settings.observe_all);
    assert_eq!(read.settings.source, Source::Winevtlog);
    assert!(!read.settings.raise_on_servers);
    assert_eq!(read.settings.role_member, ["host", "role"]);
    assert_eq!(read.settings.role_patterns[0].role, Role::Server);
    assert_eq!(
        read.settings.role_patterns[1].pattern,
        Glob { cased: false, parts: vec![GlobPart::Literal("dc".into()), GlobPart::One, GlobPart::One] }
    );
    let backup = &read.settings.allowlist[0];
    assert_eq!(backup.expires, Some(1_798_761_599));
    assert_eq!(backup.rules, ["rule-a", "rule-b"]);
    let fields: Vec<Field> = backup.patterns.iter().map(|(field, _)| *field).collect();
    assert_eq!(
        fields,
        [Field::TaskPath, Field::TaskAuthor, Field::TaskImage, Field::TaskCommandLine, Field::SubjectUserSid]
    );
    // Unlike in Sigma, a backslash does not escape `*`: this is a folder and what is in it.
    assert_eq!(backup.patterns[0].1.parts, [GlobPart::Literal("\\backup\\".into()), GlobPart::Any]);
    assert_eq!(backup.command_hashes, ["ab".repeat(32)]);
    assert_eq!(read.settings.allowlist[1].patterns[0].0, Field::SubjectUserName);
    let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["allowlist[1].expires: the allowlist entry `old` expired after 2026-06-30; \
          remove it or review its date"]
    );
    assert_eq!(read.placeholders["admins"], ["alice", "adm_*"]);
    assert_eq!(read.placeholders["one"], ["single"]);
}

#[test]
fn a_slip_is_named_with_its_place() {
    for (text, complaint) in [
        ("kye: x", "settings: there is no key `kye` here; did you mean `key`?"),
        ("- x", "settings: expected a mapping, found a list"),
        ("key: 3", "settings: key: expected a text, found the number 3"),
        ("key: ''", "settings: key: a key is 1 to 64 bytes"),
        ("key: 'a\"b'", "settings: key: a key is 1 to 64 bytes"),
        ("minimum_level: severe", "settings: minimum_level: expected `informational`"),
        ("observe: true", "settings: observe: expected a text, found `true`"),
        ("observe: some", "settings: observe: expected `all` or `none`, found the text `some`"),
        ("hosts: {raise: true}", "settings: hosts: there is no key `raise` here"),
        ("hosts: {raise_on_servers: 'yes'}", "settings: hosts.raise_on_servers: expected `true` or `false`"),
        ("hosts: {role_member: a..b}", "settings: hosts.role_member: name a record member"),
        ("hosts: {roles: [{pattern: x}]}", "settings: hosts.roles[0]: the key `role` is missing"),
        ("hosts: {roles: [{pattern: x, role: pc}]}", "settings: hosts.roles[0].role: expected `endpoint`"),
        ("allowlist: [{name: x}]", "settings: allowlist[0]: the key `reason` is missing"),
        ("allowlist: [{name: x, reason: ' '}]", "settings: allowlist[0].reason: must not be empty"),
        ("allowlist: [{name: x, reason: y}]", "settings: allowlist[0]: this would cover every task"),
        (
            "allowlist: [{name: x, reason: y, author: '*'}]",
            "settings: allowlist[0]: this would cover every task",
        ),
        ("allowlist: [{name: x, reason: y, author: ''}]", "settings: allowlist[0].author: an empty pattern"),
        (
            "allowlist: [{name: x, reason: y, author: z, rules: []}]",
            "settings: allowlist[0].rules: name rules by id",
        ),
        (
            "allowlist: [{name: x, reason: y, author: z, expires: tomorrow}]",
            "settings: allowlist[0].expires: expected a date such as `2027-03-31`, found the text `tomorrow`",
        ),
        (
            "allowlist: [{name: x, reason: y, command_sha256: abc}]",
            "settings: allowlist[0].command_sha256: expected a SHA-256",
        ),
        (
            "allowlist: [{name: x, reason: y, class_id: ['{1}']}]",
            "settings: allowlist[0].class_id[0]: expected a class id",
        ),
        (
            r#"allowlist: [{name: x, reason: y, image: "C:\tools\new.cmd"}]"#,
            "settings: allowlist[0].image: it holds a tab, a line break or another control character",
        ),
        ("rules: {a: off}", "settings: rules.a: expected `disable`, or a level"),
        ("rules: {a: {level: loud}}", "settings: rules.a.level: expected `informational`"),
        ("rules: {a: {levl: low}}", "settings: rules.a: there is no key `levl` here; did you mean `level`?"),
        ("packaged_allowlist: none", "settings: packaged_allowlist: expected `true` or `false`"),
        (
            "allowlist: [{name: x, reason: y, author: z}, {name: x, reason: y, author: z}]",
            "settings: allowlist[1]: there is another entry named `x`",
        ),
        ("placeholders: {'%a%': x}", "settings: placeholders.%a%: a placeholder's name"),
        ("placeholders: {a: []}", "settings: placeholders.a: give at least one value"),
        ("placeholders: {a: [1]}", "settings: placeholders.a[0]: expected a text, found the number 1"),
        ("a: 1\n---\nb: 2", "the settings are one YAML document; found 2"),
        ("a: [", "the settings are not valid YAML: "),
    ] {
        let found = refused(text);
        assert!(found.starts_with(complaint), "{text}\n  found:    {found}\n  expected: {complaint}");
    }
}

#[test]
fn an_allowlist_that_comes_with_rules_gives_way_to_the_settings() {
    let entry = |name: &str, author: &str| format!("{{name: {name}, reason: y, author: {author}}}");
    let packaged = format!("allowlist: [{}, {}]", entry("a", "theirs"), entry("b", "theirs"));
    let names = |settings: &str| {
        let mut read = parse(settings, now()).unwrap();
        add_packaged(&mut read, &packaged, now()).unwrap();
        let author = |allow: &schtag::rules::Allow| format!("{:?}", allow.patterns[0].1.parts);
        let list = read.settings.allowlist.iter();
        list.map(|allow| (allow.name.clone(), author(allow).contains("theirs"))).collect::<Vec<_>>()
    };
    assert_eq!(names(""), [("a".into(), true), ("b".into(), true)]);
    let own = format!("allowlist: [{}]", entry("b", "ours"));
    assert_eq!(names(&own), [("b".into(), false), ("a".into(), true)]);
    assert_eq!(names("packaged_allowlist: false"), []);
    for wrong in ["key: x", "allowlist: [{name: x}]", "[", ""] {
        assert!(add_packaged(&mut Configuration::default(), wrong, now()).is_err(), "{wrong}");
    }
    let class = "allowlist: [{name: x, reason: y, class_id: '{0A1B2C3D-1111-2222-3333-444455556666}'}]";
    let read = parse(class, now()).unwrap();
    assert_eq!(read.settings.allowlist[0].class_ids, [0x0a1b_2c3d_1111_2222_3333_4444_5555_6666]);
}

#[test]
fn the_documented_example_is_valid() {
    let page = include_str!("../../../../docs/settings.md");
    let (_, example) = page.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let read = parse(example, now()).unwrap();
    assert_eq!(read.settings.allowlist[0].name, "nightly backup");
    assert_eq!(read.settings.role_patterns.len(), 2);
    assert_eq!(read.placeholders["admins"].len(), 2);
    assert_eq!(read.rules["program-in-user-profile"], RuleChange::Level(Level::Low));
    assert_eq!(read.warnings, []);
}

#[test]
fn every_key_is_documented() {
    let page = include_str!("../../../../docs/settings.md");
    for key in ["`key`", "`minimum_level`", "`observe`", "`hosts.role_member`", "`hosts.raise_on_servers`"]
        .into_iter()
        .chain([
            "`hosts.roles`",
            "`allowlist`",
            "`placeholders`",
            "`name`",
            "`reason`",
            "`expires`",
            "`rules`",
        ])
        .chain(["`task_name`", "`author`", "`subject`", "`image`", "`command_line`", "`command_sha256`"])
        .chain(["`packaged_allowlist`", "`class_id`", "`rules`", "`source`", "`ecs`"])
    {
        assert!(page.contains(&format!("| {key} |")), "{key}");
    }
}
