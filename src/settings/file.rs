//! The settings file: where it is, and its text as a document with places.

use std::path::{Path, PathBuf};

use super::SettingsError;
use crate::environment::Environment;
use crate::files;
use crate::yaml::{self, Node};

const NAMES: [&str; 3] = ["tapworks.yml", "tapworks.yaml", "tapworks.json"];

/// A settings file that was read.
#[derive(Debug)]
pub(super) struct SettingsFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// As messages name it: relative where it lies in the working directory.
    pub(super) shown: String,
    /// What it says.
    pub(super) root: Node,
}

/// The settings file: the one that is named, else the nearest from the working directory upwards.
pub(super) fn find(
    named: Option<&Path>,
    environment: &Environment,
) -> Result<Option<SettingsFile>, SettingsError> {
    let named =
        named.map(Path::to_owned).or_else(|| environment.variable("TAPWORKS_CONFIG").map(PathBuf::from));
    if let Some(path) = named {
        let whole = environment.directory().join(&path);
        let bytes = files::read_if_present(&whole)?.ok_or_else(|| SettingsError::Missing(path.clone()))?;
        // A relative path is shown, and kept, as it was given.
        return parse(path.clone(), path.display().to_string(), &bytes).map(Some);
    }
    for folder in environment.directory().ancestors() {
        let mut found: Option<(PathBuf, Vec<u8>)> = None;
        for name in NAMES {
            let path = folder.join(name);
            if let Some(bytes) = files::read_if_present(&path)? {
                if let Some((first, _)) = found {
                    return Err(SettingsError::TwoFiles(first, path));
                }
                found = Some((path, bytes));
            }
        }
        if let Some((path, bytes)) = found {
            // As if it had been named: what lies beside it is then shown as relative as it is.
            let path = path.strip_prefix(environment.directory()).map(Path::to_owned).unwrap_or(path);
            let shown = path.display().to_string();
            return parse(path, shown, &bytes).map(Some);
        }
    }
    Ok(None)
}

fn parse(path: PathBuf, shown: String, bytes: &[u8]) -> Result<SettingsFile, SettingsError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before =
                String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default()).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            return Err(SettingsError::Encoding {
                file: shown,
                line: u32::try_from(line).unwrap_or(u32::MAX),
                column: u32::try_from(column).unwrap_or(u32::MAX),
            });
        }
    };
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let read = if is_json { yaml::read_json(text) } else { yaml::read(text) };
    let root = read.map_err(|error| SettingsError::Syntax {
        place: format!("{shown}:{}:{}", error.mark.line, error.mark.column),
        message: error.message,
    })?;
    Ok(SettingsFile { path, shown, root })
}

/// A flag that holds JSON.
pub(super) fn parse_flag(flag: &str, text: &str) -> Result<Node, SettingsError> {
    yaml::read_json(text).map_err(|error| SettingsError::Syntax {
        place: if error.mark.line == 1 {
            format!("{flag}, character {}", error.mark.column)
        } else {
            format!("{flag}, line {}, character {}", error.mark.line, error.mark.column)
        },
        message: error.message,
    })
}
