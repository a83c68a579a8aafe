//! What a question to the workspace came to.

use super::facts::FactsError;
use crate::workspace::{Error, ErrorKind};

/// An answer, or that this identity may not have one. Anything else that goes wrong ends the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seen<T> {
    /// The answer.
    Known(T),
    /// The workspace refuses it, in its own words.
    Refused(String),
    /// No rule of this run needs it.
    #[default]
    Unasked,
}

impl<T> Seen<T> {
    /// The outcome of asking.
    ///
    /// # Errors
    /// Anything but a refusal.
    pub(super) fn of(outcome: Result<T, FactsError>) -> Result<Self, FactsError> {
        match outcome {
            Ok(answer) => Ok(Self::Known(answer)),
            Err(error) => match refusal(&error) {
                Some(words) => Ok(Self::Refused(words)),
                None => Err(error),
            },
        }
    }

    /// The same with something made of the answer.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Known(answer) => Seen::Known(make(answer)),
            Self::Refused(words) => Seen::Refused(words),
            Self::Unasked => Seen::Unasked,
        }
    }

    /// The answer, where there is one.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(answer) => Some(answer),
            _ => None,
        }
    }

    /// Why it was refused, where it was.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        match self {
            Self::Refused(words) => Some(words),
            _ => None,
        }
    }
}

/// The words of a workspace that refuses to tell.
fn refusal(error: &FactsError) -> Option<String> {
    let FactsError::Workspace(error) = error else { return None };
    if error.kind() != ErrorKind::Forbidden {
        return None;
    }
    words(error)
}

/// What the workspace itself says, `PERMISSION_DENIED: …`.
pub(super) fn words(error: &Error) -> Option<String> {
    let api = error.api()?;
    let words = [api.code.as_deref().unwrap_or_default(), api.message.trim()];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    Some(if words.is_empty() { format!("status {}", api.status) } else { words.join(": ") })
}
