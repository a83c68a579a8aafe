//! What the CLI's plans mean for tables, bundle by bundle.

use serde_json::Value;

use crate::placement::{Bundle, Layout};
use crate::plan::{BundleChanges, BundlePlan, Comparison, Deployed, Origins, settle};
use crate::preflight::{BundleState, Facts};
use crate::settings::Target;

/// Compares what is wanted in a target with what is deployed there, by the CLI's plan of each bundle. A bundle that the layout
/// lacks is one that is removed.
#[must_use]
pub fn compare<'a>(
    target: &Target,
    layout: &Layout,
    facts: &Facts,
    plans: impl IntoIterator<Item = (&'a str, &'a BundlePlan)>,
    origins: &dyn Origins,
) -> Vec<BundleChanges> {
    let mut changes: Vec<BundleChanges> = plans
        .into_iter()
        .map(|(name, plan)| {
            let removed;
            let bundle = match layout.bundles.iter().find(|bundle| bundle.name == name) {
                Some(bundle) => bundle,
                None => {
                    removed = nothing_of(name);
                    &removed
                }
            };
            let state = facts.bundles.get(name).and_then(|facts| facts.state.as_ref());
            // Where nothing changes nobody asks what was deployed.
            let deployed = state.filter(|_| !plan.is_empty()).map(deployed).unwrap_or_default();
            let cascade_on_destroy = target.cascade_on_destroy;
            let prevent_destroy = target.prevent_destroy;
            Comparison { bundle, plan, deployed: &deployed, origins, cascade_on_destroy, prevent_destroy }
                .changes()
        })
        .collect();
    settle(&mut changes);
    changes
}

fn deployed(state: &BundleState) -> Deployed {
    state.ids.keys().filter_map(|key| Some((key.as_str(), state.definition::<Value>(key)?))).collect()
}

fn nothing_of(name: &str) -> Bundle {
    Bundle { name: name.to_owned(), project: name.to_owned(), gateways: Vec::new(), pipelines: Vec::new() }
}
