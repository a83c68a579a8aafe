//! Source tables: what a `SELECT` reads, version by version.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::rows::Rows;
use super::world::now_millis;

/// A version of a table.
#[derive(Clone, Debug)]
pub struct Version {
    /// 0, 1, 2, …
    pub number: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// What `DESCRIBE HISTORY` calls it: `WRITE`, `OPTIMIZE`, …
    pub operation: String,
    /// The rows then; none when their files are gone (`VACUUM`).
    pub rows: Option<Arc<Rows>>,
}

/// A table with its history.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Oldest first; empty is a table that was never filled.
    versions: Vec<Version>,
    file: Option<Watched>,
    /// What a read with `VERSION AS OF` is refused with, if it is (row filters, column masks).
    pub time_travel_refused: Option<String>,
    /// Types other than `STRING`, by column, for every version to come.
    types: Vec<(String, String)>,
}

/// A CSV file that is the table.
#[derive(Clone, Debug)]
struct Watched {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
    text: String,
    problem: Option<String>,
}

impl Source {
    /// Adds a version with these rows and answers its number.
    pub fn write(&mut self, mut rows: Rows) -> i64 {
        for (column, type_text) in &self.types {
            rows.set_type(column, type_text);
        }
        self.push("WRITE", Some(Arc::new(rows)))
    }

    /// Adds a version that changes no row (`OPTIMIZE`, `SET TBLPROPERTIES`, …) and answers its number.
    pub fn touch(&mut self, operation: &str) -> i64 {
        let rows = self.versions.last().and_then(|version| version.rows.clone());
        self.push(operation, rows)
    }

    /// Loses the files of all versions before this one.
    pub fn vacuum(&mut self, before: i64) {
        for version in self.versions.iter_mut().filter(|version| version.number < before) {
            version.rows = None;
        }
    }

    /// Gives a column a type, in the current version and all to come.
    pub fn set_type(&mut self, column: &str, type_text: &str) {
        self.types.push((column.to_owned(), type_text.to_owned()));
        if let Some(rows) = self.versions.last_mut().and_then(|version| version.rows.as_mut()) {
            Arc::make_mut(rows).set_type(column, type_text);
        }
    }

    fn push(&mut self, operation: &str, rows: Option<Arc<Rows>>) -> i64 {
        let number = self.versions.last().map_or(0, |version| version.number + 1);
        let operation = if number == 0 { "CREATE TABLE AS SELECT" } else { operation };
        self.versions.push(Version {
            number,
            timestamp: now_millis(),
            operation: operation.to_owned(),
            rows,
        });
        number
    }

    /// Oldest first.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The newest version.
    #[must_use]
    pub fn current(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Reads the file again if it changed; whether that made a new version. A file that is no table (any more) fails the
    /// statements that read it.
    pub(crate) fn refresh(&mut self) -> Result<bool, String> {
        let before = self.versions.len();
        let Some(watched) = &mut self.file else { return Ok(false) };
        let stamp = std::fs::metadata(&watched.path).and_then(|data| Ok((data.modified()?, data.len())));
        let path = watched.path.display();
        let stamp = stamp.map_err(|error| format!("cannot read {path}: {error}"))?;
        if watched.seen != Some(stamp) {
            let text = std::fs::read_to_string(&watched.path)
                .map_err(|error| format!("cannot read {path}: {error}"))?;
            watched.seen = Some(stamp);
            if text != watched.text || self.versions.is_empty() {
                match Rows::from_csv(&text) {
                    Ok(rows) => {
                        watched.problem = None;
                        watched.text = text;
                        self.write(rows);
                    }
                    Err(problem) => watched.problem = Some(format!("{path}: {problem}")),
                }
            } else {
                watched.problem = None;
            }
        }
        match self.file.as_ref().and_then(|watched| watched.problem.clone()) {
            Some(problem) => Err(problem),
            None => Ok(self.versions.len() > before),
        }
    }
}

/// All source tables, by `catalog.schema.table`.
#[derive(Debug, Default)]
pub struct Sources {
    by_name: BTreeMap<String, Source>,
}

impl Sources {
    /// One by name, whatever its case.
    #[must_use]
    pub fn get(&self, full_name: &str) -> Option<&Source> {
        self.by_name.get(&full_name.to_lowercase())
    }

    /// One by name, to change it.
    pub fn get_mut(&mut self, full_name: &str) -> Option<&mut Source> {
        self.by_name.get_mut(&full_name.to_lowercase())
    }

    pub(crate) fn entry(&mut self, full_name: &str) -> &mut Source {
        self.by_name.entry(full_name.to_lowercase()).or_default()
    }

    /// Takes one away.
    pub fn remove(&mut self, full_name: &str) {
        self.by_name.remove(&full_name.to_lowercase());
    }

    /// Lets a CSV file be the table: each change of its content is a new version.
    pub(crate) fn watch(&mut self, full_name: &str, path: &Path) -> io::Result<()> {
        let watched = Watched { path: path.to_owned(), seen: None, text: String::new(), problem: None };
        let source = self.entry(full_name);
        source.file = Some(watched);
        source.refresh().map(drop).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_a_new_version_and_the_same_content_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "a\n1\n").unwrap();
        let mut sources = Sources::default();
        sources.watch("c.s.t", &path).unwrap();
        let source = sources.get_mut("C.S.T").unwrap();
        assert_eq!(source.current().unwrap().number, 0);
        std::fs::write(&path, "a\n1\n2\n").unwrap();
        source.refresh().unwrap();
        std::fs::write(&path, "a\n1\n2\n").unwrap();
        source.refresh().unwrap();
        assert_eq!(source.current().unwrap().number, 1);
        assert_eq!(source.current().unwrap().rows.as_ref().unwrap().len(), 2);
        std::fs::write(&path, "a\n\"1\n").unwrap();
        assert!(source.refresh().is_err());
        std::fs::write(&path, "a\n1\n2\n").unwrap();
        assert!(source.refresh().is_ok());
    }

    #[test]
    fn a_touched_table_has_a_new_version_with_the_same_rows() {
        let mut source = Source::default();
        source.write(Rows::from_csv("a\n1\n").unwrap());
        assert_eq!(source.touch("OPTIMIZE"), 1);
        source.vacuum(1);
        assert!(source.versions()[0].rows.is_none());
        assert_eq!(source.current().unwrap().rows.as_ref().unwrap().len(), 1);
    }
}
