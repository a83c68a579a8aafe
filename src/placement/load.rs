//! How much stands together, and how much may.

use std::num::NonZeroUsize;

use crate::settings::{Limits, Placement};

/// The tables of one row, which stay together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// How many there are.
    pub tables: usize,
    /// How heavy they are, all together.
    pub weight: u64,
}

/// What a pipeline, a gateway or a bundle has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) rows: usize,
    pub(super) tables: usize,
    pub(super) weight: u128,
}

/// What it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    rows: usize,
    tables: usize,
}

impl Load {
    pub(super) fn with(self, item: Item) -> Self {
        Self {
            rows: self.rows + 1,
            tables: self.tables + item.tables,
            weight: self.weight + u128::from(item.weight),
        }
    }

    /// What a strategy calls less or more loaded; equals are told apart by their tables.
    pub(super) fn measure(self, strategy: Placement) -> u128 {
        match strategy {
            Placement::Weighted => self.weight,
            Placement::Fill | Placement::Even => self.tables as u128,
        }
    }

    /// Without an item that is in it.
    pub(super) fn without(self, item: Item) -> Self {
        Self {
            rows: self.rows - 1,
            tables: self.tables - item.tables,
            weight: self.weight - u128::from(item.weight),
        }
    }
}

impl Capacity {
    /// The rule of every limit: at most so many rows, and no more tables than the limit or the service's recommendation
    /// allow, unless a single row has more. Where each row is one table, that is the limit.
    pub(super) fn of(limit: NonZeroUsize) -> Self {
        Self { rows: limit.get(), tables: limit.max(Limits::default().tables_per_pipeline).get() }
    }

    /// The same with a bound for tables of its own.
    pub(super) fn with_tables(self, tables: usize) -> Self {
        Self { tables, ..self }
    }

    pub(super) fn tables(self) -> usize {
        self.tables
    }

    pub(super) fn holds(self, load: Load) -> bool {
        load.rows <= 1 || (load.rows <= self.rows && load.tables <= self.tables)
    }

    pub(super) fn has_room(self, load: Load, item: Item) -> bool {
        self.holds(load.with(item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_counts_rows_and_bounds_tables() {
        let four = Capacity::of(NonZeroUsize::new(4).unwrap());
        let load = |rows, tables| Load { rows, tables, weight: 0 };
        assert!(four.holds(load(4, 4)) && !four.holds(load(5, 5)));
        // Rows of several tables count once, up to what the service recommends.
        assert!(four.holds(load(4, 250)) && !four.holds(load(2, 251)));
        // A row stays whole however many tables it has.
        assert!(four.has_room(load(0, 0), Item { tables: 300, weight: 1 }));
        assert!(!four.has_room(load(1, 300), Item { tables: 1, weight: 1 }));
    }
}
