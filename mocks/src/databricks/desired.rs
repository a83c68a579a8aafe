//! What the configuration wants deployed, node by node.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::node::Node;
use super::path::{EMBEDDED, Segment, each_template, show};
use super::reference::{self, Step};
use super::resource::{Group, Resources};
use super::state::Dependency;

/// Fields that steer the CLI and are not sent.
const NOT_SENT: &[&str] = &["id", "lifecycle", "permissions"];

/// One node that should be there.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) node: Node,
    pub(super) value: Json,
    pub(super) prevent_destroy: bool,
    /// Path → text with references.
    pub(super) templates: BTreeMap<String, String>,
    pub(super) depends_on: Vec<Dependency>,
}

/// All nodes by key.
pub(super) type Wanted = BTreeMap<String, Desired>;

/// Builds the nodes of the resources; an error names a reference to what is not there.
pub(super) fn of_resources(resources: &Resources) -> Result<Wanted, String> {
    let mut wanted = Wanted::new();
    for ((group, key), resource) in resources {
        let name = Node::name(*group, key);
        let mut fields = resource.fields.clone();
        let prevent_destroy =
            fields.get("lifecycle").is_some_and(|lifecycle| lifecycle["prevent_destroy"] == true);
        let permissions = fields.shift_remove("permissions");
        for field in NOT_SENT {
            fields.shift_remove(*field);
        }
        let node = Node { group: *group, key: key.clone(), is_permissions: false };
        wanted.insert(name.clone(), Desired::new(node.clone(), Json::Object(fields), prevent_destroy));
        if let Some(permissions) = permissions {
            let value = json!({
                EMBEDDED: permissions,
                "object_id": format!("/{}/${{{name}.id}}", group.name()),
            });
            let node = Node { is_permissions: true, ..node };
            wanted.insert(format!("{name}.permissions"), Desired::new(node, value, false));
        }
    }
    link(&mut wanted)?;
    Ok(wanted)
}

impl Desired {
    fn new(node: Node, value: Json, prevent_destroy: bool) -> Self {
        let mut templates = BTreeMap::new();
        each_template(&value, &mut |path: &[Segment], text| {
            if !reference::find(text).is_empty() {
                templates.insert(show(path), text.to_owned());
            }
        });
        Self { node, value, prevent_destroy, templates, depends_on: Vec::new() }
    }
}

/// The node that a reference names, and the field of it.
pub(super) fn target_of(steps: &[Step]) -> Option<(String, &[Step])> {
    let key = |index: usize| match steps.get(index) {
        Some(Step::Key(key)) => Some(key.as_str()),
        _ => None,
    };
    if key(0) != Some("resources") {
        return None;
    }
    Some((format!("resources.{}.{}", key(1)?, key(2)?), &steps[3..]))
}

fn link(wanted: &mut Wanted) -> Result<(), String> {
    let names: BTreeSet<String> = wanted.keys().cloned().collect();
    for desired in wanted.values_mut() {
        for text in desired.templates.values() {
            for reference in reference::find(text) {
                let label = format!("${{{}}}", reference.path);
                let steps = reference.steps();
                let node = target_of(&steps).map(|(node, _)| node).unwrap_or_default();
                if !names.contains(&node) {
                    return Err(format!("invalid dependency \"{label}\", no such node \"{node}\""));
                }
                let dependency = Dependency { node, label };
                if !desired.depends_on.contains(&dependency) {
                    desired.depends_on.push(dependency);
                }
            }
        }
    }
    Ok(())
}

/// The nodes that a selection means: what is named, its permissions, and what it needs.
pub(super) fn select(wanted: &Wanted, selection: &[String]) -> Result<BTreeSet<String>, String> {
    let mut selected = BTreeSet::new();
    let mut open = Vec::new();
    for word in selection {
        let name = find(wanted, word).ok_or_else(|| format!("no such resource: {word}"))?;
        // Of what is only needed the permissions are not.
        let permissions = format!("{name}.permissions");
        if wanted.contains_key(&permissions) {
            open.push(permissions);
        }
        open.push(name);
    }
    while let Some(name) = open.pop() {
        if let Some(desired) = wanted.get(&name)
            && selected.insert(name.clone())
        {
            open.extend(desired.depends_on.iter().map(|dependency| dependency.node.clone()));
        }
    }
    Ok(selected)
}

/// The resource that a word names: `key` or `group.key`.
pub(super) fn find(wanted: &Wanted, word: &str) -> Option<String> {
    let by_key = Group::ALL.map(|group| Node::name(group, word));
    std::iter::once(format!("resources.{word}")).chain(by_key).find(|name| wanted.contains_key(name))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::resource::tests::resources;
    use super::*;

    pub(in crate::databricks) fn wanted(json: Json) -> Result<Wanted, String> {
        of_resources(&resources(json))
    }

    fn example() -> Json {
        json!({
            "pipelines": {
                "gw": {"name": "gw", "gateway_definition": {"connection_name": "c"}},
                "pl": {"name": "pl", "ingestion_definition": {"ingestion_gateway_id": "${resources.pipelines.gw.id}"},
                       "lifecycle": {"prevent_destroy": true},
                       "permissions": [{"level": "CAN_RUN", "group_name": "a"}]},
            },
            "jobs": {"j": {"name": "j", "tasks": [{"task_key": "t",
                "pipeline_task": {"pipeline_id": "${resources.pipelines.pl.id}"}}]}},
        })
    }

    #[test]
    fn references_become_dependencies() {
        let wanted = wanted(example()).unwrap();
        let pl = &wanted["resources.pipelines.pl"];
        assert!(pl.prevent_destroy);
        assert_eq!(pl.depends_on[0].node, "resources.pipelines.gw");
        assert!(pl.value.get("lifecycle").is_none() && pl.value.get("permissions").is_none());
        assert_eq!(
            wanted["resources.jobs.j"].templates.keys().collect::<Vec<_>>(),
            ["tasks[0].pipeline_task.pipeline_id"]
        );
        assert_eq!(
            wanted["resources.pipelines.pl.permissions"].depends_on[0].label,
            "${resources.pipelines.pl.id}"
        );
    }

    #[test]
    fn a_reference_to_nothing_is_an_error() {
        let unknown = json!({"jobs": {"j": {"name": "${foo.bar}"}}});
        assert_eq!(wanted(unknown).unwrap_err(), "invalid dependency \"${foo.bar}\", no such node \"\"");
        let missing = json!({"jobs": {"j": {"name": "${resources.pipelines.x.id}"}}});
        assert_eq!(
            wanted(missing).unwrap_err(),
            "invalid dependency \"${resources.pipelines.x.id}\", no such node \"resources.pipelines.x\""
        );
    }

    #[test]
    fn a_selection_takes_what_it_needs() {
        let wanted = wanted(example()).unwrap();
        let names = select(&wanted, &["pipelines.pl".to_owned()]).unwrap();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["resources.pipelines.gw", "resources.pipelines.pl", "resources.pipelines.pl.permissions"]
        );
        let names = select(&wanted, &["j".to_owned()]).unwrap();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["resources.jobs.j", "resources.pipelines.gw", "resources.pipelines.pl"]
        );
        assert!(select(&wanted, &["resources.jobs.j".to_owned()]).is_err());
        assert_eq!(select(&wanted, &["nope".to_owned()]).unwrap_err(), "no such resource: nope");
    }
}
