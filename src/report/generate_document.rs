//! `tapworks.generate/1`, and the same for people.

use std::fmt::Write as _;
use std::path::Path;

use owo_colors::OwoColorize as _;
use serde::Serialize;

use super::deploy_document::ErrorDocument;
use super::placement_document::PlacementDocument;
use super::source_document::SourceDocument;
use crate::bundle::{Change, Written};
use crate::finding::Findings;
use crate::placement::Bundle;
use crate::text::plural;

/// What was generated.
#[derive(Debug, Serialize)]
pub struct GenerateDocument<'a> {
    format: &'static str,
    /// Nothing was written: the changes are what would be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    checked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a SourceDocument>,
    placement: Vec<PlacementDocument>,
    projects: Vec<ProjectDocument<'a>>,
    #[serde(skip_serializing_if = "Findings::is_empty")]
    findings: &'a Findings,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

/// One bundle.
#[derive(Debug, Serialize)]
pub struct ProjectDocument<'a> {
    name: &'a str,
    folder: &'a Path,
    tables: usize,
    gateways: usize,
    pipelines: usize,
    jobs: usize,
    changes: Vec<FileChange<'a>>,
}

#[derive(Debug, Serialize)]
struct FileChange<'a> {
    file: &'a str,
    change: Change,
}

impl<'a> ProjectDocument<'a> {
    /// Of a project and what became of its files.
    #[must_use]
    pub fn new(project: &'a Bundle, written: &'a Written) -> Self {
        Self {
            name: &project.name,
            folder: &written.folder,
            tables: project.tables(),
            gateways: project.gateways.len(),
            pipelines: project.pipelines.len(),
            jobs: project.pipelines.iter().filter(|pipeline| pipeline.schedule.is_some()).count(),
            changes: written
                .changes
                .iter()
                .map(|(file, change)| FileChange { file, change: *change })
                .collect(),
        }
    }
}

impl<'a> GenerateDocument<'a> {
    /// Of all projects.
    #[must_use]
    pub fn new(
        source: Option<&'a SourceDocument>,
        placement: Vec<PlacementDocument>,
        projects: Vec<ProjectDocument<'a>>,
        findings: &'a Findings,
    ) -> Self {
        let format = "tapworks.generate/1";
        Self { format, checked: false, source, placement, projects, findings, error: None }
    }

    /// Whether nothing was written, only compared.
    pub fn checked(&mut self, checked: bool) {
        self.checked = checked;
    }

    /// The same with the error that ended the run.
    #[must_use]
    pub fn with_error(mut self, message: &str, hints: &[String]) -> Self {
        self.error = Some(ErrorDocument::new(message, hints));
        self
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for placement in &self.placement {
            let _ = writeln!(text, "{}", placement.line(self.checked));
        }
        for project in &self.projects {
            let mut parts = vec![plural(project.tables, "table")];
            if project.gateways > 0 {
                parts.push(plural(project.gateways, "gateway"));
            }
            parts.push(plural(project.pipelines, "pipeline"));
            parts.push(plural(project.jobs, "job"));
            let _ = writeln!(text, "{}  {}", project.name.bold(), parts.join(", "));
            let folder = project.folder.display();
            if project.changes.is_empty() {
                let _ = writeln!(text, "  {folder}  unchanged");
            }
            for change in &project.changes {
                let word = match (change.change, self.checked) {
                    (Change::Created, false) => "created",
                    (Change::Replaced, false) => "replaced",
                    (Change::Removed, false) => "removed",
                    (Change::Created, true) => "would be created",
                    (Change::Replaced, true) => "would be replaced",
                    (Change::Removed, true) => "would be removed",
                };
                let _ = writeln!(text, "  {}  {word}", project.folder.join(change.file).display());
            }
        }
        text
    }
}
