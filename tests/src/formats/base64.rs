//! Base64, to make inputs with.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Encodes bytes with the standard alphabet, padded.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
