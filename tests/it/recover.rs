//! A runner that is gone: its lock and what it created are taken over. And locks that others hold.

use std::time::Duration;

use serde_json::{Value, json};
use tapworks_mocks::workspace::Fault;

use crate::context::{Context, Said};
use crate::crash::{BUNDLES, DEPLOY, Moment, Site, undisturbed};

const RECOVER: &[&str] = &["deploy", "--target", "qa,prod", "--recover", "-o", "json"];

fn rules(said: &Said) -> Vec<String> {
    let document = said.json();
    let findings = document["findings"].as_array().cloned().unwrap_or_default();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

/// Killed at this request, with the folder lost; then recovered from a fresh checkout.
fn lost_and_recovered(moment: Moment, bundle: [&str; 4], done: bool) -> (Site, Said) {
    let site = Site::new();
    site.killed_at(moment, bundle, done);
    let site = site.check_out(Context::new());
    site.workspace.clear_requests();
    let said = site.context.run(RECOVER);
    said.exits(0);
    let made = site.workspace.world(|world| (world.pipelines.len(), world.jobs.len()));
    assert_eq!(made, (8, 4), "{moment:?}, done: {done}: nothing is made twice: {}", said.stderr);
    (site, said)
}

/// With the folder gone, a request that had no effect is as good as one that was not made: each is carried out, but the first.
#[test]
fn a_folder_that_is_lost_at_any_moment_of_an_apply_is_recovered() {
    let meant = undisturbed();
    let moments = [Moment::Pipeline, Moment::Job, Moment::State, Moment::Metadata, Moment::Unlock];
    let done = [Moment::Gateway].into_iter().chain(moments).map(|moment| (moment, true));
    for (moment, done) in [(Moment::Gateway, false)].into_iter().chain(done) {
        let (site, said) = lost_and_recovered(moment, BUNDLES[1], done);
        let told = said.stderr.contains("bundle `retail` is locked by tester@example.com since ");
        assert_eq!(told, moment != Moment::Unlock, "{moment:?}: the holder is shown: {}", said.stderr);
        site.is_like(&meant, &format!("{moment:?}, done: {done}"));
    }
}

#[test]
fn what_is_left_over_is_shown_and_refused_without_the_flag() {
    let site = Site::new();
    site.killed_at(Moment::Job, BUNDLES[0], false);
    let site = site.check_out(Context::new());
    site.workspace.clear_requests();
    let said = site.context.run(DEPLOY);
    said.exits(1);
    let rules = rules(&said);
    assert!(rules.contains(&"TW304".to_owned()) && rules.contains(&"TW501".to_owned()), "{rules:?}");
    assert!(said.stderr.contains("`tapworks deploy --recover`"), "{}", said.stderr);
    assert_eq!(site.writes(), Vec::<String>::new());
    let said = site.context.run(RECOVER);
    said.exits(0);
    for key in ["gateway_vendors_01_g01", "pipeline_vendors_01_g01_p01"] {
        assert!(said.stderr.contains(&format!(", bound as {key}\n")), "{}", said.stderr);
    }
    let arguments = site.context.read("programs/arguments.log");
    let binds: Vec<&str> =
        arguments.lines().filter(|line| line.starts_with("bundle deployment bind")).collect();
    assert_eq!(binds.len(), 2, "{arguments}");
    assert!(binds[0].contains("gateway_vendors_01_g01") && binds[0].contains("--force-lock"), "{binds:?}");
    assert!(
        binds[1].contains("pipeline_vendors_01_g01_p01") && !binds[1].contains("--force-lock"),
        "{binds:?}"
    );
}

/// On the machine where it happened the CLI's own log knows what it made.
#[test]
fn what_the_log_of_the_cli_knows_is_not_left_over() {
    let site = Site::new();
    site.killed_at(Moment::Job, BUNDLES[0], false);
    assert!(site.context.path("dab_deployment/buying/.databricks/bundle/qa/resources.json.wal").exists());
    let said = site.context.run(DEPLOY);
    assert_eq!(rules(&said).iter().filter(|rule| *rule != "TW230").collect::<Vec<_>>(), ["TW501"]);
    let said = site.context.run(&[DEPLOY, &["--force-lock"]].concat());
    said.exits(0);
    site.is_like(&undisturbed(), "the log was taken in");
}

/// Somebody else's lock on a bundle.
fn lock(site: &Site, [target, _, project, _]: [&str; 4]) -> String {
    let path = format!("/Users/tester@example.com/{project}/{target}/state/deploy.lock");
    let lock = json!({"ID": "0f0e0d0c-0000-4000-8000-000000000001", "AcquisitionTime": "2026-01-02T03:04:05.000000Z",
        "IsForced": false, "User": "someone@example.com"});
    site.workspace.world(|world| world.files.write(&path, lock.to_string()));
    path
}

#[test]
fn a_lock_of_another_is_told_and_respected_unless_it_is_to_be_broken() {
    let site = Site::new();
    let path = lock(&site, BUNDLES[3]);
    let said = site.context.run(DEPLOY);
    said.exits(1);
    assert!(rules(&said).contains(&"TW501".to_owned()));
    let holder = "bundle `retail` is locked by someone@example.com since 2026-01-02 03:04:05 UTC";
    assert!(said.stderr.contains(holder), "{}", said.stderr);
    assert_eq!(site.writes(), Vec::<String>::new(), "not even in the other target");
    assert!(!site.context.path("dab_deployment/retail").exists());

    let said = site.context.run(&[DEPLOY, &["--force-lock"]].concat());
    said.exits(0);
    assert!(said.stderr.contains(holder), "{}", said.stderr);
    assert!(site.workspace.world(|world| world.files.read(&path).is_none()), "it was given back");
    let arguments = site.context.read("programs/arguments.log");
    let forced: Vec<&str> = arguments.lines().filter(|line| line.contains("--force-lock")).collect();
    assert!(
        matches!(forced.as_slice(), [line] if line.contains("deploy --plan") && line.contains("-t prod")),
        "{arguments}"
    );
}

/// The lock of the run that is resumed is its own; one that somebody took in the meantime is not.
#[test]
fn a_lock_that_was_taken_since_is_respected_by_a_resumed_run_too() {
    let site = Site::new();
    site.killed_at(Moment::Pipeline, BUNDLES[0], false);
    lock(&site, BUNDLES[0]);
    site.workspace.clear_requests();
    let said = site.resume();
    said.exits(1);
    assert!(said.stderr.contains("locked by someone@example.com"), "{}", said.stderr);
    assert_eq!(site.writes(), Vec::<String>::new());
    site.context.run(&["deploy", "--resume", "last", "--force-lock"]).exits(0);
    site.is_like(&undisturbed(), "once it was broken");
}

/// Nobody else can make these: the key is taken, or there are two of them.
#[test]
fn what_has_no_place_is_named_and_left_alone() {
    let site = Site::new();
    site.context.run(DEPLOY).exits(0);
    let metadata = "/Workspace/Users/tester@example.com/retail/prod/state/metadata.json";
    let spec = json!({"name": "sales_01_g07", "gateway_definition": {}, "deployment": {"kind": "BUNDLE", "metadata_file_path": metadata}});
    let id = site.workspace.world(|world| world.pipelines.create(&spec, "tester@example.com"));
    let said = site.context.run(RECOVER);
    said.exits(0);
    assert!(said.stderr.contains(&id) && said.stderr.contains("not bound"), "{}", said.stderr);
    assert_eq!(said.json()["targets"][1]["projects"][1]["status"], Value::from("unchanged"));
}

/// Taken between the check and the deploy.
#[test]
fn a_lock_that_comes_in_between_is_told_with_its_holder() {
    let site = Site::new();
    let taken = || Fault::on("POST", ".*/deploy.lock");
    site.workspace.fault(taken().delay(Duration::from_millis(400)));
    site.workspace.fault(taken().error(409, "RESOURCE_ALREADY_EXISTS", "it is there"));
    let mut run = site.start(DEPLOY);
    site.until(&mut run, || site.workspace.count("POST", ".*/deploy.lock") == 1);
    lock(&site, BUNDLES[0]);
    assert_eq!(run.wait().unwrap().code(), Some(1));
    let said = site.context.read("stderr.log");
    assert!(
        said.contains("project `buying` is locked by someone@example.com since 2026-01-02 03:04:05 UTC"),
        "{said}"
    );
    assert_eq!(site.workspace.world(|world| world.pipelines.len()), 0);
}
