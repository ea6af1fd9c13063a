//! A writer of MessagePack, for records that no JSON text can carry into Fluent Bit.
//!
//! Source: the MessagePack specification; always the widest form of each type, for simplicity.

/// A MessagePack value.
#[derive(Debug, Clone)]
pub enum Value {
    /// No value.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A double; NaN and the infinities too.
    Float(f64),
    /// A string. Bytes, because MessagePack does not require UTF-8.
    Str(Vec<u8>),
    /// A byte string.
    Bin(Vec<u8>),
    /// An extension: its type and data.
    Ext(i8, Vec<u8>),
    /// A list.
    Array(Vec<Value>),
    /// A map, whose keys may be of any type.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// A string value.
    pub fn text(text: &str) -> Self {
        Self::Str(text.as_bytes().to_vec())
    }

    /// Appends the value's encoding to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nil => out.push(0xc0),
            Self::Bool(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
            Self::Int(n) => {
                out.push(0xd3);
                out.extend(n.to_be_bytes());
            }
            Self::Float(x) => {
                out.push(0xcb);
                out.extend(x.to_be_bytes());
            }
            Self::Str(bytes) => write_sized(out, 0xdb, bytes),
            Self::Bin(bytes) => write_sized(out, 0xc6, bytes),
            Self::Ext(kind, data) => {
                write_size(out, 0xc9, data.len());
                out.extend(kind.to_be_bytes());
                out.extend(data);
            }
            Self::Array(items) => {
                write_size(out, 0xdd, items.len());
                items.iter().for_each(|item| item.write(out));
            }
            Self::Map(members) => {
                write_size(out, 0xdf, members.len());
                for (key, value) in members {
                    key.write(out);
                    value.write(out);
                }
            }
        }
    }
}

impl From<&serde_json::Value> for Value {
    /// Numbers that are no signed 64-bit integers become doubles.
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(n) => n.as_i64().map_or(Self::Float(n.as_f64().unwrap_or(f64::NAN)), Self::Int),
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(members) => {
                Self::Map(members.iter().map(|(key, value)| (Self::text(key), value.into())).collect())
            }
        }
    }
}

fn write_size(out: &mut Vec<u8>, marker: u8, size: usize) {
    out.push(marker);
    out.extend(u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
}

fn write_sized(out: &mut Vec<u8>, marker: u8, bytes: &[u8]) {
    write_size(out, marker, bytes.len());
    out.extend(bytes);
}

/// A message of the forward protocol: `[tag, [[seconds, record], ...]]`.
///
/// Source: the Fluentd Forward Protocol Specification v1, "Forward Mode".
pub fn forward_message(tag: &str, seconds: i64, records: &[Value]) -> Vec<u8> {
    let entries = records.iter().map(|r| Value::Array(vec![Value::Int(seconds), r.clone()])).collect();
    let mut out = Vec::new();
    Value::Array(vec![Value::text(tag), Value::Array(entries)]).write(&mut out);
    out
}
