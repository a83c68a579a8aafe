//! What the program sees of its process: variables, working directory, its own name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Set by tests that need a CLI of another version.
pub(super) const VERSION_VARIABLE: &str = "TAPWORKS_MOCK_CLI_VERSION";

/// The version that the stand-in claims to be.
const VERSION: &str = "1.14.0";

/// A snapshot of the surroundings, taken once.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
    folder: PathBuf,
}

impl Environment {
    /// The surroundings of this process.
    pub(super) fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables, folder: std::env::current_dir().unwrap_or_default() }
    }

    #[cfg(test)]
    pub(super) fn of(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { variables, folder: folder.to_owned() }
    }

    /// A variable that is set to something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of several variables that is set.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// A variable even if it is set to nothing.
    pub(super) fn get_raw(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The working directory.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The user's home.
    pub(super) fn home(&self) -> Option<PathBuf> {
        self.first(&["HOME", "USERPROFILE"]).map(PathBuf::from)
    }

    /// The version of the CLI that is played.
    pub(super) fn cli_version(&self) -> &str {
        self.get(VERSION_VARIABLE).unwrap_or(VERSION)
    }
}
