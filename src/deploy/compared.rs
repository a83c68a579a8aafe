//! What the CLI's plans mean for tables, bundle by bundle.

use serde_json::Value;

use super::planned::{PlannedProject, PlannedTarget};
use super::record::{Recorded, TableVersion, older_than};
use super::site::Site;
use crate::placement::{Bundle, Layout};
use crate::plan::{
    BundleChanges, BundlePlan, Comparison, Consent, ConsentKind, Counts, Deployed, FieldDifference, Need,
    Origins, Placed, settle, unsaid,
};
use crate::preflight::BundleState;
use crate::settings::Target;

/// Compares what is wanted in a target with what is deployed there, by the CLI's plan of each bundle. A bundle that the layout
/// lacks is one that is removed. `rows` are the version of the table that is to be deployed. A project whose plan failed has no
/// changes to tell.
#[must_use]
pub fn compare(
    target: &Target,
    layout: &Layout,
    planned: &PlannedTarget<'_>,
    rows: Option<&TableVersion>,
    origins: &dyn Origins,
) -> Vec<BundleChanges> {
    let mut changes = Vec::new();
    for project in &planned.projects {
        let name = &project.project.name;
        let removed;
        let bundle = match layout.bundles.iter().find(|bundle| bundle.name == *name) {
            Some(bundle) => bundle,
            None => {
                removed = Bundle::empty(name, name);
                &removed
            }
        };
        let mut found = match &project.plan {
            Ok(Some((plan, _))) => compare_bundle(target, bundle, planned.site, plan, origins),
            Ok(None) => unchanged(bundle, planned.site),
            Err(_) => continue,
        };
        if !found.is_empty() {
            found.needs.extend(older_source(&bundle.project, project, rows));
        }
        changes.push(found);
    }
    settle(&mut changes);
    changes
}

fn compare_bundle(
    target: &Target,
    bundle: &Bundle,
    site: &Site,
    plan: &BundlePlan,
    origins: &dyn Origins,
) -> BundleChanges {
    let state = site.state(&bundle.name);
    // Where nothing changes nobody asks what was deployed.
    let deployed = state.filter(|_| !plan.is_empty()).map(deployed).unwrap_or_default();
    let placed = &Placed::of(bundle);
    let mut changes = Comparison { target, bundle, placed, plan, deployed: &deployed, origins }.changes();
    let keys = state.into_iter().flat_map(|state| state.ids.keys()).map(String::as_str);
    changes.findings.extend(unsaid(plan, bundle, keys));
    changes
}

fn deployed(state: &BundleState) -> Deployed {
    state.ids.keys().filter_map(|key| Some((key.as_str(), state.definition::<Value>(key)?))).collect()
}

/// Of a bundle that is as its last deploy left it.
fn unchanged(bundle: &Bundle, site: &Site) -> BundleChanges {
    let keys = site.state(&bundle.name).into_iter().flat_map(|state| state.ids.keys());
    // Permissions of a resource count with it.
    let resources = keys.filter(|key| key.split('.').count() == 3).count();
    BundleChanges {
        bundle: bundle.name.clone(),
        project: bundle.project.clone(),
        unchanged_tables: bundle.tables(),
        counts: Counts { unchanged: resources, ..Counts::default() },
        ..BundleChanges::default()
    }
}

/// Rows that are older than those of the last deploy would undo what somebody deployed since.
fn older_source(project: &str, planned: &PlannedProject<'_>, rows: Option<&TableVersion>) -> Option<Need> {
    let rows = rows?;
    let (old, what) = match &planned.recognition.recorded {
        Recorded::Nothing => return None,
        Recorded::Record(record) => {
            let version = older_than(Some(record), Some(rows))?.version;
            (Some(version), format!("version {version} is deployed"))
        }
        // Whoever wrote it may have deployed newer rows.
        Recorded::Unreadable(why) => {
            (None, format!("it is not known which is deployed: tapworks.json cannot be read, {why}"))
        }
    };
    Some(Need {
        consent: Consent { kind: ConsentKind::OlderSource, name: project.to_owned() },
        field: Some(FieldDifference {
            path: format!("version of {}", rows.table),
            old: old.map(Into::into),
            new: Some(rows.version.into()),
        }),
        what: format!("the rows are version {} of {}, {what}", rows.version, rows.table),
        tables: planned.project.tables,
        fate: None,
    })
}
