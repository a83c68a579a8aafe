//! Rows as they were read, lean: cells are spans of one text, and the place of a cell is worked out only when a finding
//! needs it.

use std::collections::HashMap;
use std::fmt;

use super::TableName;
use super::cell::{Cell, Value};
use super::delimited::Layout;
use crate::finding::Place;
use crate::yaml::Mark;

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file, as the user named it.
    File(String),
    /// Standard input.
    Stdin,
    /// A table of Unity Catalog and the version that was read; none where it could not be pinned.
    Table {
        /// Which.
        name: TableName,
        /// Of its Delta history.
        version: Option<i64>,
    },
}

impl Origin {
    /// As places name it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.clone(),
            Self::Stdin => "<stdin>".to_owned(),
            Self::Table { name, .. } => name.to_string(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())?;
        match self {
            Self::Table { version: Some(version), .. } => write!(formatter, " @ v{version}"),
            _ => Ok(()),
        }
    }
}

/// A cell as it is kept.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Null,
    Boolean(bool),
    Text { start: u32, length: u32 },
    Number { start: u32, length: u32 },
    Other(u32),
}

/// What places are worked out from.
#[derive(Debug)]
enum Places {
    /// The text of a CSV file and where its rows start.
    Layout(Layout),
    /// The mark of every row and of every cell.
    Marks { rows: Vec<Mark>, cells: Vec<Mark> },
    /// Rows have no lines: their keys name them.
    Keys,
}

/// Rows with named columns.
#[derive(Debug)]
pub struct RowSet {
    origin: Origin,
    columns: Vec<String>,
    text: String,
    slots: Vec<Slot>,
    /// Where the slots of each row start: later rows may have more columns.
    starts: Vec<u32>,
    others: Vec<Value>,
    places: Places,
}

/// The columns that name a row of a workspace table, in this order.
pub(super) const KEY_COLUMNS: [&str; 12] = [
    "project_name",
    "connection_name",
    "source_database",
    "source_catalog",
    "source_schema",
    "source_table_name",
    "source_table",
    "source_url",
    "tables",
    "target_catalog",
    "target_schema",
    "target_table_name",
];

impl RowSet {
    /// Where the rows come from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The names of the columns, trimmed, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The position of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// A cell by row and position of the column; NULL where there is none.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        self.slot(row, column).map_or(Cell::Null, |slot| self.cell_of(slot))
    }

    /// The place of a row, or of one of its cells.
    #[must_use]
    pub fn place(&self, row: u32, column: Option<&str>) -> Place {
        match &self.places {
            Places::Keys => self.key_place(row, column),
            _ => self.file_place(self.mark(row, column.and_then(|name| self.column(name)))),
        }
    }

    /// The place of a cell by the position of its column, which may lie behind the last.
    pub(super) fn place_at(&self, row: u32, position: usize) -> Place {
        self.file_place(self.mark(row, Some(position)))
    }

    /// The place of a column's name by its position.
    pub(super) fn header_place_at(&self, position: usize) -> Place {
        match &self.places {
            Places::Layout(layout) => self.file_place(layout.header(Some(position))),
            _ => {
                self.columns.get(position).map_or_else(|| self.source_place(), |name| self.header_place(name))
            }
        }
    }

    fn mark(&self, row: u32, position: Option<usize>) -> Mark {
        match &self.places {
            Places::Layout(layout) => layout.cell(row as usize, position),
            Places::Marks { rows, cells } => self
                .span(row as usize)
                .and_then(|(start, end)| {
                    let cell = start + position?;
                    (cell < end).then(|| cells.get(cell).copied()).flatten()
                })
                .filter(|mark| *mark != Mark::default())
                .or_else(|| rows.get(row as usize).copied())
                .unwrap_or_default(),
            Places::Keys => Mark::default(),
        }
    }

    /// The place of a column's name; of the whole source where names stand in every row.
    #[must_use]
    pub fn header_place(&self, column: &str) -> Place {
        match &self.places {
            Places::Layout(layout) => self.file_place(layout.header(self.column(column))),
            Places::Marks { .. } | Places::Keys => {
                let first = self.column(column).and_then(|position| {
                    (0..self.len()).find(|row| !matches!(self.slot(*row, position), None | Some(Slot::Null)))
                });
                match first.and_then(|row| u32::try_from(row).ok()) {
                    Some(row) => self.place(row, Some(column)),
                    None => self.source_place(),
                }
            }
        }
    }

    /// The place of the source as a whole.
    #[must_use]
    pub fn source_place(&self) -> Place {
        Place::Path { path: self.origin.name() }
    }

    /// What tells a row from the others where rows have no lines: connection, source and destination.
    #[must_use]
    pub fn key(&self, row: u32) -> String {
        let cells = KEY_COLUMNS.iter().filter_map(|name| {
            let position = self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))?;
            let cell = self.cell(row as usize, position);
            (!cell.is_blank()).then(|| cell.display())
        });
        let parts: Vec<_> = cells.collect();
        if parts.is_empty() { format!("{}", u64::from(row) + 1) } else { parts.join("/") }
    }

    fn key_place(&self, row: u32, column: Option<&str>) -> Place {
        let (table, version) = match &self.origin {
            Origin::Table { name, version } => (name.to_string(), *version),
            other => (other.name(), None),
        };
        Place::Row { table, version, key: self.key(row), column: column.map(str::to_owned) }
    }

    fn file_place(&self, mark: Mark) -> Place {
        Place::File { file: self.origin.name(), line: mark.line, column: mark.column }
    }

    fn span(&self, row: usize) -> Option<(usize, usize)> {
        let start = *self.starts.get(row)? as usize;
        let end = self.starts.get(row + 1).map_or(self.slots.len(), |next| *next as usize);
        Some((start, end))
    }

    fn slot(&self, row: usize, column: usize) -> Option<Slot> {
        let (start, end) = self.span(row)?;
        let index = start + column;
        if index < end { self.slots.get(index).copied() } else { None }
    }

    fn cell_of(&self, slot: Slot) -> Cell<'_> {
        let text = |start: u32, length: u32| {
            self.text.get(start as usize..start as usize + length as usize).unwrap_or_default()
        };
        match slot {
            Slot::Null => Cell::Null,
            Slot::Boolean(flag) => Cell::Boolean(flag),
            Slot::Text { start, length } => Cell::Text(text(start, length)),
            Slot::Number { start, length } => Cell::Number(text(start, length)),
            Slot::Other(index) => self.others.get(index as usize).map_or(Cell::Null, Value::cell),
        }
    }
}

