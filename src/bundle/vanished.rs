//! Bundles on disk whose projects the rows no longer name.

use std::path::Path;

use super::package::{Package, RESOURCES, ROOT, is_ours};
use crate::files::{self, Entry, FileError};
use crate::finding::{Finding, Findings, Place};

/// The folders in `output` that hold a bundle of ours and belong to none of `packages`; nothing where there are no packages,
/// for then nothing is known of the projects.
///
/// # Errors
/// `output` cannot be read.
pub fn vanished_bundles(output: &Path, packages: &[Package]) -> Result<Vec<String>, FileError> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = files::names_in(output)?;
    names.retain(|name| {
        packages.iter().all(|package| package.project() != name) && holds_a_bundle_of_ours(&output.join(name))
    });
    Ok(names)
}

/// A note for each of [`vanished_bundles`].
///
/// # Errors
/// `output` cannot be read.
pub fn vanished(output: &Path, packages: &[Package]) -> Result<Findings, FileError> {
    let names = vanished_bundles(output, packages)?;
    let note = |name: String| {
        Finding::note("TW151", format!("project `{name}` has a bundle, but no rows any more"))
            .at(Place::Path { path: output.join(&name).display().to_string() })
            .why("what it deployed stays deployed, and its bundle is kept")
            .fix("put its rows back; or, once nothing of it is deployed any more, remove the folder")
    };
    Ok(names.into_iter().map(note).collect())
}

/// A run that was killed may have left a bundle without its root. What cannot be read is somebody else's.
fn holds_a_bundle_of_ours(folder: &Path) -> bool {
    let resources = folder.join(RESOURCES);
    let is = |path: &Path, kind: Entry| matches!(files::entry(path), Ok(Some(found)) if found == kind);
    if !is(folder, Entry::Folder) {
        return false;
    }
    let mut candidates = vec![folder.join(ROOT)];
    if is(&resources, Entry::Folder) {
        let names = files::names_in(&resources).unwrap_or_default();
        candidates
            .extend(names.iter().filter(|name| name.ends_with(".yml")).map(|name| resources.join(name)));
    }
    candidates
        .iter()
        .any(|path| is(path, Entry::File) && files::read(path).is_ok_and(|bytes| is_ours(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::render::HEADER;

    fn package(name: &str) -> Package {
        let mut package = Package::new(name);
        package.add(ROOT, format!("{HEADER}bundle: {{}}\n"));
        package
    }

    #[test]
    fn only_a_bundle_of_ours_without_rows_is_named() {
        let output = tempfile::tempdir().unwrap();
        package("kept").write(output.path()).unwrap();
        package("gone").write(output.path()).unwrap();
        let killed = output.path().join("killed/resources");
        files::create_folder(&killed).unwrap();
        files::write(&killed.join("jobs.yml"), HEADER.as_bytes()).unwrap();
        let theirs = output.path().join("theirs");
        files::create_folder(&theirs).unwrap();
        files::write(&theirs.join(ROOT), b"bundle: {}\n").unwrap();
        files::create_folder(&output.path().join("empty")).unwrap();
        files::write(&output.path().join("file"), HEADER.as_bytes()).unwrap();
        let findings = vanished(output.path(), &[package("kept")]).unwrap();
        let told: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(
            told,
            [
                "project `gone` has a bundle, but no rows any more",
                "project `killed` has a bundle, but no rows any more"
            ]
        );
        assert!(output.path().join("gone").join(ROOT).exists());
    }

    #[test]
    fn no_folder_and_no_packages_are_nothing_to_tell() {
        let output = tempfile::tempdir().unwrap();
        assert!(vanished(&output.path().join("none"), &[package("p")]).unwrap().is_empty());
        package("gone").write(output.path()).unwrap();
        assert!(vanished(output.path(), &[]).unwrap().is_empty());
    }
}
