//! Bundles that have lost all of their rows while their projects live on in others.

use std::collections::{BTreeMap, BTreeSet};

use super::deployed::Deployed;
use super::layout::{Bundle, Layout};
use super::lock::Lock;
use super::name;

/// A bundle of a project that has rows, none of them for this bundle. It is planned all the same: only its own deploy deletes
/// what it deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emptied {
    /// The bundle's name.
    pub bundle: String,
    /// Its project.
    pub project: String,
    /// How many pipelines are known of it.
    pub pipelines: usize,
    /// How many tables those have.
    pub tables: usize,
}

impl Emptied {
    /// Those that the lock has tables for which are not gone, or are on their way from there; those of which something is
    /// `deployed`; and those that a run has `begun` with. Of any other nothing is left to delete, and it is no bundle any more.
    #[must_use]
    pub fn of<'a>(
        layout: &Layout,
        lock: &'a Lock,
        deployed: impl IntoIterator<Item = &'a Deployed>,
        begun: &'a BTreeSet<String>,
    ) -> Vec<Self> {
        let mut known: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
        for bundle in begun {
            known.entry(bundle).or_default();
        }
        for table in lock.tables.values() {
            if !table.gone {
                known.entry(&table.slot.bundle).or_default().see(&table.slot.pipeline, 1);
            }
            if let Some(moving) = &table.moving {
                known.entry(&moving.from.bundle).or_default();
            }
        }
        for deployed in deployed {
            let mut here: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
            for bundle in &deployed.bundles {
                here.entry(bundle).or_default();
            }
            for pipeline in &deployed.pipelines {
                if let Some(seen) = here.get_mut(pipeline.bundle.as_str()) {
                    seen.see(&pipeline.name, pipeline.tables.len());
                }
            }
            for (bundle, seen) in here {
                let most = known.entry(bundle).or_default();
                if seen.tables > most.tables {
                    *most = seen;
                }
            }
        }
        let placed: BTreeSet<&str> = layout.bundles.iter().map(|bundle| bundle.name.as_str()).collect();
        let projects = layout.projects();
        let emptied =
            known.into_iter().filter(|(bundle, _)| !placed.contains(bundle)).filter_map(|(bundle, seen)| {
                let project = name::project(&projects, bundle)?;
                Some(Self {
                    bundle: bundle.to_owned(),
                    project: project.to_owned(),
                    pipelines: seen.pipelines.len(),
                    tables: seen.tables,
                })
            });
        emptied.collect()
    }
}

/// What is known of a bundle by the lock, or in one target.
#[derive(Default)]
struct Seen<'a> {
    pipelines: BTreeSet<&'a str>,
    tables: usize,
}

impl<'a> Seen<'a> {
    fn see(&mut self, pipeline: &'a str, tables: usize) {
        self.pipelines.insert(pipeline);
        self.tables += tables;
    }
}

