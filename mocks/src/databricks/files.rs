//! Finds the bundle's root and reads its files into one configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::environment::Environment;
use super::glob;
use super::merge::merge;
use super::normalize::normalize;
use super::schema::{ROOT, Type};
use super::trail::Trail;
use super::value::{Kind, Location, Sources, Value};
use super::yaml;

const NAMES: &[&str] = &["databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml"];

/// The folder of the bundle: `DATABRICKS_BUNDLE_ROOT`, or the first one upwards that holds a root file.
pub(super) fn find_root(environment: &Environment) -> Result<PathBuf, Diagnostic> {
    let holds = |folder: &Path| NAMES.iter().any(|name| folder.join(name).is_file());
    if let Some(root) = environment.first(&["DATABRICKS_BUNDLE_ROOT", "BUNDLE_ROOT"]) {
        let folder = environment.folder().join(root);
        return if folder.is_dir() {
            Ok(folder)
        } else {
            Err(Diagnostic::error(format!(
                "invalid bundle root DATABRICKS_BUNDLE_ROOT=\"{root}\": not a directory"
            )))
        };
    }
    environment.folder().ancestors().find(|folder| holds(folder)).map(Path::to_owned).ok_or_else(|| {
        Diagnostic::error("Unable to locate the bundle root: databricks.yml not found.").detail(
            "Run this command from a directory that contains a bundle, or set the DATABRICKS_BUNDLE_ROOT environment \
             variable to the bundle root directory.\nAlternatively, create a new bundle with 'databricks bundle init'.",
        )
    })
}

