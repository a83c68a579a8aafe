//! Errors as a user meets them: a message, what to do about it, and the exit status. The one place that maps kinds of
//! errors to statuses.

use crate::bundle::PackageError;
use crate::deploy::{DeployError, ProgramError};
use crate::files::FileError;
use crate::finding::Findings;
use crate::lock_file::LockFileError;
use crate::preflight::FactsError;
use crate::report::{Printer, summary};
use crate::workspace::{self, KeyringError, LoginError};

/// Why a command ended.
#[derive(Debug)]
pub(super) struct Failure {
    status: u8,
    message: String,
    hints: Vec<String>,
    told_by_findings: bool,
    no_credentials: bool,
    /// What only those want to read who ask for more.
    details: Option<String>,
}

/// Exit statuses, as the README's table has them.
pub(super) mod status {
    pub(in super::super) const DONE: u8 = 0;
    pub(in super::super) const FAILED: u8 = 1;
    pub(in super::super) const USAGE: u8 = 2;
    pub(in super::super) const CHANGES: u8 = 3;
    pub(in super::super) const REFUSED: u8 = 4;
    pub(in super::super) const UNREACHABLE: u8 = 5;
    pub(in super::super) const NOT_VERIFIED: u8 = 7;
}

/// The status of a program that a signal ended, as shells have it.
pub(super) fn signal_status(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

impl Failure {
    fn new(status: u8, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            hints: Vec::new(),
            told_by_findings: false,
            no_credentials: false,
            details: None,
        }
    }

    /// The workspace cannot be used from here as things are.
    pub(super) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(status::UNREACHABLE, message)
    }

    /// What is deployed cannot be read, whatever the reason: that is not "nothing is deployed".
    pub(super) fn unreadable(error: FactsError) -> Self {
        Self { status: status::UNREACHABLE, ..error.into() }
    }

    /// The arguments or settings make no sense together.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(status::USAGE, message)
    }

    /// The work could not be done.
    pub(super) fn work(message: impl Into<String>) -> Self {
        Self::new(status::FAILED, message)
    }

    /// The result did not get out.
    pub(super) fn unwritten(error: &std::io::Error) -> Self {
        Self::work(format!("cannot write to standard output: {error}"))
    }

    /// It would not be what was meant, or asked for.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(status::REFUSED, message)
    }

    /// Findings stopped it, and say all there is to say.
    pub(super) fn found(findings: &Findings) -> Self {
        let failure = Self::work(format!("{}; nothing was written", summary(findings).unwrap_or_default()));
        Self { told_by_findings: true, ..failure }
    }

    /// Findings say why it may not be done.
    pub(super) fn refused_by(findings: &Findings) -> Self {
        Self { status: status::REFUSED, ..Self::found(findings) }
    }

    /// A signal ended it.
    pub(super) fn interrupted(signal: i32) -> Self {
        Self::new(signal_status(signal), "interrupted")
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same, with what it is about in front.
    pub(super) fn about(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    pub(super) fn show(&self, printer: &Printer) {
        printer.error(&self.message, &self.hints);
        for line in self.details.iter().flat_map(|details| details.lines()) {
            printer.detail(&format!("  | {line}"));
        }
    }

    pub(super) fn exit_status(&self) -> u8 {
        self.status
    }

    /// Whether the findings of the run say why it ended.
    pub(super) fn is_told_by_findings(&self) -> bool {
        self.told_by_findings
    }

    /// Whether there are no credentials that the workspace takes.
    pub(super) fn lacks_credentials(&self) -> bool {
        self.no_credentials
    }

    /// Wrong usage prints no document, anything else does.
    pub(super) fn is_usage(&self) -> bool {
        self.status == status::USAGE
    }

    /// This; where errors were found before it that is those: what is wrong in the settings is the cause, and that nothing
    /// usable is named only follows from it.
    pub(super) fn behind(self, findings: &Findings) -> Self {
        if self.is_usage() && findings.has_errors() { Self::found(findings) } else { self }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl From<workspace::Error> for Failure {
    fn from(error: workspace::Error) -> Self {
        use workspace::ErrorKind::{Misconfigured, Unauthenticated, Unavailable, Unreachable};
        let status = match error.kind() {
            Unreachable | Unavailable | Unauthenticated | Misconfigured => status::UNREACHABLE,
            _ => status::FAILED,
        };
        let details = match &error {
            workspace::Error::Statement(error) => error.details().map(str::to_owned),
            _ => None,
        };
        let no_credentials = matches!(error.kind(), Unauthenticated | Misconfigured);
        Self { hints: error.hints(), details, no_credentials, ..Self::new(status, error.to_string()) }
    }
}

impl From<workspace::AccessError> for Failure {
    fn from(error: workspace::AccessError) -> Self {
        workspace::Error::from(error).into()
    }
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Unavailable(details) => {
                let failure = Self::unreachable("there is no keyring on this machine to keep a credential in").hint(
                    "set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, in the \
                     environment; or write a profile with `databricks configure` and name it with `--profile`",
                );
                Self { details: Some(details), ..failure }
            }
            error => Self::unreachable(error.to_string()),
        }
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Keyring(error) => error.into(),
            LoginError::Workspace(error) => error.into(),
        }
    }
}

impl From<FactsError> for Failure {
    fn from(error: FactsError) -> Self {
        match error {
            FactsError::Workspace(error) => error.into(),
            // What cannot be read is not taken for absent: as good as not reachable.
            error @ FactsError::Unreadable { .. } => Self::unreachable(error.to_string()),
        }
    }
}

impl From<DeployError> for Failure {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Workspace(error) => error.into(),
            DeployError::Facts(error) => error.into(),
            DeployError::File(error) => error.into(),
            error => Self { hints: error.hints(), ..Self::work(error.to_string()) },
        }
    }
}

impl From<ProgramError> for Failure {
    fn from(error: ProgramError) -> Self {
        Self::unreachable(error.to_string()).hint(error.hint())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::work(error.to_string())
    }
}

impl From<LockFileError> for Failure {
    fn from(error: LockFileError) -> Self {
        match error {
            // As with settings that cannot be read: nothing was tried yet.
            LockFileError::Read(_) => Self::usage(error.to_string()),
            LockFileError::Write(_) => Self::work(error.to_string()),
        }
    }
}

impl From<PackageError> for Failure {
    fn from(error: PackageError) -> Self {
        let failure = Self::work(error.to_string());
        match error {
            PackageError::NotOurs(_) => failure.hint(
                "move it away, or choose another folder with --output-dir: nothing of yours is overwritten",
            ),
            PackageError::Link(_) => {
                failure.hint("remove the link, or name the folder it leads to with --output-dir")
            }
            PackageError::Outside(_) => failure.hint("give the project another name"),
            PackageError::File(_) => failure,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::work(error.to_string())
    }
}
