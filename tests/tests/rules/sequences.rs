//! Rules over several events, where the host decides how much the filter can remember.
//!
//! The cases of each sequence rule say what it matches (see rule_cases.rs).

use schtag_host::run::wasmtime::{Options, Tagger, Timestamp};
use schtag_tests::catalogue;
use schtag_tests::filter::{self, AT, Filter};
use schtag_tests::samples::{Sample, Shape};
use serde_json::Value;
use std::num::NonZeroU32;

const PAIR: &str = "created-then-deleted";

/// A task that no rule of its own matches, so that only a sequence can be reported.
fn quiet(event_id: u16, name: &str) -> Sample {
    let mut sample = Sample::new(event_id, r"C:\Program Files\Contoso\report.exe", "--daily");
    name.clone_into(&mut sample.task_name);
    if event_id == 4699 {
        sample.content.clear();
    }
    sample
}

/// The rules in the tag of each record, all in one second.
fn run(options: Options, records: &[String]) -> Vec<Vec<String>> {
    let rules = catalogue::rules().unwrap();
    let mut tagger = Tagger::new(filter::module().unwrap(), options).unwrap();
    let at = Timestamp { seconds: AT, nanoseconds: 0 };
    let tags = records.iter().map(|record| {
        let tagged = tagger.tag_record(b"win.security", at, record.as_bytes());
        assert!(tagged.fault.is_none(), "{:?}", tagged.fault);
        let out: Value = serde_json::from_slice(&tagged.record).unwrap();
        catalogue::slugs(&rules, &out["schtag"])
    });
    tags.collect()
}

#[test]
fn a_pair_is_seen_in_every_shape_and_reported_on_its_second_record() {
    for shape in Shape::ALL {
        let records = [quiet(4698, "\\Pair").record(shape), quiet(4699, "\\Pair").record(shape)];
        let found = run(Options::default(), &records);
        assert_eq!(found, [Vec::<String>::new(), vec![PAIR.to_owned()]], "{shape:?}");
    }
}

#[test]
fn the_two_records_may_come_from_different_shippers() {
    let records = [
        quiet(4698, "\\Pair").record(Shape::NxlogEscaped),
        quiet(4699, "\\Pair").record(Shape::WinevtlogXml),
    ];
    assert_eq!(run(Options::default(), &records)[1], [PAIR]);
}

#[test]
fn an_instance_for_each_chunk_sees_pairs_within_it_and_makes_up_none() {
    let pair = |name: &str| [quiet(4698, name).record(Shape::Flat), quiet(4699, name).record(Shape::Flat)];
    let chunk = NonZeroU32::new(2).unwrap();
    for options in [Options::per_chunk(chunk), Options::per_chunk_leaking(chunk)] {
        let within = [pair("\\A"), pair("\\B")].concat();
        let found = run(options, &within);
        assert_eq!((&found[1], &found[3]), (&vec![PAIR.to_owned()], &vec![PAIR.to_owned()]));
        assert!(found[0].is_empty() && found[2].is_empty());
        // Two creations fill one chunk, two deletions the next.
        let [[created_a, deleted_a], [created_b, deleted_b]] = [pair("\\A"), pair("\\B")];
        let across = [created_a, created_b, deleted_a, deleted_b];
        assert_eq!(run(options, &across), vec![Vec::<String>::new(); 4], "{options:?}");
    }
}

#[test]
fn a_sequence_adds_to_what_the_event_itself_is_tagged_with() {
    let created = Sample::new(4698, "powershell.exe", "-NoProfile -Command Get-Date").record(Shape::Flat);
    let changed = Sample::new(4702, "powershell.exe", "-NoProfile -Command Get-Host").record(Shape::Flat);
    let found = run(Options::default(), &[created, changed]);
    assert_eq!(found[0], ["powershell-in-task"]);
    assert!(["powershell-in-task", "command-changed"].iter().all(|rule| found[1].iter().any(|f| f == rule)));
}

#[test]
fn the_tag_says_what_the_events_have_in_common() {
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    filter.tag(&quiet(4698, "\\Pair").record(Shape::Flat), 0).unwrap();
    let tag = filter.tag(&quiet(4699, "\\Pair").record(Shape::Flat), 5).unwrap();
    assert_eq!((&tag["verdict"], &tag["action"]), (&"alert".into(), &"deleted".into()));
    let evidence = tag["evidence"].as_array().unwrap();
    for (field, value) in [("Computer", "ws17.corp.example"), ("TaskName", "\\pair")] {
        assert!(evidence.iter().any(|e| e["field"] == field && e["match"] == value), "{evidence:?}");
    }
}

