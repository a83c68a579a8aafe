//! What a deploy works with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::child::{ChildError, Finished, Invocation};
use super::error::DeployError;
use super::program::DatabricksCli;
use crate::environment::Environment;
use crate::event::{Ended, Event, Step, Watch};
use crate::interrupt::Interrupt;
use crate::preflight::{BundlePaths, Facts};
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
    /// The bundles that are deployed there, in order.
    pub projects: Vec<ProjectBundle>,
}

/// A project's bundle on disk.
#[derive(Clone, Debug)]
pub struct ProjectBundle {
    /// The project.
    pub name: String,
    /// The folder with `databricks.yml`.
    pub folder: PathBuf,
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
    /// How many projects are worked on at a time; each takes two processes while it is planned.
    pub parallel_projects: usize,
    /// A folder for plans, gone after the run.
    pub scratch: &'a std::path::Path,
}

impl Session<'_> {
    /// Runs `databricks bundle …` for a project and target, telling what it says.
    pub(super) async fn bundle(
        &self,
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
        let invocation =
            Invocation { program: &self.cli.program, folder: &project.folder, arguments: all, writes };
        self.watch.tell(Event::StepStarted(step));
        let finished = invocation
            .run(self.environment, &site.identity, self.interrupt, |line| {
                if !line.is_empty() {
                    self.watch.tell(Event::StepLine(step, line));
                }
            })
            .await;
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
