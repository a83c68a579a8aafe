//! What of a target's plans has to be consented to.

use super::compared::compare;
use super::planned::PlannedTarget;
use super::record::TableVersion;
use crate::placement::Layout;
use crate::plan::{Origins, TargetNeed};
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
        let target = &self.site.target;
        self.projects.iter().flat_map(|project| project.changes.needs_in(target))
    }
}