/// Puts rows together. What is larger than 4 GiB does not fit: readers refuse it before.
#[derive(Debug)]
pub(super) struct RowSetBuilder {
    columns: Vec<String>,
    positions: HashMap<String, usize>,
    text: String,
    slots: Vec<Slot>,
    starts: Vec<u32>,
    others: Vec<Value>,
    rows: Vec<Mark>,
    cells: Vec<Mark>,
    marked: bool,
}

impl RowSetBuilder {
    /// Without columns yet. `marked`: every row and cell comes with its place.
    pub(super) fn new(marked: bool) -> Self {
        Self {
            columns: Vec::new(),
            positions: HashMap::new(),
            text: String::new(),
            slots: Vec::new(),
            starts: Vec::new(),
            others: Vec::new(),
            rows: Vec::new(),
            cells: Vec::new(),
            marked,
        }
    }

    /// The position of a column, which is added where it is new.
    pub(super) fn column(&mut self, name: &str) -> usize {
        if let Some(position) = self.positions.get(name) {
            return *position;
        }
        let position = self.columns.len();
        self.columns.push(name.to_owned());
        self.positions.insert(name.to_owned(), position);
        position
    }

    /// Adds a column, even one whose name is there already.
    pub(super) fn repeated_column(&mut self, name: &str) {
        let position = self.columns.len();
        self.columns.push(name.to_owned());
        self.positions.entry(name.to_owned()).or_insert(position);
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Starts a row whose cells are NULL until they are set.
    pub(super) fn row(&mut self, mark: Mark) {
        self.starts.push(fitting(self.slots.len()));
        if self.marked {
            self.rows.push(mark);
        }
    }

    /// Sets a cell of the row that was started last.
    pub(super) fn set(&mut self, column: usize, cell: Cell<'_>, mark: Mark) {
        let Some(start) = self.starts.last().map(|start| *start as usize) else { return };
        let index = start + column;
        while self.slots.len() <= index {
            self.slots.push(Slot::Null);
            if self.marked {
                self.cells.push(Mark::default());
            }
        }
        let slot = match cell {
            Cell::Null => Slot::Null,
            Cell::Boolean(flag) => Slot::Boolean(flag),
            Cell::Text(text) => {
                let (start, length) = self.keep(column, text);
                Slot::Text { start, length }
            }
            Cell::Number(text) => {
                let (start, length) = self.keep(column, text);
                Slot::Number { start, length }
            }
            Cell::List(items) => self.other(Value::List(items.to_vec())),
            Cell::Map(entries) => self.other(Value::Map(entries.to_vec())),
        };
        if let Some(place) = self.slots.get_mut(index) {
            *place = slot;
        }
        if let Some(place) = self.cells.get_mut(index) {
            *place = mark;
        }
    }

    fn other(&mut self, value: Value) -> Slot {
        self.others.push(value);
        Slot::Other(fitting(self.others.len() - 1))
    }

    /// Where a text stands; one that repeats the row above is kept once.
    fn keep(&mut self, column: usize, text: &str) -> (u32, u32) {
        if let [.., above, current] = self.starts.as_slice() {
            let index = *above as usize + column;
            if index < *current as usize
                && let Some(Slot::Text { start, length } | Slot::Number { start, length }) =
                    self.slots.get(index).copied()
                && self.text.get(start as usize..(start + length) as usize) == Some(text)
            {
                return (start, length);
            }
        }
        let start = fitting(self.text.len());
        self.text.push_str(text);
        (start, fitting(text.len()))
    }

    pub(super) fn with_layout(self, origin: Origin, layout: Layout) -> RowSet {
        self.finish(origin, Some(Places::Layout(layout)))
    }

    pub(super) fn with_marks(mut self, origin: Origin) -> RowSet {
        let places =
            Places::Marks { rows: std::mem::take(&mut self.rows), cells: std::mem::take(&mut self.cells) };
        self.finish(origin, Some(places))
    }

    pub(super) fn with_keys(self, origin: Origin) -> RowSet {
        self.finish(origin, None)
    }

    fn finish(self, origin: Origin, places: Option<Places>) -> RowSet {
        RowSet {
            origin,
            columns: self.columns,
            text: self.text,
            slots: self.slots,
            starts: self.starts,
            others: self.others,
            places: places.unwrap_or(Places::Keys),
        }
    }
}

/// Offsets fit: what is read is at most `u32::MAX` bytes.
fn fitting(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
