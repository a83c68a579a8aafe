//! Programs that hand out credentials, found on `PATH`.

use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// A program to run as a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// Its file.
    pub(crate) path: PathBuf,
}

/// Below this size `databricks` is the legacy Python program, which has no `auth token`.
const SMALLEST_DATABRICKS_CLI: u64 = 1024 * 1024;

impl Program {
    /// The Databricks CLI: the one that is named, else `databricks` on `PATH` unless it is the legacy one.
    pub(crate) fn databricks(named: Option<&str>, environment: &Environment) -> Option<Self> {
        if let Some(named) = named.or_else(|| environment.variable("TAPWORKS_DATABRICKS_CLI")) {
            return if named.contains(['/', '\\']) {
                let path = environment.directory().join(named);
                is_program(&path).then_some(Self { path })
            } else {
                Self::find(named, environment)
            };
        }
        Self::all("databricks", environment).find(|program| {
            std::fs::metadata(&program.path).is_ok_and(|metadata| metadata.len() >= SMALLEST_DATABRICKS_CLI)
        })
    }

    /// The first program of this name on `PATH`.
    pub(crate) fn find(name: &str, environment: &Environment) -> Option<Self> {
        Self::all(name, environment).next()
    }

    fn all(name: &str, environment: &Environment) -> impl Iterator<Item = Self> {
        let names: Vec<String> = if cfg!(windows) {
            ["exe", "cmd", "bat"].iter().map(|extension| format!("{name}.{extension}")).collect()
        } else {
            vec![name.to_owned()]
        };
        let separator = if cfg!(windows) { ';' } else { ':' };
        let folders: Vec<String> =
            environment.variable("PATH").unwrap_or_default().split(separator).map(str::to_owned).collect();
        let directory = environment.directory().to_owned();
        folders
            .into_iter()
            .filter(|folder| !folder.is_empty())
            .flat_map(move |folder| {
                let folder = directory.join(folder);
                names.iter().map(|name| folder.join(name)).collect::<Vec<_>>()
            })
            .filter(|path| is_program(path))
            .map(|path| Self { path })
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}
