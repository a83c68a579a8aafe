//! From rows to bundles: what is to be, without asking any workspace.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::bundle::{Options, Package, render};
use crate::closest::did_you_mean;
use crate::finding::{Finding, Findings, Place};
use crate::placement::{
    Bundle, Deployed, Emptied, Layout, Lock, LockUpdate, Memory, Rules, Tally, Vanished, bundle_number, place,
};
use crate::settings::{Limits, Settings, Target, judge_roots};
use crate::source::RowSet;
use crate::table::{Group, Resolution, groups};
use crate::text::plural;

/// The rows as groups: what they ask for, before any table is placed.
#[derive(Debug, Default)]
pub struct Asked {
    /// None where a finding is an error.
    pub groups: Vec<Group>,
    /// What the rules for rows say.
    pub findings: Findings,
    /// Projects whose every pipeline is to be deleted.
    pub removed: Vec<String>,
    resolved: Option<ResolvedTable>,
}

/// Where tables lie, as far as it is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Remembered<'a> {
    /// What the lock holds.
    pub lock: &'a Lock,
    /// What is deployed, in the targets that were asked; it must know the tables that the lock does not know.
    pub deployed: &'a [(&'a Target, Deployed)],
    /// The bundles of the run that is gone on with: those that have nothing left to do are part of it all the same.
    pub begun: &'a BTreeSet<String>,
}

/// The targets of the bundles.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// All that the bundles hold.
    pub all: &'a [&'a Target],
    /// Those that are deployed now: what the CLI would refuse is an error for them. For the others, whose turn may never come,
    /// it is a warning.
    pub deployed: &'a [&'a Target],
}

/// What is to be, on disk and in the workspaces.
#[derive(Debug, Default)]
pub struct Desired {
    /// Which table lies where.
    pub layout: Layout,
    /// One package for each bundle of the layout, in its order; none where a finding is an error.
    pub packages: Vec<Package>,
    /// All that the offline rules say of layout and targets.
    pub findings: Findings,
    /// The rows with every default and override in them, and where they were placed.
    pub resolved: ResolvedTable,
    /// The lock from now on.
    pub lock: LockUpdate,
    /// Who remembered the places.
    pub tally: Tally,
    /// Bundles that memory knows and the rows lack.
    pub vanished: Vec<Vanished>,
}

/// The rows as they take effect: a header and a line for each row, in the order of the rows.
#[derive(Clone, Debug, Default)]
pub struct ResolvedTable {
    /// The columns of the rows, those that defaults and overrides add, and the names of gateway and pipeline.
    pub columns: Vec<String>,
    /// Cells as text.
    pub rows: Vec<Vec<String>>,
}

/// Applies defaults, overrides and the rules for rows. The resolved table is made only where it is asked for.
#[must_use]
pub fn ask(rows: &RowSet, settings: &Settings, with_resolved: bool) -> Asked {
    let (groups, findings) = groups(rows, settings);
    if findings.has_errors() {
        return Asked { findings, ..Asked::default() };
    }
    let resolved = with_resolved.then(|| resolve(rows, settings, &groups));
    Asked { groups, findings, resolved, ..Asked::default() }
}

impl Asked {
    /// The projects of the rows, and those that are to be removed.
    #[must_use]
    pub fn projects(&self) -> BTreeSet<&str> {
        let of_rows = self.groups.iter().map(|group| group.project.as_str());
        of_rows.chain(self.removed.iter().map(String::as_str)).collect()
    }

    /// Whether the lock knows the place of every table, so that nobody else needs to be asked.
    #[must_use]
    pub fn is_known_to(&self, lock: &Lock) -> bool {
        let mut tables = self.groups.iter().flat_map(|group| &group.tables);
        tables.all(|table| lock.tables.contains_key(&table.object.destination.key()))
    }
}

/// Places every table and renders the bundles for these targets.
#[must_use]
pub fn desired(
    asked: &Asked,
    rows: &RowSet,
    settings: &Settings,
    targets: Targets<'_>,
    remembered: Remembered<'_>,
) -> Desired {
    let Remembered { lock, deployed, begun } = remembered;
    let (memory, mut findings) = Memory::of(lock, deployed, &asked.groups);
    let row_place = |row: u32| Some(rows.place(row, None));
    let rules =
        Rules { limits: settings.limits, strategy: settings.placement, memory: &memory, place: &row_place };
    let placed = place(asked.groups.clone(), rules);
    findings.extend(placed.findings);
    if findings.has_errors() {
        return Desired { findings, ..Desired::default() };
    }
    let mut layout = placed.layout;
    // Their lines stay until they are gone from every target.
    let lock_after = lock.after(&layout);
    let here = |target: &Target| targets.deployed.iter().any(|named| named.name == target.name);
    let deployed = deployed.iter().filter(|(target, _)| here(target)).map(|(_, deployed)| deployed);
    let emptied = Emptied::of(&layout, lock, deployed, begun);
    findings.extend(emptied.iter().map(lost_its_rows));
    layout.take_in(&emptied);
    let (removed, said) = removed(asked, remembered, &layout);
    findings.extend(said);
    layout.bundles.extend(removed);
    let resolved = asked.resolved.clone().map(|resolved| with_places(resolved, &layout)).unwrap_or_default();
    findings.extend(roots(&layout, targets.all, targets.deployed));
    findings.extend(over_the_limit(&layout, rows, settings.limits));
    let vanished = lock.vanished(&layout);
    let names: Vec<&str> = targets.all.iter().map(|target| target.name.as_str()).collect();
    let options = Options {
        targets: targets.all,
        default_target: settings
            .default_target
            .as_deref()
            .or_else(|| names.contains(&"dev").then_some("dev"))
            .filter(|name| names.contains(name)),
        cli_version: &settings.databricks_cli_version,
        escape: settings.escapes_references(),
    };
    let packages = layout.bundles.iter().map(|bundle| render(bundle, options)).collect();
    Desired { layout, packages, findings, resolved, lock: lock_after, tally: placed.tally, vanished }
}

