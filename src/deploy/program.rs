//! Finding the `databricks` CLI.

use std::path::{Path, PathBuf};

use semver::Version;

use super::child::{ChildError, Invocation};
use super::version::{meets, parse_version};
use crate::environment::Environment;
use crate::interrupt::Interrupt;
use crate::workspace::ChildEnvironment;

/// Names the program to run instead of the `databricks` on the path.
pub const PROGRAM_VARIABLE: &str = "TAPWORKS_DATABRICKS_CLI";

/// A `databricks` CLI that is there and new enough.
#[derive(Clone, Debug)]
pub struct DatabricksCli {
    /// Where it is.
    pub program: PathBuf,
    /// Which it is.
    pub version: Version,
}

/// No CLI that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// Not on the path, or not where the variable says.
    #[error("the databricks CLI was not found: {0}")]
    Missing(String),
    /// It is there but does not say what it is.
    #[error("{} does not say which version it is: it printed {output:?}", program.display())]
    Unknown {
        /// The program.
        program: PathBuf,
        /// The beginning of what it said.
        output: String,
    },
    /// Another version is needed.
    #[error("the databricks CLI {version} at {} does not meet `databricks_cli_version: {constraint}`", program.display())]
    Unsuitable {
        /// The program.
        program: PathBuf,
        /// What it is.
        version: Version,
        /// What the bundle asks for.
        constraint: String,
    },
    /// It could not be run.
    #[error(transparent)]
    Child(#[from] ChildError),
}

impl ProgramError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing(_) | Self::Child(_) => format!(
                "install it (https://docs.databricks.com/dev-tools/cli/install), or name it in {PROGRAM_VARIABLE}"
            ),
            Self::Unknown { .. } => {
                "the old Python CLI cannot deploy bundles: install the present databricks CLI".to_owned()
            }
            Self::Unsuitable { .. } => {
                "install a release that does, or change `databricks_cli_version` in the settings file"
                    .to_owned()
            }
        }
    }
}

impl DatabricksCli {
    /// Finds the program and asks it for its version.
    ///
    /// # Errors
    /// Where there is none, or none that the constraint allows.
    pub async fn find(
        environment: &Environment,
        constraint: &str,
        interrupt: &Interrupt,
    ) -> Result<Self, ProgramError> {
        let program = locate(environment)?;
        let nobody = ChildEnvironment::default();
        let invocation = Invocation {
            program: &program,
            folder: environment.directory(),
            arguments: ["version", "-o", "json"].map(str::to_owned).to_vec(),
            writes: false,
        };
        let finished = invocation.run(environment, &nobody, interrupt, |_| {}).await?;
        let output = String::from_utf8_lossy(&finished.stdout);
        let Some(version) = parse_version(&output).filter(|_| finished.succeeded()) else {
            let said = if output.trim().is_empty() { &finished.stderr } else { output.as_ref() };
            return Err(ProgramError::Unknown { program, output: said.trim().chars().take(200).collect() });
        };
        // A constraint that is none is the CLI's to refuse: it says where it stands.
        if meets(&version, constraint) == Some(false) {
            return Err(ProgramError::Unsuitable { program, version, constraint: constraint.to_owned() });
        }
        Ok(Self { program, version })
    }
}

fn locate(environment: &Environment) -> Result<PathBuf, ProgramError> {
    if let Some(named) = environment.variable(PROGRAM_VARIABLE) {
        let path = environment.directory().join(named);
        let found = if named.contains(std::path::MAIN_SEPARATOR) {
            is_program(&path).then_some(path)
        } else {
            on_path(environment, named)
        };
        return found.ok_or_else(|| {
            ProgramError::Missing(format!("{PROGRAM_VARIABLE} names {named}, which is no program"))
        });
    }
    on_path(environment, "databricks")
        .ok_or_else(|| ProgramError::Missing("no `databricks` on the path".to_owned()))
}

fn on_path(environment: &Environment, name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(environment.variable("PATH")?)
        .map(|folder| folder.join(&name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let executable = true;
    metadata.is_file() && executable
}
