//! What plans mean for tables, and what of that has to be consented to.

use super::planned::PlannedTarget;
use super::record::{Recorded, TableVersion, older_than};
use crate::placement::Layout;
use crate::plan::{
    BundleChanges, Comparison, Consent, ConsentKind, Counts, Deployed, FieldDifference, Need, Origins,
    TargetNeed, settle,
};
use crate::preflight::BundleState;
use crate::settings::Target;

/// What is wanted in one target.
#[derive(Clone, Copy)]
pub struct Meant<'a> {
    /// Its settings.
    pub target: &'a Target,
    /// Which table lies where.
    pub layout: &'a Layout,
    /// Where the user wrote that.
    pub origins: &'a dyn Origins,
    /// Which rows, where they are a version of a table.
    pub source: Option<&'a TableVersion>,
}

impl PlannedTarget<'_> {
    /// Compares the plan of each bundle with what is deployed of it.
    pub fn compare(&mut self, meant: Meant<'_>) {
        let mut all: Vec<BundleChanges> = Vec::new();
        for project in &self.projects {
            let name = &project.project.name;
            let bundle = meant.layout.bundles.iter().find(|bundle| bundle.name == *name);
            let mut changes = match (bundle, &project.plan) {
                (Some(bundle), Ok(Some((plan, _)))) => {
                    let deployed = self.site.state(name).map(deployed).unwrap_or_default();
                    let comparison = Comparison {
                        bundle,
                        plan,
                        deployed: &deployed,
                        origins: meant.origins,
                        cascade_on_destroy: meant.target.cascade_on_destroy,
                        prevent_destroy: meant.target.prevent_destroy,
                    };
                    comparison.changes()
                }
                (Some(bundle), _) => BundleChanges {
                    bundle: name.clone(),
                    project: bundle.project.clone(),
                    unchanged_tables: bundle.tables(),
                    counts: Counts { unchanged: project.recognition.unchanged, ..Counts::default() },
                    ..BundleChanges::default()
                },
                (None, _) => {
                    BundleChanges { bundle: name.clone(), project: name.clone(), ..BundleChanges::default() }
                }
            };
            let is_written = matches!(&project.plan, Ok(Some((plan, _))) if !plan.is_empty());
            if is_written {
                changes.needs.extend(older(&project.recognition.recorded, meant.source, &changes.project));
            }
            all.push(changes);
        }
        settle(&mut all);
        for (project, mut changes) in self.projects.iter_mut().zip(all) {
            for mut finding in std::mem::take(&mut changes.findings) {
                finding.target.get_or_insert_with(|| self.site.target.clone());
                changes.findings.push(finding);
            }
            project.changes = changes;
        }
    }

    /// Everything that has to be consented to in this target.
    pub fn needs(&self) -> impl Iterator<Item = TargetNeed> {
        let needs = self.projects.iter().flat_map(|project| &project.changes.needs);
        needs.map(|need| TargetNeed { target: self.site.target.clone(), need: need.clone() })
    }
}

fn deployed(state: &BundleState) -> Deployed {
    state.ids.keys().filter_map(|key| Some((key.as_str(), state.definition(key)?))).collect()
}

/// Rows of an older version than was deployed last would undo what somebody else deployed since.
fn older(recorded: &Recorded, rows: Option<&TableVersion>, project: &str) -> Option<Need> {
    let Recorded::Record(record) = recorded else { return None };
    let (deployed, rows) = (older_than(Some(record), rows)?, rows?);
    Some(Need {
        consent: Consent { kind: ConsentKind::OlderSource, name: project.to_owned() },
        field: Some(FieldDifference {
            path: "source.version".to_owned(),
            old: Some(deployed.version.into()),
            new: Some(rows.version.into()),
        }),
        what: format!(
            "the rows of {} are those of version {}, older than version {} that was deployed last, by {}",
            rows.table, rows.version, deployed.version, record.identity
        ),
        tables: 0,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::record::Record;
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn rows_that_are_older_than_those_of_the_last_deploy_need_consent() {
        let version = |version| TableVersion {
            host: "https://a".to_owned(),
            table: "main.cfg.tables".to_owned(),
            version,
        };
        let record = Record::now(
            "ana@example.com",
            "1.14.0",
            Some(version(7)),
            Digest::of(b"x"),
            ("l", 4),
            BTreeMap::new(),
        );
        let recorded = Recorded::Record(Box::new(record));
        let need = older(&recorded, Some(&version(6)), "retail").unwrap();
        assert_eq!(need.consent.to_string(), "older-source:retail");
        assert_eq!(need.field.unwrap().to_string(), "source.version: 7 → 6");
        assert!(
            need.what.ends_with("older than version 7 that was deployed last, by ana@example.com"),
            "{}",
            need.what
        );
        for (recorded, rows) in
            [(&recorded, Some(version(7))), (&recorded, None), (&Recorded::Nothing, Some(version(1)))]
        {
            assert_eq!(older(recorded, rows.as_ref(), "retail"), None);
        }
    }

    #[test]
    fn what_is_deployed_is_what_the_state_defines() {
        let text = br#"{"lineage": "l", "serial": 1, "state": {
            "resources.pipelines.a": {"__id__": "1", "state": {"name": "a", "cascade_on_destroy": false}},
            "resources.jobs.b": {"__id__": "2"}}}"#;
        let deployed = deployed(&BundleState::parse(text).unwrap());
        assert_eq!(deployed.cascade_on_destroy("pipelines.a"), Some(false));
        assert!(!deployed.knows("jobs.b"));
    }
}
