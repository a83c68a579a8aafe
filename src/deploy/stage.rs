//! A bundle on disk for commands that only look: the folder for bundles stays as it is.

use std::path::{Path, PathBuf};

use crate::bundle::{Package, PackageError};
use crate::environment::Environment;
use crate::files::{self, Entry, FileError};
use crate::preflight::local_folder;

/// The folder of the package on disk: in `output` where it lies there already, byte for byte, else in `scratch`, with what the
/// CLI keeps beside it of this target (a state that could not be saved to the workspace lies there alone).
///
/// # Errors
/// What stands in the way of writing it to `output` too, and a scratch folder that cannot be written.
pub fn stage(
    environment: &Environment,
    package: &Package,
    output: &Path,
    scratch: &Path,
    target: &str,
) -> Result<PathBuf, PackageError> {
    let there = package.compare(output)?;
    if there.changes.is_empty() {
        return Ok(there.folder);
    }
    let scratch = scratch.join("bundles");
    files::create_folder(&scratch)?;
    let written = package.write(&scratch)?;
    // The CLI loads these too; without them it would plan to delete what is in them.
    for file in &there.foreign {
        copy_file(&there.folder.join(file), &written.folder.join(file))?;
    }
    let kept = |bundle: &Path| local_folder(environment, bundle, target);
    let (from, to) = (kept(&there.folder), kept(&written.folder));
    // They are one where the user keeps these files somewhere else altogether.
    if from != to {
        copy_files(&from, &to)?;
    }
    Ok(written.folder)
}

/// Copies the files of a folder, not those of folders in it: there lie programs of other engines.
fn copy_files(from: &Path, to: &Path) -> Result<(), FileError> {
    let mut files = Vec::new();
    for name in files::names_in(from)? {
        if files::entry(&from.join(&name))? == Some(Entry::File) {
            files.push(name);
        }
    }
    if !files.is_empty() {
        files::create_folder(to)?;
    }
    files.iter().try_for_each(|name| copy_file(&from.join(name), &to.join(name)))
}

/// Copies a file; one that went away in between is left out.
fn copy_file(from: &Path, to: &Path) -> Result<(), FileError> {
    match files::read_if_present(from)? {
        Some(bytes) => files::write(to, &bytes),
        None => Ok(()),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test plays the user")]
mod tests {
    use super::*;
    use crate::bundle::{Options, render};
    use crate::placement::Bundle;

    fn nowhere() -> Environment {
        Environment::of([])
    }

    fn package(targets: &[&crate::settings::Target]) -> Package {
        let options = Options { targets, default_target: None, cli_version: ">= 1.13.0", escape: false };
        render(&Bundle::empty("retail", "retail"), options)
    }

    #[test]
    fn what_lies_there_is_used_as_it_is() {
        let (output, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let package = package(&[]);
        package.write(output.path()).unwrap();
        let staged = stage(&nowhere(), &package, output.path(), scratch.path(), "prod").unwrap();
        assert_eq!(staged, output.path().join("retail"));
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_differs_is_put_aside_with_what_the_cli_needs_to_see() {
        let (output, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let there = output.path().join("retail");
        let state = Path::new(".databricks/bundle/prod");
        std::fs::create_dir_all(there.join(state).join("terraform")).unwrap();
        std::fs::create_dir_all(there.join("resources")).unwrap();
        std::fs::write(there.join(state).join("resources.json"), "{}").unwrap();
        std::fs::write(there.join(state).join("terraform/program"), "x").unwrap();
        std::fs::write(there.join("resources/mine.yml"), "resources: {}\n").unwrap();
        let staged = stage(&nowhere(), &package(&[]), output.path(), scratch.path(), "prod").unwrap();
        assert!(staged.starts_with(scratch.path()));
        for file in ["databricks.yml", ".databricks/bundle/prod/resources.json", "resources/mine.yml"] {
            assert!(staged.join(file).is_file(), "{file}");
        }
        assert!(!staged.join(state).join("terraform").exists());
        assert!(!there.join("databricks.yml").exists(), "the folder for bundles stays as it is");
    }
}
