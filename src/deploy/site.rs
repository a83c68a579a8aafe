//! What a deploy works with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Notify;

use super::budget::{Budget, Place};
use super::child::{ChildError, Finished, Invocation};
use super::error::DeployError;
use super::journal::{History, Journal, Progress, RunStep, StateMark};
use super::locks::TakenLocks;
use super::program::DatabricksCli;
use super::record::TableVersion;
use crate::bundle::{Package, Written};
use crate::digest::Digest;
use crate::environment::Environment;
use crate::event::{Ended, Event, Step, Watch};
use crate::files::{self, FileError};
use crate::interrupt::Interrupt;
use crate::preflight::{BundlePaths, BundleState, Facts, LocalState, Seen, read_lock, read_state};
use crate::workspace::{ChildEnvironment, Client, Me};

/// A target whose workspace was reached.
pub struct Site {
    /// The target's name.
    pub target: String,
    /// Its workspace.
    pub client: Client,
    /// As whom the CLI runs.
    pub identity: ChildEnvironment,
    /// Where each project's state lies.
    pub paths: BTreeMap<String, BundlePaths>,
    /// Who we are there.
    pub me: Me,
    /// What was found there before anything was written.
    pub facts: Facts,
    /// Locks that are taken from their holders.
    pub locks: TakenLocks,
    /// Bundles that are brought to an end even where nothing is left to change: a deploy of theirs was cut off.
    pub unfinished: BTreeSet<String>,
    /// The bundles that are deployed there, in order.
    pub projects: Vec<ProjectBundle>,
}

impl Site {
    /// The CLI's state of a project, as it was found: the one that the CLI goes on with, which may lie on this machine alone.
    /// `None` where it was not deployed.
    #[must_use]
    pub fn state(&self, project: &str) -> Option<&BundleState> {
        self.facts.state(project)
    }

    /// Whether the state of a project lies on this machine alone: an apply was cut off, or could not save it.
    pub(super) fn is_unpushed(&self, project: &str) -> bool {
        self.facts.unpushed.contains_key(project)
    }

    /// Looks again at the states of these bundles, after commands that changed them.
    pub(super) async fn look_again(
        &mut self,
        environment: &Environment,
        bundles: &BTreeSet<String>,
    ) -> Result<(), DeployError> {
        for project in self.projects.iter().filter(|project| bundles.contains(&project.name)) {
            if let Some(paths) = self.paths.get(&project.name) {
                let state = read_state(&self.client, paths).await?;
                self.facts.bundles.entry(project.name.clone()).or_default().state = Seen::Known(state);
            }
            let local = LocalState::read(environment, &project.folder, &self.target)?;
            self.facts.know_local(&project.name, local);
        }
        Ok(())
    }

    /// The fingerprints of the definitions of pipelines and jobs that were found, by id.
    pub(super) fn definitions(&self) -> HashMap<&str, Digest> {
        self.facts.definitions()
    }
}

/// A project's bundle on disk.
#[derive(Clone, Debug)]
pub struct ProjectBundle {
    /// The project.
    pub name: String,
    /// The folder with `databricks.yml`.
    pub folder: PathBuf,
    /// The fingerprint of all that the CLI loads.
    pub package: Digest,
    /// How many tables it holds: what a command of the CLI takes goes by that.
    pub tables: usize,
}

impl ProjectBundle {
    /// A package with what else the CLI loads with it.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn new(package: &Package, written: &Written, tables: usize) -> Result<Self, FileError> {
        let mut digest = package.digest();
        if !written.foreign.is_empty() {
            let mut parts = vec![(String::new(), digest.to_string().into_bytes())];
            for name in &written.foreign {
                parts.push((name.clone(), files::read(&written.folder.join(name))?));
            }
            digest = Digest::of_parts(parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        }
        Ok(Self {
            name: package.project().to_owned(),
            folder: written.folder.clone(),
            package: digest,
            tables,
        })
    }
}

/// What all steps of a run share.
pub struct Session<'a> {
    /// The CLI.
    pub cli: &'a DatabricksCli,
    /// Surroundings that the CLI inherits.
    pub environment: &'a Environment,
    /// Whether to stop.
    pub interrupt: &'a Interrupt,
    /// Who watches.
    pub watch: &'a dyn Watch,
    /// How many commands of the CLI run at a time.
    pub budget: Budget,
    /// Whether the other projects and targets go on where one fails.
    pub keep_going: bool,
    /// Whether a second plan after each deploy has to be empty.
    pub verify_plan: bool,
    /// Which rows are deployed, where they are a version of a table.
    pub source: Option<TableVersion>,
    /// A folder for plans, gone after the run.
    pub scratch: &'a std::path::Path,
    /// Where it is noted how far the run has come.
    pub journal: Option<&'a Journal>,
    /// What the same run had done before it was cut off.
    pub history: Option<&'a History>,
}

