//! Reads the facts that a record holds outside its tag.
use crate::text::digest::sha256_hex;
use crate::text::time;
use schtag::json::{Object, Scanner, repair};
use schtag::shapes;
use schtag::work::{self, Work};

/// Where shippers put the number of an event in its log.
const RECORD_IDS: [&[&str]; 10] = [
    &["EventRecordID"],
    &["EventRecordId"],
    &["RecordNumber"],
    &["RecordId"],
    &["record_id"],
    &["winlog", "record_id"],
    &["Event", "System", "EventRecordID"],
    &["System", "EventRecordID"],
    &["event", "EventRecordID"],
    &["win", "system", "eventRecordID"],
];

/// The Windows event in a record, as far as a mapping needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// 4698 to 4702; `None` when there is no scheduled-task event in the record.
    pub event_id: Option<u16>,
    /// The event's time, as shipped.
    pub time: Option<String>,
    /// The same in milliseconds since 1970 (UTC), where its form is known.
    pub milliseconds: Option<i64>,
    /// The log.
    pub channel: Option<String>,
    /// The provider.
    pub provider: Option<String>,
    /// The number of the event in its log, as shipped.
    pub record_id: Option<String>,
    /// The account that made the change, without its domain.
    pub user: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
    /// Names the event, whatever shipped it and whatever rules were asked: 32 hexadecimal digits.
    pub uid: String,
}

impl Facts {
    /// Reads a record.
    pub(crate) fn of(record: &[u8]) -> Self {
        let mut scanner = Scanner::default();
        if let Ok(object) = scanner.scan(record) {
            return Self::of_object(&object);
        }
        let mut mended = Vec::new();
        match repair(&mut mended, record).map(|_| scanner.scan(&mended)) {
            Ok(Ok(object)) => Self::of_object(&object),
            _ => Self { uid: uid(&[&sha256_hex(record)]), ..Self::default() },
        }
    }

    fn of_object(object: &Object<'_>) -> Self {
        let event = shapes::change(object)
            .and_then(|candidate| shapes::read(object, candidate, &Work::new(work::RECORD)));
        let Some(event) = event else {
            return Self { uid: uid(&[&sha256_hex(object.text())]), ..Self::default() };
        };
        let ids = RECORD_IDS.into_iter().filter_map(|path| object.path(path)?.as_text());
        let record_id = ids.map(|id| id.into_owned()).next();
        let id = event.change.event_id();
        let shown = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
        let parts = [
            shown(&event.computer).to_lowercase(),
            id.to_string(),
            record_id.clone().unwrap_or_default(),
            shown(&event.time),
            shown(&event.task_name),
            shown(&event.subject.sid),
            shown(&event.subject.logon_id),
            sha256_hex(shown(&event.content).as_bytes()),
        ];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let owned = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
        Self {
            event_id: Some(id),
            milliseconds: event.time.as_deref().and_then(time::milliseconds),
            time: owned(event.time),
            channel: owned(event.channel),
            provider: owned(event.provider),
            record_id,
            user: owned(event.subject.user),
            domain: owned(event.subject.domain).filter(|domain| !domain.is_empty()),
            uid: uid(&parts),
        }
    }
}

/// The time of the scheduled-task event in a record, in milliseconds since 1970; `None` when there is no such event, or
/// its time cannot be read.
pub(crate) fn event_time(record: &[u8]) -> Option<i64> {
    let mut scanner = Scanner::default();
    let object = scanner.scan(record).ok()?;
    let event = shapes::read(&object, shapes::change(&object)?, &Work::new(work::RECORD))?;
    time::milliseconds(&event.time?)
}

/// The first half of the SHA-256 of texts, each with its length before it so that no two lists are alike.
fn uid(parts: &[&str]) -> String {
    let joined: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let mut uid = sha256_hex(joined.as_bytes());
    uid.truncate(32);
    uid
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_named_the_same_whoever_ships_it() {
        let flat = json!({"EventID": 4699, "Channel": "Security", "Computer": "WS1", "TimeCreated": "2026-03-02 09:14:07 +0100",
            "EventRecordID": 7, "SubjectUserName": "alice", "SubjectDomainName": "CORP", "TaskName": "\\A"});
        let facts = Facts::of(flat.to_string().as_bytes());
        assert_eq!((facts.event_id, facts.record_id.as_deref()), (Some(4699), Some("7")));
        assert_eq!((facts.user.as_deref(), facts.domain.as_deref()), (Some("alice"), Some("CORP")));
        assert_eq!(facts.milliseconds, Some(1_772_439_247_000));
        assert_eq!(facts.uid.len(), 32);
        let mut other = flat.clone();
        other["extra"] = json!("added on the way");
        assert_eq!(Facts::of(other.to_string().as_bytes()).uid, facts.uid);
        other["EventRecordID"] = json!(8);
        assert_ne!(Facts::of(other.to_string().as_bytes()).uid, facts.uid);
    }

    #[test]
    fn what_is_no_task_event_has_a_name_too() {
        for text in ["{}", "not JSON", r#"{"a":nan}"#, r#"{"EventID":4624}"#] {
            let facts = Facts::of(text.as_bytes());
            assert_eq!((facts.event_id, facts.uid.len()), (None, 32), "{text}");
        }
        assert_ne!(Facts::of(b"{}").uid, Facts::of(br#"{"a":1}"#).uid);
    }
}
