//! The module over stored events: as a function of ClickHouse, and in Python as for Spark.

use schtag_host::run::wasmtime::{Options, Tagger, Timestamp};
use schtag_tests::row_binary::{block, strings};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::skip::{Tool, missing, skipped};
use schtag_tests::wasmi_host::WasmiHost;
use schtag_tests::{agent_records, filter, hostile, project};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::process::Command;

const AT: u32 = filter::AT;

/// A name and a record.
type Named = (String, Vec<u8>);

fn samples() -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for event in agent_records::sample_events().unwrap() {
        all.push(("sample".into(), event.into_bytes()));
    }
    for shape in Shape::ALL {
        for event_id in [4624, 4698, 4699, 4700, 4701, 4702] {
            for (command, arguments) in [
                ("powershell.exe", "-w hidden -nop -enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA="),
                ("rundll32.exe", "PowerShdll.dll,main -w"),
                (r"%windir%\system32\defrag.exe", "-c -h -k -g -$"),
            ] {
                let record = Sample::new(event_id, command, arguments).record(shape);
                all.push((format!("sample {shape:?}"), record.into_bytes()));
            }
        }
    }
    all
}

fn hostile_records() -> Vec<Named> {
    let mut all: Vec<Named> = hostile::not_json().into_iter().map(|(name, b)| (name.to_owned(), b)).collect();
    all.extend(hostile::inputs().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
    for record in [r#"{"a":1,"schtag":{"verdict":"alert"}}"#, "{\"a\":\"x\0y\"}", "\0", "{}", "{\"a\":1}\n"] {
        all.push(("own".into(), record.into()));
    }
    all
}

/// The text of the tag in a record that the filter returned.
fn tag_of(tagged: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Tagged<'t> {
        #[serde(borrow)]
        schtag: Option<&'t RawValue>,
    }
    let tagged: Tagged<'_> = serde_json::from_slice(tagged).unwrap();
    tagged.schtag.map(|tag| tag.get().to_owned()).unwrap_or_default()
}

fn tagger(options: Options) -> Tagger {
    Tagger::new(filter::module().unwrap(), options).unwrap()
}

/// The record as it comes out; `None` when it cannot be passed.
fn tagged(tagger: &mut Tagger, record: &[u8]) -> Option<Vec<u8>> {
    let at = Timestamp { seconds: AT, nanoseconds: 0 };
    let tagged = tagger.tag_record(b"t", at, record);
    if record.contains(&0) {
        return None;
    }
    assert!(tagged.fault.is_none(), "{:?}", tagged.fault);
    Some(tagged.record.into_owned())
}

fn alone() -> Tagger {
    tagger(Options::per_chunk(NonZeroU32::MIN))
}

/// The tags of a block of rows, and both buffers given back.
fn tag_block(host: &mut WasmiHost, block: &[u8], rows: u32) -> Vec<String> {
    let handle = host.create_buffer(block).unwrap();
    assert_ne!(handle, 0);
    let result = host.tag_rows(handle, rows).unwrap();
    let tags = strings(&host.read_buffer(result).unwrap()).unwrap();
    host.destroy_buffer(result).unwrap();
    host.destroy_buffer(handle).unwrap();
    tags
}

#[test]
fn rows_get_the_tags_that_the_filter_gives() {
    let mut host = WasmiHost::new(&filter::wasm().unwrap()).unwrap();
    let records = samples();
    let rows = u32::try_from(records.len()).unwrap();
    let tags = tag_block(&mut host, &block(records.iter().map(|(_, record)| record), AT), rows);
    assert_eq!(tags.len(), records.len());
    let mut alone = alone();
    for ((name, record), tag) in records.iter().zip(&tags) {
        assert_eq!(*tag, tag_of(&tagged(&mut alone, record).unwrap()), "{name}");
    }
    assert!(tags.iter().filter(|tag| !tag.is_empty()).count() > 50);
    // Once more, in one instance and in other company: a row depends on itself only.
    for ((_, record), tag) in records.iter().zip(&tags).rev() {
        assert_eq!(tag_block(&mut host, &block([record], AT), 1), [tag.as_str()]);
    }
}

#[test]
fn rows_and_records_do_not_disturb_each_other() {
    let mut host = WasmiHost::new(&filter::wasm().unwrap()).unwrap();
    let mut filter = tagger(Options::default());
    for (name, record) in samples() {
        let handle = host.create_buffer(&block([&record, &record], AT)).unwrap();
        let reply = host.call(b"t", AT, &record).unwrap();
        assert_eq!(reply, tagged(&mut filter, &record).unwrap(), "{name}");
        let result = host.tag_rows(handle, 2).unwrap();
        let reply = host.call(b"t", AT, b"{}").unwrap();
        assert_eq!(reply, b"{}");
        let tags = strings(&host.read_buffer(result).unwrap()).unwrap();
        assert_eq!(tags[0], tags[1], "{name}");
        host.destroy_buffer(handle).unwrap();
        host.destroy_buffer(result).unwrap();
    }
}

