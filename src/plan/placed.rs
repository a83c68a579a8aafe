//! A bundle's pipelines and gateways by the keys of the plan.

use std::collections::HashMap;

use crate::placement::{Bundle, Gateway, Pipeline};

/// What was placed, to be looked up for each resource and table of a plan.
#[derive(Debug, Default)]
pub struct Placed<'a> {
    pipelines: HashMap<&'a str, &'a Pipeline>,
    gateways: HashMap<&'a str, &'a Gateway>,
    /// By prefix and subgroup, sorted, each once.
    rows: HashMap<(&'a str, &'a str), Vec<u32>>,
}

impl<'a> Placed<'a> {
    /// Looks through the bundle once.
    #[must_use]
    pub fn of(bundle: &'a Bundle) -> Self {
        let mut placed = Self::default();
        for pipeline in &bundle.pipelines {
            placed.pipelines.insert(&pipeline.name, pipeline);
            let group = (pipeline.prefix.as_str(), pipeline.subgroup.as_str());
            placed.rows.entry(group).or_default().extend(&pipeline.rows);
        }
        for rows in placed.rows.values_mut() {
            rows.sort_unstable();
            rows.dedup();
        }
        placed.gateways = bundle.gateways.iter().map(|gateway| (gateway.name.as_str(), gateway)).collect();
        placed
    }

    /// The ingestion pipeline of this key.
    pub(super) fn pipeline(&self, key: &str) -> Option<&'a Pipeline> {
        self.pipelines.get(key.strip_prefix("pipeline_")?).copied()
    }

    /// The gateway of this key.
    pub(super) fn gateway(&self, key: &str) -> Option<&'a Gateway> {
        self.gateways.get(key.strip_prefix("gateway_")?).copied()
    }

    /// The rows that share the values of a pipeline, gateway or job: those of its prefix and subgroup, first row first.
    pub(super) fn rows(&self, key: &str) -> &[u32] {
        let gateway = self.gateway(key).map(|gateway| (&gateway.prefix, &gateway.subgroup));
        let of_job = || self.pipelines.get(key.strip_prefix("job_")?).copied();
        let pipeline = || self.pipeline(key).or_else(of_job);
        let group = gateway.or_else(|| pipeline().map(|pipeline| (&pipeline.prefix, &pipeline.subgroup)));
        let rows = group.and_then(|(prefix, subgroup)| self.rows.get(&(prefix.as_str(), subgroup.as_str())));
        rows.map(Vec::as_slice).unwrap_or_default()
    }
}
