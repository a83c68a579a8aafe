//! From rows to bundles: what is to be, without asking any workspace.

use crate::bundle::{Options, Package, render};
use crate::finding::{Finding, Findings, Place};
use crate::placement::{Layout, place};
use crate::preflight::Connectors;
use crate::settings::{Limits, Placement, Settings, Target, judge_roots};
use crate::source::RowSet;
use crate::table::{Group, Resolution, groups};

/// What the rows ask for.
#[derive(Debug)]
pub struct Desired {
    /// Which table lies where.
    pub layout: Layout,
    /// Which connectors read through which connection.
    pub connectors: Connectors,
    /// One bundle for each project of the layout, in its order; none where a finding is an error.
    pub packages: Vec<Package>,
    /// All that the offline rules say.
    pub findings: Findings,
    /// The rows with every default and override in them, and where they were placed.
    pub resolved: ResolvedTable,
}

/// The rows as they take effect: a header and a line for each row, in the order of the rows.
#[derive(Debug, Default)]
pub struct ResolvedTable {
    /// The columns of the rows, those that defaults and overrides add, and the names of gateway and pipeline.
    pub columns: Vec<String>,
    /// Cells as text.
    pub rows: Vec<Vec<String>>,
}

/// Applies defaults, overrides and rules, places every table, and renders the bundles for these targets. For those in
/// `deployed`, what the CLI would refuse is an error; for the others, whose turn may never come, a warning. The resolved table
/// is made only where it is asked for.
#[must_use]
pub fn desired(
    rows: &RowSet,
    settings: &Settings,
    targets: &[&Target],
    deployed: &[&Target],
    with_resolved: bool,
) -> Desired {
    let (groups, mut findings) = groups(rows, settings);
    if findings.has_errors() {
        let (layout, packages, resolved) = (Layout::default(), Vec::new(), ResolvedTable::default());
        let connectors = Connectors::default();
        return Desired { layout, connectors, packages, findings, resolved };
    }
    let resolved = with_resolved.then(|| resolve(rows, settings, &groups));
    let connectors = Connectors::of(&groups);
    let layout = place(groups, settings.limits);
    let resolved = resolved.map(|resolved| with_places(resolved, &layout)).unwrap_or_default();
    findings.extend(without_effect(settings));
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
        escape: settings.escapes_references(),
    };
    let packages = layout.bundles.iter().map(|bundle| render(bundle, options)).collect();
    Desired { layout, connectors, packages, findings, resolved }
}

fn resolve(rows: &RowSet, settings: &Settings, groups: &[Group]) -> ResolvedTable {
    let resolution = Resolution::new(rows, settings);
    let mut group_of: Vec<Option<&Group>> = vec![None; rows.len()];
    for group in groups {
        for table in &group.tables {
            if let Some(slot) = group_of.get_mut(table.row as usize) {
                *slot = Some(group);
            }
        }
    }
    let columns = resolution.resolved_columns();
    let rows = (0..rows.len())
        .map(|row| resolution.resolved_row(row, &columns, group_of.get(row).copied().flatten()))
        .collect();
    ResolvedTable { columns, rows }
}

/// Adds `gateway`, where there are any, and `pipeline_group` behind the other columns, as the predecessor has them.
fn with_places(mut resolved: ResolvedTable, layout: &Layout) -> ResolvedTable {
    let pipelines = || layout.bundles.iter().flat_map(|bundle| &bundle.pipelines);
    let has_gateways = pipelines().any(|pipeline| pipeline.gateway.is_some());
    let mut pipeline_of = vec![None; resolved.rows.len()];
    for pipeline in pipelines() {
        for row in &pipeline.rows {
            if let Some(slot) = pipeline_of.get_mut(*row as usize) {
                *slot = Some(pipeline);
            }
        }
    }
    if has_gateways {
        resolved.columns.push("gateway".to_owned());
    }
    resolved.columns.push("pipeline_group".to_owned());
    for (cells, pipeline) in resolved.rows.iter_mut().zip(pipeline_of) {
        if has_gateways {
            cells.push(pipeline.and_then(|pipeline| pipeline.gateway.clone()).unwrap_or_default());
        }
        cells.push(pipeline.map(|pipeline| pipeline.name.clone()).unwrap_or_default());
    }
    resolved
}

fn roots(layout: &Layout, targets: &[&Target], deployed: &[&Target]) -> Findings {
    let bundles: Vec<&str> = layout.bundles.iter().map(|bundle| bundle.name.as_str()).collect();
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

/// Settings that are understood but that nothing follows yet: better told than ignored.
fn without_effect(settings: &Settings) -> Vec<Finding> {
    let limits = Limits::default();
    let targets = || settings.targets.values();
    let ignored = [
        ("placement", settings.placement != Placement::default()),
        ("max_tables_per_bundle", settings.limits.tables_per_bundle != limits.tables_per_bundle),
        ("lock", settings.lock.is_some() || targets().any(|target| target.lock.is_some())),
        ("output_dir of a target", targets().any(|target| target.output_dir.is_some())),
    ];
    ignored
        .into_iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(name, _)| {
            Finding::warning("TW241", format!("`{name}` has no effect in this version"))
                .at(settings.file.as_ref().map(|file| Place::Path { path: file.display().to_string() }))
                .why("tables are filled into pipelines in their order, without a lock, one bundle for each project")
                .fix("take it out, or leave it for a later version")
        })
        .collect()
}

/// Rows of several tables are not split, so a pipeline of such rows can hold more tables than its limit says.
fn over_the_limit(layout: &Layout, rows: &RowSet, limits: Limits) -> Vec<Finding> {
    let limit = limits.tables_per_pipeline.get();
    let pipelines = layout.bundles.iter().flat_map(|bundle| &bundle.pipelines);
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
