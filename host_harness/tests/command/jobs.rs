//! `schtag tag --jobs`: the same output as without.
use super::{Folder, stderr};
use assert_cmd::assert::Assert;

/// Records of every kind, the guest's faults among them, in more than one batch for each worker.
fn input() -> Vec<u8> {
    let mut input = b"\xef\xbb\xbf".to_vec();
    for number in 0..5_000 {
        let line = match number % 500 {
            3 => r#"{"t":1}"#.to_owned(),
            5 => r#"{"!":1}"#.into(),
            7 => r#"{"9":1}"#.into(),
            11 => r#"{"g":1}"#.into(),
            13 => "not JSON".into(),
            17 => String::new(),
            19 => r#"{"o":1,"EventID":4698}"#.into(),
            23 => r#"{"a":1,"schtag":{"verdict":"alert"}}"#.into(),
            29 => r#"{"a":nan}"#.into(),
            31 => format!(r#"{{"a":"{}"}}"#, "x".repeat(2 << 20)),
            37 => "{\"a\":\"\0\"}".into(),
            _ => format!(r#"{{"a":{number}}}"#),
        };
        input.extend(line.as_bytes());
        input.extend(if number % 2 == 0 { b"\n".as_slice() } else { b"\r\n" });
    }
    input.extend(br#"{"last":"without an end"}"#);
    input
}

/// The faults that were reported. Whether memory was lost differs: workers have none.
fn faults(assert: &Assert) -> Vec<String> {
    let fault = |line: &str| line.split("; the record").next().unwrap().to_owned();
    stderr(assert).lines().filter(|line| line.contains("-:")).map(fault).collect()
}

#[test]
fn the_output_is_the_same_with_any_number_of_workers() {
    let folder = Folder::new();
    let run = |words: &str| folder.schtag(words).write_stdin(input()).assert().code(1);
    for flags in ["", " --only-tagged", " --pretty"] {
        let one = run(&format!("tag --at 1{flags}"));
        assert_eq!(faults(&one).len(), 5, "{}", stderr(&one));
        for jobs in [2, 4, 9] {
            let several = run(&format!("tag --at 1{flags} --jobs {jobs}"));
            assert!(one.get_output().stdout == several.get_output().stdout, "{jobs} workers,{flags}");
            assert_eq!(faults(&one), faults(&several));
        }
    }
}

#[test]
fn several_files_stay_apart() {
    let folder = Folder::new();
    folder.write("a.ndjson", &input());
    folder.write("b.ndjson", b"{\"t\":2}\n{\"a\":1}");
    let run = |words: &str| folder.schtag(words).assert().code(3).get_output().stdout.clone();
    let one = run("tag --quiet a.ndjson missing.ndjson b.ndjson a.ndjson");
    assert!(one == run("tag --quiet --jobs 3 a.ndjson missing.ndjson b.ndjson a.ndjson"));
}

#[test]
fn an_instance_for_each_chunk_is_not_for_workers() {
    let folder = Folder::new();
    let assert = folder.schtag("tag --jobs 2 --lifecycle per-chunk:10").write_stdin("{}").assert().code(2);
    assert!(stderr(&assert).contains("leave --jobs out"));
    folder.schtag("tag --jobs 0").assert().code(2);
}
