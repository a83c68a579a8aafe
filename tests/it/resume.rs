//! A run that is cut off goes on at the first step that was not done.

use crate::crash::{BUNDLES, DEPLOY, Moment, Site};

/// The world after a run that nobody disturbed.
fn undisturbed() -> std::collections::BTreeMap<String, Vec<String>> {
    let site = Site::new();
    site.context.run(DEPLOY).exits(0);
    site.picture()
}

/// Killed before this request of this bundle, and gone on with.
fn killed_and_resumed(site: &Site, moment: Moment, bundle: [&str; 4]) {
    site.killed_at(moment, bundle, false);
    site.workspace.clear_requests();
    let said = site.resume();
    let document = said.exits(0).json();
    assert_eq!(document.get("resume"), None, "{document}");
    // What was done before is not touched again.
    let before = BUNDLES.iter().take_while(|other| **other != bundle);
    for [target, _, project, _] in before {
        let again = format!("/{project}/{target}/");
        let writes = site.writes();
        assert!(!writes.iter().any(|write| write.contains(&again)), "{moment:?} of {bundle:?}: {writes:?}");
    }
    let created = |path: &str| {
        site.workspace.world(|world| match path {
            "pipelines" => world.pipelines.len(),
            _ => world.jobs.len(),
        })
    };
    assert_eq!((created("pipelines"), created("jobs")), (8, 4), "{moment:?} of {bundle:?}");
}

#[test]
fn a_crash_between_any_two_steps_of_the_first_bundle_is_gone_on_from() {
    let meant = undisturbed();
    for moment in Moment::ALL {
        let site = Site::new();
        killed_and_resumed(&site, moment, BUNDLES[0]);
        site.is_like(&meant, &format!("{moment:?}"));
    }
}

#[test]
fn a_crash_in_any_other_bundle_is_gone_on_from() {
    let meant = undisturbed();
    for bundle in &BUNDLES[1..] {
        for moment in [Moment::Lock, Moment::Pipeline, Moment::Record] {
            let site = Site::new();
            killed_and_resumed(&site, moment, *bundle);
            site.is_like(&meant, &format!("{moment:?} of {bundle:?}"));
        }
    }
}
