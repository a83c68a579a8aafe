//! Two rows that meet at one table.

use std::collections::HashMap;

use super::group::Group;
use super::judge::Judge;
use super::resolution::ValueOrigin;
use crate::connector::{ObjectSource, Shape};
use crate::finding::Finding;
use crate::settings::{Column, Target};

/// What tells one source from another.
type SourceKey<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

fn source_key(source: &ObjectSource) -> SourceKey<'_> {
    match source {
        ObjectSource::Table { catalog, schema, table } => (catalog.as_deref(), schema.as_deref(), table),
        ObjectSource::Report { url } => (None, None, url),
    }
}

impl Judge<'_> {
    /// Destinations that two rows write to, as the rows write them and as each target maps them; and sources that are read
    /// twice.
    pub(super) fn judge_duplicates(&mut self, groups: &[Group]) {
        let count = groups.iter().map(|group| group.tables.len()).sum();
        let mut destinations: HashMap<String, u32> = HashMap::with_capacity(count);
        let mut met = vec![];
        for table in groups.iter().flat_map(|group| &group.tables) {
            let destination = &table.object.destination;
            if destination.catalog.is_empty() || destination.schema.is_empty() || destination.table.is_empty()
            {
                continue;
            }
            match destinations.entry(destination.key()) {
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(table.row);
                }
                std::collections::hash_map::Entry::Occupied(entry) => {
                    met.push((*entry.get(), table.row, entry.key().clone()));
                }
            }
        }
        // Groups are not in the order of the rows, and the first row is the one to keep.
        met.sort();
        for (one, other, destination) in met {
            let (first, second) = (one.min(other) as usize, one.max(other) as usize);
            self.tell_duplicate("TW222", first, second, format!("`{destination}` is written by two rows"));
        }
        let targets: Vec<&Target> = self.resolution.settings.targets.values().collect();
        for target in targets {
            if !target.catalogs.is_empty() || !target.schemas.is_empty() {
                self.judge_mapped(groups, target);
            }
        }
        self.judge_sources(groups);
    }

    fn tell_duplicate(&mut self, rule: &'static str, first: usize, second: usize, what: String) {
        let column = self.destination_column(second);
        let origin = self.resolution.value(second, column).origin;
        let first_place = self.short_place(first, column, ValueOrigin::Row);
        // A default that fills both rows is not where they meet: the row is.
        let place = match origin {
            ValueOrigin::Row | ValueOrigin::Column(_) => self.resolution.place(second, column, origin),
            _ => self.resolution.row_place(second, None),
        };
        let why = if first == second {
            "the row names the table twice; a table is written by one pipeline, once".to_owned()
        } else {
            format!("{first_place} writes it too; a table is written by one pipeline, once")
        };
        self.tell(rule, || {
            Finding::error(rule, what)
                .at(place)
                .why(why)
                .fix("remove one of them, or write it to another table or schema")
        });
    }

    fn destination_column(&self, row: usize) -> Column {
        match self.resolution.context_of(row).connector.map(|connector| connector.shape) {
            Some(Shape::ExportTables) => Column::Tables,
            _ => Column::TargetTableName,
        }
    }

    /// Rows that are apart as they are written and meet where a target maps their names.
    fn judge_mapped(&mut self, groups: &[Group], target: &Target) {
        let mut destinations: HashMap<String, (u32, String)> = HashMap::new();
        let mut met = vec![];
        for table in groups.iter().flat_map(|group| &group.tables) {
            let destination = &table.object.destination;
            let mapped = target.destination(destination).key();
            let own = destination.key();
            match destinations.get(&mapped) {
                // Those that meet already as they are written were told.
                Some((row, other)) if *other != own => {
                    met.push((row.min(&table.row).to_owned(), *row.max(&table.row), mapped));
                }
                Some(_) => {}
                None => {
                    destinations.insert(mapped, (table.row, own));
                }
            }
        }
        met.sort();
        for (first, second, destination) in met {
            let what = format!("in target `{}`, `{destination}` is written by two rows", target.name);
            self.tell_duplicate("TW223", first as usize, second as usize, what);
        }
    }

    /// The same source, read twice over one connection: allowed, and seldom meant.
    fn judge_sources(&mut self, groups: &[Group]) {
        let mut sources: HashMap<(&str, SourceKey<'_>), u32> = HashMap::new();
        let mut met = vec![];
        for group in groups {
            for table in &group.tables {
                let key = (group.connection.as_str(), source_key(&table.object.source));
                match sources.get(&key) {
                    Some(row) => met.push((*row.min(&table.row), *row.max(&table.row))),
                    None => {
                        sources.insert(key, table.row);
                    }
                }
            }
        }
        met.sort_unstable();
        for (first, second) in met {
            if first == second {
                continue;
            }
            let (first, second) = (first as usize, second as usize);
            let column = match self.resolution.context_of(second).connector.map(|connector| connector.shape) {
                Some(Shape::Report) => Column::SourceUrl,
                Some(Shape::ExportTables) => Column::Tables,
                _ => Column::SourceTableName,
            };
            let first_place = self.short_place(first, column, ValueOrigin::Row);
            let place = self.resolution.row_place(second, Some(column));
            self.tell("TW226", || {
                Finding::warning("TW226", "the same source is read twice over one connection")
                    .at(place)
                    .why(format!("{first_place} reads it too; it is read and kept twice"))
                    .fix("remove one of them unless both are meant")
            });
        }
    }
}
