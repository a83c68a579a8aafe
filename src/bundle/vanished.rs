//! Bundles on disk that the rows no longer ask for.

use std::collections::BTreeSet;
use std::path::Path;

use super::package::{RESOURCES, is_ours};
use crate::files::{self, Entry, FileError};
use crate::finding::{Finding, Findings, Place};
use crate::placement::{Layout, Vanished, project_of};
use crate::text::plural;

/// A note for each bundle of [`vanished_bundles`]: what the lock `remembered` of it, and whether its project lives on.
#[must_use]
pub fn vanished(output: &Path, names: &[String], layout: &Layout, remembered: &[Vanished]) -> Findings {
    let living = layout.projects();
    let mut findings = Findings::new();
    for bundle in names {
        let others = names.iter().map(String::as_str).filter(|other| other != bundle).collect();
        let lives_on = project_of(&living, bundle);
        let project = lives_on.or_else(|| project_of(&others, bundle)).unwrap_or(bundle);
        let who = if project == bundle {
            format!("project `{bundle}`")
        } else {
            format!("bundle `{bundle}` of project `{project}`")
        };
        let has = match remembered.iter().find(|vanished| vanished.bundle == *bundle) {
            Some(Vanished { tables, pipelines, .. }) => {
                format!("places for {} in {}", plural(*tables, "table"), plural(*pipelines, "pipeline"))
            }
            None if project == bundle => "a bundle".to_owned(),
            None => "a folder".to_owned(),
        };
        let note = Finding::note("TW151", format!("{who} has {has}, but no rows any more"))
            .at(Place::Path { path: output.join(bundle).display().to_string() });
        findings.push(match lives_on {
            Some(_) => note
                .why("every deploy of the project deletes what its target still has of that bundle; deployed from this folder it would come back")
                .fix("delete the folder; or put its rows back"),
            None => note
                .why("whatever was deployed of it stays deployed, and its bundle and its places are kept")
                .fix(format!(
                    "put its rows back; or delete what was deployed of it with `tapworks deploy --remove-project {project}`"
                )),
        });
    }
    findings
}

/// The bundles that the rows no longer ask for, by name, sorted: those that the lock `remembered`, and every folder in `output`
/// that holds a bundle of ours that the layout lacks. None where that is empty, for then nothing is known of the projects.
///
/// # Errors
/// `output` cannot be read.
pub fn vanished_bundles(
    output: &Path,
    layout: &Layout,
    remembered: &[Vanished],
) -> Result<Vec<String>, FileError> {
    if layout.bundles.is_empty() {
        return Ok(Vec::new());
    }
    let asked_for: BTreeSet<&str> = layout.bundles.iter().map(|bundle| bundle.name.as_str()).collect();
    let mut names: BTreeSet<String> = remembered.iter().map(|vanished| vanished.bundle.clone()).collect();
    let on_disk = files::names_in(output)?;
    names.extend(
        on_disk
            .into_iter()
            .filter(|name| !asked_for.contains(name.as_str()) && holds_a_bundle_of_ours(&output.join(name))),
    );
    Ok(names.into_iter().collect())
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
    use crate::bundle::Package;
    use crate::bundle::package::ROOT;
    use crate::bundle::render::HEADER;
    use crate::placement::Bundle;

    fn package(name: &str) -> Package {
        let mut package = Package::new(name);
        package.add(ROOT, format!("{HEADER}bundle: {{}}\n"));
        package.add("resources/pipelines.yml", format!("{HEADER}resources: {{}}\n"));
        package
    }

    fn told_of(output: &Path, layout: &Layout, remembered: &[Vanished]) -> Result<Findings, FileError> {
        let names = vanished_bundles(output, layout, remembered)?;
        Ok(vanished(output, &names, layout, remembered))
    }

    fn layout(names: &[&str]) -> Layout {
        Layout { bundles: names.iter().map(|name| Bundle::empty(name, name)).collect() }
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
        let findings = told_of(output.path(), &layout(&["kept"]), &[]).unwrap();
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
        let findings = told_of(output.path(), &layout(&["kept"]), &remembered).unwrap();
        let told: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(told, ["project `gone` has places for 12 tables in 1 pipeline, but no rows any more"]);
    }

    #[test]
    fn a_numbered_bundle_is_told_with_its_project() {
        let output = tempfile::tempdir().unwrap();
        for name in ["kept_b02", "gone", "gone_b02", "other_b02"] {
            package(name).write(output.path()).unwrap();
        }
        let findings = told_of(output.path(), &layout(&["kept"]), &[]).unwrap();
        let told: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(
            told,
            [
                "project `gone` has a bundle, but no rows any more",
                "bundle `gone_b02` of project `gone` has a folder, but no rows any more",
                "bundle `kept_b02` of project `kept` has a folder, but no rows any more",
                "project `other_b02` has a bundle, but no rows any more",
            ]
        );
        let fixes: Vec<_> = findings.iter().map(|finding| finding.fix.as_str()).collect();
        assert!(fixes[1].ends_with("`tapworks deploy --remove-project gone`"), "{fixes:?}");
        assert_eq!(fixes[2], "delete the folder; or put its rows back");
    }

    #[test]
    fn no_folder_and_no_packages_are_nothing_to_tell() {
        let output = tempfile::tempdir().unwrap();
        assert!(told_of(&output.path().join("none"), &layout(&["p"]), &[]).unwrap().is_empty());
        package("gone").write(output.path()).unwrap();
        assert!(told_of(output.path(), &layout(&[]), &[]).unwrap().is_empty());
    }
}
