//! CSV and its kin: rows of cells between delimiters.

use super::cell::Cell;
use super::fold::Fold;
use super::lines::Lines;
use super::rows::{Origin, RowSet, RowSetBuilder};
use crate::finding::{Finding, Findings, Place};
use crate::text::plural;
use crate::yaml::Mark;

/// The text of a file and where its rows start, from which places are worked out.
#[derive(Debug)]
pub(super) struct Layout {
    lines: Lines,
    delimiter: u8,
    header: u32,
    starts: Vec<u32>,
}

impl Layout {
    /// The place of a cell of a row; of the row's start, or of its end where it is too short.
    pub(super) fn cell(&self, row: usize, column: Option<usize>) -> Mark {
        let start = self.starts.get(row).map_or(0, |start| *start as usize);
        self.lines.mark(self.offset(start, column.unwrap_or(0)))
    }

    /// The place of a column's name.
    pub(super) fn header(&self, column: Option<usize>) -> Mark {
        self.lines.mark(self.offset(self.header as usize, column.unwrap_or(0)))
    }

    fn offset(&self, start: usize, column: usize) -> usize {
        let text = self.lines.bytes();
        let mut cells =
            Cells { text, at: skip_line_ends(text, start), delimiter: self.delimiter, open: false };
        for _ in 0..column {
            if !cells.next_cell() {
                return cells.at;
            }
        }
        cells.at
    }
}

/// Before the first cell of a record the reader skips empty lines.
fn skip_line_ends(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Walks over the cells of one record by the same rules as the reader, without copying them.
struct Cells<'a> {
    text: &'a [u8],
    at: usize,
    delimiter: u8,
    /// Whether the text ended inside quotes.
    open: bool,
}

impl Cells<'_> {
    /// Goes to the start of the next cell of this record; `false` at the record's end, where it stays.
    fn next_cell(&mut self) -> bool {
        let mut quoted = self.text.get(self.at) == Some(&b'"');
        let mut at = self.at + usize::from(quoted);
        loop {
            match self.text.get(at) {
                None => {
                    self.open = quoted;
                    self.at = at;
                    return false;
                }
                Some(b'"') if quoted => {
                    if self.text.get(at + 1) == Some(&b'"') {
                        at += 1;
                    } else {
                        quoted = false;
                    }
                }
                Some(b'\r' | b'\n') if !quoted => {
                    self.at = at;
                    return false;
                }
                Some(byte) if *byte == self.delimiter && !quoted => {
                    self.at = at + 1;
                    return true;
                }
                Some(_) => {}
            }
            at += 1;
        }
    }
}

/// The delimiter of a text: of comma, semicolon and tab the one that its first line has most of, outside quotes.
fn find_delimiter(text: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.get(skip_line_ends(text, 0)..).unwrap_or_default() {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ if quoted => {}
            _ => counts
                .iter_mut()
                .filter(|(delimiter, _)| delimiter == byte)
                .for_each(|(_, count)| *count += 1),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    // The comma where two are there equally often.
    counts.into_iter().find(|(_, count)| *count == most).map_or(b',', |(delimiter, _)| delimiter)
}

/// Reads rows; the first record names the columns. The text is UTF-8: that was judged before.
pub(super) fn read(origin: Origin, text: Vec<u8>, delimiter: Option<u8>) -> (RowSet, Findings) {
    let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let skipped = text.len() - body.len();
    let delimiter = delimiter.unwrap_or_else(|| find_delimiter(body));
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(body);
    let mut builder = RowSetBuilder::new(false);
    let mut record = csv::ByteRecord::new();
    let mut starts: Vec<u32> = Vec::new();
    let mut header = None;
    let mut ragged: Vec<(u32, usize)> = Vec::new();
    // Reading from memory in flexible mode cannot fail; were it to, the rows so far are what there is.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let offset = record.position().map_or(0, csv::Position::byte);
        let offset = u32::try_from(offset + skipped as u64).unwrap_or(u32::MAX);
        if header.is_none() {
            header = Some(offset);
            for name in &record {
                builder.repeated_column(trimmed(name));
            }
            continue;
        }
        let width = builder.columns().len();
        if record.iter().all(|cell| trimmed(cell).is_empty()) && record.len() <= width {
            // A line of blanks or of delimiters alone says nothing.
            continue;
        }
        if record.len() != width {
            ragged.push((u32::try_from(builder.len()).unwrap_or(u32::MAX), record.len()));
        }
        starts.push(offset);
        builder.row(Mark::default());
        for (column, cell) in record.iter().take(width).enumerate() {
            builder.set(column, Cell::Text(trimmed(cell)), Mark::default());
        }
    }
    let layout = Layout { lines: Lines::new(text), delimiter, header: header.unwrap_or(0), starts };
    let mut findings = Fold::new();
    if let Some(mark) = unclosed_quote(&layout) {
        findings.push("TW105", || {
            Finding::error("TW105", "a quote is opened here and never closed")
                .at(place(&origin, mark))
                .why("everything up to the end of the file was taken for one cell")
                .fix("close the quote, or double it where it is part of the text")
        });
    }
    let rows = builder.with_layout(origin, layout);
    judge_header(&rows, &mut findings);
    for (row, cells) in ragged {
        judge_width(&rows, row, cells, &mut findings);
    }
    if rows.is_empty() && !findings.has_errors() {
        findings.push("TW104", || no_rows(&rows));
    }
    (rows, findings.finish())
}