impl Layout {
    /// Takes these in, with nothing in them, each among the other bundles of its project.
    pub fn take_in(&mut self, emptied: &[Emptied]) {
        for Emptied { bundle, project, .. } in emptied {
            self.bundles.push(Bundle::empty(bundle, project));
        }
        let order =
            |bundle: &Bundle| (bundle.project.clone(), name::bundle_number(&bundle.project, &bundle.name));
        self.bundles.sort_by_cached_key(order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::DeployedPipeline;

    const LOCK: &str = "version 1
table m.s.a source=a bundle=retail pipeline=crm_01_p01 position=0
table m.s.b source=b bundle=retail_b02 pipeline=crm_01_p02 position=0
table m.s.c source=c bundle=retail_b02 pipeline=crm_01_p03 position=0
table m.s.d source=d bundle=retail_b03 pipeline=crm_01_p04 position=0 gone
table m.s.e source=e bundle=retail pipeline=crm_01_p01 position=1 from_bundle=retail_b10 from_pipeline=crm_01_p05 from_position=0
table m.s.f source=f bundle=shop pipeline=shop_01_p01 position=0
end
";

    fn layout(bundles: &[(&str, &str)]) -> Layout {
        Layout { bundles: bundles.iter().map(|(name, project)| Bundle::empty(name, project)).collect() }
    }

    fn emptied(
        layout: &Layout,
        lock: &str,
        deployed: &[Deployed],
        begun: &[&str],
    ) -> Vec<(String, usize, usize)> {
        let lock = Lock::parse(lock, "tapworks.lock").unwrap();
        let begun = begun.iter().map(|bundle| (*bundle).to_owned()).collect();
        let found = Emptied::of(layout, &lock, deployed, &begun);
        assert!(found.iter().all(|emptied| emptied.project == "retail"), "{found:?}");
        found.into_iter().map(|emptied| (emptied.bundle, emptied.pipelines, emptied.tables)).collect()
    }

    fn told(found: &[(&str, usize, usize)]) -> Vec<(String, usize, usize)> {
        found.iter().map(|(bundle, pipelines, tables)| ((*bundle).to_owned(), *pipelines, *tables)).collect()
    }

    #[test]
    fn a_bundle_that_the_lock_has_tables_for_is_planned_until_they_are_gone() {
        let expected = told(&[("retail_b02", 2, 2), ("retail_b10", 0, 0)]);
        assert_eq!(emptied(&layout(&[("retail", "retail")]), LOCK, &[], &[]), expected);
        // Whichever of them is left, it is the same project.
        let expected = told(&[("retail", 1, 2), ("retail_b02", 2, 2), ("retail_b10", 0, 0)]);
        assert_eq!(emptied(&layout(&[("retail_b03", "retail")]), LOCK, &[], &[]), expected);
        let gone = LOCK
            .replace("position=0\n", "position=0 gone\n")
            .replace("from_bundle=retail_b10", "from_bundle=retail");
        assert_eq!(emptied(&layout(&[("retail", "retail")]), &gone, &[], &[]), []);
        // A project without rows is another matter.
        assert_eq!(emptied(&layout(&[("other", "other")]), LOCK, &[], &[]), []);
    }

    #[test]
    fn a_bundle_is_planned_while_anything_of_it_is_deployed_and_in_a_run_that_began_with_it() {
        let lock = "version 1\nend\n";
        let pipeline = |name: &str, bundle: &str, tables: &[&str]| DeployedPipeline {
            bundle: bundle.into(),
            gateway: None,
            name: name.into(),
            home: None,
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
        };
        let deployed = Deployed {
            bundles: ["retail", "retail_b02", "retail_b03", "shop"].map(str::to_owned).into(),
            pipelines: vec![
                pipeline("crm_01_p01", "retail", &["a"]),
                pipeline("crm_01_p02", "retail_b02", &["b", "c"]),
            ],
            ..Deployed::default()
        };
        let living = layout(&[("retail", "retail")]);
        let expected = told(&[("retail_b02", 1, 2), ("retail_b03", 0, 0)]);
        assert_eq!(emptied(&living, lock, &[Deployed::default(), deployed], &[]), expected);
        assert_eq!(emptied(&living, lock, &[], &["retail", "retail_b04"]), told(&[("retail_b04", 0, 0)]));
    }

    #[test]
    fn it_stands_among_the_other_bundles_of_its_project() {
        let mut layout = layout(&[("retail_b02", "retail"), ("retail_b100", "retail"), ("shop", "shop")]);
        let one = |bundle: &str| Emptied {
            bundle: bundle.into(),
            project: "retail".into(),
            pipelines: 1,
            tables: 1,
        };
        layout.take_in(&[one("retail"), one("retail_b11")]);
        let names: Vec<&str> = layout.bundles.iter().map(|bundle| bundle.name.as_str()).collect();
        assert_eq!(names, ["retail", "retail_b02", "retail_b11", "retail_b100", "shop"]);
    }
}
