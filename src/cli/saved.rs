//! Plans in files: `plan --out FILE` writes one, `deploy FILE` carries it out while it holds.

use std::path::Path;

use super::Context;
use super::failure::Failure;
use super::source::Read;
use crate::deploy::{PlannedTarget, ProjectBundle, Site};
use crate::digest::Digest;
use crate::files;
use crate::finding::Findings;
use crate::plan::{Inputs, Present, PresentBundle, PresentState, SavedBundle, SavedPlan, SavedSource};
use crate::report::SourceDocument;
use crate::settings::{Flags, Settings};

/// No plan is as large: that of 10,000 tables has some 50 MB.
const LARGEST: u64 = 1 << 30;
/// What else may have been meant.
const HINT: &str = "a plan is kept by `tapworks plan --out FILE`; a table list is named with --source";

/// What a plan is made from, as it is now; `lock` is where the lock of the target lies.
pub(super) fn inputs(
    context: &Context,
    settings: &Settings,
    lock: Option<&Path>,
    read: &Read,
) -> Result<Inputs, Failure> {
    let digest = |path: &Path| -> Result<Option<Digest>, Failure> {
        let path = context.environment.directory().join(path);
        Ok(files::read_if_present(&path)?.map(|bytes| Digest::of(&bytes)))
    };
    let source = match read.document.clone() {
        SourceDocument::Table { table, version, host, .. } => SavedSource::Table { table, version, host },
        SourceDocument::File { file, .. } => SavedSource::File { file },
    };
    Ok(Inputs {
        source,
        rows: read.rows.digest(),
        settings: settings.file.as_deref().map(digest).transpose()?.flatten(),
        lock: lock.map(digest).transpose()?.flatten(),
    })
}

/// Writes the plan of one target, exactly as the CLI printed it.
pub(super) fn write(
    context: &Context,
    path: &Path,
    planned: &PlannedTarget<'_>,
    cli_version: &str,
    flags: Flags,
    inputs: Inputs,
) -> Result<(), Failure> {
    let mut bundles = Vec::new();
    for project in &planned.projects {
        let printed = match &project.plan {
            Ok(Some((_, file))) => Some(files::read(file)?),
            _ => None,
        };
        let bundle = SavedBundle::new(&present(planned.site, project.project), printed.as_deref());
        bundles.push(bundle.map_err(|error| Failure::work(error.to_string()))?);
    }
    let site = planned.site;
    let host = site.client.host().to_string();
    let saved = SavedPlan::new(&site.target, &host, &site.me.user_name, cli_version, flags, inputs, bundles);
    let text = saved.to_text().map_err(|error| Failure::work(error.to_string()))?;
    files::write(&context.environment.directory().join(path), text.as_bytes())?;
    let shown = path.display();
    context.printer.say(&format!("Saved {shown}. Next: tapworks deploy {shown}"));
    Ok(())
}

/// A bundle as it is to be deployed now.
fn present<'a>(site: &'a Site, project: &'a ProjectBundle) -> PresentBundle<'a> {
    let state_path = site.paths.get(&project.name).map(|paths| paths.state.as_str()).unwrap_or_default();
    PresentBundle { name: &project.name, package: project.package, state_path }
}

/// Reads a plan.
pub(super) fn read(context: &Context, path: &Path) -> Result<SavedPlan, Failure> {
    let whole = context.environment.directory().join(path);
    let shown = path.display();
    let bytes = files::read_at_most(&whole, LARGEST).map_err(|error| {
        let message = match error.is_not_found() {
            true => format!("there is no saved plan {shown}"),
            false => format!("{shown} is no saved plan: {}", error.source),
        };
        Failure::usage(message).hint(HINT)
    })?;
    SavedPlan::parse(&bytes).map_err(|error| Failure::usage(format!("{shown}: {error}")).hint(HINT))
}

/// What has moved on since the plan was made.
pub(super) fn stale(saved: &SavedPlan, site: &Site, cli_version: &str, inputs: &Inputs) -> Findings {
    let host = site.client.host().to_string();
    let identity = site.me.user_name.as_str();
    let bundles: Vec<_> = site.projects.iter().map(|project| present(site, project)).collect();
    let now = Present { host: &host, identity, cli_version, inputs, bundles: &bundles };
    let mut found: Findings = saved.stale(&now).into_iter().collect();
    // What another workspace holds, or lies in another's folders, says nothing about this one.
    if host == saved.host && identity == saved.identity {
        found.extend(saved.bundles.iter().filter_map(|bundle| {
            let state = site.state(&bundle.bundle);
            let state = state.map(|state| PresentState { lineage: &state.lineage, serial: state.serial });
            saved.stale_state(&bundle.bundle, state)
        }));
    }
    found
}
