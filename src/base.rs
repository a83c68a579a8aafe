//! Where targets keep their lock and their packages. Usually all share one; targets that have grown apart have their own.

use std::path::PathBuf;

use crate::finding::{Finding, Findings, Place};
use crate::lock_file;
use crate::settings::{Settings, Target};

/// A lock, a folder for packages, and the targets that use both.
#[derive(Clone, Debug)]
pub struct Base<'a> {
    /// The lock.
    pub lock: PathBuf,
    /// The folder of the packages.
    pub output_dir: PathBuf,
    /// In the order of the settings.
    pub targets: Vec<&'a Target>,
}

/// The bases of these targets, in the order of their first target. Two locks for one folder are a finding: each target's
/// packages would be written over the other's.
#[must_use]
pub fn bases<'a>(settings: &Settings, targets: &[&'a Target]) -> (Vec<Base<'a>>, Findings) {
    let mut bases: Vec<Base<'a>> = Vec::new();
    let mut findings = Findings::new();
    for target in targets {
        let lock = lock_file::path(settings, Some(target));
        let output_dir = target.output_dir.clone().unwrap_or_else(|| settings.output_dir.clone());
        if let Some(base) = bases.iter_mut().find(|base| base.lock == lock && base.output_dir == output_dir) {
            base.targets.push(target);
            continue;
        }
        if let Some(other) = bases.iter().find(|base| base.output_dir == output_dir) {
            findings.push(
                Finding::error(
                    "TW254",
                    format!(
                        "targets `{}` and `{}` have different locks and one folder for packages, {}",
                        other.targets.first().map_or("", |target| target.name.as_str()),
                        target.name,
                        output_dir.display()
                    ),
                )
                .at(settings.file.as_ref().map(|file| Place::Path { path: file.display().to_string() }))
                .why("tables lie differently in the two, so that each would write its packages over the other's")
                .fix(format!("give target `{}` an `output_dir` of its own", target.name)),
            );
        }
        bases.push(Base { lock, output_dir, targets: vec![target] });
    }
    (bases, findings)
}
