//! The files of one project's bundle, and their way to disk: whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::render::HEADER;
use crate::files::{self, FileError};
use crate::yaml::{self, Value};

/// The file that makes a folder a bundle: without it no CLI loads anything.
const ROOT: &str = "databricks.yml";
const RESOURCES: &str = "resources";

/// The files of a bundle by their path in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    project: String,
    files: BTreeMap<String, String>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there.
    Created,
    /// It was there with other bytes.
    Replaced,
    /// tapworks wrote it once and the project no longer needs it.
    Removed,
}

/// What a write did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The bundle's folder.
    pub folder: PathBuf,
    /// Changed files by path in the folder; none where everything is as it was.
    pub changes: Vec<(String, Change)>,
    /// Files in `resources/` that tapworks did not write: the CLI loads them too.
    pub foreign: Vec<String>,
}

/// A package that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The file system said no.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file of that name is there that tapworks did not write.
    #[error("{} was not written by tapworks", .0.display())]
    NotOurs(PathBuf),
}

impl Package {
    pub(super) fn new(project: &str) -> Self {
        Self { project: project.to_owned(), files: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), text);
    }

    /// Adds `resources/<file>.yml` with these entries under `resources.<kind>`; no file where there are none. Entries are
    /// written one by one, so that a large project is never held twice.
    pub(super) fn add_resources(
        &mut self,
        file: &str,
        kind: &str,
        entries: impl Iterator<Item = (String, Value)>,
    ) {
        let mut entries = entries.peekable();
        if entries.peek().is_none() {
            return;
        }
        let mut text = format!("{HEADER}resources:\n  {kind}:\n");
        for (key, value) in entries {
            yaml::write_entry(&mut text, &key, &value, 2);
        }
        self.add(&format!("{RESOURCES}/{file}.yml"), text);
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The text of each file by its path in the folder.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The folder below `output`.
    #[must_use]
    pub fn folder(&self, output: &Path) -> PathBuf {
        output.join(&self.project)
    }

    /// Says what [`Package::write`] would do.
    ///
    /// # Errors
    /// A file that cannot be read, or one that stands in the way and is not ours.
    pub fn compare(&self, output: &Path) -> Result<Written, PackageError> {
        let folder = self.folder(output);
        let mut changes = Vec::new();
        for (path, text) in &self.files {
            match files::read_if_present(&folder.join(path))? {
                None => changes.push((path.clone(), Change::Created)),
                Some(bytes) if !is_ours(&bytes) => return Err(PackageError::NotOurs(folder.join(path))),
                Some(bytes) if bytes != text.as_bytes() => changes.push((path.clone(), Change::Replaced)),
                Some(_) => {}
            }
        }
        let mut foreign = Vec::new();
        for name in files::names_in(&folder.join(RESOURCES))? {
            let path = format!("{RESOURCES}/{name}");
            if !name.ends_with(".yml") || self.files.contains_key(&path) {
                continue;
            }
            if files::read_if_present(&folder.join(&path))?.is_some_and(|bytes| is_ours(&bytes)) {
                changes.push((path, Change::Removed));
            } else {
                foreign.push(path);
            }
        }
        Ok(Written { folder, changes, foreign })
    }

    /// Brings the folder below `output` to this package. `databricks.yml` is taken away before the first other file is
    /// touched and put back last: killed at any moment, the folder is the old bundle, the new one, or none, and the next
    /// write finishes it.
    ///
    /// # Errors
    /// As for [`Package::compare`], and a file that cannot be written.
    pub fn write(&self, output: &Path) -> Result<Written, PackageError> {
        let written = self.compare(output)?;
        self.apply(&written)?;
        Ok(written)
    }

    /// Makes the changes that [`Package::compare`] found, as [`Package::write`] does.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn apply(&self, written: &Written) -> Result<(), PackageError> {
        if written.changes.is_empty() {
            return Ok(());
        }
        let folder = &written.folder;
        files::create_folder(&folder.join(RESOURCES))?;
        if written.changes.iter().any(|(path, _)| path != ROOT) {
            files::remove_file(&folder.join(ROOT))?;
        }
        for (path, change) in written.changes.iter().filter(|(path, _)| path != ROOT) {
            match (change, self.files.get(path)) {
                (Change::Removed, _) | (_, None) => files::remove_file(&folder.join(path))?,
                (_, Some(text)) => files::write(&folder.join(path), text.as_bytes())?,
            }
        }
        if let Some(text) = self.files.get(ROOT) {
            files::write(&folder.join(ROOT), text.as_bytes())?;
        }
        Ok(())
    }
}

fn is_ours(bytes: &[u8]) -> bool {
    bytes.starts_with(HEADER.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, &str)]) -> Package {
        let mut package = Package::new("p");
        for (path, text) in files {
            package.add(path, format!("{HEADER}{text}\n"));
        }
        package
    }

    #[test]
    fn a_second_write_changes_nothing() {
        let output = tempfile::tempdir().unwrap();
        let package = package(&[(ROOT, "a: 1"), ("resources/pipelines.yml", "b: 2")]);
        assert_eq!(package.write(output.path()).unwrap().changes.len(), 2);
        assert_eq!(package.write(output.path()).unwrap().changes, []);
    }

    #[test]
    fn only_our_stale_files_are_removed() {
        let output = tempfile::tempdir().unwrap();
        package(&[(ROOT, "a: 1"), ("resources/gateways.yml", "b: 2")]).write(output.path()).unwrap();
        let resources = output.path().join("p/resources");
        files::write(&resources.join("mine.yml"), b"c: 3\n").unwrap();
        let written = package(&[(ROOT, "a: 1")]).write(output.path()).unwrap();
        assert_eq!(written.changes, [("resources/gateways.yml".to_owned(), Change::Removed)]);
        assert_eq!(written.foreign, ["resources/mine.yml"]);
        assert_eq!(files::names_in(&resources).unwrap(), ["mine.yml"]);
        assert!(output.path().join("p/databricks.yml").exists());
    }

    #[test]
    fn a_file_of_somebody_else_is_not_replaced() {
        let output = tempfile::tempdir().unwrap();
        files::create_folder(&output.path().join("p")).unwrap();
        files::write(&output.path().join("p/databricks.yml"), b"bundle: {}\n").unwrap();
        let error = package(&[(ROOT, "a: 1")]).write(output.path()).unwrap_err();
        assert!(matches!(error, PackageError::NotOurs(_)), "{error}");
    }
}
