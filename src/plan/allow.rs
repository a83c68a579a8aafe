//! `--allow KIND:NAME`: consent on the command line.

use std::str::FromStr;

use super::consent::{Consent, ConsentKind};
use crate::closest::did_you_mean;

/// One consent as the command line gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The target it is for; not said where there is one only.
    pub target: Option<String>,
    /// What is consented to.
    pub consent: Consent,
}

/// Text that is no consent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// Kind or name is missing.
    #[error("write KIND:NAME, with KIND one of {}, as the refusal printed it", ConsentKind::names())]
    Incomplete,
    /// No kind of that name.
    #[error("unknown kind `{name}`, not one of {kinds}{hint}", name = .0, kinds = ConsentKind::names(), hint = did_you_mean(.0, ConsentKind::ALL.map(ConsentKind::as_str)))]
    UnknownKind(String),
    /// It is not said for which of several targets.
    #[error(
        "`{0}` does not say for which target; with several targets write TARGET/{0}, with TARGET one of {1}"
    )]
    NoTarget(Consent, String),
    /// The target is none of those that are planned.
    #[error("`{target}/{consent}` is for a target that is not named here{hint}")]
    OtherTarget {
        /// As it was written.
        target: String,
        /// What is consented to.
        consent: Consent,
        /// The closest name, if any.
        hint: String,
    },
}

impl FromStr for Allow {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (head, name) = text.trim().split_once(':').ok_or(AllowError::Incomplete)?;
        let (target, kind) = match head.rsplit_once('/') {
            Some((target, kind)) => (Some(target.trim()), kind),
            None => (None, head),
        };
        let (kind, name) = (kind.trim(), name.trim());
        if kind.is_empty() || name.is_empty() || target == Some("") {
            return Err(AllowError::Incomplete);
        }
        let kind = ConsentKind::of(kind).ok_or_else(|| AllowError::UnknownKind(kind.to_owned()))?;
        Ok(Self { target: target.map(str::to_owned), consent: Consent { kind, name: name.to_owned() } })
    }
}

impl Allow {
    /// The target it is for, of those that are planned: with several it must be said.
    ///
    /// # Errors
    /// Where it is not said, or is none of them.
    pub fn target<'a>(&self, targets: &[&'a str]) -> Result<&'a str, AllowError> {
        match (&self.target, targets) {
            (Some(name), _) => targets.iter().find(|target| *target == name).copied().ok_or_else(|| {
                AllowError::OtherTarget {
                    target: name.clone(),
                    consent: self.consent.clone(),
                    hint: did_you_mean(name, targets.iter().copied()),
                }
            }),
            (None, [target]) => Ok(target),
            (None, _) => Err(AllowError::NoTarget(self.consent.clone(), targets.join(", "))),
        }
    }
}

/// What `--allow` takes for a consent, ready to be pasted: no quotes, and nothing that a shell would take for its own.
#[must_use]
pub fn argument(target: &str, several: bool, consent: &Consent) -> String {
    if several { format!("{target}/{consent}") } else { consent.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(text: &str) -> Result<Allow, AllowError> {
        text.parse()
    }

    #[test]
    fn a_consent_is_a_kind_and_a_name_and_maybe_a_target() {
        let found = allow("recreate:pipeline_sales_01_g01_p01").unwrap();
        assert_eq!(found.target, None);
        assert_eq!(found.consent.to_string(), "recreate:pipeline_sales_01_g01_p01");
        let found = allow("prod/older-source:retail").unwrap();
        assert_eq!(found.target.as_deref(), Some("prod"));
        assert_eq!(found.consent.kind, ConsentKind::OlderSource);
        // What is printed is what is read.
        assert_eq!(argument("prod", true, &found.consent), "prod/older-source:retail");
        assert_eq!(argument("prod", false, &found.consent), "older-source:retail");
    }

    #[test]
    fn what_is_no_consent_says_what_is_missing() {
        for text in ["", "recreate", "recreate:", ":x", "/recreate:x", "prod/:x"] {
            assert_eq!(allow(text), Err(AllowError::Incomplete), "{text}");
        }
        let error = allow("recrate:x").unwrap_err().to_string();
        assert!(
            error.contains("unknown kind `recrate`") && error.contains("did you mean `recreate`?"),
            "{error}"
        );
    }

    #[test]
    fn with_several_targets_the_target_is_said() {
        let (short, long) = (allow("delete:x").unwrap(), allow("prod/delete:x").unwrap());
        assert_eq!(short.target(&["prod"]), Ok("prod"));
        assert_eq!(long.target(&["prod"]), Ok("prod"));
        assert_eq!(long.target(&["dev", "prod"]), Ok("prod"));
        let error = short.target(&["dev", "prod"]).unwrap_err().to_string();
        assert!(error.contains("TARGET/delete:x") && error.contains("dev, prod"), "{error}");
        let error = allow("prd/delete:x").unwrap().target(&["dev", "prod"]).unwrap_err().to_string();
        assert!(error.contains("did you mean `prod`?"), "{error}");
    }
}
