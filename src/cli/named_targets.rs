//! Which targets a command is for.

use super::failure::Failure;
use crate::settings::{Settings, Target};

/// The targets of a bundle that is only made or judged here: those of the settings, whichever are named; else those that are
/// named, else one.
pub(super) fn offline_targets(settings: &Settings, names: &[String]) -> Result<Vec<Target>, Failure> {
    const UNNAMED: &str = "dev";
    let named = if names.is_empty() { Vec::new() } else { named_targets(settings, names)? };
    if !settings.targets.is_empty() {
        return Ok(settings.targets.values().cloned().collect());
    }
    if !named.is_empty() {
        return Ok(named);
    }
    let unnamed = settings.target(settings.default_target.as_deref().unwrap_or(UNNAMED));
    Ok(vec![unnamed.map_err(|error| Failure::usage(error.to_string()))?])
}

/// The targets that the command line names, else the default one.
pub(super) fn named_targets(settings: &Settings, names: &[String]) -> Result<Vec<Target>, Failure> {
    let mut wanted: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    if wanted.is_empty() {
        wanted.extend(settings.default_target.as_deref());
    }
    if wanted.is_empty() {
        let known: Vec<&str> = settings.targets.keys().map(String::as_str).collect();
        let failure = Failure::usage("no target is named");
        return Err(if known.is_empty() {
            failure.hint("--target NAME: a profile of that name, else the environment's workspace")
        } else {
            failure.hint(format!(
                "--target NAME, one of {}; or `default_target` in the settings file",
                known.join(", ")
            ))
        });
    }
    let mut targets: Vec<Target> = Vec::new();
    for name in wanted {
        if targets.iter().all(|target| target.name != name) {
            targets.push(settings.target(name).map_err(|error| Failure::usage(error.to_string()))?);
        }
    }
    Ok(targets)
}
