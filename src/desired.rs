//! From rows to bundles: what is to be, without asking any workspace.

use crate::bundle::{Options, Package, render};
use crate::finding::Findings;
use crate::placement::{Layout, place};
use crate::settings::{Settings, Target};
use crate::source::RowSet;
use crate::table::groups;

/// What the rows ask for.
#[derive(Debug)]
pub struct Desired {
    /// Which table lies where.
    pub layout: Layout,
    /// One bundle for each project of the layout, in its order; none where a finding is an error.
    pub packages: Vec<Package>,
    /// All that the offline rules say.
    pub findings: Findings,
}

/// Applies defaults, overrides and rules, places every table, and renders the bundles for these targets.
#[must_use]
pub fn desired(rows: &RowSet, settings: &Settings, targets: &[&Target]) -> Desired {
    let (groups, findings) = groups(rows, settings);
    if findings.has_errors() {
        return Desired { layout: Layout::default(), packages: Vec::new(), findings };
    }
    let layout = place(groups, settings.limits);
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    let options = Options {
        targets,
        default_target: settings
            .default_target
            .as_deref()
            .or_else(|| names.contains(&"dev").then_some("dev")),
        cli_version: &settings.databricks_cli_version,
    };
    let packages = layout.projects.iter().map(|project| render(project, options)).collect();
    Desired { layout, packages, findings }
}
