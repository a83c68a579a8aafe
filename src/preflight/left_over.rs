//! What a deploy that was cut off left behind: pipelines and jobs that point at one of our bundles and that its state does not
//! know.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::facts::{FactsError, with_prefix};
use crate::workspace::{Client, Pipeline};

/// What is known of a bundle before anything is placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownBundle {
    /// What its resources point at.
    pub metadata_file: String,
    /// What its state holds: ids by key.
    pub ids: BTreeMap<String, String>,
}

/// A pipeline or job that was left over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOver {
    /// The bundle that it belongs to.
    pub bundle: String,
    /// The key that its name tells, `resources.pipelines.x`.
    pub key: String,
    /// Its id.
    pub id: String,
    /// The id that the state still holds for that key, where nothing of that id is there any more: a deploy that made it again
    /// was cut off in between.
    pub replaces: Option<String>,
    /// Its display name.
    pub name: String,
    /// Who made it, where that is told.
    pub owner: Option<String>,
    /// What it is: the definition of a pipeline, the settings of a job.
    pub definition: Value,
}

impl LeftOver {
    /// `pipeline` or `job`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.key.starts_with("resources.jobs.") { "job" } else { "pipeline" }
    }

    /// The key as `bundle deployment bind` takes it.
    #[must_use]
    pub fn short_key(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }
}

/// How many requests of one kind are prepared at a time; how many are really under way the client decides.
const WIDTH: usize = 64;

/// Looks for what was left over of these bundles: everything that is named as tapworks names things with one of these
/// prefixes, points at one of the bundles, and is in no state. `name_prefix` is what stands before names in this target.
///
/// # Errors
/// Anything but "not there".
pub async fn left_overs(
    client: &Client,
    name_prefix: &str,
    prefixes: &BTreeSet<&str>,
    bundles: &BTreeMap<String, KnownBundle>,
) -> Result<Vec<LeftOver>, FactsError> {
    let known: BTreeSet<&str> =
        bundles.values().flat_map(|bundle| bundle.ids.values()).map(String::as_str).collect();
    let named = |name: &str| bare_name(name, name_prefix, prefixes).is_some();
    let (pipelines, jobs) = tokio::try_join!(client.list_pipelines(), client.list_jobs())?;
    let pipelines =
        pipelines.into_iter().filter(|found| named(&found.name) && !known.contains(found.id.as_str()));
    let jobs =
        jobs.into_iter().filter(|job| named(job.name()) && !known.contains(job.id.to_string().as_str()));
    let pipelines = stream::iter(pipelines)
        .map(|found| async move { client.pipeline(&found.id).await })
        .buffered(WIDTH)
        .try_filter_map(|pipeline| async move { Ok(pipeline) })
        .try_collect::<Vec<_>>();
    let jobs = stream::iter(jobs)
        .map(|found| async move { client.job(found.id).await })
        .buffered(WIDTH)
        .try_filter_map(|job| async move { Ok(job) })
        .try_collect::<Vec<_>>();
    let (pipelines, jobs) = tokio::try_join!(pipelines, jobs)?;
    let bundle_of = |metadata_file: Option<&str>| {
        let metadata_file = with_prefix(metadata_file?);
        bundles.iter().find(|(_, bundle)| bundle.metadata_file == metadata_file).map(|(name, _)| name.clone())
    };
    let pipelines = pipelines.into_iter().filter_map(|pipeline| {
        let bundle = bundle_of(pipeline.metadata_file_path())?;
        let bare = bare_name(&pipeline.name, name_prefix, prefixes)?;
        let kind = if pipeline.spec.get("gateway_definition").is_some() { "gateway" } else { "pipeline" };
        let key = format!("resources.pipelines.{kind}_{bare}");
        let Pipeline { id, name, creator: owner, spec: definition, .. } = pipeline;
        Some(LeftOver { bundle, key, id, replaces: None, name, owner, definition })
    });
    let jobs = jobs.into_iter().filter_map(|job| {
        let bundle = bundle_of(job.metadata_file_path())?;
        let key = format!("resources.jobs.job_{}", bare_name(job.name(), name_prefix, prefixes)?);
        let (id, name) = (job.id.to_string(), job.name().to_owned());
        let definition = Value::Object(job.settings);
        Some(LeftOver { bundle, key, id, replaces: None, name, owner: job.creator, definition })
    });
    let mut found: Vec<LeftOver> = stream::iter(pipelines.chain(jobs))
        .map(|left| async move {
            let held = bundles.get(&left.bundle).and_then(|bundle| bundle.ids.get(&left.key));
            let replaces = match held {
                Some(held) if !is_there(client, left.kind(), held).await? => Some(held.clone()),
                _ => None,
            };
            Ok::<_, FactsError>(LeftOver { replaces, ..left })
        })
        .buffered(WIDTH)
        .try_collect()
        .await?;
    // What others refer to comes first: gateways, pipelines, jobs.
    found.sort_by(|a, b| (a.kind() == "job", &a.key, &a.id).cmp(&(b.kind() == "job", &b.key, &b.id)));
    Ok(found)
}

async fn is_there(client: &Client, kind: &str, id: &str) -> Result<bool, FactsError> {
    Ok(match (kind, id.parse()) {
        ("job", Ok(id)) => client.job(id).await?.is_some(),
        ("job", Err(_)) => false,
        _ => client.pipeline(id).await?.is_some(),
    })
}

/// The name without what stands before it in the target, where it is `<prefix>_…` and ends in a number of ours.
fn bare_name<'a>(name: &'a str, name_prefix: &str, prefixes: &BTreeSet<&str>) -> Option<&'a str> {
    let name = name.strip_prefix(name_prefix)?;
    let (front, number) = name.rsplit_once('_')?;
    let digits = number.strip_prefix('g').or_else(|| number.strip_prefix('p'))?;
    let is_number = digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let has_prefix = front.match_indices('_').any(|(end, _)| prefixes.contains(&front[..end]));
    (is_number && has_prefix).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours_by_prefix_and_number() {
        let prefixes = BTreeSet::from(["sales", "sales_eu"]);
        let bare = |name| bare_name(name, "[dev ana] ", &prefixes);
        assert_eq!(bare("[dev ana] sales_01_g01_p02"), Some("sales_01_g01_p02"));
        assert_eq!(bare("[dev ana] sales_eu_01_02_g100"), Some("sales_eu_01_02_g100"));
        for other in [
            "sales_01_g01",
            "[dev ana] sold_01_g01",
            "[dev ana] sales_g01",
            "[dev ana] sales_01_p1",
            "[dev ana] x",
        ] {
            assert_eq!(bare(other), None, "{other}");
        }
    }
}
