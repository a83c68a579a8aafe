//! From an offset in a text to a line and a column.

use std::sync::OnceLock;

use crate::yaml::Mark;

/// A text that knows its lines, once somebody asks.
#[derive(Debug)]
pub(super) struct Lines {
    text: Vec<u8>,
    /// Where each line starts.
    starts: OnceLock<Vec<u32>>,
}

impl Lines {
    pub(super) fn new(text: Vec<u8>) -> Self {
        Self { text, starts: OnceLock::new() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// Line and column of an offset; a byte order mark is no character, and invalid bytes count as one each.
    pub(super) fn mark(&self, offset: usize) -> Mark {
        let starts = self.starts.get_or_init(|| line_starts(&self.text));
        let line = starts.partition_point(|start| *start as usize <= offset).max(1);
        let start = starts.get(line - 1).map_or(0, |start| *start as usize);
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or_default();
        let characters = String::from_utf8_lossy(before).chars().count();
        Mark {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(characters + 1).unwrap_or(u32::MAX),
        }
    }
}

/// Lines end in LF, CRLF, or CR alone.
fn line_starts(text: &[u8]) -> Vec<u32> {
    let first = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut starts = vec![first];
    for (index, byte) in text.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && text.get(index + 1) != Some(&b'\n'));
        if ends && let Ok(next) = u32::try_from(index + 1) {
            starts.push(next);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let lines = Lines::new("\u{feff}aé\r\nb\rc\n\nd".as_bytes().to_vec());
        let at = |offset| {
            let mark = lines.mark(offset);
            (mark.line, mark.column)
        };
        assert_eq!(at(3), (1, 1));
        assert_eq!(at(6), (1, 3));
        assert_eq!(at(8), (2, 1));
        assert_eq!(at(10), (3, 1));
        assert_eq!(at(13), (5, 1));
        assert_eq!(at(99), (5, 2));
    }
}
