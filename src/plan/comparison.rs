//! The comparison: what is wanted against what is deployed, in tables and in resources.

use std::collections::BTreeMap;

use super::bundle_plan::{Action, BundlePlan};
use super::cause::Cause;
use super::changes::BundleChanges;
use super::deployed::Deployed;
use super::drift;
use super::effect::Fate;
use super::hand_over::hand_over;
use super::needs::needs;
use super::origins::Origins;
use super::resources::resources;
use super::seen::{Seen, new_gateway};
use super::tables::Tables;
use super::unclear::unclear;
use crate::placement::{Bundle, Gateway, Pipeline};
use crate::settings::Target;

/// What a comparison looks at: one bundle for one target.
#[derive(Clone, Copy)]
pub struct Comparison<'a> {
    /// Where to.
    pub target: &'a Target,
    /// What is wanted.
    pub bundle: &'a Bundle,
    /// What the CLI would do.
    pub plan: &'a BundlePlan,
    /// What it did last.
    pub deployed: &'a Deployed,
    /// Where the user wrote what is wanted.
    pub origins: &'a dyn Origins,
}

impl<'a> Comparison<'a> {
    /// Compares.
    #[must_use]
    pub fn changes(&self) -> BundleChanges {
        let pipelines = self.pipelines();
        let tables = Tables::of(self, &pipelines);
        let mut changes = BundleChanges {
            bundle: self.bundle.name.clone(),
            project: self.bundle.project.clone(),
            counts: self.plan.counts(),
            drift: drift::drift(self),
            unchanged_tables: tables.unchanged,
            ..BundleChanges::default()
        };
        changes.resources = resources(self, &pipelines, &tables);
        changes.hand_over = hand_over(self, &pipelines, &tables.changes);
        (changes.needs, changes.findings) = needs(self, &pipelines, &changes.resources, &tables.changes);
        changes.findings.extend(unclear(self, &pipelines));
        changes.tables = tables.changes;
        changes
    }

    /// Every gateway and ingestion pipeline of the plan, by key.
    fn pipelines(&self) -> BTreeMap<&'a str, Seen<'a>> {
        let (plan, deployed) = (self.plan, self.deployed);
        plan.resources()
            .filter_map(|(full, node)| {
                let key = full.strip_prefix("resources.pipelines.")?;
                let short = full.strip_prefix("resources.").unwrap_or(full);
                Some((key, Seen { key, node, deployed: deployed.definition(short) }))
            })
            .collect()
    }

    /// The ingestion pipeline of this key, as placed.
    pub(super) fn placed(&self, key: &str) -> Option<&'a Pipeline> {
        self.bundle.pipelines.iter().find(|pipeline| pipeline.key() == key)
    }

    /// The gateway of this key, as placed.
    pub(super) fn placed_gateway(&self, key: &str) -> Option<&'a Gateway> {
        self.bundle.gateways.iter().find(|gateway| gateway.key() == key)
    }

    /// What becomes of the tables of a pipeline that is destroyed: the CLI obeys the flag that is deployed.
    pub(super) fn fate(&self, seen: Seen<'_>) -> Fate {
        let by_plan = || seen.node.changes.get("cascade_on_destroy")?.old.as_ref()?.as_bool();
        let deployed = match seen.deployed {
            Some(_) => self.deployed.cascade_on_destroy(&format!("pipelines.{}", seen.key)),
            None => by_plan(),
        };
        if deployed == Some(false) { Fate::Kept } else { Fate::Dropped }
    }

    /// Whether the tables of a pipeline are to go with it: what the bundle says of it, else what the target says.
    pub(super) fn drops(&self, seen: Seen<'_>) -> bool {
        let own = seen.wanted().and_then(|wanted| wanted.get("cascade_on_destroy")?.as_bool());
        own.unwrap_or(self.target.cascade_on_destroy)
    }

    /// Whether the CLI refuses to destroy a pipeline that it is to have: what the target puts over the bundle decides, else what
    /// it says of all. The plan does not tell it.
    pub(super) fn prevents(&self, seen: Seen<'_>) -> bool {
        let own = self.target.bundle.as_ref().and_then(|bundle| {
            let pipeline = bundle.get("resources")?.get("pipelines")?.get(seen.key)?;
            pipeline.get("lifecycle")?.get("prevent_destroy")?.as_bool()
        });
        own.unwrap_or(self.target.prevent_destroy)
    }

    /// Why a pipeline or gateway is made again, up to that it is.
    pub(super) fn why_again(&self, pipelines: &BTreeMap<&str, Seen<'_>>, seen: Seen<'_>) -> Cause {
        if seen.node.action == Action::Create && seen.is_lost() {
            return Cause::new(format!("{} was deleted by hand", seen.key)).then("made again");
        }
        if seen.is_gateway() {
            return self.first_step(seen).then("gateway recreated");
        }
        let step = format!("{} recreated", seen.key);
        let Some(gateway) = new_gateway(seen.node).and_then(|key| pipelines.get(key)) else {
            return self.first_step(seen).then(step);
        };
        match gateway.node.action {
            Action::Recreate => self.why_again(pipelines, *gateway).then(step),
            Action::Create if gateway.is_lost() => self.why_again(pipelines, *gateway).then(step),
            _ => {
                Cause::new(format!("{} reads through another gateway, {}", seen.key, gateway.key)).then(step)
            }
        }
    }

    /// The fields because of which something is done, as the user knows them, with the place of the first.
    pub(super) fn first_step(&self, seen: Seen<'_>) -> Cause {
        let key = format!("pipelines.{}", seen.key);
        let mut place = None;
        let mut names: Vec<String> = Vec::new();
        for (path, change) in seen.node.causes() {
            if change.is_by_hand() {
                names.push(format!("{path} was changed by hand"));
                continue;
            }
            let (name, written) = super::written::resource_field(self, &key, path, change.new.as_ref());
            place = place.or(written);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            names.push("its definition".to_owned());
        }
        Cause::new(names.join(" and ")).at(place)
    }
}
