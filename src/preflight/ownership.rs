//! Whose are the pipelines and jobs that have our names, and is anything of ours in another's place?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::{BundleFacts, Facts, Found};
use super::paths::BundlePaths;
use crate::finding::{Finding, Findings, Place};
use crate::placement::Layout;

/// The names that a layout would take in one target, for asking and for judging.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What stands before every name in this target.
    name_prefix: String,
    /// Display name to what is planned under it.
    pipelines: HashMap<String, Planned>,
    jobs: HashMap<String, Planned>,
    /// Prefix to its subgroups.
    prefixes: BTreeMap<String, BTreeSet<String>>,
}

/// A planned pipeline or job.
#[derive(Debug)]
struct Planned {
    project: String,
    /// `resources.pipelines.x`.
    key: String,
    /// The row that causes it.
    row: Option<u32>,
}

impl Wanted {
    /// The names of a layout where `name_prefix` is put before each.
    #[must_use]
    pub fn of(layout: &Layout, name_prefix: &str) -> Self {
        let mut wanted = Self { name_prefix: name_prefix.to_owned(), ..Self::default() };
        for project in &layout.bundles {
            let mut rows_of_gateways: HashMap<&str, u32> = HashMap::new();
            for pipeline in &project.pipelines {
                let row = pipeline.rows.first().copied();
                if let (Some(gateway), Some(row)) = (&pipeline.gateway, row) {
                    rows_of_gateways.entry(gateway).or_insert(row);
                }
                wanted.add_pipeline(project.name.clone(), &pipeline.name, pipeline.key(), row);
                if pipeline.schedule.is_some() {
                    let key = format!("resources.jobs.{}", pipeline.job_key());
                    let planned = Planned { project: project.name.clone(), key, row };
                    wanted.jobs.insert(format!("{name_prefix}{}", pipeline.name), planned);
                }
                if let Some((_, subgroup)) = split_name(&pipeline.name, &pipeline.prefix) {
                    wanted.prefixes.entry(pipeline.prefix.clone()).or_default().insert(subgroup.to_owned());
                }
            }
            for gateway in &project.gateways {
                let row = rows_of_gateways.get(gateway.name.as_str()).copied();
                wanted.add_pipeline(project.name.clone(), &gateway.name, gateway.key(), row);
            }
        }
        wanted
    }

    fn add_pipeline(&mut self, project: String, name: &str, key: String, row: Option<u32>) {
        let planned = Planned { project, key: format!("resources.pipelines.{key}"), row };
        self.pipelines.insert(format!("{}{name}", self.name_prefix), planned);
    }

    /// Whether a pipeline of this display name has to be looked at.
    #[must_use]
    pub fn pipeline_matters(&self, name: &str) -> bool {
        self.pipelines.contains_key(name) || self.uses_our_prefix(name).is_some()
    }

    /// Whether a job of this display name has to be looked at.
    #[must_use]
    pub fn job_matters(&self, name: &str) -> bool {
        self.jobs.contains_key(name)
    }

    /// The prefix and subgroup of a name that is built like ours with one of our prefixes.
    fn uses_our_prefix<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
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

/// Judges one target. `place` says where the row of a planned resource stands.
#[must_use]
pub fn judge(
    target: &str,
    wanted: &Wanted,
    paths: &BTreeMap<String, BundlePaths>,
    facts: &Facts,
    place: &dyn Fn(u32) -> Option<Place>,
) -> Findings {
    let judge = Judge { target, paths, facts, place };
    let mut findings = Findings::new();
    for (project, bundle) in &facts.bundles {
        findings.extend(judge.another_bundle_here(project, bundle));
    }
    for pipeline in &facts.pipelines {
        if let Some(planned) = wanted.pipelines.get(&pipeline.name) {
            findings.extend(judge.same_name("pipeline", "TW301", pipeline, planned));
        } else if let Some((prefix, subgroup)) = wanted.uses_our_prefix(&pipeline.name) {
            findings.extend(judge.same_prefix(pipeline, prefix, subgroup, wanted));
        }
    }
    for job in &facts.jobs {
        if let Some(planned) = wanted.jobs.get(&job.name) {
            findings.extend(judge.same_name("job", "TW302", job, planned));
        }
    }
    findings.into_iter().map(|finding| finding.for_target(target)).collect()
}

struct Judge<'a> {
    target: &'a str,
    paths: &'a BTreeMap<String, BundlePaths>,
    facts: &'a Facts,
    place: &'a dyn Fn(u32) -> Option<Place>,
}

