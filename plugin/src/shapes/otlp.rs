//! A log record of the OpenTelemetry protocol in JSON, whose body nobody has turned into plain JSON: every object is
//! a list of keys with values, and every value says its type. What it holds is [`otel`](super::otel).
//!
//! ```json
//! {"body": {"kvlistValue": {"values": [{"key": "channel", "value": {"stringValue": "Security"}},
//!   {"key": "event_id", "value": {"kvlistValue": {"values": [{"key": "id", "value": {"intValue": "4698"}}]}}}]}}}
//! ```
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/>, "JSON Protobuf Encoding", and `common.proto`.

use crate::json::Value;

/// The deepest nesting of lists; a task event has three levels.
const DEPTH: usize = 6;

/// The content of a `kvlistValue` as plain JSON. `None` when it is none.
pub(super) fn plain(list: Value<'_>) -> Option<String> {
    let mut out = b"{".to_vec();
    let mut open = vec![(list.get("values")?.as_array()?, b'}')];
    while let Some((elements, end)) = open.last_mut() {
        let end = *end;
        let Some(element) = elements.next() else {
            out.push(end);
            open.pop();
            continue;
        };
        if !matches!(out.last(), Some(b'{' | b'[')) {
            out.push(b',');
        }
        let value = if end == b'}' {
            out.extend_from_slice(element.get("key")?.bytes());
            out.push(b':');
            element.get("value")?
        } else {
            element
        };
        let (kind, inner) = value.members().next().unwrap_or((b"", Value::new(b"null")));
        let (begin, end) = match kind {
            b"kvlistValue" => (b'{', b'}'),
            b"arrayValue" => (b'[', b']'),
            _ => {
                out.extend_from_slice(inner.bytes());
                continue;
            }
        };
        if open.len() >= DEPTH {
            return None;
        }
        out.push(begin);
        match inner.get("values").and_then(Value::as_array) {
            Some(elements) => open.push((elements, end)),
            None => out.push(end),
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lose_their_types() {
        for (typed, wanted) in [
            (r#"{"values":[]}"#, Some("{}")),
            (
                r#"{"values":[{"key":"a","value":{"stringValue":"x\n"}},{"value":{"intValue":"1"},"key":"b"}]}"#,
                Some(r#"{"a":"x\n","b":"1"}"#),
            ),
            (
                r#"{"values":[{"key":"a","value":{"arrayValue":{"values":[{"boolValue":true},{"kvlistValue":{"values":[]}},{}]}}}]}"#,
                Some(r#"{"a":[true,{},null]}"#),
            ),
            (r#"{"values":[{"key":"a","value":{"arrayValue":{}}}]}"#, Some(r#"{"a":[]}"#)),
            (r#"{"values":[{"key":"a"}]}"#, None),
            (r#"{"values":1}"#, None),
            ("{}", None),
        ] {
            assert_eq!(plain(Value::new(typed.as_bytes())).as_deref(), wanted, "{typed}");
        }
        let deep = r#"{"values":[{"key":"a","value":{"kvlistValue":"#.repeat(9) + "{}";
        assert_eq!(plain(Value::new(deep.as_bytes())), None);
    }
}