/// Says that a bundle is planned of which no row asks for anything.
fn lost_its_rows(emptied: &Emptied) -> Finding {
    let Emptied { bundle, project, pipelines, tables } = emptied;
    let size = match tables {
        0 => String::new(),
        tables => format!("{} in {}, but ", plural(*tables, "table"), plural(*pipelines, "pipeline")),
    };
    Finding::warning("TW257", format!("bundle `{bundle}` of project `{project}` has {size}no rows any more"))
        .at(Place::Resource { key: format!("bundle {bundle}") })
        .why("the project lives on in other bundles, so a deploy deletes what is deployed of this one, with the consent that each pipeline needs")
        .fix("nothing, where that is meant; else put the rows back: their tables have kept their places")
}

/// The bundles of projects that are to be removed, with nothing in them.
fn removed(asked: &Asked, remembered: Remembered<'_>, layout: &Layout) -> (Vec<Bundle>, Findings) {
    let Remembered { lock, deployed, begun } = remembered;
    let there = deployed.iter().flat_map(|(_, deployed)| {
        // What was left over has no state.
        let left = deployed.pipelines.iter().map(|pipeline| pipeline.bundle.as_str());
        left.chain(deployed.bundles.iter().map(String::as_str))
    });
    let known: BTreeSet<&str> =
        lock.bundle_names().into_iter().chain(there).chain(begun.iter().map(String::as_str)).collect();
    let (mut bundles, mut findings) = (Vec::new(), Findings::new());
    for project in &asked.removed {
        let place = Place::Argument { flag: "--remove-project".to_owned() };
        let placed = |name: &str| layout.bundles.iter().find(|bundle| bundle.name == name);
        if layout.bundles.iter().any(|bundle| bundle.project == *project) {
            findings.push(
                Finding::error("TW256", format!("project `{project}` is to be removed and has rows"))
                    .at(place)
                    .why("its rows ask for pipelines that the flag asks to delete")
                    .fix("take its rows out of the table list first, or leave the flag out"),
            );
            continue;
        }
        match placed(project) {
            // One that has lost its rows is planned with nothing in it already.
            Some(bundle) if bundle.pipelines.is_empty() => continue,
            Some(Bundle { project: other, .. }) => {
                findings.push(
                    Finding::error(
                        "TW256",
                        format!("`{project}` is to be removed, and is a bundle of project `{other}`, which has rows"),
                    )
                    .at(place)
                    .why("its rows ask for pipelines that the flag asks to delete")
                    .fix("leave the flag out: what the rows do not ask for is deleted by every deploy of that project"),
                );
                continue;
            }
            None => {}
        }
        let of_project = known.iter().filter(|bundle| bundle_number(project, bundle).is_some());
        let of_project = of_project.filter(|bundle| placed(bundle).is_none());
        let found: Vec<Bundle> = of_project.map(|name| Bundle::empty(name, project)).collect();
        if found.is_empty() {
            let hint = did_you_mean(project, known.iter().copied());
            findings.push(
                Finding::error(
                    "TW256",
                    format!("project `{project}` is to be removed and is not known{hint}"),
                )
                .at(place)
                .why("neither the lock nor what is deployed in the targets has a pipeline of it")
                .fix("name it as its folder is named"),
            );
        }
        bundles.extend(found);
    }
    (bundles, findings)
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

/// Tables that have a place keep it, whatever the limits have become, and rows of several tables are not split: so a pipeline
/// or gateway can hold more than the limits say.
pub(crate) fn over_the_limit(layout: &Layout, rows: &RowSet, limits: Limits) -> Vec<Finding> {
    let mut findings = Vec::new();
    for bundle in &layout.bundles {
        let mut behind: BTreeMap<&str, (usize, Option<u32>)> = BTreeMap::new();
        for pipeline in &bundle.pipelines {
            let of_rows = pipeline.rows.iter().collect::<HashSet<_>>().len();
            if let Some(gateway) = &pipeline.gateway {
                let (count, _) = behind.entry(gateway).or_insert_with(|| (0, pipeline.rows.first().copied()));
                *count += of_rows;
            }
            let place = pipeline.rows.first().map(|row| rows.place(*row, None));
            let tables = pipeline.objects.len();
            let limit = limits.tables_per_pipeline.get();
            if of_rows > limit || tables > limits.most_tables_per_pipeline() {
                findings.push(over(
                    "pipeline",
                    &pipeline.name,
                    tables,
                    limit,
                    "max_tables_per_pipeline",
                    place,
                ));
            } else if tables > limit {
                findings.push(
                    Finding::warning(
                        "TW240",
                        format!("pipeline {} holds {tables} tables, more than {limit}", pipeline.name),
                    )
                    .at(place)
                    .why("its rows stand for several tables each; the limit counts such rows, so that none is torn apart")
                    .fix("a lower max_tables_per_pipeline, where so many tables in one pipeline are too many"),
                );
            }
        }
        let limit = limits.tables_per_gateway.get();
        for (gateway, (count, row)) in behind {
            if count > limit {
                let place = row.map(|row| rows.place(row, None));
                findings.push(over("gateway", gateway, count, limit, "max_tables_per_gateway", place));
            }
        }
        let limit = limits.tables_per_bundle.get();
        if bundle.tables() > limit {
            let place = bundle.pipelines.first().and_then(|pipeline| pipeline.rows.first());
            let place = place.map(|row| rows.place(*row, None));
            findings.push(over(
                "bundle",
                &bundle.name,
                bundle.tables(),
                limit,
                "max_tables_per_bundle",
                place,
            ));
        }
    }
    findings
}

fn over(kind: &str, name: &str, tables: usize, limit: usize, setting: &str, place: Option<Place>) -> Finding {
    let fix = if kind == "bundle" {
        "nothing, where its deploys are quick enough: what is placed never changes its bundle".to_owned()
    } else {
        format!("`tapworks rebalance` shows what would move, and what it costs; or raise {setting}")
    };
    Finding::warning(
        "TW242",
        format!("{kind} {name} holds {tables} tables, more than {setting}, which is {limit}"),
    )
    .at(place)
    .why("tables that have a place keep it: a limit holds for new ones, which go elsewhere")
    .fix(fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Pipeline;

    /// The bundles that are removed, and what is said.
    fn removal(project: &str, remembered: Remembered<'_>, layout: &Layout) -> (Vec<String>, Vec<String>) {
        let asked = Asked { removed: vec![project.to_owned()], ..Asked::default() };
        let (bundles, findings) = removed(&asked, remembered, layout);
        let names = bundles.into_iter().map(|bundle| bundle.name).collect();
        (names, findings.into_iter().map(|finding| finding.what).collect())
    }

    #[test]
    fn what_is_left_of_a_project_is_found_by_anything_that_is_deployed_or_locked() {
        let target = Target::named("prod");
        let deployed = Deployed {
            // A job or a gateway without pipelines.
            bundles: ["retail_b02", "shop"].map(str::to_owned).into(),
            ..Deployed::default()
        };
        let deployed = [(&target, deployed)];
        let line =
            "version 1\ntable m.s.a source=a bundle=retail_b03 pipeline=crm_01_p09 position=0 gone\nend\n";
        let lock = Lock::parse(line, "tapworks.lock").unwrap();
        let begun = BTreeSet::from(["retail_b04".to_owned()]);
        let remembered = Remembered { lock: &lock, deployed: &deployed, begun: &begun };
        let layout = Layout { bundles: vec![Bundle::empty("people", "people")] };
        let (found, said) = removal("retail", remembered, &layout);
        assert_eq!(
            (found, said),
            (["retail_b02", "retail_b03", "retail_b04"].map(str::to_owned).into(), vec![])
        );
        let (found, said) = removal("shpo", remembered, &layout);
        assert!(found.is_empty() && said[0].ends_with("is not known; did you mean `shop`?"), "{said:?}");
    }

    #[test]
    fn a_bundle_of_a_project_with_rows_is_not_removed_by_name() {
        let pipeline = Pipeline {
            name: "crm_01_p02".into(),
            prefix: "crm".into(),
            subgroup: "01".into(),
            gateway: None,
            connection: "c".into(),
            catalog: "m".into(),
            schema: "s".into(),
            schedule: None,
            tags: Vec::new(),
            rows: Vec::new(),
            positions: Vec::new(),
            weight: 0,
            objects: Vec::new(),
        };
        let full = Bundle { pipelines: vec![pipeline], ..Bundle::empty("retail_b02", "retail") };
        let layout = Layout { bundles: vec![full, Bundle::empty("retail_b03", "retail")] };
        let (lock, begun) = Default::default();
        let remembered = Remembered { lock: &lock, deployed: &[], begun: &begun };
        let (found, said) = removal("retail_b02", remembered, &layout);
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(
            said,
            ["`retail_b02` is to be removed, and is a bundle of project `retail`, which has rows"]
        );
        // One that has lost its rows is empty as it is.
        assert_eq!(removal("retail_b03", remembered, &layout), (vec![], vec![]));
    }
}