impl Judge<'_> {
    fn another_bundle_here(&self, project: &str, bundle: &BundleFacts) -> Option<Finding> {
        let metadata = bundle.metadata.as_ref()?;
        if metadata.bundle == project && metadata.target == self.target {
            return None;
        }
        let root = self.paths.get(project).map(|paths| paths.root.as_str()).unwrap_or_default();
        Some(
            Finding::error(
                "TW306",
                format!(
                    "another bundle is deployed under {root}: `{}`, target `{}`",
                    metadata.bundle, metadata.target
                ),
            )
            .at(Place::Resource { key: format!("project {project}") })
            .why("the CLI keeps one state there: deploying this bundle would delete all of the other's pipelines")
            .fix(format!(
                "give target `{}` a root_path of its own, with ${{bundle.name}} and ${{bundle.target}} in it",
                self.target
            )),
        )
    }

    fn same_name(&self, kind: &str, rule: &'static str, found: &Found, planned: &Planned) -> Option<Finding> {
        let at = planned.row.and_then(|row| (self.place)(row));
        let paths = self.paths.get(&planned.project)?;
        let in_state = self
            .facts
            .bundles
            .get(&planned.project)
            .and_then(|bundle| bundle.state.as_ref()?.id(&planned.key));
        if in_state == Some(found.id.as_str()) {
            return None;
        }
        let who = found.owner.as_deref().unwrap_or("somebody who is gone");
        let Some(metadata_file) = &found.metadata_file else {
            return Some(
                Finding::error(
                    rule,
                    format!(
                        "a {kind} named \"{}\" is there already, made by hand: id {}, owner {who}",
                        found.name, found.id
                    ),
                )
                .at(at)
                .why(format!("the deploy would stop at it, or make a second {kind} of that name"))
                .fix(format!("rename or delete that {kind}, or choose another prefix for this group")),
            );
        };
        if *metadata_file == paths.metadata_file() {
            let known = self.facts.known.get(&planned.project).and_then(|known| known.get(&planned.key));
            if known == Some(&found.id) {
                return None;
            }
            return Some(
                Finding::error(
                    "TW304",
                    format!(
                        "{kind} \"{}\" (id {}, owner {who}) was left over by a deploy that broke off: it points at this bundle, whose state has {} for {}",
                        found.name, found.id, in_state.unwrap_or("nothing"), planned.key
                    ),
                )
                .at(at)
                .why("the CLI does not know it and would create it a second time")
                .fix(match in_state {
                    None => format!(
                        "`tapworks deploy --recover` takes over all that was left; by hand: `databricks bundle deployment bind {} {} -t {}`, or delete it in the workspace",
                        planned.key.rsplit('.').next().unwrap_or(&planned.key),
                        found.id,
                        self.target
                    ),
                    Some(other) => format!(
                        "the bundle has {other} for that key: delete {} in the workspace once nothing needs it",
                        found.id
                    ),
                }),
            );
        }
        let other = self.facts.others.get(metadata_file);
        if other.is_some_and(|other| other.bundle == planned.project && other.target == self.target) {
            let root = metadata_file.trim_end_matches("/state/metadata.json");
            return Some(
                Finding::error(
                    "TW305",
                    format!(
                        "bundle `{}` is deployed for target `{}` under another root: {kind} \"{}\" (id {}, owner {who}) belongs to {root}",
                        planned.project, self.target, found.name, found.id
                    ),
                )
                .at(at)
                .why("under a new root everything would be created a second time")
                .fix(format!("keep it where it is: `root_path: {root}` in target `{}`", self.target)),
            );
        }
        let whose = other.map_or_else(
            || format!("the bundle at {metadata_file}"),
            |other| format!("bundle `{}`, target `{}` ({metadata_file})", other.bundle, other.target),
        );
        Some(
            Finding::error(
                rule,
                format!(
                    "a {kind} named \"{}\" is there already and belongs to {whose}: id {}, owner {who}",
                    found.name, found.id
                ),
            )
            .at(at)
            .why(format!("the deploy would stop at it, or make a second {kind} of that name"))
            .fix("choose another prefix for this group, or agree with the owner of that bundle"),
        )
    }

    fn same_prefix(&self, found: &Found, prefix: &str, subgroup: &str, wanted: &Wanted) -> Option<Finding> {
        let metadata_file = found.metadata_file.as_ref()?;
        if self.paths.values().any(|paths| paths.metadata_file() == *metadata_file) {
            return None;
        }
        let other = self.facts.others.get(metadata_file);
        let whose = other.map_or_else(
            || format!("the bundle at {metadata_file}"),
            |other| format!("bundle `{}`, target `{}`", other.bundle, other.target),
        );
        let who = found.owner.as_deref().unwrap_or("somebody who is gone");
        let same_subgroup = wanted.prefixes.get(prefix).is_some_and(|subgroups| subgroups.contains(subgroup));
        let what = format!(
            "prefix `{prefix}` is used by {whose}: pipeline \"{}\", id {}, owner {who}",
            found.name, found.id
        );
        let row = wanted
            .pipelines
            .iter()
            .filter(|(name, _)| {
                split_name(name.strip_prefix(&wanted.name_prefix).unwrap_or(name), prefix).is_some()
            })
            .filter_map(|(_, planned)| planned.row)
            .min();
        let finding =
            if same_subgroup { Finding::error("TW303", what) } else { Finding::warning("TW303", what) };
        Some(
            finding
                .at(row.and_then(|row| (self.place)(row)))
                .why(if same_subgroup {
                    format!("both bundles would number pipelines of `{prefix}_{subgroup}`, and sooner or later meet at one name")
                } else {
                    "another group of the same prefix lies in another bundle".to_owned()
                })
                .fix("choose another prefix or subgroup, or bring the two groups into one project"),
        )
    }
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
