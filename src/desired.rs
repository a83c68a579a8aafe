//! From rows to bundles: what is to be, without asking any workspace.

use crate::bundle::{Options, Package, render};
use crate::finding::{Finding, Findings};
use crate::placement::{Layout, place};
use crate::settings::{Limits, Settings, Target, judge_roots};
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

/// Applies defaults, overrides and rules, places every table, and renders the bundles for these targets. For those in
/// `deployed`, what the CLI would refuse is an error; for the others, whose turn may never come, a warning.
#[must_use]
pub fn desired(rows: &RowSet, settings: &Settings, targets: &[&Target], deployed: &[&Target]) -> Desired {
    let (groups, mut findings) = groups(rows, settings);
    if findings.has_errors() {
        return Desired { layout: Layout::default(), packages: Vec::new(), findings };
    }
    let layout = place(groups, settings.limits);
    findings.extend(roots(&layout, targets, deployed));
    findings.extend(over_the_limit(&layout, rows, settings.limits));
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

fn roots(layout: &Layout, targets: &[&Target], deployed: &[&Target]) -> Findings {
    let bundles: Vec<&str> = layout.projects.iter().map(|project| project.name.as_str()).collect();
    let mut findings = judge_roots(deployed, &bundles, true);
    for finding in judge_roots(targets, &bundles, false) {
        let told = |other: &Finding| {
            (other.rule, &other.place, &other.what) == (finding.rule, &finding.place, &finding.what)
        };
        if !findings.iter().any(told) {
            findings.push(finding);
        }
    }
    findings
}

/// Rows of several tables are not split, so a pipeline of such rows can hold more tables than its limit says.
fn over_the_limit(layout: &Layout, rows: &RowSet, limits: Limits) -> Vec<Finding> {
    let limit = limits.tables_per_pipeline.get();
    let pipelines = layout.projects.iter().flat_map(|project| &project.pipelines);
    pipelines
        .filter(|pipeline| pipeline.objects.len() > limit)
        .map(|pipeline| {
            let tables = pipeline.objects.len();
            Finding::warning("TW240", format!("pipeline {} holds {tables} tables, more than {limit}", pipeline.name))
                .at(pipeline.rows.first().map(|row| rows.place(*row, None)))
                .why("its rows stand for several tables each; the limit counts such rows, so that none is torn apart")
                .fix("a lower max_tables_per_pipeline, where so many tables in one pipeline are too many")
        })
        .collect()
}
