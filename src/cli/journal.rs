//! The journal of a deploy, and going on with one that was cut off.

use std::path::Path;
use std::time::Duration;

use super::failure::{Failure, status};
use super::runtime::block_on;
use super::source::Read;
use super::{Cli, Command, Context};
use crate::deploy::{HeldLocks, History, Inputs, Journal, RunId, Runs, RunsError, Site, TargetInput};
use crate::files::Hold;
use crate::report::SourceDocument;
use crate::settings::Settings;

/// What to do about what another run left.
#[derive(clap::Args, Clone)]
pub(super) struct RecoveryArguments {
    /// Go on with a run that was cut off, at the first step that was not done; `last` is the newest
    #[arg(
        long,
        value_name = "ID",
        conflicts_with_all = [
            "source", "connector", "project", "targets", "default_values", "overrides", "max_tables_per_pipeline",
            "max_tables_per_gateway", "warehouse_id", "host", "delimiter", "timezone", "profile", "recover",
        ],
        help_heading = "Recovery"
    )]
    pub(super) resume: Option<String>,
    /// Take over what a deploy left whose runner is gone: its lock, and what it created without the state knowing
    #[arg(long, help_heading = "Recovery")]
    pub(super) recover: bool,
    /// Take deploy locks that others hold, and say who held them
    #[arg(long, help_heading = "Recovery")]
    pub(super) force_lock: bool,
}

impl RecoveryArguments {
    /// These, for the run that goes on with the one of the others: what that one had begun to take over is taken over.
    pub(super) fn after(mut self, others: &Self) -> Self {
        self.recover |= others.recover;
        self.force_lock |= others.force_lock;
        self
    }

    /// What to do about locks.
    pub(super) fn held_locks(&self) -> HeldLocks {
        if self.recover || self.force_lock { HeldLocks::Take } else { HeldLocks::Respect }
    }
}

/// A run that is gone on with.
pub(super) struct Resumed {
    id: RunId,
    hold: Hold,
    pub(super) history: History,
}

/// How often it is looked whether a run has ended.
const PAUSE: Duration = Duration::from_millis(200);

impl Resumed {
    /// Takes the run that is named. Where it, or the databricks CLI that it started, is still at work, that is waited for.
    pub(super) fn take(context: &Context, runs: &Runs, named: &str) -> Result<Self, Failure> {
        let id = match named {
            "last" => runs.last_unfinished()?.ok_or_else(|| {
                Failure::usage(format!("no run in {} was cut off", runs.folder().display()))
            })?,
            named => named.parse().map_err(|error: crate::deploy::RunIdError| {
                Failure::usage(error.to_string()).hint("`--resume last` is the newest that was cut off")
            })?,
        };
        // Before anything is made in its place: there may be no such run.
        runs.read(&id)?;
        let hold = match runs.take(&id)? {
            Some(hold) => hold,
            None => block_on(context, |interrupt| {
                let (id, runs) = (id.clone(), runs.clone());
                async move {
                    context.printer.say(&format!(
                        "run {id} is still at work, or the databricks CLI that it started: waiting for it"
                    ));
                    loop {
                        tokio::select! {
                            () = tokio::time::sleep(PAUSE) => {}
                            () = interrupt.stop.cancelled() => return Err(Failure::work("nothing was begun")),
                        }
                        if let Some(hold) = runs.take(&id)? {
                            return Ok(hold);
                        }
                    }
                }
            })?,
        };
        let history = runs.read(&id)?;
        Ok(Self { id, hold, history })
    }

    /// The arguments of the run as it was called.
    pub(super) fn arguments(&self, context: &Context) -> Result<super::deploy::Arguments, Failure> {
        let directory = &self.history.inputs.directory;
        if directory != context.environment.directory() {
            return Err(Failure::usage(format!("run {} was begun in {}", self.id, directory.display()))
                .hint("go on with it there: its paths are meant from that folder"));
        }
        let typed =
            std::iter::once("tapworks").chain(self.history.inputs.arguments.iter().map(String::as_str));
        match Cli::of(typed, &context.environment).map(|cli| cli.command) {
            Ok(Command::Deploy(arguments)) => Ok(*arguments),
            _ => Err(Failure::work(format!(
                "run {} was called in a way that this tapworks does not know: {}",
                self.id,
                self.history.inputs.arguments.join(" ")
            ))),
        }
    }

