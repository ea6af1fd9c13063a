//! Fluent Bit gives a module 8 KiB for the frames of its calls, and a call for which nothing is left loses the record.

use schtag_host::wasm::call_graph::Calls;
use schtag_host::wasm::stack::{AVAILABLE, OF_HOST, PEAK, metered};
use schtag_tests::samples::{Sample, Shape, task_xml};
use schtag_tests::wasmi_host::WasmiHost;
use schtag_tests::{filter, seeds};

/// Whatever calls whatever, as if a call through a table could reach every function of its type.
#[test]
fn the_deepest_path_of_calls_fits() {
    let calls = Calls::of(&filter::wasm().unwrap()).unwrap();
    let path: u32 = calls.deepest.iter().map(|frame| frame.bytes).sum();
    let last = calls.deepest.last().unwrap().bytes;
    println!("{path} bytes in {} calls", calls.deepest.len());
    assert!(OF_HOST + path + last <= AVAILABLE, "{calls:?}");
}

/// Counts the frames of WAMR that records of every kind really take, cycles of calls included.
#[test]
fn no_record_takes_more_than_there_is() {
    let mut host = WasmiHost::new(&metered(&filter::wasm().unwrap()).unwrap()).unwrap();
    let mut inputs = seeds::of("record").unwrap();
    let nested = |depth| "powershell -c ".repeat(depth) + "x";
    for arguments in [
        format!("/c {}", "cmd /c ".repeat(300)),
        format!("/c {}", nested(40)),
        format!("/c powershell -c {}'a'{}", "(".repeat(3_000), ")".repeat(3_000)),
        "/c powershell -c x & ".repeat(200),
    ] {
        let content = task_xml("cmd.exe", &arguments);
        inputs.push(Sample { content, ..Sample::new(4698, "", "") }.record(Shape::WinevtlogXml).into_bytes());
    }
    // As text in text, so that the reader of texts is entered twice.
    let inner =
        Sample::new(4698, "powershell", "-enc SQBFAFgAIAAoACcAYQAnACsAJwBiACcAKQA=").record(Shape::Winevtlog);
    inputs.push(
        serde_json::json!({ "log": inner, "broken": 1 }).to_string().replace(":1}", ":nan}").into_bytes(),
    );
    for (number, input) in inputs.iter().enumerate() {
        host.call(b"win.security", 1_772_000_000 + u32::try_from(number).unwrap(), input).unwrap();
    }
    let peak = host.global(PEAK).unwrap();
    println!("{peak} bytes of {AVAILABLE} for {} records", inputs.len());
    assert!(peak > 1_000 && peak <= AVAILABLE, "{peak}");
}
