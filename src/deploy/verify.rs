//! After a deploy: every pipeline is read back and compared with what was meant.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::error::DeployError;
use super::site::{ProjectBundle, Session, Site};
use crate::event::{Ended, Event, Step};
use crate::plan::{Action, BundlePlan};
use crate::preflight::read_state;

/// A pipeline that is not as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `pipelines.pipeline_sales_01_p01`.
    pub resource: String,
    /// What is different.
    pub what: String,
}

/// What makes a pipeline what it is, beside its name.
const COMPARED: [&str; 2] = ["/ingestion_definition/objects", "/gateway_definition"];

/// Reads every pipeline of the plan back over REST; ids come from the deployment's state.
pub(super) async fn differences(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
    plan: &BundlePlan,
) -> Result<Vec<Difference>, DeployError> {
    let step = Step { target: &site.target, project: Some(&project.name), name: "read back" };
    session.watch.tell(Event::StepStarted(step));
    let result = read_back(site, project, plan).await;
    let well = result.as_ref().is_ok_and(Vec::is_empty);
    session.watch.tell(Event::StepFinished(step, if well { Ended::Well } else { Ended::Badly }));
    result
}

async fn read_back(
    site: &Site,
    project: &ProjectBundle,
    plan: &BundlePlan,
) -> Result<Vec<Difference>, DeployError> {
    let Some(paths) = site.paths.get(&project.name) else { return Ok(Vec::new()) };
    let state = read_state(&site.client, paths).await?.unwrap_or_default();
    let expected = plan
        .resources()
        .filter(|(key, node)| key.starts_with("resources.pipelines.") && node.action != Action::Delete);
    let differences: Vec<Option<Difference>> = stream::iter(expected)
        .map(|(key, node)| {
            let id = state.id(key).map(str::to_owned);
            let meant = node.new_state.as_ref().map(|new| &new.value).or(node.remote_state.as_ref());
            async move {
                let what = match id {
                    None => Some("it is not in the deployment's state".to_owned()),
                    Some(id) => match site.client.pipeline(&id).await? {
                        None => Some(format!("there is no pipeline {id}")),
                        Some(pipeline) => {
                            meant.and_then(|meant| difference(meant, &pipeline.name, &pipeline.spec))
                        }
                    },
                };
                let resource = key.trim_start_matches("resources.").to_owned();
                Ok::<_, DeployError>(what.map(|what| Difference { resource, what }))
            }
        })
        .buffered(64)
        .try_collect()
        .await?;
    Ok(differences.into_iter().flatten().collect())
}

fn difference(meant: &Value, name: &str, spec: &Value) -> Option<String> {
    if meant.get("name").and_then(Value::as_str).is_some_and(|meant| meant != name) {
        return Some(format!("its name is \"{name}\", not {}", meant["name"]));
    }
    COMPARED.iter().find_map(|path| {
        let wanted = meant.pointer(path)?;
        let there = spec.pointer(path).unwrap_or(&Value::Null);
        first_difference(wanted, there, path.trim_start_matches('/'))
    })
}

/// The first place where `wanted` is not what is there. What the service adds is no difference; a list is compared item
/// by item, for its order is the order of the bundle.
fn first_difference(wanted: &Value, there: &Value, at: &str) -> Option<String> {
    match (wanted, there) {
        (Value::Object(wanted), Value::Object(there)) => wanted.iter().find_map(|(key, value)| {
            first_difference(value, there.get(key).unwrap_or(&Value::Null), &format!("{at}.{key}"))
        }),
        (Value::Array(wanted), Value::Array(there)) if wanted.len() != there.len() => {
            Some(format!("{at} has {} entries, not {}", there.len(), wanted.len()))
        }
        (Value::Array(wanted), Value::Array(there)) => {
            wanted.iter().zip(there).enumerate().find_map(|(index, (wanted, there))| {
                first_difference(wanted, there, &format!("{at}[{index}]"))
            })
        }
        // References are resolved only once their resource has an id: the CLI's business, not ours.
        (Value::String(text), _) if text.contains("${resources.") => None,
        (wanted, there) if wanted == there => None,
        (wanted, there) => Some(format!("{at} is {there}, not {wanted}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_service_adds_is_no_difference() {
        let meant = json!({"name": "a", "ingestion_definition": {"objects": [{"table": {"source_table": "t"}}],
            "ingestion_gateway_id": "${resources.pipelines.g.id}"}});
        let spec = json!({"ingestion_definition": {"objects": [{"table": {"source_table": "t", "more": 1}}]}, "edition": "X"});
        assert_eq!(difference(&meant, "a", &spec), None);
        assert_eq!(difference(&meant, "b", &spec).as_deref(), Some("its name is \"b\", not \"a\""));
    }

    #[test]
    fn a_missing_table_is_told() {
        let meant = json!({"ingestion_definition": {"objects": [{"table": {"source_table": "t"}}]}});
        let other = json!({"ingestion_definition": {"objects": [{"table": {"source_table": "u"}}]}});
        assert_eq!(
            difference(&meant, "a", &other).as_deref(),
            Some("ingestion_definition/objects[0].table.source_table is \"u\", not \"t\"")
        );
        let none = json!({"ingestion_definition": {"objects": []}});
        assert_eq!(
            difference(&meant, "a", &none).as_deref(),
            Some("ingestion_definition/objects has 0 entries, not 1")
        );
    }
}