#[test]
fn a_wrong_clock_blinds_nobody() {
    const DAYS: i64 = 3 * 24 * 60 * 60;
    let at = |offset: i64| Timestamp {
        seconds: u32::try_from(i64::from(AT).saturating_add(offset).clamp(0, u32::MAX.into())).unwrap(),
        nanoseconds: 0,
    };
    let rules = catalogue::rules().unwrap();
    let module = filter::module().unwrap();
    let mut other = quiet(4698, "\\Other");
    other.computer = "other.corp.example".into();
    for odd in [DAYS, -DAYS, i64::from(u32::MAX), -i64::from(u32::MAX)] {
        // The odd record is the first of all, or comes in between, or both.
        for (before, between) in [(0, 1), (1, 0), (1, 1), (20, 20)] {
            let mut tagger = Tagger::new(module.clone(), Options::default()).unwrap();
            let mut found = |record: &str, offset| {
                let tagged = tagger.tag_record(b"t", at(offset), record.as_bytes());
                let out: Value = serde_json::from_slice(&tagged.record).unwrap();
                catalogue::slugs(&rules, &out["schtag"])
            };
            let other = other.record(Shape::Flat);
            (0..before).for_each(|_| assert!(found(&other, odd).is_empty()));
            assert!(found(&quiet(4698, "\\Pair").record(Shape::Flat), 0).is_empty());
            (0..between).for_each(|_| assert!(found(&other, odd).is_empty()));
            assert_eq!(
                found(&quiet(4699, "\\Pair").record(Shape::Flat), 1),
                [PAIR],
                "{odd} {before} {between}"
            );
            // The odd one is judged in its own time.
            let mut deleted = quiet(4699, "\\Other");
            deleted.computer = "other.corp.example".into();
            assert_eq!(found(&deleted.record(Shape::Flat), odd), [PAIR], "{odd} {before} {between}");
        }
    }
}

#[test]
fn an_archive_of_years_is_judged_month_by_month() {
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    let month = 30 * 24 * 60 * 60;
    for number in 0..24_u32 {
        let mut tag = |event_id, seconds: u32| {
            filter.tag(&quiet(event_id, "\\Pair").record(Shape::Flat), number * month + seconds).unwrap()
        };
        assert_eq!(tag(4699, 0), Value::Null, "what was created a month ago is out of reach");
        assert_eq!(tag(4698, 1), Value::Null);
        assert_eq!(tag(4699, 2)["verdict"], "alert", "{number}");
    }
}

#[test]
fn the_noise_of_one_host_does_not_push_out_another() {
    for fillers in [1_500, 6_000] {
        let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
        filter.tag(&quiet(4698, "\\Pair").record(Shape::Flat), 0).unwrap();
        for number in 0..fillers {
            let mut filler = quiet(4698, &format!("\\Task {number}"));
            filler.computer = "loud.corp.example".into();
            filter.tag(&filler.record(Shape::Flat), 1).unwrap();
        }
        let tag = filter.tag(&quiet(4699, "\\Pair").record(Shape::Flat), 2).unwrap();
        assert_eq!(tag["verdict"], "alert", "after {fillers}");
        // The loud host's own last task is remembered, too.
        let mut last = quiet(4699, &format!("\\Task {}", fillers - 1));
        last.computer = "loud.corp.example".into();
        assert_eq!(filter.tag(&last.record(Shape::Flat), 2).unwrap()["verdict"], "alert");
    }
}

/// The filter's memory of past events has a bound, and so has the time to search it.
#[test]
fn memory_and_fuel_stay_the_same_after_100_000_task_events() {
    let mut filter = Filter::new(&filter::module().unwrap()).unwrap();
    // Every event is another task on another host, remembered by all rules that wait for a creation.
    let pass = |filter: &mut Filter, number: u32| {
        let mut sample = quiet(4698, &format!("\\Task {number:06}"));
        sample.content = format!(
            "<Task><Actions><Exec><Command>C:\\Windows\\System32\\cleanmgr.exe</Command><Arguments>/sagerun:{number:06}</Arguments></Exec></Actions></Task>"
        );
        sample.computer = format!("ws{number:06}.corp.example");
        let tag = filter.tag(&sample.record(Shape::Flat), number / 100).unwrap();
        assert!(tag.is_null(), "{number}: {tag}");
        filter.fuel()
    };
    // 4,096 matches are remembered; each event brings several.
    let full = (0..5_000).map(|number| pass(&mut filter, number)).last().unwrap();
    let memory = filter.memory();
    let last = (5_000..100_000).map(|number| pass(&mut filter, number)).last().unwrap();
    assert_eq!(filter.memory(), memory);
    assert!(last.abs_diff(full) * 100 <= full, "fuel went from {full} to {last}");
    // It still works.
    filter.tag(&quiet(4698, "\\Pair").record(Shape::Flat), 2_000).unwrap();
    let tag = filter.tag(&quiet(4699, "\\Pair").record(Shape::Flat), 2_001).unwrap();
    assert_eq!(tag["verdict"], "alert");
}
