//! A pipeline or gateway as the plan, the state and the workspace have it.

use serde_json::Value;

use super::bundle_plan::{Action, Node};

/// A pipeline's or gateway's node of the plan, and what is known about it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// `pipeline_sales_01_g01_p01`.
    pub(super) key: &'a str,
    pub(super) node: &'a Node,
    /// As last deployed.
    pub(super) deployed: Option<&'a Value>,
}

impl<'a> Seen<'a> {
    /// As it is to be; what is skipped stays as it is.
    pub(super) fn wanted(self) -> Option<&'a Value> {
        self.node.new_state.as_ref().map(|state| &state.value)
    }

    /// As it is in the workspace; nothing where it is made, or gone. Where the plan does not tell, the CLI could not read it, and
    /// it is as it was deployed.
    pub(super) fn found(self) -> Option<&'a Value> {
        match self.node.action {
            Action::Create => self.node.remote_state.as_ref(),
            Action::Delete if self.node.gone => None,
            _ => self.node.remote_state.as_ref().or(self.deployed),
        }
    }

    /// Whether it was deployed and is no longer there.
    pub(super) fn is_lost(self) -> bool {
        self.deployed.is_some() && self.found().is_none()
    }

    /// Whether it loses its id.
    pub(super) fn is_destroyed(self) -> bool {
        match self.node.action {
            Action::Recreate => true,
            Action::Delete => !self.node.gone,
            _ => false,
        }
    }

    /// Whether it is, or was, a gateway.
    pub(super) fn is_gateway(self) -> bool {
        let latest = self.wanted().or(self.found()).or(self.deployed);
        latest.is_some_and(is_gateway)
    }
}

/// Whether a definition is one of a gateway.
pub(super) fn is_gateway(definition: &Value) -> bool {
    definition.get("gateway_definition").is_some_and(|block| !block.is_null())
}

/// Whether a definition is one of a pipeline that ingests tables.
pub(super) fn ingests(definition: &Value) -> bool {
    definition.get("ingestion_definition").is_some_and(Value::is_object)
}

/// The gateway that a pipeline gets, where the plan names it by reference: its id is not known before it is made.
pub(super) fn new_gateway(node: &Node) -> Option<&str> {
    let new = node.changes.get("ingestion_definition.ingestion_gateway_id")?.new.as_ref()?.as_str()?;
    new.strip_prefix("${resources.pipelines.")?.strip_suffix(".id}")
}