/// The root file alone, normalised.
pub(super) fn load_root(
    root: &Path,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Result<Value, Diagnostic> {
    let mut names = NAMES.iter().filter(|name| root.join(name).is_file());
    let Some(name) = names.next() else {
        return Err(Diagnostic::error(format!(
            "no bundle root configuration file found in {}",
            root.display()
        )));
    };
    if names.next().is_some() {
        return Err(Diagnostic::error(format!(
            "multiple bundle root configuration files found in {}",
            root.display()
        )));
    }
    load_file(root, name, sources, found)
}

/// Adds the included files to the configuration of the root file.
pub(super) fn load_includes(
    root: &Path,
    config: Value,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Result<Value, Diagnostic> {
    let patterns: Vec<(String, Location)> = match config.get("include").map(|value| &value.kind) {
        Some(Kind::Sequence(items)) => {
            items.iter().filter_map(|item| Some((item.as_str()?.to_owned(), item.at))).collect()
        }
        _ => Vec::new(),
    };
    if !patterns.is_empty() && root.to_string_lossy().contains(['*', '?', '[', ']', '^']) {
        return Err(Diagnostic::error(format!("Bundle root path contains glob pattern characters: {}", root.display()))
            .detail("The path to the bundle root contains characters that 'include' would take for a pattern. Please remove them from this path to use bundle commands."));
    }
    let mut names: Vec<String> = Vec::new();
    for (pattern, _) in &patterns {
        if Path::new(pattern).is_absolute() {
            return Err(Diagnostic::error(format!("{pattern}: includes must be relative paths")));
        }
        let matches = glob::matches(root, pattern);
        if matches.is_empty() && !pattern.contains(['*', '?', '[']) {
            return Err(Diagnostic::error(format!(
                "{pattern} defined in 'include' section does not match any files"
            )));
        }
        for name in matches {
            if !NAMES.contains(&name.as_str()) && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if let Some(wrong) =
        names.iter().find(|name| ![".yml", ".yaml", ".json"].iter().any(|end| name.ends_with(end)))
    {
        return Err(Diagnostic::error("Files in the 'include' configuration section must be YAML or JSON files.")
            .detail(format!("The file {wrong} in the 'include' configuration section is not a YAML or JSON file, and only such files are supported. To include files to sync, specify them in the 'sync.include' configuration section instead.")));
    }
    let mut keys = Keys::default();
    keys.note(&config);
    let mut config = config;
    for name in names {
        let mut file = load_file(root, &name, sources, found)?;
        if let Some(include) = file.take("include") {
            found.push(
                Diagnostic::warning("Include section is defined outside root file")
                    .path("include")
                    .place(include.at)
                    .detail("An include section is defined in a file that is not databricks.yml.\nOnly includes defined in databricks.yml are applied."),
            );
        }
        keys.note(&file);
        config = merge(config, file)
            .map_err(|error| Diagnostic::error(format!("failed to merge {name}: {error}")))?;
    }
    keys.check()?;
    Ok(config)
}

fn load_file(
    root: &Path,
    name: &str,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Result<Value, Diagnostic> {
    let path = root.join(name);
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Diagnostic::error(format!("failed to load {shown}: {error}")))?;
    let file = sources.add(name);
    let value = yaml::load(text.trim_start_matches('\u{feff}'), file)
        .map_err(|error| Diagnostic::error(format!("failed to load {shown}: {}", error.show(&shown))))?;
    match value.kind {
        Kind::Null => Ok(Value::empty()),
        Kind::Map(_) => {
            Ok(normalize(value, Type::Struct(&ROOT), Trail::Root, found).unwrap_or_else(Value::empty))
        }
        _ => Err(Diagnostic::error(format!(
            "failed to load {shown}: expected map, found {}",
            value.kind_name()
        ))),
    }
}

/// Where resources are defined: each in one file only, and one key for all types.
#[derive(Default)]
struct Keys {
    places: BTreeMap<String, Vec<(String, Location)>>,
}

impl Keys {
    fn note(&mut self, config: &Value) {
        for (group, resources) in config.get("resources").and_then(Value::as_map).into_iter().flatten() {
            for (key, entry) in resources.value.as_map().into_iter().flatten() {
                let at = if entry.value.at.file > 0 { entry.value.at } else { entry.key_at };
                self.places.entry(key.clone()).or_default().push((format!("resources.{group}.{key}"), at));
            }
        }
    }

    fn check(self) -> Result<(), Diagnostic> {
        for (key, mut places) in self.places {
            if places.len() < 2 {
                continue;
            }
            let mut diagnostic = Diagnostic::error(format!(
                "multiple resources or scripts have been defined with the same key: {key}"
            ));
            places.sort_by(|left, right| left.0.cmp(&right.0));
            for (path, place) in &places {
                diagnostic = diagnostic.place(*place);
                if !diagnostic.paths.contains(path) {
                    diagnostic = diagnostic.path(path.clone());
                }
            }
            return Err(diagnostic);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &str)]) -> Result<serde_json::Value, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
        load_root(folder.path(), &mut sources, &mut found)
            .and_then(|config| load_includes(folder.path(), config, &mut sources, &mut found))
            .map(|config| config.to_json())
            .map_err(|diagnostic| diagnostic.show(&sources))
    }

    #[test]
    fn includes_are_merged() {
        let config = load(&[
            ("databricks.yml", "bundle: {name: b}\ninclude: ['r/*.yml']\n"),
            ("r/a.yml", "resources: {pipelines: {p: {name: x}}}\n"),
            ("r/b.yml", "resources: {jobs: {j: {name: y}}}\n"),
        ])
        .unwrap();
        assert_eq!(config["resources"]["pipelines"]["p"]["name"], "x");
        assert_eq!(config["resources"]["jobs"]["j"]["name"], "y");
    }

    #[test]
    fn a_plain_include_must_exist_a_pattern_need_not() {
        assert!(load(&[("databricks.yml", "include: ['r/*.yml']\n")]).is_ok());
        let error = load(&[("databricks.yml", "include: ['r/a.yml']\n")]).unwrap_err();
        assert!(error.contains("r/a.yml defined in 'include' section does not match any files"));
    }

    #[test]
    fn one_key_one_resource() {
        let error = load(&[
            ("databricks.yml", "include: ['*.yml']\n"),
            ("a.yml", "resources:\n  pipelines:\n    p:\n      name: x\n"),
            ("b.yml", "resources:\n  jobs:\n    p:\n      name: y\n"),
        ])
        .unwrap_err();
        assert!(error.contains("defined with the same key: p"), "{error}");
        assert!(error.contains("  in b.yml:4:7\n     a.yml:4:7\n"), "{error}");
    }

    #[test]
    fn two_root_files_are_one_too_many() {
        assert!(load(&[("databricks.yml", ""), ("bundle.yml", "")]).is_err());
    }
}
