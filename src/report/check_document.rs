//! `tapworks.check/1`, and the same for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use owo_colors::OwoColorize as _;
use serde::Serialize;

use super::deploy_document::ErrorDocument;
use super::findings::findings_text;
use super::source_document::SourceDocument;
use crate::finding::{Findings, Severity};
use crate::preflight::{RuleCounts, Skipped, Verdict};
use crate::text::plural;

/// What a check found.
#[derive(Debug, Serialize)]
pub struct CheckDocument<'a> {
    format: &'static str,
    targets: &'a [CheckedTarget],
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a SourceDocument>,
    rules: RuleCounts,
    findings: &'a Findings,
    skipped: &'a [Skipped],
    requests: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

/// A target that was checked, or was to be.
#[derive(Debug, Serialize)]
pub struct CheckedTarget {
    target: String,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

impl CheckedTarget {
    /// One that is not reached yet.
    #[must_use]
    pub fn new(target: &str, mode: &'static str) -> Self {
        Self { target: target.to_owned(), mode, host: None, identity: None, error: None }
    }

    /// Whether it is the one of this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.target == name
    }

    /// Says where it lies.
    pub fn lies_at(&mut self, host: &str) {
        self.host = Some(host.to_owned());
    }

    /// Says as whom it was reached.
    pub fn reached_as(&mut self, identity: &str) {
        self.identity = Some(identity.to_owned());
    }

    /// Says why it could not be checked.
    pub fn failed(&mut self, message: &str, hints: &[String]) {
        self.error = Some(ErrorDocument::new(message, hints));
    }
}

impl<'a> CheckDocument<'a> {
    /// Of a sorted verdict.
    #[must_use]
    pub fn new(
        targets: &'a [CheckedTarget],
        source: Option<&'a SourceDocument>,
        verdict: &'a Verdict,
        requests: u64,
    ) -> Self {
        Self {
            format: "tapworks.check/1",
            targets,
            source,
            rules: verdict.counts(),
            findings: &verdict.findings,
            skipped: &verdict.skipped,
            requests,
            error: None,
        }
    }

    /// The same with the error that ended the run as a whole.
    #[must_use]
    pub fn with_error(mut self, message: &str, hints: &[String]) -> Self {
        self.error = Some(ErrorDocument::new(message, hints));
        self
    }

    /// For people: the findings, what could not be judged, and how many rules came to what.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = findings_text(self.findings);
        for ((target, why), rules) in self.skipped_by_reason() {
            let target = target.map(|target| format!("{target}: ")).unwrap_or_default();
            let _ = writeln!(text, "{}{target}{}", "skipped  ".yellow(), rules.join(", "));
            let _ = writeln!(text, "  {} why: {why}", "=".blue());
        }
        if !self.skipped.is_empty() {
            text.push('\n');
        }
        let RuleCounts { passed, failed, warned, skipped } = self.rules;
        let _ = writeln!(text, "passed {passed}   failed {failed}   warned {warned}   skipped {skipped}");
        let count = |severity, noun| plural(self.findings.count(severity), noun);
        let mut found = vec![count(Severity::Error, "error"), count(Severity::Warning, "warning")];
        if self.findings.count(Severity::Note) > 0 {
            found.push(count(Severity::Note, "note"));
        }
        let requests = plural(usize::try_from(self.requests).unwrap_or(usize::MAX), "request");
        let _ = writeln!(text, "{} ({requests})", found.join(", "));
        text
    }

    fn skipped_by_reason(&self) -> BTreeMap<(Option<&str>, &str), Vec<&'static str>> {
        let mut reasons: BTreeMap<_, Vec<&'static str>> = BTreeMap::new();
        for skipped in self.skipped {
            reasons.entry((skipped.target.as_deref(), skipped.why.as_str())).or_default().push(skipped.rule);
        }
        reasons
    }
}
