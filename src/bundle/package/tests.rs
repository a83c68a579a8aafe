use super::*;

fn package(files: &[(&str, &str)]) -> Package {
    let mut package = Package::new("p");
    for (path, text) in files {
        package.add(path, format!("{HEADER}{text}\n"));
    }
    package
}

#[test]
fn a_second_write_changes_nothing() {
    let output = tempfile::tempdir().unwrap();
    let package = package(&[(ROOT, "a: 1"), ("resources/pipelines.yml", "b: 2")]);
    assert_eq!(package.write(output.path()).unwrap().changes.len(), 2);
    assert_eq!(package.write(output.path()).unwrap().changes, []);
}

#[test]
fn only_our_stale_files_are_removed() {
    let output = tempfile::tempdir().unwrap();
    package(&[(ROOT, "a: 1"), ("resources/gateways.yml", "b: 2")]).write(output.path()).unwrap();
    let resources = output.path().join("p/resources");
    files::write(&resources.join("mine.yml"), b"c: 3\n").unwrap();
    let written = package(&[(ROOT, "a: 1")]).write(output.path()).unwrap();
    assert_eq!(written.changes, [("resources/gateways.yml".to_owned(), Change::Removed)]);
    assert_eq!(written.foreign, ["resources/mine.yml"]);
    assert_eq!(files::names_in(&resources).unwrap(), ["mine.yml"]);
    assert!(output.path().join("p/databricks.yml").exists());
}

#[test]
fn a_file_of_somebody_else_is_not_replaced() {
    let output = tempfile::tempdir().unwrap();
    files::create_folder(&output.path().join("p")).unwrap();
    files::write(&output.path().join("p/databricks.yml"), b"bundle: {}\n").unwrap();
    let error = package(&[(ROOT, "a: 1")]).write(output.path()).unwrap_err();
    assert!(matches!(error, PackageError::NotOurs(_)), "{error}");
}

/// The files in a project's folder by path, but for what no CLI reads: files on their way.
fn files_of(output: &Path) -> BTreeMap<String, String> {
    let folder = output.join("p");
    let mut found = BTreeMap::new();
    for (inner, prefix) in
        [(folder.clone(), String::new()), (folder.join(RESOURCES), format!("{RESOURCES}/"))]
    {
        for name in files::names_in(&inner).unwrap() {
            let path = inner.join(&name);
            if files::entry(&path).unwrap() == Some(Entry::File) && !files::is_temporary(&name) {
                let text = String::from_utf8(files::read(&path).unwrap()).unwrap();
                found.insert(format!("{prefix}{name}"), text);
            }
        }
    }
    found
}

fn leftovers(output: &Path) -> Vec<String> {
    let folder = output.join("p");
    let names = [folder.clone(), folder.join(RESOURCES)].map(|folder| files::names_in(&folder).unwrap());
    names.into_iter().flatten().filter(|name| files::is_temporary(name)).collect()
}

/// Kills the write of `new` over `old` after every single change of the file system, and looks at what is there.
/// Answers how many moments there were.
fn kill_at_every_write(old: Option<&Package>, new: &Package) -> usize {
    for changes in 0.. {
        let output = tempfile::tempdir().unwrap();
        let output = output.path();
        if let Some(old) = old {
            old.write(output).unwrap();
        }
        let (result, killed) = files::interruption::after(changes, || new.write(output));
        assert_eq!(result.is_err(), killed, "a kill is no success, and nothing else fails: {result:?}");
        let found = files_of(output);
        let loadable = found.contains_key(ROOT);
        assert!(
            !loadable || found == new.files || old.is_some_and(|old| found == old.files),
            "a mixture after {changes} changes: {found:#?}"
        );
        if !killed {
            assert_eq!(found, new.files);
            return changes;
        }
        // The next command finishes it, whichever of the two it wants.
        for next in old.into_iter().chain([new]) {
            next.write(output).unwrap();
            assert_eq!(files_of(output), next.files, "after {changes} changes");
            assert_eq!(leftovers(output), Vec::<String>::new(), "after {changes} changes");
        }
    }
    unreachable!("a write ends")
}

