//! A command of the `databricks` CLI as a child process.

#![expect(clippy::disallowed_methods, reason = "this is where the databricks CLI is started")]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::environment::Environment;
use crate::files::{Hold, Spool};
use crate::interrupt::Interrupt;
use crate::workspace::ChildEnvironment;

/// One command to run.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The program.
    pub program: &'a PathBuf,
    /// Where it runs: the bundle's folder.
    pub folder: &'a std::path::Path,
    /// Its arguments; never a secret.
    pub arguments: Vec<String>,
    /// Whether it changes the workspace: such a command is not stopped half-way by the first signal.
    pub writes: bool,
    /// What it shares with the run: as long as the child lives, nobody else goes on with that run.
    pub shares: Option<&'a Hold>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status; `None` where a signal ended it.
    pub status: Option<i32>,
    /// All it wrote to standard output.
    pub stdout: Vec<u8>,
    /// All it wrote to standard error.
    pub stderr: String,
}

impl Finished {
    /// Whether it ended with status 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status == Some(0)
    }
}

/// A command that could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It did not start.
    #[error("cannot run {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Its output could not be read.
    #[error("cannot read what `{command}` says: {source}")]
    Output {
        /// The command.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The user stopped it.
    #[error("`{command}` was interrupted")]
    Interrupted {
        /// The command.
        command: String,
        /// Whether it may have been in the middle of changing the workspace.
        wrote: bool,
    },
}

/// How often it is looked whether the command has said something.
const PAUSE: Duration = Duration::from_millis(20);

/// Variables that steer the CLI and that only we set.
const OURS: [&str; 8] = [
    "DATABRICKS_OUTPUT_FORMAT",
    "DATABRICKS_BUNDLE_ENGINE",
    "DATABRICKS_BUNDLE_TARGET",
    "DATABRICKS_BUNDLE_ENV",
    "DATABRICKS_BUNDLE_ROOT",
    "BUNDLE_ROOT",
    "DATABRICKS_LOG_FILE",
    "DATABRICKS_CLUSTER_ID",
];

impl Invocation<'_> {
    /// The command as a person would type it.
    #[must_use]
    pub fn command_line(&self) -> String {
        format!("databricks {}", self.arguments.join(" "))
    }

    /// Runs it to its end, telling each line of standard error as it comes. It runs in a process group of its own, so that
    /// a Ctrl-C at the terminal does not hit it: the CLI has no handler and would leave its lock behind. It writes to files: into
    /// a pipe that nobody reads any more, because we were killed, it would die of its next word, with the lock still taken.
    ///
    /// # Errors
    /// As [`ChildError`] says. A status other than 0 is not an error here.
    pub async fn run(
        &self,
        environment: &Environment,
        identity: &ChildEnvironment,
        interrupt: &Interrupt,
        mut line: impl FnMut(&str),
    ) -> Result<Finished, ChildError> {
        let start = |source| ChildError::Start { program: self.program.clone(), source };
        let input = match self.shares {
            Some(hold) => hold.shared_as_input().map_err(start)?,
            None => Stdio::null(),
        };
        let (mut stdout, mut stderr) = (Spool::new().map_err(start)?, Spool::new().map_err(start)?);
        let mut command = tokio::process::Command::new(self.program);
        command
            .args(&self.arguments)
            .current_dir(self.folder)
            .stdin(input)
            .stdout(stdout.writer())
            .stderr(stderr.writer())
            .kill_on_drop(true)
            .env_clear();
        for (name, value) in environment.variables() {
            let steers = OURS.contains(&name) || name.starts_with("BUNDLE_VAR_");
            if !steers && !identity.remove.iter().any(|removed| removed == name) {
                command.env(name, value);
            }
        }
        for (name, value) in &identity.set {
            command.env(name, value.expose_secret());
        }
        command
            .env("NO_COLOR", "1")
            .env("DATABRICKS_CLI_DISABLE_UPDATE_CHECK", "1")
            .env("DATABRICKS_CLI_DISABLE_TELEMETRY", "1")
            .env("DATABRICKS_CLI_UPSTREAM", "tapworks")
            .env("DATABRICKS_CLI_UPSTREAM_VERSION", env!("CARGO_PKG_VERSION"));
        #[cfg(unix)]
        command.process_group(0);

        let mut child = command.spawn().map_err(start)?;
        let unread = |source| ChildError::Output { command: self.command_line(), source };
        // What it was given of these is its own now; the command would keep ours open.
        drop(command);
        let stop = if self.writes { &interrupt.kill } else { &interrupt.stop };
        let mut look = tokio::time::interval(PAUSE);
        let status = loop {
            tokio::select! {
                status = child.wait() => break status.map_err(unread)?,
                () = stop.cancelled() => return Err(self.kill(child).await),
                _ = look.tick() => stderr.follow(&mut line).map_err(unread)?,
            }
        };
        let stderr = stderr.finish(&mut line).map_err(unread)?;
        let stdout = stdout.into_bytes().map_err(unread)?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Finished { status: status.code(), stdout, stderr })
    }

    /// Kills the child with all that it started. What cannot be killed is the operating system's: nothing is left to do
    /// about it.
    async fn kill(&self, mut child: tokio::process::Child) -> ChildError {
        #[cfg(unix)]
        if let Some(group) = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = child.start_kill();
        let _ = tokio::time::timeout(Duration::from_secs(1), child.wait()).await;
        ChildError::Interrupted { command: self.command_line(), wrote: self.writes }
    }
}
