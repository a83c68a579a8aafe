//! `bundle summary`

use serde_json::{Value as Json, json};

use super::validate::header;
use super::{Failure, Session, pretty, remote_state};
use crate::databricks::bundle::Bundle;
use crate::databricks::escape;
use crate::databricks::node::Node;
use crate::databricks::resource::Group;
use crate::databricks::state::{self, State};

pub(super) async fn run(session: Session<'_>, force_pull: bool) -> Result<(), Failure> {
    let (bundle, client) = session.load().await?;
    let local = state::read_local(bundle.local_folder())?;
    let state = match local {
        Some(local) if !force_pull => state::settle(Some(local), None, bundle.local_folder())?,
        local => state::settle(local, remote_state(&bundle, &client).await?, bundle.local_folder())?,
    };
    let text = if session.common.json { pretty(&document(&bundle, &state))? } else { text(&bundle, &state) };
    session.output.data(&text);
    Ok(())
}

/// The configuration with the id, the address and the standing of every resource.
fn document(bundle: &Bundle, state: &State) -> Json {
    let mut whole = bundle.to_json();
    let mut resources = whole.shift_remove("resources").unwrap_or_else(|| json!({}));
    for (group, key) in bundle.resources.keys() {
        let resource = &mut resources[group.name()][key];
        match state.state.get(&Node::name(*group, key)) {
            Some(entry) => {
                resource["id"] = entry.id.as_str().into();
                resource["url"] = bundle.url(*group, &entry.id).into();
            }
            None => resource["modified_status"] = "created".into(),
        }
    }
    for (name, entry) in &state.state {
        let Some(node) = Node::parse(name).filter(|node| !node.is_permissions) else { continue };
        if !bundle.resources.contains_key(&(node.group, node.key.clone())) {
            resources[node.group.name()][&node.key] = json!({
                "id": entry.id,
                "modified_status": "deleted",
                "url": bundle.url(node.group, &entry.id),
            });
        }
    }
    if resources.as_object().is_some_and(|groups| !groups.is_empty()) {
        whole.insert("resources".to_owned(), resources);
    }
    Json::Object(whole)
}

fn text(bundle: &Bundle, state: &State) -> String {
    let mut text = header(bundle);
    if bundle.resources.is_empty() {
        return text;
    }
    text.push_str("Resources:\n");
    for group in Group::ALL {
        let mut of_group = bundle.resources.iter().filter(|((of, _), _)| *of == group).peekable();
        if of_group.peek().is_some() {
            text.push_str(if group == Group::Jobs { "  Jobs:\n" } else { "  Pipelines:\n" });
        }
        for ((_, key), resource) in of_group {
            let mut name = resource.fields.get("name").cloned().unwrap_or_default();
            escape::show(&mut name);
            let name = name.as_str().unwrap_or_default();
            let url = match state.state.get(&Node::name(group, key)) {
                Some(entry) => bundle.url(group, &entry.id),
                None => "(not deployed)".to_owned(),
            };
            text.push_str(&format!("    {key}:\n      Name: {name}\n      URL:  {url}\n"));
        }
    }
    text
}
