//! What can go wrong between us and a workspace.

use std::fmt;
use std::time::Duration;

use super::access::AccessError;
use super::api_error::ApiError;
use super::auth_type::AuthType;

/// An error of the workspace client. Cheap to clone, so that all who waited for one token learn why there is none.
///
/// No variant holds a secret: paths come without query, addresses of results not at all.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// It is not clear which workspace, or by what right.
    #[error(transparent)]
    Access(Box<AccessError>),
    /// No way to authenticate worked.
    #[error("{0}")]
    Credentials(Box<CredentialsError>),
    /// A request failed.
    #[error("{0}")]
    Request(Box<RequestError>),
    /// A SQL statement ended without rows to read.
    #[error("{0}")]
    Statement(Box<StatementError>),
    /// There is no SQL warehouse to run a statement on.
    #[error("no SQL warehouse is available in {host}")]
    NoWarehouse {
        /// The workspace.
        host: String,
    },
    /// A statement did not end in time and was canceled.
    #[error("statement {id} did not end within {} and was canceled", seconds(.limit))]
    TimedOut {
        /// The statement.
        id: String,
        /// The limit.
        limit: Duration,
        /// Whether it still waited for its warehouse.
        waiting: bool,
    },
    /// The run was interrupted.
    #[error("interrupted during {doing}")]
    Interrupted {
        /// Method and path, or what else was going on.
        doing: String,
    },
    /// The client cannot be built, for example because there are no certificates to trust.
    #[error("cannot set up HTTPS: {problem}")]
    Setup {
        /// The reason.
        problem: String,
    },
}

/// The kinds of errors, for exit status and decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Settings or environment do not say where to go or by what right.
    Misconfigured,
    /// No connection, or no answer.
    Unreachable,
    /// The workspace answers, and turned the request away for now, to the end of our patience.
    Unavailable,
    /// The credentials are missing or not good.
    Unauthenticated,
    /// The identity may not do this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The workspace says that the request is wrong, or does not fit what is there.
    Rejected,
    /// A SQL statement failed or was canceled.
    Refused,
    /// A statement took longer than allowed.
    TimedOut,
    /// The user stopped the run.
    Interrupted,
    /// The answer is not one of this API.
    Protocol,
}

/// A failed request.
#[derive(Debug, Clone)]
pub struct RequestError {
    /// The workspace or service, as text.
    pub host: String,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path without query.
    pub path: String,
    /// What went wrong at last.
    pub cause: Cause,
    /// How often the request was repeated.
    pub retries: u32,
    /// From the first attempt to giving up.
    pub elapsed: Duration,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The workspace answered with an error.
    Status(ApiError),
    /// No connection was made.
    Unreachable {
        /// What kept it from being made.
        problem: Unreachable,
        /// The system's words.
        detail: String,
    },
    /// The connection broke, or stayed silent, after the request was sent.
    Lost(String),
    /// A login page, or a redirect to one, in place of an answer.
    LoginPage {
        /// The HTTP status.
        status: u16,
        /// Whether it speaks of private link.
        private_link: bool,
    },
    /// A redirect to elsewhere.
    Redirect {
        /// The host that it leads to.
        to: String,
        /// The path there, without query.
        path: String,
    },
    /// An answer that is not of this API.
    Malformed(String),
}

/// Why no connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// The name is not known.
    UnknownHost,
    /// Nothing listens there.
    Refused,
    /// The connection is not to be trusted, or its other end does not speak TLS.
    Tls,
    /// It was not made in time.
    Timeout,
    /// Something else, in the way of a proxy for example.
    Other,
}

/// Every way to authenticate that was tried, and what came of it.
#[derive(Debug, Clone)]
pub struct CredentialsError {
    /// The workspace, as text.
    pub host: String,
    /// The ways, in the order in which they were tried.
    pub attempts: Vec<(AuthType, AttemptError)>,
    /// Variables that were left out because they belong to another host.
    pub unused: Vec<&'static str>,
}

/// Why one way to authenticate gave no token.
#[derive(Debug, Clone)]
pub enum AttemptError {
    /// It does not apply here: nothing is set up for it.
    NotApplicable(String),
    /// There is no keyring on this machine to look into.
    NoKeyring,
    /// It applies, and failed.
    Failed(String),
    /// It applies, and a request of it failed.
    Request(Box<RequestError>),
    /// The run was interrupted.
    Interrupted,
}

