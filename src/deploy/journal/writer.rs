//! The journal of the run that is under way.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::id::RunId;
use super::inputs::Inputs;
use super::line::{FORMAT, Line, RunStep, StateMark};
use crate::files::{self, FileError, Hold, Log};
use crate::plan::Covered;

/// Notes how far a run has come. As long as it lives, or a databricks CLI that the run started to write, nobody else goes
/// on with that run.
#[derive(Debug)]
pub struct Journal {
    id: RunId,
    path: PathBuf,
    log: Mutex<Log>,
    hold: Hold,
    clock: fn() -> Timestamp,
    /// Whether `bundle deploy` was begun for anything.
    wrote: AtomicBool,
}

impl Journal {
    pub(super) fn begin(
        (id, path): (RunId, PathBuf),
        hold: Hold,
        inputs: Inputs,
        clock: fn() -> Timestamp,
    ) -> Result<Self, FileError> {
        let log = Mutex::new(Log::create(&path)?);
        let journal = Self { id, path, log, hold, clock, wrote: AtomicBool::new(false) };
        journal.add(&Line::Began { format: FORMAT.to_owned(), at: clock(), inputs: Box::new(inputs) })?;
        Ok(journal)
    }

    pub(super) fn go_on(
        (id, path): (RunId, PathBuf),
        hold: Hold,
        clock: fn() -> Timestamp,
    ) -> Result<Self, FileError> {
        let log = Mutex::new(Log::reopen(&path)?);
        let journal = Self { id, path, log, hold, clock, wrote: AtomicBool::new(false) };
        journal.add(&Line::Resumed { at: clock() })?;
        Ok(journal)
    }

    /// Which run.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Notes that a project has come this far.
    ///
    /// # Errors
    /// Where it cannot be written: before a step that writes to the workspace that is a reason to stop.
    pub fn step(
        &self,
        target: &str,
        project: &str,
        step: RunStep,
        state: Option<StateMark>,
    ) -> Result<(), FileError> {
        if step == RunStep::Deploying {
            self.wrote.store(true, Ordering::SeqCst);
        }
        let at = (self.clock)();
        self.add(&Line::Step { at, target: target.to_owned(), project: project.to_owned(), step, state })
    }

    /// Notes the deploy lock that the CLI took for us.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn lock(&self, target: &str, project: &str, id: &str) -> Result<(), FileError> {
        let at = (self.clock)();
        self.add(&Line::Lock {
            at,
            target: target.to_owned(),
            project: project.to_owned(),
            id: id.to_owned(),
        })
    }

    /// Notes what was consented to: whoever goes on with the run may spend that again, and nothing else.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn consented(&self, granted: Vec<Covered>) -> Result<(), FileError> {
        self.add(&Line::Consented { at: (self.clock)(), granted })
    }

    /// Whether anything may have been written to a workspace by this process.
    #[must_use]
    pub fn wrote(&self) -> bool {
        self.wrote.load(Ordering::SeqCst)
    }

    /// Notes an orderly end.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn end(&self, status: u8) -> Result<(), FileError> {
        self.add(&Line::Ended { at: (self.clock)(), status })
    }

    /// Takes the journal of a run away that wrote nothing to any workspace: there is nothing to go on with.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn discard(self) -> Result<(), FileError> {
        files::remove_file(&self.path)?;
        files::remove_file(&self.path.with_extension(super::runs::HELD))
    }

    /// What a child that writes shares: as long as it lives the run counts as under way.
    #[must_use]
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    fn add(&self, line: &Line) -> Result<(), FileError> {
        let text = serde_json::to_string(line).map_err(|error| FileError {
            action: "write",
            path: self.path.clone(),
            source: error.into(),
        })?;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.append(&text)?;
        // What is written before something is done has to be there after a power cut too.
        let comes_before = match line {
            Line::Began { .. } | Line::Lock { .. } | Line::Consented { .. } => true,
            Line::Step { step, .. } => *step == RunStep::Deploying,
            Line::Resumed { .. } | Line::Ended { .. } => false,
        };
        if comes_before { log.sync() } else { Ok(()) }
    }
}
