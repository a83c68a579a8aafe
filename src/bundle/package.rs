//! The files of one project's bundle, and their way to disk: whole or not at all.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::render::HEADER;
use crate::digest::Digest;
use crate::files::{self, Entry, FileError};
use crate::yaml::{self, Value};

/// The file that makes a folder a bundle: without it no CLI loads anything.
pub(super) const ROOT: &str = "databricks.yml";
pub(super) const RESOURCES: &str = "resources";

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
    /// What stands there leads elsewhere.
    #[error("{} is a symbolic link, and tapworks writes nothing through links", .0.display())]
    Link(PathBuf),
    /// The project's folder would not be one in the folder for bundles.
    #[error("project `{0}` cannot be the name of a folder")]
    Outside(String),
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

    /// The fingerprint of all files with their paths.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.files().map(|(path, text)| (path, text.as_bytes())))
    }

    /// The folder below `output`.
    #[must_use]
    pub fn folder(&self, output: &Path) -> PathBuf {
        output.join(&self.project)
    }

    /// The folder, once it is sure that neither it nor anything in it that is to be written leads out of `output`. Where
    /// `output` itself leads is the user's choice.
    fn guarded_folder(&self, output: &Path) -> Result<PathBuf, PackageError> {
        let mut components = Path::new(&self.project).components();
        if !matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == self.project.as_str())
        {
            return Err(PackageError::Outside(self.project.clone()));
        }
        let folder = self.folder(output);
        let inner = [folder.clone(), folder.join(RESOURCES)];
        for path in inner.into_iter().chain(self.files.keys().map(|path| folder.join(path))) {
            if files::entry(&path)? == Some(Entry::Link) {
                return Err(PackageError::Link(path));
            }
        }
        Ok(folder)
    }

    /// Says what [`Package::write`] would do.
    ///
    /// # Errors
    /// A file that cannot be read, or something that stands in the way and is not ours.
    pub fn compare(&self, output: &Path) -> Result<Written, PackageError> {
        let folder = self.guarded_folder(output)?;
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
            let file = folder.join(&path);
            if files::entry(&file)? == Some(Entry::File)
                && files::read_if_present(&file)?.is_some_and(|bytes| is_ours(&bytes))
            {
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
        let folder = &written.folder;
        remove_leftovers(folder)?;
        remove_leftovers(&folder.join(RESOURCES))?;
        if written.changes.is_empty() {
            return Ok(());
        }
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

/// Takes away what a write that was killed had not moved into place yet. A file of ours starts as ours do, so far as it
/// was written.
fn remove_leftovers(folder: &Path) -> Result<(), FileError> {
    for name in files::names_in(folder)? {
        let path = folder.join(&name);
        if files::is_temporary(&name)
            && files::entry(&path)? == Some(Entry::File)
            && files::read_if_present(&path)?
                .is_some_and(|bytes| is_ours(&bytes) || HEADER.as_bytes().starts_with(&bytes))
        {
            files::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Whether tapworks wrote a file of these bytes. A checkout on Windows may have changed the line ends.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    let rest = bytes.strip_prefix(HEADER.trim_end().as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
}

#[cfg(test)]
mod tests;