/// A SQL statement that ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementError {
    /// The workspace, as text.
    pub host: String,
    /// The statement's id, under which the query history shows it.
    pub id: String,
    /// The state: `FAILED`, `CANCELED`, `CLOSED`, or `SUCCEEDED` where the rows did not come whole.
    pub state: String,
    /// The error code, nearly always `BAD_REQUEST`.
    pub code: Option<String>,
    /// The condition in square brackets that opens the message, such as `TABLE_OR_VIEW_NOT_FOUND`.
    pub condition: Option<String>,
    /// The message.
    pub message: String,
}

impl Error {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(_) => ErrorKind::Misconfigured,
            Self::Credentials(error) => error.kind(),
            Self::Request(error) => error.kind(),
            Self::Statement(error) if error.state == "SUCCEEDED" => ErrorKind::Protocol,
            Self::Statement(_) => ErrorKind::Refused,
            Self::NoWarehouse { .. } => ErrorKind::NotFound,
            Self::TimedOut { .. } => ErrorKind::TimedOut,
            Self::Interrupted { .. } => ErrorKind::Interrupted,
            Self::Setup { .. } => ErrorKind::Unreachable,
        }
    }

    /// The answer of the workspace, where the error is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Request(error) => match &error.cause {
                Cause::Status(api) => Some(api),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the workspace says that there is no such thing.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.api().is_some_and(ApiError::is_missing)
    }

    /// Rows that a statement ought not to answer with.
    pub(crate) fn unexpected_rows(host: &super::Host, statement: &str, problem: &str) -> Self {
        Self::malformed(
            &host.to_string(),
            "POST",
            "/api/2.0/sql/statements",
            format!("`{statement}`: {problem}"),
        )
    }

    pub(crate) fn malformed(host: &str, method: &str, path: &str, problem: impl Into<String>) -> Self {
        Self::Request(Box::new(RequestError {
            host: host.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            cause: Cause::Malformed(problem.into()),
            retries: 0,
            elapsed: Duration::ZERO,
        }))
    }
}

impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        Self::Access(Box::new(error))
    }
}

impl StatementError {
    /// What the service says beyond the first line of its message; often long, and seldom what is wrong.
    #[must_use]
    pub fn details(&self) -> Option<&str> {
        Some(self.parts().1).filter(|rest| !rest.is_empty())
    }

    /// What leads the message in one line, and the rest.
    fn parts(&self) -> (String, &str) {
        let split = |text: &'_ str| text.find('\n').unwrap_or(text.len());
        let message = self.message.trim();
        let (first, rest) = message.split_at(split(message));
        let (mut lead, mut rest) = (first.trim_end().to_owned(), rest.trim());
        // Some conditions say what they are in one line, and what is wrong in the next.
        if lead.ends_with(':') && !rest.is_empty() {
            let (second, third) = rest.split_at(split(rest));
            lead = format!("{lead} {}", second.trim_end());
            rest = third.trim();
        }
        (lead, rest)
    }
}

impl RequestError {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.cause {
            Cause::Unreachable { .. } | Cause::Lost(_) => ErrorKind::Unreachable,
            Cause::LoginPage { .. } => ErrorKind::Unauthenticated,
            Cause::Redirect { .. } | Cause::Malformed(_) => ErrorKind::Protocol,
            Cause::Status(api) if api.is_unauthenticated() => ErrorKind::Unauthenticated,
            Cause::Status(api) if api.is_missing() => ErrorKind::NotFound,
            Cause::Status(api) if api.is_throttled() => ErrorKind::Unavailable,
            Cause::Status(api) => match api.status {
                403 => ErrorKind::Forbidden,
                404 => ErrorKind::Protocol,
                408 | 500..=599 => ErrorKind::Unavailable,
                _ => ErrorKind::Rejected,
            },
        }
    }
}

impl CredentialsError {
    /// The kind: interrupted or unreachable where that is why, else unauthenticated.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let requests =
            || self.attempts.iter().filter_map(|(_, error)| error.request()).map(RequestError::kind);
        if self.attempts.iter().any(|(_, error)| matches!(error, AttemptError::Interrupted)) {
            ErrorKind::Interrupted
        } else if let Some(kind) =
            requests().find(|kind| matches!(kind, ErrorKind::Unreachable | ErrorKind::Unavailable))
        {
            kind
        } else {
            ErrorKind::Unauthenticated
        }
    }
}

