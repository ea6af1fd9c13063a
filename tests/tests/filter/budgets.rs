//! Bounds the cost of a record in wasmtime fuel: about one unit for each instruction of the guest, the same on every
//! machine. A change that costs more fails here; `make bench BENCH_ARGS="--bench fuel"` prints the numbers.

use schtag_host::run::wasmtime::Module;
use schtag_host::wasm::bake::bake;
use schtag_host::wasm::gate::DEFAULT_BUDGET;
use schtag_tests::filter::{self, Filter};
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::workload::{Input, inputs};
use schtag_tests::{pack, project};

fn input(name: &str) -> Input {
    inputs().into_iter().find(|input| input.name == name).unwrap_or_else(|| panic!("no input {name}"))
}

/// The fuel of an input's second record, when the instance's buffers have their size.
fn fuel(filter: &mut Filter, input: &Input) -> u64 {
    for _ in 0..2 {
        let tag = filter.tag(&input.record, 0).unwrap();
        assert_eq!(!tag.is_null(), input.tagged, "{}: {tag}", input.name);
    }
    filter.fuel()
}

fn assert_within(filter: &mut Filter, name: &str, budget: u64) {
    let input = input(name);
    let fuel = fuel(filter, &input);
    assert!(fuel <= budget, "{name}, {} bytes: {fuel} units, more than {budget}", input.record.len());
}

fn assert_within_per_byte(filter: &mut Filter, name: &str, budget: f64) {
    let input = input(name);
    let per_byte = fuel(filter, &input) as f64 / input.record.len() as f64;
    assert!(
        per_byte <= budget,
        "{name}, {} bytes: {per_byte:.1} a byte, more than {budget}",
        input.record.len()
    );
}

#[test]
fn records_of_other_events_are_validated_at_a_few_instructions_a_byte() {
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    assert_within_per_byte(&mut filter, "other event, flat, id last", 4.3);
    // Its message is full of escaped line ends and tabs.
    assert_within_per_byte(&mut filter, "other event, winevtlog", 5.0);
    assert_within_per_byte(&mut filter, "other event, as XML", 7.0);
}

#[test]
fn records_of_other_events_straight_from_winevtlog_cost_a_few_hundred_instructions() {
    let base = std::fs::read(project::base_module().unwrap()).unwrap();
    let pack = pack::with_settings("source: winevtlog").unwrap();
    let module = Module::new(&bake(&base, &pack, DEFAULT_BUDGET).unwrap().wasm).unwrap();
    let mut filter = Filter::new(&module).unwrap();
    assert_within(&mut filter, "other event, winevtlog", 750);
    // It trusts only what begins so, and judges task events as ever.
    assert_within_per_byte(&mut filter, "other event, flat, id last", 4.3);
    assert!(filter.tag(r#"{"EventID":nan}"#, 0).unwrap()["verdict"] == "repaired");
    fuel(&mut filter, &input("plain PowerShell, winevtlog"));
}

#[test]
fn task_events_cost_a_bounded_number_of_instructions() {
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    assert_within(&mut filter, "benign task, winevtlog", 399_000);
    assert_within(&mut filter, "plain PowerShell, winevtlog", 575_000);
    assert_within(&mut filter, "encoded PowerShell, winevtlog", 1_005_000);
}

/// Whatever the memory of sequences holds, an event costs the same.
#[test]
fn the_thousandth_event_costs_what_the_first_does() {
    let module = filter::module().unwrap();
    let of = |kind: &str, number: usize| {
        let mut sample = Sample::new(4698, "powershell.exe", "-NoProfile -Command Get-Date");
        match kind {
            "equal events" => {}
            "tasks" => sample.task_name = format!("\\Task {number:05}"),
            // Another account as well: one on many hosts is a finding of its own.
            _ => {
                sample.computer = format!("ws{number:05}.corp.example");
                sample.user = format!("user{number:05}");
            }
        }
        sample.record(Shape::Flat)
    };
    for kind in ["equal events", "tasks", "hosts"] {
        let mut filter = Filter::new(&module).unwrap();
        let costs: Vec<u64> = (0..5_000)
            .map(|number| {
                assert_eq!(filter.tag(&of(kind, number), 0).unwrap()["verdict"], "alert", "{kind}");
                filter.fuel()
            })
            .collect();
        // The first records let buffers grow. From the tenth host on, one command on many hosts is a finding of its own, and of
        // each host as many earlier matches are looked at as are kept near.
        let first = costs[100];
        for number in [1_000, 2_000, 4_999] {
            let later = costs[number];
            assert!(later.abs_diff(first) * 20 <= first, "{kind}: {first} units, then {later} at {number}");
        }
    }
}

#[test]
fn a_long_description_costs_a_bounded_number_of_instructions_a_byte() {
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    let mut cost = |words: usize| {
        let sample = Sample::new(4698, "powershell.exe", "-NoProfile");
        let description = format!("<RegistrationInfo><Description>{}</Description>", "words ".repeat(words));
        let content = sample.content.replace("<RegistrationInfo>", &description);
        let record = Sample { content, ..sample }.record(Shape::Flat);
        (fuel(&mut filter, &Input { name: "long description", record, tagged: true }), 6 * words as u64)
    };
    let ((short, few), (long, many)) = (cost(1_000), cost(5_000));
    let per_byte = (long - short) as f64 / (many - few) as f64;
    assert!(per_byte <= 76.0, "{per_byte:.1} a byte");
}