#[test]
fn killed_at_any_moment_no_mixture_can_be_loaded() {
    let old = package(&[
        (ROOT, "a: 1"),
        ("resources/gateways.yml", "b: 1"),
        ("resources/jobs.yml", "c: 1"),
        ("resources/pipelines.yml", "d: 1"),
    ]);
    let replaced = package(&[
        (ROOT, "a: 2"),
        ("resources/gateways.yml", "b: 2"),
        ("resources/jobs.yml", "c: 2"),
        ("resources/pipelines.yml", "d: 2"),
    ]);
    // Four changes for each of four files: made, half of it, the other half, moved; before them the folder and the removal.
    assert_eq!(kill_at_every_write(Some(&old), &replaced), 4 * 4 + 2);
    assert_eq!(kill_at_every_write(None, &old), 4 * 4 + 2);
    let without_gateways = package(&[(ROOT, "a: 1"), ("resources/pipelines.yml", "d: 3")]);
    assert!(kill_at_every_write(Some(&old), &without_gateways) > 0);
    assert!(kill_at_every_write(Some(&without_gateways), &old) > 0);
    let other_root = package(&[(ROOT, "a: 5"), ("resources/pipelines.yml", "d: 3")]);
    assert!(kill_at_every_write(Some(&without_gateways), &other_root) > 0);
}

#[test]
fn leftovers_go_even_where_nothing_else_changes_and_only_ours_do() {
    let output = tempfile::tempdir().unwrap();
    let package = package(&[(ROOT, "a: 1"), ("resources/jobs.yml", "b: 2")]);
    package.write(output.path()).unwrap();
    let folder = output.path().join("p");
    let begun = &HEADER[..10];
    files::write(&folder.join(".tapworks-abc123"), begun.as_bytes()).unwrap();
    files::write(&folder.join("resources/.tapworks-Abc12x"), b"").unwrap();
    files::write(&folder.join(".tapworks-notes1"), b"my own notes\n").unwrap();
    files::write(&folder.join(".tapworks-of-mine"), b"").unwrap();
    assert_eq!(package.write(output.path()).unwrap().changes, []);
    let left = files::names_in(&folder).unwrap();
    assert_eq!(left, [".tapworks-notes1", ".tapworks-of-mine", "databricks.yml", "resources"]);
    assert_eq!(files::names_in(&folder.join(RESOURCES)).unwrap(), ["jobs.yml"]);
}

#[test]
fn comparing_writes_nothing() {
    let output = tempfile::tempdir().unwrap();
    let (_, tried) =
        files::interruption::after(0, || package(&[(ROOT, "a: 1")]).compare(output.path()).unwrap());
    assert!(!tried);
    assert_eq!(files::names_in(output.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn a_project_is_one_folder_below_the_output() {
    let output = tempfile::tempdir().unwrap();
    let output = output.path().join("out");
    for name in ["", ".", "..", "../x", "a/b", "a/", "/tmp/x", "./a"] {
        let mut package = Package::new(name);
        package.add(ROOT, HEADER.to_owned());
        let error = package.write(&output).unwrap_err();
        assert!(matches!(error, PackageError::Outside(_)), "{name}: {error}");
    }
    assert!(!output.exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_links() {
    use std::os::unix::fs::symlink;
    let new = package(&[(ROOT, "a: 2"), ("resources/jobs.yml", "b: 2")]);
    for link in ["p", "p/resources", "p/databricks.yml", "p/resources/jobs.yml"] {
        let folder = tempfile::tempdir().unwrap();
        let (output, elsewhere) = (folder.path().join("out"), folder.path().join("elsewhere"));
        // Elsewhere lies a package of ours, so that the header alone would let it pass.
        package(&[(ROOT, "a: 1"), ("resources/jobs.yml", "b: 1")]).write(&elsewhere).unwrap();
        let before = files_of(&elsewhere);
        let place = output.join(link);
        files::create_folder(place.parent().unwrap()).unwrap();
        symlink(elsewhere.join(link), &place).unwrap();
        let error = new.write(&output).unwrap_err();
        assert!(matches!(&error, PackageError::Link(path) if *path == place), "{link}: {error}");
        assert_eq!(files_of(&elsewhere), before, "{link}");
    }
}

#[cfg(unix)]
#[test]
fn the_folder_for_bundles_may_be_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    std::os::unix::fs::symlink(folder.path(), &output).unwrap();
    package(&[(ROOT, "a: 1")]).write(&output).unwrap();
    assert!(folder.path().join("p/databricks.yml").exists());
}

#[test]
fn line_ends_of_windows_do_not_make_a_file_foreign() {
    let output = tempfile::tempdir().unwrap();
    let package = package(&[(ROOT, "a: 1")]);
    package.write(output.path()).unwrap();
    let root = output.path().join("p/databricks.yml");
    files::write(&root, package.files[ROOT].replace('\n', "\r\n").as_bytes()).unwrap();
    assert_eq!(package.write(output.path()).unwrap().changes, [(ROOT.to_owned(), Change::Replaced)]);
    assert!(!is_ours(&HEADER.as_bytes()[..HEADER.len() - 2]));
    assert!(!is_ours(HEADER.replace(".\n", ". Not quite.\n").as_bytes()));
}
