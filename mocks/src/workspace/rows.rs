//! The rows of a source table at one version.

use super::catalog::Column;

/// Marks an SQL NULL among the cells.
const NULL: u32 = u32::MAX;

/// Columns and cells. A cell is text in the encoding of `JSON_ARRAY` results, or NULL, which is not the empty text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    columns: Vec<Column>,
    /// All texts, one after the other.
    text: String,
    /// Start and length of each cell, row by row.
    cells: Vec<(u32, u32)>,
}

impl Rows {
    /// No rows, with these columns.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// No rows, with columns of type `STRING`.
    #[must_use]
    pub fn of_strings(names: &[&str]) -> Self {
        Self::new(names.iter().map(|name| Column::new(name, "STRING")).collect())
    }

    /// Adds a row; missing cells at its end are NULL, surplus ones are dropped.
    pub fn push<'c>(&mut self, cells: impl IntoIterator<Item = Option<&'c str>>) {
        let mut cells = cells.into_iter();
        for _ in 0..self.columns.len() {
            match cells.next().flatten() {
                None => self.cells.push((0, NULL)),
                Some(cell) => {
                    // 4 GiB of text is more than any test has.
                    let start = u32::try_from(self.text.len()).unwrap_or(0);
                    self.text.push_str(cell);
                    self.cells.push((start, u32::try_from(cell.len()).unwrap_or(0)));
                }
            }
        }
    }

    /// Reads CSV with a header: an unquoted empty cell is NULL, `""` is the empty text, cells that a short row lacks are
    /// NULL. All columns are `STRING`.
    ///
    /// # Errors
    /// In words, when it is no table: no header, a name twice, rows longer than the header, an open quote.
    pub fn from_csv(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Records { rest: text, line: 1 };
        let mut record = Vec::new();
        if !reader.next(&mut record)? {
            return Err("the file has no header".to_owned());
        }
        let mut rows = Self::default();
        for (at, name) in record.iter().enumerate() {
            // What Spark calls a column without a name.
            let name = &name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| format!("_c{at}"));
            if rows.column(name).is_some() {
                return Err(format!("the column {name} is there twice"));
            }
            rows.columns.push(Column::new(name, "STRING"));
        }
        while reader.next(&mut record)? {
            if record.len() > rows.columns.len() {
                let (line, is, wanted) = (reader.line - 1, record.len(), rows.columns.len());
                return Err(format!(
                    "the row that ends in line {line} has {is} cells, the header has {wanted}"
                ));
            }
            rows.push(record.iter().map(Option::as_deref));
        }
        Ok(rows)
    }

    /// Gives a column another type than `STRING`; its cells stay as they are.
    pub fn set_type(&mut self, column: &str, type_text: &str) {
        if let Some(at) = self.column(column) {
            self.columns[at] = Column::new(&self.columns[at].name, type_text);
        }
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Where a column is, by name, whatever its case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// A cell; `None` is NULL.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        let (start, length) = *self.cells.get(row * self.columns.len() + column)?;
        let start = start as usize;
        (length != NULL).then(|| &self.text[start..start + length as usize])
    }
}

/// The records of a CSV text (RFC 4180). No library tells a quoted empty cell from an unquoted one.
struct Records<'t> {
    rest: &'t str,
    line: usize,
}

impl Records<'_> {
    /// Reads the next record; whether there was one. Blank lines are none.
    fn next(&mut self, record: &mut Vec<Option<String>>) -> Result<bool, String> {
        record.clear();
        while let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(false);
        }
        loop {
            record.push(self.cell()?);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            let rest = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n'));
            self.rest = rest.unwrap_or_default();
            self.line += 1;
            return Ok(true);
        }
    }

    fn cell(&mut self) -> Result<Option<String>, String> {
        let Some(mut inside) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            self.rest = rest;
            let cell = if rest.starts_with(',') { cell } else { cell.strip_suffix('\r').unwrap_or(cell) };
            return Ok((!cell.is_empty()).then(|| cell.to_owned()));
        };
        let mut value = String::new();
        loop {
            let end =
                inside.find('"').ok_or_else(|| format!("the quote in line {} is never closed", self.line))?;
            value.push_str(&inside[..end]);
            inside = &inside[end + 1..];
            match inside.strip_prefix('"') {
                Some(rest) => {
                    value.push('"');
                    inside = rest;
                }
                None => break,
            }
        }
        if !(inside.is_empty() || inside.starts_with([',', '\n']) || inside.starts_with("\r\n")) {
            return Err(format!("text follows the closing quote in line {}", self.line));
        }
        self.line += value.matches('\n').count();
        self.rest = inside;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<Option<String>>> {
        let rows = Rows::from_csv(text).unwrap();
        (0..rows.len())
            .map(|row| (0..rows.columns().len()).map(|at| rows.cell(row, at).map(str::to_owned)).collect())
            .collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn nothing_is_null_and_two_quotes_are_the_empty_text() {
        assert_eq!(cells("a,b,c\n,\"\",x\n\"\",,\n"), [[None, some(""), some("x")], [some(""), None, None]]);
    }

    #[test]
    fn quotes_keep_commas_newlines_and_quotes() {
        assert_eq!(cells("a,b\r\n\"x,\"\"y\"\"\r\nz\",\" w \"\r\n"), [[some("x,\"y\"\r\nz"), some(" w ")]]);
    }

    #[test]
    fn the_last_line_needs_no_newline_and_blank_lines_are_no_rows() {
        assert_eq!(cells("\u{feff}a,b\n\n1,2\n\n3,"), [[some("1"), some("2")], [some("3"), None]]);
        assert_eq!(cells("a\n\"\"\n"), [[some("")]]);
        assert_eq!(cells("a,b\n"), Vec::<Vec<_>>::new());
        assert_eq!(cells("a,b,\n1\n"), [[some("1"), None, None]]);
    }

    #[test]
    fn what_is_no_table_is_told_in_words() {
        assert!(Rows::from_csv("").is_err());
        assert!(Rows::from_csv("a,A\n1,2\n").unwrap_err().contains("twice"));
        assert!(Rows::from_csv("a,b\n1,2,3\n").unwrap_err().contains("line 2"));
        assert!(Rows::from_csv("a\n\"x\n").unwrap_err().contains("never closed"));
        assert!(Rows::from_csv("a\n\"x\"y\n").unwrap_err().contains("closing quote"));
    }
}
