//! `tapworks rebalance`

use super::configuration::ConfigurationArguments;
use super::failure::Failure;
use super::named_targets::named_targets;
use super::source::{ReadRows, read_rows};
use super::{Context, OutputFormat};
use crate::base::bases;
use crate::desired::ask;
use crate::finding::Findings;
use crate::lock_file::{LockFile, LockRead};
use crate::rebalanced::rebalanced;
use crate::report::{LockMoves, RebalanceDocument, SourceDocument};
use crate::settings::{Settings, Target};
use crate::text::plural;

/// Show the moves that a better layout needs, and what they cost
///
/// Nothing else ever moves a placed table. One that moves is read again in full, by its new pipeline.
/// Brings pipelines and gateways under their limits, and with `placement: even` or `weighted` into balance.
/// Needs no network and no credentials, unless the list is a Unity Catalog table.
///
///     tapworks rebalance --source tables.csv --max-tables-per-pipeline 100
///     tapworks rebalance --source tables.csv --max-tables-per-pipeline 100 --write
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// The targets whose lock it is, where targets have their own; repeatable, without it all
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    target: Vec<String>,
    /// The profile of the workspace that holds the table list
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// Put the moves into the lock; generate and deploy carry them out
    #[arg(long)]
    write: bool,
    /// Write nothing, which is what it does without --write
    #[arg(short = 'n', long, conflicts_with = "write")]
    dry_run: bool,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { configuration, target, profile, write, dry_run: _ } = arguments;
    let (settings, findings) = configuration.resolve(&target, &context.environment)?;
    let mut run = Run { findings, write, source: None, locks: Vec::new() };
    match run
        .rebalance(context, &settings, &target, profile.as_deref())
        .map_err(|failure| failure.behind(&run.findings))
    {
        Err(failure) if failure.is_usage() => Err(failure),
        result => run.finish(context, result),
    }
}

/// What is known of a run, whatever becomes of it.
struct Run {
    findings: Findings,
    write: bool,
    source: Option<SourceDocument>,
    locks: Vec<LockMoves>,
}

impl Run {
    fn rebalance(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
    ) -> Result<(), Failure> {
        let targets = if !named.is_empty() {
            named_targets(settings, named)?
        } else if settings.targets.is_empty() {
            vec![settings.target("dev").map_err(|error| Failure::usage(error.to_string()))?]
        } else {
            settings.targets.values().cloned().collect::<Vec<Target>>()
        };
        let read = read_rows(context, settings, &targets, profile, &mut self.findings)?;
        let ReadRows::Read(read) = read else { return Err(Failure::found(&self.findings)) };
        self.source = Some(read.document);
        let mut asked = ask(&read.rows, settings, false);
        self.findings.extend(std::mem::take(&mut asked.findings));
        let (bases, said) = bases(settings, &targets.iter().collect::<Vec<_>>());
        self.findings.extend(said);
        if self.findings.has_errors() {
            return Err(Failure::found(&self.findings));
        }
        let mut better = Vec::new();
        for base in bases {
            match LockFile::read(&base.lock, context.environment.directory())? {
                LockRead::Lock(lock) => {
                    let mut rebalanced = rebalanced(&asked, &read.rows, settings, &lock.lock);
                    self.findings.extend(std::mem::take(&mut rebalanced.findings));
                    better.push((lock, rebalanced));
                }
                LockRead::Damaged(said) => self.findings.extend(said),
            }
        }
        if self.findings.has_errors() {
            return Err(Failure::found(&self.findings));
        }
        context.runtime.go_on()?;
        for (mut lock, rebalanced) in better {
            let shown = lock.path.strip_prefix(context.environment.directory()).unwrap_or(&lock.path);
            let shown = shown.to_owned();
            if !lock.exists {
                context.printer.say(&format!("there is no lock {} yet: every table is new", shown.display()));
            } else if rebalanced.tally.new > 0 {
                let new = plural(rebalanced.tally.new, "table");
                context.printer.say(&format!("{}: {new} not in it yet, placed as new", shown.display()));
            }
            let is_written = self.write && !rebalanced.moves.is_empty();
            self.locks.push(LockMoves::new(shown, &rebalanced.lock, &rebalanced.moves, is_written));
            if is_written {
                lock.write(rebalanced.lock)?;
            }
        }
        Ok(())
    }

    fn finish(self, context: &Context, result: Result<(), Failure>) -> Result<u8, Failure> {
        let findings = self.findings.sorted();
        let printer = &context.printer;
        printer.findings(&findings);
        let mut document = RebalanceDocument::new(self.source.as_ref(), self.locks, &findings);
        if let Err(failure) = &result {
            document = document.with_error(failure.message(), failure.hints());
        }
        match (context.output, &result) {
            (OutputFormat::Json, _) => printer.json(&document),
            (OutputFormat::Text, Ok(())) => printer.data(&document.text()),
            (OutputFormat::Text, Err(_)) => {}
        }
        result.map(|()| 0)
    }
}
