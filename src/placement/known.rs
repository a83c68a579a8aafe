//! The pipelines and gateways that are remembered, by the group that they may belong to.

use std::collections::HashMap;

use super::memory::Memory;

/// A name alone does not always say where its group ends, so that one can stand with two groups: who asks for a group looks at
/// the names.
pub(super) struct Known<'a> {
    by_group: HashMap<&'a str, OfGroup<'a>>,
}

/// What may belong to a group.
#[derive(Default)]
pub(super) struct OfGroup<'a> {
    /// With their bundles.
    pub(super) pipelines: Vec<(&'a str, Option<&'a str>)>,
    pub(super) gateways: Vec<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn of(memory: &'a Memory) -> Self {
        let mut by_group: HashMap<&str, OfGroup<'_>> = HashMap::new();
        for (pipeline, bundle) in memory.pipelines() {
            let Some((base, _)) = pipeline.rsplit_once("_p") else { continue };
            by_group.entry(base).or_default().pipelines.push((pipeline, bundle));
            if let Some((group, _)) = base.rsplit_once("_g") {
                by_group.entry(group).or_default().pipelines.push((pipeline, bundle));
            }
        }
        for gateway in memory.gateway_names() {
            let Some((group, _)) = gateway.rsplit_once("_g") else { continue };
            let gateways = &mut by_group.entry(group).or_default().gateways;
            // Tables behind one gateway mostly come together, each with its name.
            if gateways.last() != Some(&gateway) {
                gateways.push(gateway);
            }
        }
        Self { by_group }
    }

    pub(super) fn group(&self, group: &str) -> Option<&OfGroup<'a>> {
        self.by_group.get(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Lock;

    #[test]
    fn a_name_stands_with_every_group_it_may_belong_to() {
        let lock = "version 1
table m.s.a source=a bundle=p gateway=erp_01_g01 pipeline=erp_01_g01_p01 position=0
table m.s.b source=b bundle=p gateway=erp_01_g01 pipeline=erp_01_g01_p02 position=0
table m.s.c source=c bundle=p pipeline=crm_pos_01_p01 position=0
end
";
        let memory = Memory::of_lock(&Lock::parse(lock, "tapworks.lock").unwrap());
        let known = Known::of(&memory);
        let names = |group: &str| {
            let of_group = known.group(group).unwrap();
            let mut names: Vec<&str> = of_group.pipelines.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            (names, of_group.gateways.iter().copied().collect::<std::collections::BTreeSet<_>>())
        };
        let both = vec!["erp_01_g01_p01", "erp_01_g01_p02"];
        assert_eq!(names("erp_01"), (both.clone(), ["erp_01_g01"].into()));
        // A group may be called so, too.
        assert_eq!(names("erp_01_g01"), (both, [].into()));
        assert_eq!(names("crm_pos_01"), (vec!["crm_pos_01_p01"], [].into()));
        assert!(known.group("crm").is_none());
    }
}
