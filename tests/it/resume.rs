//! A run that is cut off goes on at the first step that was not done.

use std::process::Command;
use std::time::Duration;

use tapworks_mocks::workspace::Fault;

use crate::crash::{BUNDLES, DEPLOY, Moment, Site, regex, undisturbed};

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

/// Only tapworks is killed: the CLI that it started comes to its end and gives its lock back, though nobody reads what it says, whether it had said a word before or not.
#[test]
fn a_cli_that_outlived_its_run_is_waited_for() {
    let late = Duration::from_millis(1500);
    for (path, has_spoken) in
        [("/api/2.0/workspace-files/import-file/.*/state/deploy.lock", false), ("/api/2.0/pipelines", true)]
    {
        let site = Site::new();
        site.workspace.fault(Fault::on("POST", path).delay(late));
        let is_it = regex(path);
        let mut run = site.start(DEPLOY);
        site.until(&mut run, || {
            site.workspace.requests().iter().any(|request| request.method == "POST" && is_it(&request.path))
                && site.journal().contains("\"line\":\"lock\"") == has_spoken
        });
        run.kill().unwrap();
        run.wait().unwrap();
        site.sweep();
        let said = site.resume();
        said.exits(0);
        assert!(said.stderr.contains("is still at work"), "{}", said.stderr);
        assert_eq!(site.workspace.count("POST", "/api/2.0/pipelines"), 8, "none is asked for twice");
        let commands = site.context.read("programs/arguments.log");
        assert!(!commands.contains("--force-lock"), "it gave its lock back: {commands}");
        site.is_like(&undisturbed(), "both had their part in it");
    }
}

#[test]
fn what_a_run_began_with_is_what_it_goes_on_with() {
    let site = Site::new();
    site.killed_at(Moment::Pipeline, BUNDLES[0], false);
    site.workspace.clear_requests();
    let settings = site.context.read("tapworks.yml");
    site.context.write("tapworks.yml", &format!("{settings}timezone: Europe/Berlin\n"));
    let said = site.resume();
    said.exits(4);
    for word in
        ["settings: the settings file", "bundle dab_deployment/retail: it would be written differently"]
    {
        assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
    }
    assert_eq!(site.writes(), Vec::<String>::new());
    site.context.write("tapworks.yml", &settings);
    // Rows that were written since are another run's.
    let rows = site.context.read("source/tables.csv");
    site.context.write(
        "source/tables.csv",
        &rows.replace("erp,dbo,Items,bronze,sales,items", "erp,dbo,More,bronze,sales,more"),
    );
    let document = site.resume().exits(0).json();
    assert_eq!(document["source"]["version"], 0);
    site.is_like(&undisturbed(), "as it was meant then");
    // A run that has ended can be looked at again; there is nothing left of it to do.
    site.workspace.clear_requests();
    let said = site.resume();
    assert!(said.exits(2).stderr.contains("no run in"), "{}", said.stderr);
}

#[test]
fn a_run_that_fails_half_way_says_how_to_go_on() {
    let site = Site::new();
    let refused = Fault::on("POST", "/api/2.0/pipelines").containing("\"qa sales_01_g01_p01\"").always();
    site.workspace.fault(refused.error(400, "INVALID_PARAMETER_VALUE", "no room for it"));
    let said = site.context.run(DEPLOY);
    let document = said.exits(6).json();
    let command = document["resume"].as_str().unwrap();
    assert!(said.stderr.contains(&format!("\ngo on with: {command}\n")), "{}", said.stderr);
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(arguments[..2], ["deploy", "--resume"]);
    site.workspace.clear_faults();
    site.context.run(&arguments).exits(0);
    site.is_like(&undisturbed(), "there is room now");
}

#[test]
fn a_run_that_is_interrupted_says_how_to_go_on() {
    let site = Site::new();
    site.workspace.fault(Fault::on("POST", "/api/2.0/pipelines").delay(Duration::from_millis(800)));
    let mut run = site.start(DEPLOY);
    site.until(&mut run, || site.workspace.count("POST", "/api/2.0/pipelines") == 1);
    let id = run.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(site.context.read("stderr.log").contains("go on with: tapworks deploy --resume "));
    assert_eq!(
        site.workspace.world(|world| world.pipelines.len()),
        2,
        "the step that had begun was finished"
    );
    site.resume().exits(0);
    site.is_like(&undisturbed(), "the rest was done");
}

#[test]
fn only_what_broke_off_can_be_gone_on_with() {
    let site = Site::new();
    site.context.run(DEPLOY).exits(0);
    let journals = || std::fs::read_dir(site.context.path(".tapworks/runs")).unwrap().count();
    let before = journals();
    // Nothing to do, nothing to go on with.
    site.context.run(DEPLOY).exits(0);
    assert_eq!(journals(), before);
    assert!(site.resume().exits(2).stderr.contains("was cut off"));
    for (id, word) in [
        ("20260101-000000-aaaaaa", "there is no run 20260101-000000-aaaaaa"),
        ("x", "is not the name of a run"),
    ] {
        let said = site.context.run(&["deploy", "--resume", id]);
        assert!(said.exits(2).stderr.contains(word), "{}", said.stderr);
    }
    let said = site.context.run(&["deploy", "--resume", "last", "--source", "main.cfg.tables"]);
    assert!(said.exits(2).stderr.contains("cannot be used with"), "{}", said.stderr);
}
