//! Whether a plan still belongs to what is deployed. The CLI looks too, but not at a plan from before the first deploy (it
//! applies that at any time, and creates everything a second time), and what a plan does to tables is judged by the state that
//! was found: a plan against another one would do something else than what is shown.

use super::error::DeployError;
use super::site::Site;
use crate::plan::BundlePlan;
use crate::preflight::{BundleState, read_state};

/// Whether the CLI planned against the state that was found.
///
/// # Errors
/// Where somebody deployed in between.
pub(super) fn made_against_found(site: &Site, project: &str, plan: &BundlePlan) -> Result<(), DeployError> {
    let planned = plan.lineage.as_deref().map(|lineage| (lineage, plan.serial.unwrap_or(0)));
    let project = project.to_owned();
    match moved(mark(site.state(&project)), planned) {
        Some(what) => Err(DeployError::Moved { project, what }),
        None => Ok(()),
    }
}

/// Whether the workspace still has the state that was found.
///
/// # Errors
/// Where somebody deployed in between, or the state cannot be read.
pub(super) async fn still_as_found(site: &Site, project: &str) -> Result<(), DeployError> {
    let Some(paths) = site.paths.get(project) else { return Ok(()) };
    let now = read_state(&site.client, paths).await?;
    match moved(mark(site.facts.in_workspace(project)), mark(now.as_ref())) {
        Some(what) => Err(DeployError::Moved { project: project.to_owned(), what }),
        None => Ok(()),
    }
}

fn mark(state: Option<&BundleState>) -> Option<(&str, u64)> {
    state.map(|state| (state.lineage.as_str(), state.serial))
}

/// How a state, by lineage and serial, has moved on.
fn moved(found: Option<(&str, u64)>, now: Option<(&str, u64)>) -> Option<String> {
    match (found, now) {
        (None, None) => None,
        (None, Some(_)) => Some("it was not deployed yet, and now it is".to_owned()),
        (Some(_), None) => Some("the deployment was removed".to_owned()),
        (Some((found, _)), Some((now, _))) if found != now => {
            Some("the deployment was removed and made anew".to_owned())
        }
        (Some((_, found)), Some((_, now))) => (found != now).then(|| format!("serial {found} became {now}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_moved_on_is_noticed() {
        let told = |found, now| moved(found, now);
        assert_eq!(told(None, None), None);
        assert_eq!(told(Some(("a", 3)), Some(("a", 3))), None);
        assert!(told(None, Some(("a", 1))).is_some());
        assert!(told(Some(("a", 3)), None).is_some());
        assert!(told(Some(("a", 3)), Some(("b", 3))).is_some());
        assert_eq!(told(Some(("a", 3)), Some(("a", 4))).as_deref(), Some("serial 3 became 4"));
        assert_eq!(told(Some(("a", 3)), Some(("a", 2))).as_deref(), Some("serial 3 became 2"));
    }
}
