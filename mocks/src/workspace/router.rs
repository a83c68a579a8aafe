//! From a request to the handler that knows it.

use serde_json::Value;
use wiremock::Request;

use super::answer::{Problem, Reply};
use super::call::Call;
use super::world::World;
use super::{files, identity, jobs, permissions, pipelines, principals, securables, statements, warehouses};

/// The answer of the first handler that knows the route.
pub(crate) fn route(world: &mut World, call: &Call) -> Option<Reply> {
    let handlers: [fn(&mut World, &Call) -> Option<Reply>; 9] = [
        pipelines::answer,
        statements::answer,
        securables::answer,
        jobs::answer,
        files::answer,
        permissions::answer,
        warehouses::answer,
        identity::answer,
        principals::answer,
    ];
    handlers.iter().find_map(|handler| handler(world, call))
}

/// A client that names another workspace than the token's is refused.
pub(crate) fn check_workspace(world: &World, call: &Call) -> Result<(), Problem> {
    for name in ["x-databricks-workspace-id", "x-databricks-org-id"] {
        if call.header(name).is_some_and(|id| id != world.workspace_id.to_string()) {
            return Err(Problem::denied(format!("The token does not belong to the workspace in {name}.")));
        }
    }
    Ok(())
}

/// Whether a request could change anything: polls, tokens, telemetry, validation and reading statements cannot.
pub(crate) fn is_write(request: &Request) -> bool {
    let (method, path) = (request.method.as_str(), request.url.path());
    if matches!(method, "GET" | "HEAD" | "OPTIONS") || path.starts_with("/oidc/") || path == "/telemetry-ext"
    {
        return false;
    }
    if path.trim_end_matches('/').starts_with("/api/2.0/sql/statements") {
        if path.ends_with("/cancel") {
            return false;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let words = body.get("statement").and_then(Value::as_str).unwrap_or_default();
        let first = words.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        return !matches!(
            first.as_str(),
            "SELECT" | "DESCRIBE" | "DESC" | "SHOW" | "WITH" | "VALUES" | "EXPLAIN"
        );
    }
    if path == "/api/2.0/pipelines" {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        return body.get("dry_run") != Some(&Value::Bool(true));
    }
    true
}