impl Session<'_> {
    /// Notes that a project has come this far.
    pub(super) fn note(
        &self,
        site: &Site,
        project: &ProjectBundle,
        step: RunStep,
        state: Option<StateMark>,
    ) -> Result<(), FileError> {
        let Some(journal) = self.journal else { return Ok(()) };
        journal.step(&site.target, &project.name, step, state)
    }

    /// How far the same run had come with a project before it was cut off.
    pub(super) fn progress(&self, site: &Site, project: &ProjectBundle) -> Progress {
        self.history.map(|history| history.of(&site.target, &project.name)).unwrap_or_default()
    }

    /// Notes whose lock is held once the CLI says that it goes to work: it has taken the lock then, and if we are killed it may
    /// leave it behind. A CLI that ends without having said so has none.
    async fn note_lock(&self, site: &Site, project: &ProjectBundle, at_work: &Notify, ended: &Notify) {
        tokio::select! {
            biased;
            () = at_work.notified() => {}
            () = ended.notified() => return,
        }
        if let (Some(journal), Some(paths)) = (self.journal, site.paths.get(&project.name))
            && let Ok(Ok(Some(lock))) = tokio::time::timeout(PATIENCE, read_lock(&site.client, paths)).await
        {
            // Without it the lock counts as another's, and is respected.
            let _ = journal.lock(&site.target, &project.name, &lock.id);
        }
    }

    /// Runs `databricks bundle …` for a project and target once there is a place for it, telling what it says.
    pub(super) async fn bundle(
        &self,
        site: &Site,
        project: &ProjectBundle,
        arguments: &[&str],
        writes: bool,
    ) -> Result<Finished, DeployError> {
        let place = self.budget.place(project.tables).await;
        if self.interrupt.is_set() {
            let command = format!("databricks bundle {}", arguments.join(" "));
            return Err(DeployError::Interrupted { command, wrote: false });
        }
        self.bundle_in(&place, site, project, arguments, writes).await
    }

    /// The same in a place that is already taken.
    pub(super) async fn bundle_in(
        &self,
        _place: &Place<'_>,
        site: &Site,
        project: &ProjectBundle,
        arguments: &[&str],
        writes: bool,
    ) -> Result<Finished, DeployError> {
        let name = format!("databricks bundle {}", arguments[0]);
        let step = Step { target: &site.target, project: Some(&project.name), name: &name };
        let mut all = vec!["bundle".to_owned()];
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        all.extend(["-t".to_owned(), site.target.clone()]);
        let invocation = Invocation {
            program: &self.cli.program,
            folder: &project.folder,
            arguments: all,
            writes,
            shares: self.journal.filter(|_| writes).map(Journal::hold),
        };
        let environment = self.budget.environment(self.environment, project.tables);
        self.watch.tell(Event::StepStarted(step));
        let (at_work, ended) = (Notify::new(), Notify::new());
        let run = invocation.run(&environment, &site.identity, self.interrupt, |line| {
            if !line.is_empty() {
                self.watch.tell(Event::StepLine(step, line));
            }
            if writes && line.starts_with(AT_WORK) {
                at_work.notify_one();
            }
        });
        let run = async {
            let finished = run.await;
            ended.notify_one();
            finished
        };
        let (finished, ()) = tokio::join!(run, self.note_lock(site, project, &at_work, &ended));
        let well = finished.as_ref().is_ok_and(Finished::succeeded);
        self.watch.tell(Event::StepFinished(step, if well { Ended::Well } else { Ended::Badly }));
        let finished = finished.map_err(|error| match error {
            ChildError::Interrupted { command, wrote } => DeployError::Interrupted { command, wrote },
            other => DeployError::Child(other),
        })?;
        if finished.succeeded() {
            return Ok(finished);
        }
        Err(DeployError::Command {
            command: invocation.command_line(),
            folder: project.folder.clone(),
            status: finished.status,
            output: said(&finished),
        })
    }
}

/// How long the end of a command may wait until it is known whose lock it held.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the line begins that `bundle deploy` prints once it holds the lock.
const AT_WORK: &str = "Uploading bundle files";

/// All that a failed command said, for people: `validate` tells its findings on standard output, the rest on standard
/// error. Documents are left out.
fn said(finished: &Finished) -> String {
    let stdout = String::from_utf8_lossy(&finished.stdout);
    let stdout = stdout.trim();
    let mut said = finished.stderr.trim().to_owned();
    if !stdout.is_empty() && !stdout.starts_with('{') {
        said = format!("{said}\n{stdout}");
    }
    said.trim().to_owned()
}
