//! Which lock a command works on, and what becomes of it.

use std::path::PathBuf;

use super::{Context, Failure, OutputFormat};
use crate::finding::Findings;
use crate::lock_file::{self, LockFile, LockRead};
use crate::placement::{Lock, LockChanges, LockEditError};
use crate::report::LockChangeDocument;
use crate::settings::{Flags, Settings};

/// Which lock it is.
#[derive(clap::Args)]
pub(super) struct FileArguments {
    /// The lock; without it that of the settings, else tapworks.lock beside the settings file
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// The lock of this target, where targets have their own
    #[arg(short, long, value_name = "NAME")]
    target: Option<String>,
    /// The settings file; without it tapworks.yml is looked for from here upwards
    #[arg(short, long, alias = "settings", value_name = "FILE", env = "TAPWORKS_CONFIG")]
    config: Option<PathBuf>,
    /// The folder for bundles, which holds the lock where there is no settings file
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

impl FileArguments {
    /// Reads the lock. One that is damaged is told.
    pub(super) fn open(&self, context: &Context) -> Result<LockFile, Failure> {
        let flags = Flags {
            config: self.config.clone(),
            lock: self.lock.clone(),
            output_dir: self.output_dir.clone(),
            ..Flags::default()
        };
        let (settings, findings) = Settings::resolve(flags, &context.environment)
            .map_err(|error| Failure::usage(error.to_string()))?;
        open(context, &settings, findings, self.target.as_deref())
    }
}

/// Reads the lock of these settings, or that of this target. What is wrong is told.
pub(super) fn open(
    context: &Context,
    settings: &Settings,
    findings: Findings,
    target: Option<&str>,
) -> Result<LockFile, Failure> {
    let findings = findings.sorted();
    context.printer.findings(&findings);
    if findings.has_errors() {
        return Err(Failure::found(&findings));
    }
    let path = path(context, settings, target)?;
    match LockFile::read(&path, context.environment.directory())? {
        LockRead::Lock(mut file) => {
            file.path = shown(context, file.path);
            Ok(file)
        }
        LockRead::Damaged(findings) => {
            let file = LockFile { path: shown(context, path), exists: true, lock: Lock::default() };
            Err(stopped(context, &file, &findings))
        }
    }
}

fn path(context: &Context, settings: &Settings, target: Option<&str>) -> Result<PathBuf, Failure> {
    if let Some(name) = target {
        let target = settings.target(name).map_err(|error| Failure::usage(error.to_string()))?;
        return Ok(lock_file::path(settings, Some(&target)));
    }
    let mut paths: Vec<(&str, PathBuf)> = Vec::new();
    for target in settings.targets.values() {
        let path = lock_file::path(settings, Some(target));
        if paths.iter().all(|(_, other)| *other != path) {
            paths.push((&target.name, path));
        }
    }
    match paths.as_slice() {
        [] => Ok(lock_file::path(settings, None)),
        [(_, path)] => Ok(path.clone()),
        several => {
            let told: Vec<String> = several
                .iter()
                .map(|(name, path)| format!("{name} {}", shown(context, path.clone()).display()))
                .collect();
            Err(Failure::usage(format!("the targets have different locks: {}", told.join(", ")))
                .hint("name a target with --target, or a lock with --lock"))
        }
    }
}

/// As messages show it: relative where it lies below the working directory.
fn shown(context: &Context, path: PathBuf) -> PathBuf {
    path.strip_prefix(context.environment.directory()).map(PathBuf::from).unwrap_or(path)
}

/// What is wrong with a lock, or with what was to go into it.
pub(super) fn stopped(context: &Context, file: &LockFile, findings: &Findings) -> Failure {
    context.printer.findings(findings);
    let failure = Failure::found(findings);
    if context.output == OutputFormat::Json {
        let changes = LockChanges::default();
        let document = LockChangeDocument::new(&file.path, &changes, false, findings);
        context.printer.json(&document.with_error(failure.message(), failure.hints()));
    }
    failure
}

/// What cannot be done to a lock.
pub(super) fn refused(file: &LockFile, error: &LockEditError) -> Failure {
    if !file.exists {
        return Failure::work(format!("there is no lock {}", file.path.display()))
            .hint("`generate` writes it; `tapworks lock import` makes one from bundles");
    }
    let failure = Failure::work(error.to_string());
    match error {
        LockEditError::Taken { destination, .. } => failure
            .hint(format!("where that place is the wrong one, first: tapworks lock forget {destination}")),
        LockEditError::Unknown { .. } => failure.hint("`tapworks lock show` lists what it holds"),
    }
}

/// Writes a lock, unless it is only to be checked, and tells what is different.
pub(super) fn write(context: &Context, mut file: LockFile, lock: Lock, checked: bool) -> Result<u8, Failure> {
    let changes = LockChanges::between(&file.lock, &lock);
    if !checked {
        file.write(lock)?;
    }
    let findings = Findings::new();
    let document = LockChangeDocument::new(&file.path, &changes, checked, &findings);
    match context.output {
        OutputFormat::Json => context.printer.json(&document),
        OutputFormat::Text => context.printer.data(&document.text()),
    }
    Ok(0)
}
