//! What the live rules say of one target: findings, and what they could not look at.

use serde::Serialize;

use crate::finding::{Finding, Findings};

/// A rule that could not be run, or not to its end. It never counts as passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The target it would have been judged for; absent where it holds for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Stable id, `TW322`.
    pub rule: &'static str,
    /// What kept it from being run, with what to ask for.
    pub why: String,
}

/// What rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What they found.
    pub findings: Findings,
    /// What they could not look at.
    pub skipped: Vec<Skipped>,
}

impl Verdict {
    /// Adds a finding.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Says that a rule could not be run.
    pub fn skip(&mut self, target: Option<&str>, rule: &'static str, why: impl Into<String>) {
        self.skipped.push(Skipped { target: target.map(str::to_owned), rule, why: why.into() });
    }

    /// Adds all of another verdict.
    pub fn join(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.skipped.extend(other.skipped);
    }
}