#[test]
fn what_is_no_block_gives_one_row_that_says_so() {
    let mut host = WasmiHost::new(&filter::wasm().unwrap()).unwrap();
    let whole = block([r#"{"a":1}"#, r#"{"b":2}"#], AT);
    let mut blocks: Vec<(Vec<u8>, u32)> = (0..whole.len()).map(|end| (whole[..end].to_vec(), 2)).collect();
    blocks.extend([(whole.clone(), 0), (whole.clone(), 1), (whole.clone(), 3), (whole.clone(), u32::MAX)]);
    blocks.extend([(vec![0xff; 4096], 1), (vec![0x80; 4096], u32::MAX), (vec![], 1), (vec![0; 9], 2)]);
    blocks.push(([&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0; 64]].concat(), 1));
    for (block, rows) in blocks {
        let tags = tag_block(&mut host, &block, rows);
        assert_eq!(tags.len(), 1, "{rows} {block:?}");
        assert!(tags[0].contains("must be (String, DateTime)"), "{}", tags[0]);
    }
    assert_eq!(tag_block(&mut host, &[], 0), [""; 0]);
    assert_eq!(tag_block(&mut host, &whole, 2), ["", ""]);
}

#[test]
fn handles_of_any_value_are_tolerated() {
    let mut host = WasmiHost::new(&filter::wasm().unwrap()).unwrap();
    let handle = host.create_buffer(&block(["{}"], AT)).unwrap();
    for unknown in [0, 1, handle + 1, handle - 4, handle + 4, 1 << 20, u32::MAX] {
        host.destroy_buffer(unknown).unwrap();
        let result = host.tag_rows(unknown, 1).unwrap();
        assert!(strings(&host.read_buffer(result).unwrap()).unwrap()[0].contains("unreadable"));
        host.destroy_buffer(result).unwrap();
        host.destroy_buffer(result).unwrap();
    }
    let result = host.tag_rows(handle, 1).unwrap();
    assert_eq!(host.read_buffer(result).unwrap(), [0]);
    host.destroy_buffer(handle).unwrap();
    host.destroy_buffer(handle).unwrap();
    // A host that never gives back gets 0, and the filter goes on.
    let last = (0..100).map(|_| host.create_buffer(b"x").unwrap()).last();
    assert_eq!(last, Some(0));
    assert_eq!(host.tag_rows(handle, 0).unwrap(), 0);
    assert_eq!(host.call(b"t", AT, b"{}").unwrap(), b"{}");
}

#[test]
fn memory_does_not_grow_with_the_number_of_blocks() {
    let mut host = WasmiHost::new(&filter::wasm().unwrap()).unwrap();
    let record = Sample::new(4624, "cmd.exe", &"x".repeat(2_000)).record(Shape::Flat);
    let rows = block(std::iter::repeat_n(&record, 200), AT);
    let once = |host: &mut WasmiHost| assert_eq!(tag_block(host, &rows, 200).len(), 200);
    (0..3).for_each(|_| once(&mut host));
    let size = host.memory_size();
    (0..8).for_each(|_| once(&mut host));
    assert_eq!(host.memory_size(), size);
    let huge = block([vec![b' '; 4 << 20]], AT);
    for _ in 0..3 {
        assert_eq!(tag_block(&mut host, &huge, 1).len(), 1);
    }
    let size = host.memory_size();
    assert_eq!(tag_block(&mut host, &huge, 1).len(), 1);
    assert_eq!(host.memory_size(), size);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The records for the scripts of tests/history, with what the filter makes of them.
fn write_records(path: &std::path::Path) {
    let (mut persistent, mut alone) = (tagger(Options::default()), alone());
    let mut lines = String::new();
    for (name, record) in samples().into_iter().chain(hostile_records()) {
        let tag = tagged(&mut alone, &record).map(|out| tag_of(&out));
        let out = tagged(&mut persistent, &record).map(|out| hex(&out));
        let line = serde_json::json!({"name": name, "record": hex(&record), "tagged": out, "tag": tag});
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    std::fs::write(path, lines).unwrap();
}

/// Runs a script of tests/history with the Python that has `package`: that of `SCHTAG_PYTHON`, else `python3`.
fn run_script(script: &str, package: &str, examples: &str) {
    let python = std::env::var_os("SCHTAG_PYTHON").unwrap_or_else(|| "python3".into());
    let has_package = Command::new(&python).args(["-c", &format!("import {package}")]).output();
    if !has_package.is_ok_and(|output| output.status.success()) {
        let why =
            format!("{script}: no {package} for {python:?} (pip install; SCHTAG_PYTHON names a Python)");
        missing(Tool::Python, &why);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records.ndjson");
    write_records(&records);
    let output = Command::new(&python)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(project::root().join("tests/history").join(script))
        .args([&project::module().unwrap().canonicalize().unwrap(), &records])
        .arg(project::root().join(examples))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    for left_out in text(&output.stdout).lines().filter_map(|line| line.strip_prefix("SKIPPED: ")) {
        skipped(left_out);
    }
}

#[test]
fn clickhouse_gives_the_same_tags() {
    run_script("clickhouse_udf.py", "chdb", "config_examples/clickhouse");
}

#[test]
fn the_python_client_gives_the_same_records() {
    run_script("spark_client.py", "wasmtime", "config_examples/spark");
}
