//! Bundles on disk whose projects the rows no longer name.

use std::path::Path;

use super::package::{Package, RESOURCES, is_ours};
use crate::files::{self, Entry, FileError};
use crate::finding::{Finding, Findings, Place};
use crate::placement::Vanished;
use crate::text::plural;

/// A note for each bundle that the rows no longer ask for: those that the lock `remembered`, and every folder in `output` that
/// holds a bundle of ours and belongs to none of `packages`. Nothing where there are no packages, for then nothing is known
/// of the projects.
///
/// # Errors
/// `output` cannot be read.
pub fn vanished(output: &Path, packages: &[Package], remembered: &[Vanished]) -> Result<Findings, FileError> {
    if packages.is_empty() {
        return Ok(Findings::new());
    }
    let mut findings = Findings::new();
    let note = |bundle: &str, what: String| {
        Finding::note("TW151", what)
            .at(Place::Path { path: output.join(bundle).display().to_string() })
            .why("whatever was deployed of it stays deployed, and its bundle and its places are kept")
            .fix(format!(
                "put its rows back; or delete what was deployed of it with `tapworks deploy --remove-project {bundle}`"
            ))
    };
    for Vanished { bundle, pipelines, tables } in remembered {
        let what = format!(
            "project `{bundle}` has places for {} in {}, but no rows any more",
            plural(*tables, "table"),
            plural(*pipelines, "pipeline")
        );
        findings.push(note(bundle, what));
    }
    for name in files::names_in(output)? {
        let is_told = remembered.iter().any(|vanished| vanished.bundle == name);
        let is_asked_for = packages.iter().any(|package| package.project() == name);
        if !is_told && !is_asked_for && holds_a_bundle_of_ours(&output.join(&name)) {
            findings.push(note(&name, format!("project `{name}` has a bundle, but no rows any more")));
        }
    }
    Ok(findings)
}

/// The bundles of [`vanished`] by name, sorted.
///
/// # Errors
/// `output` cannot be read.
pub fn vanished_bundles(
    output: &Path,
    packages: &[Package],
    remembered: &[Vanished],
) -> Result<Vec<String>, FileError> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = remembered.iter().map(|vanished| vanished.bundle.clone()).collect();
    let is_asked_for = |name: &str| packages.iter().any(|package| package.project() == name);
    let on_disk = files::names_in(output)?;
    names.extend(
        on_disk.into_iter().filter(|name| !is_asked_for(name) && holds_a_bundle_of_ours(&output.join(name))),
    );
    names.sort();
    names.dedup();
    Ok(names)
}

/// A bundle without resources is none: its project was removed. A run that was killed may have left one without its root. What
/// cannot be read is somebody else's.
fn holds_a_bundle_of_ours(folder: &Path) -> bool {
    let resources = folder.join(RESOURCES);
    let is = |path: &Path, kind: Entry| matches!(files::entry(path), Ok(Some(found)) if found == kind);
    if !is(folder, Entry::Folder) || !is(&resources, Entry::Folder) {
        return false;
    }
    let names = files::names_in(&resources).unwrap_or_default();
    let mut candidates = names.iter().filter(|name| name.ends_with(".yml")).map(|name| resources.join(name));
    candidates.any(|path| is(&path, Entry::File) && files::read(&path).is_ok_and(|bytes| is_ours(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::package::ROOT;
    use crate::bundle::render::HEADER;

    fn package(name: &str) -> Package {
        let mut package = Package::new(name);
        package.add(ROOT, format!("{HEADER}bundle: {{}}\n"));
        package.add("resources/pipelines.yml", format!("{HEADER}resources: {{}}\n"));
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
        let findings = vanished(output.path(), &[package("kept")], &[]).unwrap();
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
    fn what_the_lock_remembers_is_told_with_its_size_and_once() {
        let output = tempfile::tempdir().unwrap();
        package("gone").write(output.path()).unwrap();
        let remembered = [Vanished { bundle: "gone".into(), pipelines: 1, tables: 12 }];
        let findings = vanished(output.path(), &[package("kept")], &remembered).unwrap();
        let told: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(told, ["project `gone` has places for 12 tables in 1 pipeline, but no rows any more"]);
    }

    #[test]
    fn no_folder_and_no_packages_are_nothing_to_tell() {
        let output = tempfile::tempdir().unwrap();
        assert!(vanished(&output.path().join("none"), &[package("p")], &[]).unwrap().is_empty());
        package("gone").write(output.path()).unwrap();
        assert!(vanished(output.path(), &[], &[]).unwrap().is_empty());
    }
}
