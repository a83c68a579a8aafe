//! The first half: every target and project is validated and planned before any is written.

use futures_util::stream::{self, StreamExt as _};

use super::error::DeployError;
use super::outcome::Destructive;
use super::site::{ProjectBundle, Session, Site};
use crate::files;
use crate::plan::{BundlePlan, Node};

/// A target with its projects' plans.
pub struct PlannedTarget<'a> {
    /// The target.
    pub site: &'a Site,
    /// One for each project, in order.
    pub projects: Vec<PlannedProject<'a>>,
}

/// A project with its plan, or why there is none.
pub struct PlannedProject<'a> {
    /// The project.
    pub project: &'a ProjectBundle,
    /// The plan and the file that holds it.
    pub plan: Result<(BundlePlan, std::path::PathBuf), DeployError>,
}

impl PlannedProject<'_> {
    /// What its plan would destroy.
    #[must_use]
    pub fn destructive(&self) -> Vec<Destructive> {
        let Ok((plan, _)) = &self.plan else { return Vec::new() };
        plan.destructive().map(|(key, node)| destructive(key, node)).collect()
    }
}

fn destructive(key: &str, node: &Node) -> Destructive {
    let show = |value: &Option<serde_json::Value>| {
        value.as_ref().map_or_else(|| "(none)".to_owned(), ToString::to_string)
    };
    let tables = node
        .remote_state
        .as_ref()
        .and_then(|state| state.pointer("/ingestion_definition/objects")?.as_array())
        .map_or(0, Vec::len);
    Destructive {
        resource: key.trim_start_matches("resources.").to_owned(),
        action: node.action.as_str(),
        tables,
        causes: node
            .causes()
            .map(|(path, change)| format!("{path}: {} → {}", show(&change.old), show(&change.new)))
            .collect(),
    }
}

/// Validates and plans every project for every target; nothing is written to any workspace.
pub async fn plan_all<'a>(session: &Session<'_>, sites: &'a [Site]) -> Vec<PlannedTarget<'a>> {
    let mut targets = Vec::new();
    for site in sites {
        let plans = stream::iter(&site.projects)
            .map(
                |project| async move { PlannedProject { project, plan: plan(session, site, project).await } },
            )
            .buffered(session.parallel_projects)
            .collect()
            .await;
        targets.push(PlannedTarget { site, projects: plans });
    }
    targets
}

/// `validate --strict` and `plan -o json` side by side: each loads the whole bundle, neither needs the other.
async fn plan(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
) -> Result<(BundlePlan, std::path::PathBuf), DeployError> {
    let validate = session.bundle(site, project, &["validate", "--strict"], false);
    let plan = session.bundle(site, project, &["plan", "-o", "json"], false);
    let (validated, planned) = tokio::join!(validate, plan);
    // What validate says is the better message: plan fails of the same cause in fewer words.
    validated?;
    let document = planned?.stdout;
    let plan = BundlePlan::parse(&document)?;
    let path = session.scratch.join(format!("{}.{}.plan.json", site.target, project.name));
    files::write(&path, &document)?;
    Ok((plan, path))
}
