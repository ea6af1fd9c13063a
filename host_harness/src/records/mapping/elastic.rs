//! Elastic's fields for scheduled tasks: `winlog.scheduled_task`.
use schtag::event::TaskEvent;
use schtag::json::{Object, Scanner, Writer, append_member, repair, unescape};
use schtag::shapes;
use schtag::task;
use schtag::verdict::write_elastic;
use schtag::work::{self, Work};

/// No limit: what was read is bounded.
const NO_LIMIT: usize = usize::MAX;

/// The record `after` a module saw it with the fields of the task event that was in it `before`: in its object `winlog`, in
/// one of its own, or with a dot in the name where the record writes its fields so. `None` where there is no such event, or
/// the record has such fields already.
pub fn with_fields(before: &[u8], after: &[u8]) -> Option<Vec<u8>> {
    let fields = fields(before)?;
    let mut scanner = Scanner::default();
    let record = scanner.scan(after).ok()?;
    let mut out = Vec::new();
    if let Some(winlog) = record.get("winlog") {
        let inner = winlog.bytes();
        if !inner.starts_with(b"{") || winlog.get("scheduled_task").is_some() {
            return None;
        }
        let start = (inner.as_ptr() as usize).checked_sub(after.as_ptr() as usize)?;
        let end = start.checked_add(inner.len())?;
        out.extend_from_slice(after.get(..start)?);
        append_member(&mut out, inner, "scheduled_task", &fields).ok()?;
        out.extend_from_slice(after.get(end..)?);
        return Some(out);
    }
    let has = |start: &str| record.iter().any(|(key, _)| unescape(key).starts_with(start));
    if has("winlog.scheduled_task") {
        return None;
    }
    if has("winlog.") {
        append_member(&mut out, after, "winlog.scheduled_task", &fields).ok()?;
    } else {
        let mut object = Vec::new();
        append_member(&mut object, b"{}", "scheduled_task", &fields).ok()?;
        append_member(&mut out, after, "winlog", &object).ok()?;
    }
    Some(out)
}

/// The object `scheduled_task` of the event in a record.
fn fields(record: &[u8]) -> Option<Vec<u8>> {
    let mut scanner = Scanner::default();
    if let Ok(object) = scanner.scan(record) {
        return of(&object);
    }
    let mut mended = Vec::new();
    repair(&mut mended, record).ok()?;
    of(&scanner.scan(&mended).ok()?)
}

fn of(record: &Object<'_>) -> Option<Vec<u8>> {
    let work = Work::new(work::RECORD);
    let event: TaskEvent<'_> = shapes::read(record, shapes::change(record)?, &work)?;
    let task = task::parse(event.content.as_deref().unwrap_or_default(), &work).task;
    let mut out = Vec::new();
    write_elastic(
        &mut Writer::new(&mut out, usize::MAX),
        event.task_name.as_deref(),
        &task,
        NO_LIMIT,
        NO_LIMIT,
    );
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = r#"{"name":"\\x","actions":[{"type":"exec","command":"a.exe","definition":"v=1|type=exec|context=|command=a.exe|arguments=|working_directory=|class_id="}]}"#;
    const TASK: &str = "<Task><Actions><Exec><Command>a.exe</Command></Exec></Actions></Task>";

    fn with(record: &str) -> Option<String> {
        with_fields(record.as_bytes(), record.as_bytes()).map(|record| String::from_utf8(record).unwrap())
    }

    #[test]
    fn the_fields_stand_where_elastic_has_them() {
        let flat =
            format!(r#"{{"EventID":4698,"Channel":"Security","TaskName":"\\x","TaskContent":"{TASK}"}}"#);
        assert_eq!(
            with(&flat).unwrap(),
            format!(r#"{},"winlog":{{"scheduled_task":{FIELDS}}}}}"#, flat.strip_suffix('}').unwrap())
        );
        let nested = format!(
            r#"{{"winlog":{{"event_id":"4698","event_data":{{"TaskName":"\\x","TaskContent":"{TASK}"}}}}, "n": 1.0}}"#
        );
        let (head, tail) = nested.split_once("}, \"n\"").unwrap();
        assert_eq!(with(&nested).unwrap(), format!(r#"{head},"scheduled_task":{FIELDS}}}, "n"{tail}"#));
        let dotted = format!(
            r#"{{"winlog.event_id":"4698","winlog.event_data.TaskName":"\\x","winlog.event_data.TaskContent":"{TASK}"}}"#
        );
        let with_dots = with(&dotted).unwrap();
        assert!(with_dots.ends_with(&format!(r#","winlog.scheduled_task":{FIELDS}}}"#)), "{with_dots}");
        // What is there stays.
        assert_eq!(with(&with(&nested).unwrap()), None);
        assert_eq!(with(&with_dots), None);
    }

    #[test]
    fn other_records_get_no_fields() {
        for record in
            ["{}", "x", r#"{"EventID":4624,"Channel":"Security"}"#, r#"{"winlog":"x","EventID":4698}"#]
        {
            assert_eq!(with(record), None, "{record}");
        }
    }
}
