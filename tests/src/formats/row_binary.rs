//! ClickHouse's `RowBinary`, as far as the function `clickhouse_tag` uses it: (String, DateTime) in, (String) out.

/// A block of rows.
pub fn block<R: AsRef<[u8]>>(rows: impl IntoIterator<Item = R>, seconds: u32) -> Vec<u8> {
    let mut block = Vec::new();
    for row in rows {
        push_length(&mut block, row.as_ref().len());
        block.extend(row.as_ref());
        block.extend(seconds.to_le_bytes());
    }
    block
}

/// Adds a length as unsigned LEB128.
fn push_length(block: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        block.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    block.push(length as u8);
}

/// The strings in a result, `None` when it is not strings and nothing else.
pub fn strings(mut result: &[u8]) -> Option<Vec<String>> {
    let mut strings = Vec::new();
    while !result.is_empty() {
        let end = result.iter().position(|byte| byte & 0x80 == 0)?;
        let (length, rest) = result.split_at_checked(end.saturating_add(1))?;
        let length = length.iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        let (text, rest) = rest.split_at_checked(length)?;
        strings.push(String::from_utf8(text.to_vec()).ok()?);
        result = rest;
    }
    Some(strings)
}
