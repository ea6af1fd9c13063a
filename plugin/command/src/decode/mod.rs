//! Codecs of the texts hidden in command lines: base64, compressed streams, and the encodings of text.

pub(crate) mod base64;
pub(crate) mod compressed;
pub(crate) mod text;
