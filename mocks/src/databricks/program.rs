//! The program itself: from arguments to exit status.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::{self, Command};
use super::command::{self, Failure, Session};
use super::environment::Environment;
use super::output::Output;

/// The name under which a binary plays the CLI.
const NAME: &str = "databricks";

/// Runs the stand-in when the program was started under the name `databricks` (a link to any binary that calls this
/// first), and answers its exit status; otherwise answers `None` and does nothing.
#[must_use]
pub fn run_if_called_as_databricks() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let program = arguments.next()?;
    if Path::new(&program).file_stem() != Some(OsStr::new(NAME)) {
        return None;
    }
    let arguments: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    Some(run(&arguments, &Environment::of_process()))
}

/// Makes `binary` callable as `databricks` in `folder`, and answers the path to call. The binary must begin with
/// [`run_if_called_as_databricks`].
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn link_as_databricks(binary: &Path, folder: &Path) -> std::io::Result<PathBuf> {
    let path = folder.join(format!("{NAME}{}", std::env::consts::EXE_SUFFIX));
    #[cfg(unix)]
    std::os::unix::fs::symlink(binary, &path)?;
    #[cfg(not(unix))]
    std::fs::hard_link(binary, &path).or_else(|_| std::fs::copy(binary, &path).map(|_| ()))?;
    Ok(path)
}

fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let (command, common) = match arguments::parse(arguments, environment) {
        Ok(parsed) => parsed,
        Err(text) => {
            Output::new(0).message(&text);
            return ExitCode::FAILURE;
        }
    };
    let output = Output::new(common.quiet);
    let session = Session { common: &common, environment, output };
    match execute(command, session) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::FAILURE,
        Err(Failure::Error(text)) => {
            output.message(&format!("Error: {text}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command, session: Session<'_>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(command::run(command, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_the_name_of_the_cli() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("binary");
        std::fs::write(&binary, "").unwrap();
        let link = link_as_databricks(&binary, folder.path()).unwrap();
        assert_eq!(link.file_stem(), Some(OsStr::new("databricks")));
        assert!(link.exists());
    }

    #[test]
    fn other_names_do_nothing() {
        assert!(run_if_called_as_databricks().is_none());
    }
}
