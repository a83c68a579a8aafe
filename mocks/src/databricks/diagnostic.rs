//! What a command has to say about a configuration.

use super::value::{Location, Sources};

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
    Recommendation,
}

/// One error, warning or recommendation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diagnostic {
    pub(super) severity: Severity,
    pub(super) summary: String,
    pub(super) detail: String,
    pub(super) paths: Vec<String>,
    pub(super) places: Vec<Location>,
}

impl Diagnostic {
    fn new(severity: Severity, summary: impl Into<String>) -> Self {
        Self {
            severity,
            summary: summary.into(),
            detail: String::new(),
            paths: Vec::new(),
            places: Vec::new(),
        }
    }

    pub(super) fn error(summary: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary)
    }

    pub(super) fn warning(summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary)
    }

    pub(super) fn recommendation(summary: impl Into<String>) -> Self {
        Self::new(Severity::Recommendation, summary)
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(super) fn path(mut self, path: impl Into<String>) -> Self {
        self.paths.push(path.into());
        self
    }

    pub(super) fn place(mut self, place: Location) -> Self {
        self.places.push(place);
        self
    }

    /// The text for stderr, which ends with an empty line.
    pub(super) fn show(&self, sources: &Sources) -> String {
        let label = match self.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Recommendation => "Recommendation",
        };
        let mut text = format!("{label}: {}\n", self.summary);
        let mut list = |word: &str, lines: Vec<String>| {
            for (index, line) in lines.into_iter().filter(|line| !line.is_empty()).enumerate() {
                let word = if index == 0 { word } else { "  " };
                text.push_str(&format!("  {word} {line}\n"));
            }
        };
        list("at", self.paths.clone());
        list("in", self.places.iter().filter_map(|place| sources.show(*place)).collect());
        if !self.detail.is_empty() {
            text.push_str(&format!("\n{}\n", self.detail));
        }
        text
    }
}

/// Diagnostics in the order in which they came up.
#[derive(Debug, Default)]
pub(super) struct Diagnostics(pub(super) Vec<Diagnostic>);

impl Diagnostics {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// How many of one severity there are.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }
}
