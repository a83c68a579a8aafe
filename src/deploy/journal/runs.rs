//! The folder of journals.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::history::{History, HistoryError};
use super::id::RunId;
use super::inputs::Inputs;
use super::writer::Journal;
use crate::files::{self, FileError, Hold};

/// How many journals are kept.
const KEPT: usize = 20;
const JOURNAL: &str = "jsonl";
pub(super) const HELD: &str = "held";

/// The folder `.tapworks/runs` beside the settings file.
#[derive(Clone, Debug)]
pub struct Runs {
    folder: PathBuf,
}

/// A run that cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// There is no such journal.
    #[error("there is no run {id} in {}", folder.display())]
    Unknown {
        /// The run.
        id: RunId,
        /// Where it was looked for.
        folder: PathBuf,
        /// Runs that are there, newest first.
        others: Vec<RunId>,
    },
    /// The journal says nothing that this version knows.
    #[error("the journal {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: HistoryError,
    },
    /// The file system said no.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Runs {
    /// The journals beside a settings file, or in the folder of bundles where there is none.
    #[must_use]
    pub fn beside(settings_file: Option<&Path>, output_dir: &Path) -> Self {
        let base = settings_file.and_then(Path::parent).unwrap_or(output_dir);
        Self { folder: base.join(".tapworks").join("runs") }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of all runs whose journals are there, oldest first.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn ids(&self) -> Result<Vec<RunId>, FileError> {
        let names = files::names_in(&self.folder)?;
        let stem = |name: &String| name.strip_suffix(JOURNAL)?.strip_suffix('.')?.parse().ok();
        Ok(names.iter().filter_map(stem).collect())
    }

    /// The newest run that did not come to an end with status 0.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn last_unfinished(&self) -> Result<Option<RunId>, FileError> {
        let unfinished =
            |id: &RunId| self.read(id).is_ok_and(|history| history.ended.is_none_or(|status| status != 0));
        Ok(self.ids()?.into_iter().rev().find(unfinished))
    }

    /// Begins the journal of a new run, and removes the oldest beyond those that are kept.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn begin(&self, id: RunId, inputs: Inputs, clock: fn() -> Timestamp) -> Result<Journal, FileError> {
        files::create_folder(&self.folder)?;
        // The folder is nobody's source.
        if let Some(own) = self.folder.parent() {
            let ignore = own.join(".gitignore");
            if files::entry(&ignore)?.is_none() {
                files::write(&ignore, b"*\n")?;
            }
        }
        let hold = Hold::take(&self.path(&id, HELD))?.ok_or_else(|| FileError {
            action: "lock",
            path: self.path(&id, HELD),
            source: std::io::ErrorKind::ResourceBusy.into(),
        })?;
        let journal = Journal::begin((id.clone(), self.path(&id, JOURNAL)), hold, inputs, clock)?;
        self.remove_old()?;
        Ok(journal)
    }

    /// What is known of a run.
    ///
    /// # Errors
    /// Where there is none of that name, or its journal cannot be read.
    pub fn read(&self, id: &RunId) -> Result<History, RunsError> {
        let path = self.path(id, JOURNAL);
        let Some(bytes) = files::read_if_present(&path)? else {
            let mut others = self.ids()?;
            others.reverse();
            return Err(RunsError::Unknown { id: id.clone(), folder: self.folder.clone(), others });
        };
        History::parse(&String::from_utf8_lossy(&bytes))
            .map_err(|source| RunsError::Unreadable { path, source })
    }

    /// Takes the run, so that nobody else goes on with it; `None` while it is under way, or the databricks CLI that it
    /// started still is.
    ///
    /// # Errors
    /// Where that cannot be found out.
    pub fn take(&self, id: &RunId) -> Result<Option<Hold>, FileError> {
        Hold::take(&self.path(id, HELD))
    }

    /// Goes on with a run that was taken.
    ///
    /// # Errors
    /// Where its journal cannot be written.
    pub fn go_on(&self, id: &RunId, hold: Hold, clock: fn() -> Timestamp) -> Result<Journal, FileError> {
        Journal::go_on((id.clone(), self.path(id, JOURNAL)), hold, clock)
    }

    fn path(&self, id: &RunId, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// Only what is named as ours and reads as ours is removed, no run that is under way, and none that has left something to go
    /// on with.
    fn remove_old(&self) -> Result<(), FileError> {
        let ids = self.ids()?;
        for id in ids.iter().take(ids.len().saturating_sub(KEPT)) {
            let is_over = self.read(id).is_ok_and(|history| history.ended == Some(0) || !history.wrote());
            if is_over && self.take(id)?.is_some() {
                files::remove_file(&self.path(id, JOURNAL))?;
                files::remove_file(&self.path(id, HELD))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::inputs::tests::inputs;
    use super::super::line::RunStep;
    use super::*;

    fn clock() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn id(second: i64) -> RunId {
        RunId::new(Timestamp::from_second(second).unwrap(), 0)
    }

    #[test]
    fn a_run_is_read_and_gone_on_with_once_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::beside(Some(&folder.path().join("tapworks.yml")), Path::new("/nowhere"));
        let journal = runs.begin(id(1), inputs(), clock).unwrap();
        journal.step("dev", "retail", RunStep::Deploying, None).unwrap();
        assert!(runs.take(&id(1)).unwrap().is_none(), "it is under way");
        drop(journal);
        let history = runs.read(&id(1)).unwrap();
        assert_eq!(history.of("dev", "retail").step, Some(RunStep::Deploying));
        assert_eq!(runs.last_unfinished().unwrap(), Some(id(1)));
        let hold = runs.take(&id(1)).unwrap().unwrap();
        runs.go_on(&id(1), hold, clock).unwrap().end(0).unwrap();
        assert_eq!(runs.read(&id(1)).unwrap().ended, Some(0));
        assert_eq!(runs.last_unfinished().unwrap(), None);
        assert_eq!(files::read(&folder.path().join(".tapworks/.gitignore")).unwrap(), b"*\n");
    }

    #[test]
    fn only_the_newest_of_our_own_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::beside(None, folder.path());
        files::create_folder(runs.folder()).unwrap();
        let strange = ["notes.jsonl", "19690101-000000-aaaaaa.jsonl"];
        for name in strange {
            files::write(&runs.folder().join(name), b"mine\n").unwrap();
        }
        let oldest = runs.begin(id(0), inputs(), clock).unwrap();
        for second in 1..=30 {
            drop(runs.begin(id(second), inputs(), clock).unwrap());
        }
        let names = files::names_in(runs.folder()).unwrap().len();
        assert_eq!(runs.ids().unwrap().last(), Some(&id(30)));
        assert!(runs.read(&id(0)).is_ok(), "it is under way");
        assert!(matches!(runs.read(&id(5)), Err(RunsError::Unknown { others, .. }) if others[0] == id(30)));
        for name in strange {
            assert!(runs.folder().join(name).exists(), "{name}");
        }
        drop(oldest);
        assert!(names <= 2 * (KEPT + 1) + strange.len(), "{names}");
    }

    #[test]
    fn a_run_that_wrote_nothing_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::beside(None, folder.path());
        runs.begin(id(1), inputs(), clock).unwrap().discard().unwrap();
        assert_eq!(files::names_in(runs.folder()).unwrap(), Vec::<String>::new());
    }
}
