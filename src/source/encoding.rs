//! Only UTF-8 is read. Another encoding is told, never guessed: a wrong guess would name a table that does not exist.

use super::lines::Lines;
use super::rows::{Origin, RowSet, RowSetBuilder};
use crate::finding::{Finding, Findings, Place};

/// The bytes where they are UTF-8; else no rows and the finding that says where they are not.
pub(super) fn judge(origin: &Origin, bytes: Vec<u8>) -> Result<Vec<u8>, Box<(RowSet, Findings)>> {
    let (offset, guess) = match bytes.as_slice() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => (0, "UTF-16"),
        other => match std::str::from_utf8(other) {
            Ok(_) => return Ok(bytes),
            Err(error) => (error.valid_up_to(), "Latin-1 or Windows-1252"),
        },
    };
    let what = match bytes.get(offset) {
        Some(byte) if guess != "UTF-16" => {
            format!("byte 0x{byte:02X} is no UTF-8; the file looks like {guess}")
        }
        _ => format!("the file is not UTF-8; it looks like {guess}"),
    };
    let mark = Lines::new(bytes).mark(offset);
    let finding = Finding::error("TW101", what)
        .at(Place::File { file: origin.name(), line: mark.line, column: mark.column })
        .why("names are taken as they stand, and in another encoding they are other names")
        .fix(match guess {
            "UTF-16" => "save the file as UTF-8, or: iconv -f UTF-16 -t UTF-8 FILE",
            _ => "save the file as UTF-8, or: iconv -f WINDOWS-1252 -t UTF-8 FILE",
        });
    let rows = RowSetBuilder::new(true).with_marks(origin.clone());
    Err(Box::new((rows, [finding].into_iter().collect())))
}
