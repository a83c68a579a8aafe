//! The names that a layout takes in a target, for asking and for judging.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::placement::Layout;

/// The names that a layout would take in one target.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What stands before every name in this target.
    name_prefix: String,
    pipelines: Names,
    jobs: Names,
    /// Prefix to its subgroups.
    prefixes: BTreeMap<String, BTreeSet<String>>,
}

/// Planned pipelines or jobs.
#[derive(Debug, Default)]
struct Names {
    /// By display name.
    planned: HashMap<String, Planned>,
    /// Display name in lower case to the display name.
    lower: HashMap<String, String>,
    /// Bundle and key to the display name.
    keys: HashMap<(String, String), String>,
}

/// A planned pipeline or job.
#[derive(Debug)]
pub(super) struct Planned {
    /// The bundle it is in.
    pub(super) bundle: String,
    /// `resources.pipelines.x`.
    pub(super) key: String,
    /// The row that causes it.
    pub(super) row: Option<u32>,
}

impl Names {
    fn add(&mut self, name: String, planned: Planned) {
        self.lower.insert(name.to_lowercase(), name.clone());
        self.keys.insert((planned.bundle.clone(), planned.key.clone()), name.clone());
        self.planned.insert(name, planned);
    }

    fn but_for_case(&self, name: &str) -> Option<(&str, &Planned)> {
        let planned = self.lower.get(&name.to_lowercase()).filter(|planned| *planned != name)?;
        Some((planned, self.planned.get(planned)?))
    }
}

impl Wanted {
    /// The names of a layout where `name_prefix` is put before each.
    #[must_use]
    pub fn of(layout: &Layout, name_prefix: &str) -> Self {
        let mut wanted = Self { name_prefix: name_prefix.to_owned(), ..Self::default() };
        let named = |name: &str| format!("{name_prefix}{name}");
        for bundle in &layout.bundles {
            let mut rows_of_gateways: HashMap<&str, u32> = HashMap::new();
            for pipeline in &bundle.pipelines {
                let row = pipeline.rows.first().copied();
                let planned = |key: String| Planned { bundle: bundle.name.clone(), key, row };
                if let (Some(gateway), Some(row)) = (&pipeline.gateway, row) {
                    rows_of_gateways.entry(gateway).or_insert(row);
                }
                let key = format!("resources.pipelines.{}", pipeline.key());
                wanted.pipelines.add(named(&pipeline.name), planned(key));
                if pipeline.schedule.is_some() {
                    let key = format!("resources.jobs.{}", pipeline.job_key());
                    wanted.jobs.add(named(&pipeline.name), planned(key));
                }
                if let Some((_, subgroup)) = split_name(&pipeline.name, &pipeline.prefix) {
                    wanted.prefixes.entry(pipeline.prefix.clone()).or_default().insert(subgroup.to_owned());
                }
            }
            for gateway in &bundle.gateways {
                let row = rows_of_gateways.get(gateway.name.as_str()).copied();
                let key = format!("resources.pipelines.{}", gateway.key());
                wanted.pipelines.add(named(&gateway.name), Planned { bundle: bundle.name.clone(), key, row });
            }
        }
        wanted
    }

    /// Whether a pipeline of this display name has to be looked at.
    #[must_use]
    pub fn pipeline_matters(&self, name: &str) -> bool {
        self.pipeline(name).is_some()
            || self.pipelines.but_for_case(name).is_some()
            || self.uses_our_prefix(name).is_some()
    }

    /// Whether a job of this display name has to be looked at.
    #[must_use]
    pub fn job_matters(&self, name: &str) -> bool {
        self.job(name).is_some() || self.jobs.but_for_case(name).is_some()
    }

    pub(super) fn pipeline(&self, name: &str) -> Option<&Planned> {
        self.pipelines.planned.get(name)
    }

    pub(super) fn job(&self, name: &str) -> Option<&Planned> {
        self.jobs.planned.get(name)
    }

    /// The planned pipeline whose name is this one but for case.
    pub(super) fn pipeline_but_for_case(&self, name: &str) -> Option<(&str, &Planned)> {
        self.pipelines.but_for_case(name)
    }

    /// The planned job whose name is this one but for case.
    pub(super) fn job_but_for_case(&self, name: &str) -> Option<(&str, &Planned)> {
        self.jobs.but_for_case(name)
    }

    /// What is planned under a key of a bundle.
    pub(super) fn at_key(&self, bundle: &str, key: &str) -> Option<&Planned> {
        let at = (bundle.to_owned(), key.to_owned());
        let pipeline = self.pipelines.keys.get(&at).and_then(|name| self.pipelines.planned.get(name));
        pipeline.or_else(|| self.jobs.keys.get(&at).and_then(|name| self.jobs.planned.get(name)))
    }

    /// Whether one of our pipelines has this prefix and subgroup.
    pub(super) fn has_subgroup(&self, prefix: &str, subgroup: &str) -> bool {
        self.prefixes.get(prefix).is_some_and(|subgroups| subgroups.contains(subgroup))
    }

    /// The first row of a prefix.
    pub(super) fn row_of_prefix(&self, prefix: &str) -> Option<u32> {
        let plain =
            |name: &str| split_name(name.strip_prefix(&self.name_prefix).unwrap_or(name), prefix).is_some();
        let planned = self.pipelines.planned.iter().filter(|(name, _)| plain(name));
        planned.filter_map(|(_, planned)| planned.row).min()
    }

    /// The prefix and subgroup of a name that is built like ours with one of our prefixes.
    pub(super) fn uses_our_prefix<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let name = name.strip_prefix(&self.name_prefix)?;
        // A prefix may hold `_` itself, so each place where one could end is tried.
        name.match_indices('_')
            .map(|(end, _)| &name[..end])
            .filter(|prefix| self.prefixes.contains_key(*prefix))
            .find_map(|prefix| split_name(name, prefix))
    }
}

/// The prefix and subgroup of a name that is exactly `<prefix>_<subgroup>` and `_gNN`, `_gNN_pNN` or `_pNN`.
fn split_name<'a>(name: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let rest = name.strip_prefix(prefix)?.strip_prefix('_')?;
    let parts: Vec<&str> = rest.split('_').collect();
    let numbered = |part: &str, letter: char| {
        part.strip_prefix(letter)
            .is_some_and(|digits| digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    // The subgroup of a plan may hold `_` itself (`01_02`); that of a stranger may not, or `sales` would hit `sales_eu`.
    let suffix = match parts.as_slice() {
        [_, gateway] if numbered(gateway, 'g') => 1,
        [_, gateway, pipeline] if numbered(gateway, 'g') && numbered(pipeline, 'p') => 2,
        [_, pipeline] if numbered(pipeline, 'p') => 1,
        _ => return None,
    };
    (parts.len() - suffix == 1).then(|| (&name[..prefix.len()], parts[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_met_only_as_a_whole() {
        assert_eq!(split_name("sales_01_g01", "sales"), Some(("sales", "01")));
        assert_eq!(split_name("sales_01_g01_p02", "sales"), Some(("sales", "01")));
        assert_eq!(split_name("sales_eu_p101", "sales"), Some(("sales", "eu")));
        assert_eq!(split_name("sales_eu_01_p01", "sales"), None);
        assert_eq!(split_name("sales_eu_01_p01", "sales_eu"), Some(("sales_eu", "01")));
        assert_eq!(split_name("sales_01", "sales"), None);
        assert_eq!(split_name("sales_01_p1", "sales"), None);
        assert_eq!(split_name("salesforce_01_p01", "sales"), None);
    }
}
