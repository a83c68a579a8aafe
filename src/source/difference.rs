//! Whether two readings of a list are the same, and in how many rows they differ.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::cell::Cell;
use super::rows::RowSet;
use crate::digest::Digest;

impl RowSet {
    /// The fingerprint of all rows, in their order: what they say, not how the file writes it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let rows: Vec<Digest> = (0..self.len()).map(|row| self.row_digest(row)).collect();
        let texts: Vec<String> = rows.iter().map(ToString::to_string).collect();
        Digest::of_parts(texts.iter().map(|text| ("row", text.as_bytes())))
    }

    /// The fingerprint of one row: its cells by column. Where a column stands, and that a blank one is there, says nothing.
    fn row_digest(&self, row: usize) -> Digest {
        let mut cells: Vec<(&str, Cow<'_, str>)> = self
            .columns()
            .iter()
            .enumerate()
            .map(|(position, column)| (column.as_str(), self.cell(row, position)))
            .filter(|(_, cell)| !cell.is_blank())
            .map(|(column, cell)| (column, typed(cell)))
            .collect();
        cells.sort_unstable_by_key(|(column, _)| *column);
        Digest::of_parts(cells.iter().map(|(column, text)| (*column, text.as_bytes())))
    }
}

/// Text `1` and number 1 are not the same in a list that has types.
fn typed(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Text(text) => Cow::Borrowed(text),
        other => Cow::Owned(format!("{}\u{0}", other.display())),
    }
}

/// How many rows are in one of the two and not, or not so, in the other; a row that was changed counts once.
#[must_use]
pub fn differing_rows(before: &RowSet, after: &RowSet) -> usize {
    let (before, after) = (by_key(before), by_key(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .map(|key| {
            let rows = |map: &BTreeMap<String, Vec<Digest>>| map.get(key).cloned().unwrap_or_default();
            let (mut left, right) = (rows(&before), rows(&after));
            let mut added = 0;
            for row in right {
                match left.iter().position(|other| *other == row) {
                    Some(same) => drop(left.swap_remove(same)),
                    None => added += 1,
                }
            }
            left.len().max(added)
        })
        .sum()
}

/// What each key stands for: more than one row where a list repeats itself.
fn by_key(rows: &RowSet) -> BTreeMap<String, Vec<Digest>> {
    let mut by_key: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
    for row in 0..rows.len() {
        let key = rows.key(u32::try_from(row).unwrap_or(u32::MAX));
        by_key.entry(key).or_default().push(rows.row_digest(row));
    }
    by_key
}

#[cfg(test)]
mod tests {
    use super::super::read::{ReadOptions, read_stdin};
    use super::*;

    fn rows(text: &str) -> RowSet {
        read_stdin(text.as_bytes().to_vec(), &ReadOptions::default()).unwrap().0
    }

    const LIST: &str = "project_name,source_table_name,subgroup\nretail,Orders,1\nretail,Customers,1\n";

    #[test]
    fn what_rows_say_is_their_fingerprint() {
        let list = rows(LIST).digest();
        let same =
            "source_table_name;subgroup;project_name;prefix\n\"Orders\";1;retail;\nCustomers; 1;retail;\n";
        assert_eq!(rows(same).digest(), list, "columns moved, a blank one more, other delimiter");
        for other in [
            "project_name,source_table_name,subgroup\nretail,Customers,1\nretail,Orders,1\n",
            "project_name,source_table_name,subgroup\nretail,Orders,2\nretail,Customers,1\n",
            "project_name,source_table_name,subgroup\nretail,Orders,1\n",
            "project_name,source_table,subgroup\nretail,Orders,1\nretail,Customers,1\n",
        ] {
            assert_ne!(rows(other).digest(), list, "{other}");
        }
        let (text, number) = (r#"[{"a": "1"}]"#, r#"[{"a": 1}]"#);
        assert_ne!(rows(text).digest(), rows(number).digest());
    }

    #[test]
    fn rows_that_differ_are_counted_by_key() {
        let list = rows(LIST);
        for (other, differ) in [
            (LIST, 0),
            ("project_name,source_table_name,subgroup\nretail,Customers,1\nretail,Orders,1\n", 0),
            ("project_name,source_table_name,subgroup\nretail,Orders,2\nretail,Customers,1\n", 1),
            ("project_name,source_table_name,subgroup\nretail,Orders,1\n", 1),
            ("project_name,source_table_name,subgroup\nretail,Items,1\nretail,Customers,1\n", 2),
            (
                "project_name,source_table_name,subgroup\nretail,Orders,1\nretail,Orders,2\nretail,Customers,1\n",
                1,
            ),
        ] {
            assert_eq!(differing_rows(&list, &rows(other)), differ, "{other}");
            assert_eq!(differing_rows(&rows(other), &list), differ, "{other}");
        }
    }
}
