//! Formats that records come in and tags go out in, beside JSON.

pub mod base64;
pub mod msgpack;
pub mod ocsf;
pub mod row_binary;
