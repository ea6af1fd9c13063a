//! Base64, to make inputs with.

/// The standard alphabet, padded.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte))
            << (8 * 3_usize.saturating_sub(chunk.len()));
        for position in 0..4_usize {
            let digit = DIGITS.get((word >> (18_usize.saturating_sub(6 * position)) & 63) as usize);
            text.push(digit.filter(|_| position <= chunk.len()).map_or('=', |&digit| char::from(digit)));
        }
    }
    text
}