/// The finding of a source without rows.
pub(super) fn no_rows(rows: &RowSet) -> Finding {
    Finding::error("TW104", format!("{} holds no rows", rows.origin()))
        .at(rows.source_place())
        .why("an empty list would mean that every table is to go; that is never meant by accident")
        .fix("check the path, and that the first line names the columns")
}

fn place(origin: &Origin, mark: Mark) -> Place {
    Place::File { file: origin.name(), line: mark.line, column: mark.column }
}

/// Where a quote opens that nothing closes: only the last record can have one.
fn unclosed_quote(layout: &Layout) -> Option<Mark> {
    let text = layout.lines.bytes();
    let start = *layout.starts.last().unwrap_or(&layout.header) as usize;
    let mut cells = Cells { text, at: skip_line_ends(text, start), delimiter: layout.delimiter, open: false };
    let mut cell = cells.at;
    while cells.next_cell() {
        cell = cells.at;
    }
    cells.open.then(|| layout.lines.mark(cell))
}

fn judge_header(rows: &RowSet, findings: &mut Fold) {
    for (position, name) in rows.columns().iter().enumerate() {
        let at = || rows.header_place_at(position);
        if name.is_empty() {
            findings.push("TW106", || {
                Finding::error("TW106", format!("column {} has no name", position + 1))
                    .at(at())
                    .why("its cells cannot be told apart from a shifted row")
                    .fix("name the column in the first line, or remove the delimiter that makes it")
            });
        } else if rows.columns().iter().take(position).any(|other| other.eq_ignore_ascii_case(name)) {
            findings.push("TW107", || {
                Finding::error("TW107", format!("column `{name}` is there twice"))
                    .at(at())
                    .why("which of the two cells holds cannot be known")
                    .fix("remove or rename one of them")
            });
        }
    }
}

fn judge_width(rows: &RowSet, row: u32, cells: usize, findings: &mut Fold) {
    let width = rows.columns().len();
    if cells > width {
        findings.push("TW108", || {
            Finding::error(
                "TW108",
                format!("this row has {}, but there are {width} columns", plural(cells, "cell")),
            )
            .at(rows.place_at(row, width))
            .why("a stray delimiter shifts every cell behind it into the wrong column")
            .fix("remove the extra delimiter, or put the cell that holds it into double quotes")
        });
    } else {
        findings.push("TW109", || {
            Finding::warning(
                "TW109",
                format!("this row has {}, but there are {width} columns", plural(cells, "cell")),
            )
            .at(rows.place_at(row, cells))
            .why("the cells that are missing at its end are taken as blank")
            .fix("write the delimiters of the blank cells")
        });
    }
}

/// A cell without the blanks around it. The text was found to be UTF-8, and cells are cut at ASCII characters.
fn trimmed(cell: &[u8]) -> &str {
    std::str::from_utf8(cell).unwrap_or_default().trim()
}
