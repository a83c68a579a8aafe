//! The first half: every target and project is validated and planned before any is written.

use std::path::PathBuf;

use futures_util::future::join_all;

use super::current::made_against_found;
use super::error::DeployError;
use super::journal::RunStep;
use super::recognition::Recognition;
use super::site::{ProjectBundle, Session, Site};
use crate::files::{self, FileError};
use crate::plan::{BundleChanges, BundlePlan, SavedPlan};

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
    /// What was known of it beforehand.
    pub recognition: Recognition,
    /// The plan and the file that holds it; none for a project that is as its last deploy left it.
    pub plan: Result<Option<(BundlePlan, PathBuf)>, DeployError>,
    /// What that means for tables; nothing before it is compared.
    pub changes: BundleChanges,
}

impl<'a> PlannedProject<'a> {
    /// One that is not compared yet.
    fn new(
        project: &'a ProjectBundle,
        recognition: Recognition,
        plan: Result<Option<(BundlePlan, PathBuf)>, DeployError>,
    ) -> Self {
        Self { project, recognition, plan, changes: BundleChanges::default() }
    }
}

/// Validates and plans every project for every target, as far as it is not recognised; nothing is written to any workspace.
/// `recognised` has a line for each target with an entry for each project.
pub async fn plan_all<'a>(
    session: &Session<'_>,
    sites: &'a [Site],
    recognised: Vec<Vec<Recognition>>,
) -> Vec<PlannedTarget<'a>> {
    // All at once: it is the session's budget that says how many commands run at a time.
    let targets = sites.iter().zip(recognised).map(|(site, recognised)| async move {
        let projects = site.projects.iter().zip(recognised).map(|(project, recognition)| async move {
            let plan = match recognition.doubt {
                None => Ok(None),
                Some(_) => plan(session, site, project).await.map(Some),
            };
            PlannedProject::new(project, recognition, plan)
        });
        PlannedTarget { site, projects: join_all(projects).await }
    });
    join_all(targets).await
}

/// The same where every project of every target is recognised, so that there is nothing to ask the CLI.
#[must_use]
pub fn as_left(sites: &[Site], recognised: Vec<Vec<Recognition>>) -> Vec<PlannedTarget<'_>> {
    let targets = sites.iter().zip(recognised).map(|(site, recognised)| {
        let projects = site.projects.iter().zip(recognised);
        let planned =
            projects.map(|(project, recognition)| PlannedProject::new(project, recognition, Ok(None)));
        PlannedTarget { site, projects: planned.collect() }
    });
    targets.collect()
}

/// The plans of a file, for the one target that it is for. The CLI is not asked again: what it printed then is what it applies.
///
/// # Errors
/// Where a plan cannot be put where the CLI reads it.
pub fn as_saved<'a>(
    session: &Session<'_>,
    site: &'a Site,
    recognised: Vec<Recognition>,
    saved: &SavedPlan,
) -> Result<PlannedTarget<'a>, DeployError> {
    let mut projects = Vec::new();
    for (project, recognition) in site.projects.iter().zip(recognised) {
        let bundle = saved.bundle(&project.name);
        let plan = match bundle.and_then(|bundle| bundle.plan.as_ref()) {
            None => None,
            Some(printed) => {
                let document = printed.get().as_bytes();
                Some((BundlePlan::parse(document)?, keep(session, site, project, document)?))
            }
        };
        projects.push(PlannedProject::new(project, recognition, Ok(plan)));
    }
    Ok(PlannedTarget { site, projects })
}

/// `validate --strict` and `plan -o json` side by side: each loads the whole bundle, neither needs the other.
async fn plan(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
) -> Result<(BundlePlan, PathBuf), DeployError> {
    let validate = session.bundle(site, project, &["validate", "--strict"], false);
    let plan = session.bundle(site, project, PLAN, false);
    let (validated, planned) = tokio::join!(validate, plan);
    // What validate says is the better message: plan fails of the same cause in fewer words.
    validated?;
    let mut document = planned?.stdout;
    let mut plan = BundlePlan::parse(&document)?;
    if plan.names_no_state() {
        document = session.bundle(site, project, PLAN, false).await?.stdout;
        plan = BundlePlan::parse(&document)?;
    }
    made_against_found(site, &project.name, &plan)?;
    let path = keep(session, site, project, &document)?;
    session.note(site, project, RunStep::Planned, None)?;
    Ok((plan, path))
}

/// Puts a plan where the CLI reads it.
fn keep(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
    document: &[u8],
) -> Result<PathBuf, FileError> {
    let path = session.scratch.join(format!("{}.{}.plan.json", site.target, project.name));
    files::write(&path, document)?;
    Ok(path)
}

/// The command that plans.
pub(super) const PLAN: &[&str] = &["plan", "-o", "json"];
