//! Which of our pipelines Unity Catalog names for destinations that neither the lock nor any state knows: a table that left its
//! pipeline weeks ago is still that pipeline's.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::bundles::BundlesFound;
use super::facts::BundleFacts;
use crate::connector::Destination;
use crate::placement::{Deployed, Lock};
use crate::settings::Target;
use crate::table::Group;
use crate::workspace::{Client, Error, ErrorKind};

/// How many schemas are listed at a time; how many requests are really under way the client decides.
const WIDTH: usize = 64;

/// The owning pipeline, by name, of each destination of these groups that lock and states do not know, by its key in the
/// target. Each schema with such destinations is listed once; nothing is asked where none of our pipelines is deployed. What
/// this identity may not list says nothing: the rules for destinations tell that.
///
/// # Errors
/// Anything but "not there" and "not for you".
pub async fn read_owners(
    client: &Client,
    target: &Target,
    groups: &[Group],
    lock: &Lock,
    (found, deployed): (&BundlesFound, &Deployed),
) -> Result<BTreeMap<String, String>, Error> {
    let states = found.values().filter_map(|(_, facts)| BundleFacts::deployed(facts));
    let ours: BTreeMap<&str, &str> = states
        .flat_map(|state| &state.ids)
        .filter_map(|(key, id)| Some((id.as_str(), key.strip_prefix("resources.pipelines.pipeline_")?)))
        .collect();
    if ours.is_empty() {
        return Ok(BTreeMap::new());
    }
    let held: HashSet<&str> =
        deployed.pipelines.iter().flat_map(|pipeline| &pipeline.tables).map(String::as_str).collect();
    let unknown: Vec<Destination> = groups
        .iter()
        .flat_map(|group| &group.tables)
        .map(|table| &table.object.destination)
        .filter(|destination| !lock.tables.contains_key(&destination.key()))
        .map(|destination| target.destination(destination))
        .filter(|destination| !held.contains(destination.key().as_str()))
        .collect();
    let schemas: BTreeSet<(&str, &str)> = unknown
        .iter()
        .map(|destination| (destination.catalog.as_str(), destination.schema.as_str()))
        .collect();
    let wanted: HashSet<String> = unknown.iter().map(Destination::key).collect();
    let listed: Vec<BTreeMap<String, String>> = stream::iter(schemas)
        .map(|(catalog, schema)| {
            let (ours, wanted) = (&ours, &wanted);
            async move {
                let tables = match client.tables_in_schema(catalog, schema).await {
                    Ok(tables) => tables.unwrap_or_default(),
                    Err(error) if error.kind() == ErrorKind::Forbidden => Vec::new(),
                    Err(error) => return Err(error),
                };
                let owner = |pipeline: Option<&str>| ours.get(pipeline?).map(|name| (*name).to_owned());
                let owned = tables.into_iter().filter_map(|table| {
                    let (catalog, schema) = (catalog.to_owned(), schema.to_owned());
                    let key = Destination { catalog, schema, table: table.name }.key();
                    let owner = owner(table.pipeline_id.as_deref())?;
                    wanted.contains(&key).then_some((key, owner))
                });
                Ok(owned.collect())
            }
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await?;
    Ok(listed.into_iter().flatten().collect())
}
