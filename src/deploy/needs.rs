//! What of a target's plans has to be consented to, and why.

use super::compared::compare;
use super::planned::PlannedTarget;
use super::record::TableVersion;
use crate::placement::Layout;
use crate::plan::{BundleChanges, Cause, ConsentKind, Effect, Need, Origins, TableChange, TargetNeed};
use crate::settings::Target;

impl PlannedTarget<'_> {
    /// Compares the plan of each project with what is deployed of it, and keeps what comes of that with the project.
    pub fn compare(
        &mut self,
        target: &Target,
        layout: &Layout,
        rows: Option<&TableVersion>,
        origins: &dyn Origins,
    ) {
        for mut changes in compare(target, layout, self, rows, origins) {
            let findings = std::mem::take(&mut changes.findings);
            changes.findings = findings.into_iter().map(|finding| finding.for_target(&target.name)).collect();
            if let Some(project) =
                self.projects.iter_mut().find(|project| project.project.name == changes.bundle)
            {
                project.changes = changes;
            }
        }
    }

    /// Everything that has to be consented to in this target.
    pub fn needs(&self) -> impl Iterator<Item = TargetNeed> {
        self.projects.iter().flat_map(|project| {
            project.changes.needs.iter().map(|need| TargetNeed {
                target: self.site.target.clone(),
                need: need.clone(),
                cause: cause(&project.changes, need),
            })
        })
    }
}

/// Why something is needed, by the resource or the tables that it is about.
fn cause(changes: &BundleChanges, need: &Need) -> Cause {
    let name = &need.consent.name;
    let resource = || {
        let key = format!("pipelines.{name}");
        changes.resources.iter().find(|resource| resource.key == key).map(|resource| &resource.cause)
    };
    let table = |of: fn(&TableChange) -> Option<&String>| {
        let mut tables = changes.tables.iter();
        tables
            .find(|table| table.effect == Effect::Snapshot && of(table) == Some(name))
            .map(|table| &table.cause)
    };
    let cause = match need.consent.kind {
        ConsentKind::Recreate | ConsentKind::Delete => resource(),
        ConsentKind::Snapshot => table(|table| Some(&table.pipeline)),
        ConsentKind::Move => table(|table| table.from.as_ref()),
        ConsentKind::Remove | ConsentKind::OlderSource => None,
    };
    cause.cloned().unwrap_or_default()
}
