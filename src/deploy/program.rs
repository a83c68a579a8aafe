//! Finding the `databricks` CLI.

use std::path::PathBuf;

use semver::Version;

use super::child::{ChildError, Invocation};
use super::version::{meets, parse_version};
use crate::environment::Environment;
use crate::interrupt::Interrupt;
use crate::workspace::{ChildEnvironment, Program};

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

/// Where the program is that the user means; nothing was run yet.
#[derive(Clone, Debug)]
pub struct LocatedCli(PathBuf);

impl LocatedCli {
    /// Finds the program.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(environment: &Environment) -> Result<Self, ProgramError> {
        match Program::databricks(None, environment) {
            Some(program) => Ok(Self(program.path)),
            None => Err(ProgramError::Missing(match environment.variable(PROGRAM_VARIABLE) {
                Some(named) => format!("{PROGRAM_VARIABLE} names {named}, which is no program"),
                None => "there is no `databricks` on the path".to_owned(),
            })),
        }
    }

    /// Asks it for its version.
    ///
    /// # Errors
    /// Where it is none that the constraint allows.
    pub async fn check(
        self,
        environment: &Environment,
        constraint: &str,
        interrupt: &Interrupt,
    ) -> Result<DatabricksCli, ProgramError> {
        let Self(program) = self;
        let nobody = ChildEnvironment::default();
        let invocation = Invocation {
            program: &program,
            folder: environment.directory(),
            arguments: ["version", "-o", "json"].map(str::to_owned).to_vec(),
            writes: false,
            shares: None,
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
        Ok(DatabricksCli { program, version })
    }
}
