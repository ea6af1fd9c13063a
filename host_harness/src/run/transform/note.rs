//! The note on an event on which the guest failed.
use crate::run::wasmtime::CallError;
use schtag::json::{self, NotWritten, Scanner};
use schtag::verdict::{FAILED, write_failed};

/// The record with a tag that says that it was not judged, and why. What is not one JSON object is wrapped in one,
/// as the guest does it: `{"log": "…", "schtag": {…}}`.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn annotated(record: &[u8], key: &str, fault: &CallError) -> Result<Vec<u8>, NotWritten> {
    let mut tag = Vec::new();
    write_failed(&mut tag, &format!("{FAILED}: {fault}"));
    let mut out = Vec::new();
    let mut changed = Vec::new();
    let mut scanner = Scanner::default();
    let object = match scanner.scan(record) {
        // A member of our name that came with the record says nothing about it.
        Ok(object) if json::remove_members(&mut changed, &object, key)? => &*changed,
        Ok(_) => record,
        Err(_) => {
            json::wrap(&mut changed, record)?;
            &*changed
        }
    };
    json::append_member(&mut out, object, key, &tag)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn annotate(record: &[u8]) -> Value {
        serde_json::from_slice(&annotated(record, "schtag", &CallError::Empty).unwrap()).unwrap()
    }

    #[test]
    fn a_record_keeps_what_it_says() {
        let out = annotate(br#"{"a":1,"b":[2]}"#);
        assert_eq!(out["a"], 1);
        assert_eq!(out["b"], json!([2]));
        assert_eq!(out["schtag"]["verdict"], "unreadable");
        assert_eq!(
            out["schtag"]["notes"][0],
            "the filter failed on this record: the guest returned an empty string"
        );
        assert!(annotate(b" {} ")["schtag"].is_object());
    }

    #[test]
    fn a_forged_member_is_replaced() {
        let out = annotated(
            br#"{"\u0073chtag":{"verdict":"alert"},"a":1,"schtag":2}"#,
            "schtag",
            &CallError::Empty,
        );
        let out = String::from_utf8(out.unwrap()).unwrap();
        assert!(out.starts_with(r#"{"a":1,"schtag":{"schema":"1","verdict":"unreadable""#), "{out}");
        assert_eq!(out.matches("chtag\"").count(), 1, "{out}");
    }

    #[test]
    fn what_is_no_object_is_wrapped() {
        for (record, log) in [(b"nope \x00\xff".as_slice(), "nope \0\u{fffd}"), (b"[1]", "[1]"), (b"", "")] {
            let out = annotate(record);
            assert_eq!(out["log"], log);
            assert_eq!(out["schtag"]["verdict"], "unreadable");
        }
    }
}
