//! A run as reports tell it, and the way of a report to its file.

use serde_json::Value;

use super::checkout::Checkout;
use super::github::github;
use super::junit::junit;
use super::markdown::markdown;
use super::request::ReportFormat;
use super::sarif::sarif;
use crate::finding::Findings;
use crate::text::printable;

/// An error that ended a run or a part of it, and is no finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunError {
    /// What it is about, `target prod, project retail`; may be empty.
    pub about: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

/// What there is to report of a run.
#[derive(Debug)]
pub struct RunReport<'a> {
    /// The command, `generate`.
    pub command: &'a str,
    /// All findings, sorted.
    pub findings: &'a Findings,
    /// What else went wrong.
    pub errors: &'a [RunError],
    /// What `-o json` prints.
    pub document: &'a Value,
    /// Where paths are told from.
    pub checkout: &'a Checkout,
    /// The settings file, else the table list: a place for what has none in a file.
    pub settings: Option<&'a str>,
}

/// A report that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No JSON.
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// No XML.
    #[error("the report cannot be written as XML: {0}")]
    Xml(#[from] quick_junit::SerializeError),
}

impl RunReport<'_> {
    /// The report in this format.
    ///
    /// # Errors
    /// A value that the format cannot hold.
    pub fn render(&self, format: ReportFormat) -> Result<String, ReportError> {
        match format {
            ReportFormat::Json => lines(self.document),
            ReportFormat::Sarif => lines(&sarif(self)),
            ReportFormat::Junit => Ok(junit(self)?),
            ReportFormat::Github => Ok(printable(&github(self)).into_owned()),
            ReportFormat::Markdown => Ok(printable(&markdown(self)).into_owned()),
        }
    }
}

fn lines(document: &Value) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

impl RunError {
    /// The message with what it is about in front.
    pub(super) fn title(&self) -> String {
        match self.about.as_str() {
            "" => self.message.clone(),
            about => format!("{about}: {}", self.message),
        }
    }

    /// Message and hints, one a line.
    pub(super) fn text(&self) -> String {
        let mut text = self.title();
        for hint in &self.hints {
            text.push_str("\nhint: ");
            text.push_str(hint);
        }
        text
    }
}
