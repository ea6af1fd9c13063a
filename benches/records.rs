//! Time per record, natively and under wasmtime, by kind of record. What is measured is checked beforehand.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a benchmark")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use schtag::engine::{At, Engine, Outcome};
use schtag_host::run::wasmtime::{Instance, Options, Timestamp};
use schtag_tests::{filter, pack, workload};
use std::hint::black_box;

const AT: Timestamp = Timestamp { seconds: 1_772_000_000, nanoseconds: 0 };

fn records(criterion: &mut Criterion) {
    let (mut engine, mut instance) = (
        Engine::new(pack::packed().unwrap()).unwrap(),
        Instance::new(&filter::module().unwrap(), &Options::default()).unwrap(),
    );
    for input in workload::inputs() {
        let record = input.record.as_bytes();
        let mut out = Vec::new();
        let at = At { seconds: AT.seconds, nanoseconds: 0 };
        assert_eq!(engine.process(record, at, &mut out) == Outcome::Replaced, input.tagged, "{}", input.name);
        assert_eq!(!instance.call(b"t", AT, record).unwrap().in_place, input.tagged, "{}", input.name);

        let mut group = criterion.benchmark_group(input.name);
        group.throughput(Throughput::Bytes(record.len() as u64));
        group.bench_function("native", |b| b.iter(|| black_box(engine.process(record, at, &mut out))));
        group.bench_function("wasmtime", |b| b.iter(|| black_box(instance.call(b"t", AT, record).unwrap())));
        group.finish();
    }
}

/// A new instance for a chunk of 100 records, as hosts before Fluent Bit 4.1 make one.
fn chunks(criterion: &mut Criterion) {
    let module = filter::module().unwrap();
    let input = workload::inputs().into_iter().next().unwrap();
    criterion.bench_function("new instance and 100 other events", |b| {
        b.iter_batched(
            || Instance::new(&module, &Options::default()).unwrap(),
            |mut instance| {
                for _ in 0..100 {
                    black_box(instance.call(b"t", AT, input.record.as_bytes()).unwrap());
                }
            },
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, records, chunks);
criterion_main!(benches);
