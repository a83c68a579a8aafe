//! Where a value that reached a bundle was written.

use crate::finding::Place;
use crate::settings::Column;
use crate::table::{Resolution, ValueOrigin};

/// What the user wrote, as far as a comparison asks for it.
pub trait Origins {
    /// The place of a row.
    fn row(&self, row: u32) -> Option<Place>;

    /// Where the value of a column is written that these rows share: the first of them that says something decides.
    fn value(&self, rows: &[u32], column: Column) -> Option<Place>;
}

impl Origins for Resolution<'_> {
    fn row(&self, row: u32) -> Option<Place> {
        Some(self.row_place(row as usize, None))
    }

    fn value(&self, rows: &[u32], column: Column) -> Option<Place> {
        rows.iter().find_map(|row| {
            let row = *row as usize;
            let value = Resolution::value(self, row, column);
            let is_written = match value.origin {
                ValueOrigin::Row | ValueOrigin::Default { .. } | ValueOrigin::Override { .. } => {
                    !value.cell.is_blank()
                }
                ValueOrigin::Column(_) => true,
                ValueOrigin::Connector | ValueOrigin::Setting | ValueOrigin::BuiltIn => false,
            };
            is_written.then(|| self.place(row, column, value.origin))
        })
    }
}
