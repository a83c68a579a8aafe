//! Findings: what a rule has to say about the user's input or workspace. They are values, not errors: collected,
//! sorted by place, and all shown.

mod place;
mod rule;
mod rules;

pub use place::Place;
pub use rule::{Rule, rule, rules};

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The run stops before anything is written.
    Error,
    /// The run goes on; the user should look.
    Warning,
    /// Worth knowing.
    Note,
}

/// One verdict: which rule, how bad, what, where, why and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable id, `TW201`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The target it holds for; absent where it holds for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Where the cause stands.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is wrong, in one line, with the user's own value in it.
    pub what: String,
    /// Why that matters; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

impl Finding {
    /// An error of this rule.
    #[must_use]
    pub fn error(rule: &'static str, what: impl Into<String>) -> Self {
        Self::of(Severity::Error, rule, what)
    }

    /// A warning of this rule.
    #[must_use]
    pub fn warning(rule: &'static str, what: impl Into<String>) -> Self {
        Self::of(Severity::Warning, rule, what)
    }

    /// A note of this rule.
    #[must_use]
    pub fn note(rule: &'static str, what: impl Into<String>) -> Self {
        Self::of(Severity::Note, rule, what)
    }

    fn of(severity: Severity, rule: &'static str, what: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            target: None,
            place: None,
            what: what.into(),
            why: String::new(),
            fix: String::new(),
        }
    }

    /// The same, at this place.
    #[must_use]
    pub fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.place = place.into();
        self
    }

    /// The same, with a reason.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// The same, with a way out.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The same, for this target only.
    #[must_use]
    pub fn for_target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }
}

/// The findings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Finding>) {
        self.0.extend(others);
    }

    /// Whether there is one of severity error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether there are none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In their present order.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// The same findings in the order in which people read them: by target, then by place, then by rule. What a run
    /// finds does not depend on the order in which it looked.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| {
            (&a.target, &a.place, a.rule, &a.what).cmp(&(&b.target, &b.place, b.rule, &b.what))
        });
        self.0.dedup();
        self
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<T: IntoIterator<Item = Finding>>(findings: T) -> Self {
        Self(findings.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_is_by_place_and_drops_repeats() {
        let line = |n| Place::File { file: "tables.csv".into(), line: n, column: 1 };
        let findings: Findings = [
            Finding::error("TW202", "b").at(line(7)),
            Finding::error("TW201", "a").at(line(3)),
            Finding::error("TW202", "b").at(line(7)),
        ]
        .into_iter()
        .collect();
        let sorted = findings.sorted();
        assert_eq!(sorted.iter().map(|f| f.rule).collect::<Vec<_>>(), ["TW201", "TW202"]);
    }
}