impl AttemptError {
    /// The failed request, where one is the reason.
    #[must_use]
    pub fn request(&self) -> Option<&RequestError> {
        match self {
            Self::Request(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for AttemptError {
    fn from(error: Error) -> Self {
        match error {
            Error::Request(error) => Self::Request(error),
            Error::Interrupted { .. } => Self::Interrupted,
            other => Self::Failed(other.to_string()),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}{} failed: {}", self.method, self.host, self.path, self.cause)?;
        let mut notes = Vec::new();
        if let Cause::Status(ApiError { request_id: Some(id), .. }) = &self.cause {
            notes.push(format!("request id {id}"));
        }
        if self.retries > 0 {
            let times = if self.retries == 1 { "retry" } else { "retries" };
            notes.push(format!("after {} {times} in {}", self.retries, seconds(&self.elapsed)));
        }
        if notes.is_empty() { Ok(()) } else { write!(formatter, " ({})", notes.join(", ")) }
    }
}

impl std::error::Error for RequestError {}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(api) => write!(formatter, "{api}"),
            Self::Unreachable { problem, detail } => {
                let what = match problem {
                    Unreachable::UnknownHost => "the host name is not known",
                    Unreachable::Refused => "connection refused",
                    Unreachable::Tls => "no trusted TLS connection",
                    Unreachable::Timeout => "no connection in time",
                    Unreachable::Other => "no connection",
                };
                if detail.is_empty() {
                    formatter.write_str(what)
                } else {
                    write!(formatter, "{what}: {detail}")
                }
            }
            Self::Lost(detail) => write!(formatter, "the answer was lost: {detail}"),
            Self::LoginPage { status, .. } => {
                write!(formatter, "a login page (status {status}) in place of an answer")
            }
            Self::Redirect { to, .. } => write!(formatter, "redirected to {to}"),
            Self::Malformed(problem) => write!(formatter, "unexpected answer: {problem}"),
        }
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tried: Vec<_> = self
            .attempts
            .iter()
            .filter(|(_, error)| !matches!(error, AttemptError::NotApplicable(_) | AttemptError::NoKeyring))
            .collect();
        if tried.is_empty() {
            write!(
                formatter,
                "no credentials for {}: looked for DATABRICKS_TOKEN, DATABRICKS_CLIENT_ID with \
                 DATABRICKS_CLIENT_SECRET, and a profile of .databrickscfg",
                self.host
            )?;
            for (auth_type, error) in &self.attempts {
                match error {
                    // A server has none; that is not what is wrong.
                    AttemptError::NoKeyring => {}
                    error => write!(formatter, "; {auth_type}: {error}")?,
                }
            }
            return Ok(());
        }
        write!(formatter, "cannot authenticate at {}", self.host)?;
        for (index, (auth_type, error)) in tried.into_iter().enumerate() {
            write!(formatter, "{}{auth_type}: {error}", if index == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for CredentialsError {}

impl fmt::Display for AttemptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplicable(text) | Self::Failed(text) => formatter.write_str(text),
            Self::Request(error) => write!(formatter, "{error}"),
            Self::NoKeyring => formatter.write_str("there is no keyring on this machine"),
            Self::Interrupted => formatter.write_str("interrupted"),
        }
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.parts().0;
        let what = match self.state.as_str() {
            "CANCELED" => "the statement was canceled",
            "CLOSED" => "the statement succeeded, but its result is no longer kept",
            "SUCCEEDED" => "the statement did not deliver its rows",
            _ if message.is_empty() => "the statement failed",
            // What the service says is what the user needs to know.
            _ => "",
        };
        let colon = if what.is_empty() || message.is_empty() { "" } else { ": " };
        write!(formatter, "{what}{colon}{message} (statement {})", self.id)
    }
}

impl std::error::Error for StatementError {}

/// A duration for people.
fn seconds(duration: &Duration) -> String {
    if *duration < Duration::from_secs(10) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{:.0} s", duration.as_secs_f64())
    }
}
