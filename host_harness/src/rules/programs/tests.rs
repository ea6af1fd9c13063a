use super::*;
use std::collections::BTreeMap;

#[test]
fn the_default_programs_are_sound_and_their_cases_pass() {
    let loaded = load_default();
    let programs = compile(&[]).unwrap();
    let errors: Vec<String> = check(&loaded, &programs).iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert!(programs.len() > 40, "{}", programs.len());
    for program in &loaded.programs {
        assert!(program.references.iter().all(|source| source.starts_with("https://")), "{program:?}");
    }
}

fn problems(text: &str) -> Vec<String> {
    let mut loaded = Loaded::default();
    parse::parse(Path::new("x.yml"), text, &mut loaded);
    let programs = compile(&loaded.programs).unwrap();
    check(&loaded, &programs).iter().map(ToString::to_string).collect()
}

#[test]
fn an_error_names_its_place_and_what_to_do() {
    let start = "# a comment\n- names: [tool]\n  source: https://example.com\n";
    let table: BTreeMap<&str, &str> = BTreeMap::from([
        (
            "  reads: [dsh]\n  cases: [{line: tool}]\n",
            "x.yml:2: tool: there is no `dsh` in `reads`; did you mean `dash`?",
        ),
        (
            "  options: {o: outptu}\n  cases: [{line: tool}]\n",
            "x.yml:2: tool: there is no role `outptu`; did you mean `output`?",
        ),
        (
            "  options: {o: code latin}\n  cases: [{line: tool}]\n",
            "x.yml:2: tool: `latin` cannot stand after the role `code`",
        ),
        ("  technique: T12\n  cases: [{line: tool}]\n", "x.yml:2: tool: `T12` is no ATT&CK technique"),
        ("  arguments: [script]\n", "x.yml:2: tool: it has no case"),
        (
            "  arguments: [script]\n  cases:\n    - line: tool C:\\a\n      script: C:\\b\n",
            "x.yml:6: tool: the case `tool C:\\a` must give script `C:\\b`, but gives script `C:\\a`",
        ),
        (
            "  arguments: [script]\n  cases:\n    - line: other C:\\a\n",
            "x.yml:6: tool: the case `other C:\\a` does not begin",
        ),
        (
            "  cases: [{lnie: tool}]\n",
            "x.yml:2: tool: [0].cases[0]: there is no key `lnie` here; did you mean `line`?",
        ),
    ]);
    for (rest, expected) in table {
        let problems = problems(&format!("{start}{rest}"));
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{expected}\n{problems:?}");
    }
    assert!(problems("- source: https://example.com\n")[0].contains("the key `names` is missing"));
    assert!(problems("- names: [Tool.exe]\n  source: x\n")[0].contains("must be a file name in lower case"));
    assert!(problems("a: b\n")[0].contains("expected a list"));
    let twice = format!("{start}\n{}", start.trim_start_matches("# a comment\n"));
    assert!(problems(&twice)[0].contains("has an entry at x.yml:2 already"), "{:?}", problems(&twice));
}

#[test]
fn a_folder_extends_and_replaces_the_default_programs() {
    let folder = tempfile::tempdir().unwrap();
    let text = "- names: [ourtool, certutil]\n  source: https://example.com\n  arguments: [script]\n  cases:\n    - line: ourtool C:\\a\n      script: C:\\a\n    - line: certutil C:\\a\n      script: C:\\a\n";
    fs::write(folder.path().join("ours.yml"), text).unwrap();
    let loaded = load(&[folder.path().to_owned()]);
    let programs = compile(&loaded.programs).unwrap();
    assert_eq!(check(&loaded, &programs), []);
    assert_eq!(programs.len(), compile(&[]).unwrap().len() + 1);
    assert_eq!(load(&[folder.path().join("none")]).errors.len(), 1);
}