    /// Whether it can go on with what is there now: else it says what differs.
    pub(super) fn check(&self, now: &Inputs) -> Result<(), Failure> {
        let differences = self.history.inputs.differences(now);
        if differences.is_empty() {
            return Ok(());
        }
        let mut failure = Failure::refused(format!(
            "run {} cannot go on: what it began with has changed since\n  {}",
            self.id,
            differences.join("\n  ")
        ));
        failure = failure
            .hint("put it back as it was, or run `tapworks deploy` anew: it plans from what is there now");
        Err(failure)
    }
}

/// The runs of these settings.
pub(super) fn runs(context: &Context, settings: &Settings) -> Runs {
    let directory = context.environment.directory();
    let file = settings.file.as_deref().map(|file| directory.join(file));
    Runs::beside(file.as_deref(), &directory.join(&settings.output_dir))
}

/// The journal of this run.
pub(super) struct RunJournal {
    journal: Journal,
    /// The command that goes on with the run.
    command: String,
    /// Whether the run had written something before it was cut off.
    wrote_before: bool,
}

impl RunJournal {
    /// Begins the journal of this run, or goes on with that of the run that is resumed. With `finder`, the options that are
    /// typed for it, the journal is found again.
    pub(super) fn begin(
        runs: &Runs,
        inputs: Inputs,
        resumed: Option<Resumed>,
        finder: &str,
    ) -> Result<Self, Failure> {
        let clock = jiff::Timestamp::now;
        let (journal, wrote_before) = match resumed {
            Some(Resumed { id, hold, history }) => (runs.go_on(&id, hold, clock)?, history.wrote()),
            None => (runs.begin(RunId::new(clock(), fastrand::u64(..)), inputs, clock)?, false),
        };
        let command = format!("tapworks deploy --resume {}{finder}", journal.id());
        Ok(Self { journal, command, wrote_before })
    }

    pub(super) fn id(&self) -> &RunId {
        self.journal.id()
    }

    /// Whether anything may have been written to a workspace, now or before.
    pub(super) fn wrote(&self) -> bool {
        self.wrote_before || self.journal.wrote()
    }

    /// Where the steps are noted.
    pub(super) fn writer(&self) -> &Journal {
        &self.journal
    }

    /// Notes the end; the command that goes on with the run, where something was written and not all of it. A run that wrote
    /// nothing leaves no journal; nor is there anything to go on with where all was done and found to be wrong. That it cannot be noted changes nothing: it then looks as if it had been cut off.
    pub(super) fn end(self, status: u8, is_found_wrong: bool) -> Option<String> {
        let wrote = self.wrote();
        let Self { journal, command, .. } = self;
        if !wrote {
            let _ = journal.discard();
            return None;
        }
        let _ = journal.end(status);
        // What was deployed and is not as it was meant is not mended by going on; what could not be read back is read again.
        let is_finished = status == status::DONE || (status == status::NOT_VERIFIED && is_found_wrong);
        (!is_finished).then_some(command)
    }
}

/// What this run is made from.
pub(super) fn inputs(context: &Context, settings: &Settings, read: &Read, sites: &[Site]) -> Inputs {
    let (source, version) = match &read.document {
        SourceDocument::Table { table, version, .. } => (table.clone(), *version),
        SourceDocument::File { file, .. } => (file.clone(), None),
    };
    let target =
        |site: &Site| TargetInput { name: site.target.clone(), host: site.client.host().to_string() };
    let targets = sites.iter().map(target).collect();
    let shown = |folder: &Path| {
        folder.strip_prefix(context.environment.directory()).unwrap_or(folder).display().to_string()
    };
    let bundles = sites.iter().flat_map(|site| &site.projects);
    Inputs {
        tapworks: env!("CARGO_PKG_VERSION").to_owned(),
        arguments: context.arguments.clone(),
        directory: context.environment.directory().to_owned(),
        settings: settings.digest(),
        source,
        version,
        rows: read.rows.digest(),
        targets,
        packages: bundles.map(|bundle| (shown(&bundle.folder), bundle.package)).collect(),
    }
}

impl From<RunsError> for Failure {
    fn from(error: RunsError) -> Self {
        match &error {
            RunsError::Unknown { others, .. } => {
                let others: Vec<String> = others.iter().take(3).map(ToString::to_string).collect();
                let failure = Self::usage(error.to_string());
                if others.is_empty() {
                    failure.hint("journals lie beside the settings file, else in the folder for bundles: name it with --config or --output-dir")
                } else {
                    failure.hint(format!("the newest there: {}", others.join(", ")))
                }
            }
            RunsError::Unreadable { .. } => Self::work(error.to_string()),
            RunsError::File(_) => Self::work(error.to_string()),
        }
    }
}
