//! A saved plan that is carried out in part, cut off, and gone on with: what it left is planned anew, from the same rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::context::Said;
use crate::crash::{BUNDLES, Moment, Site};

const PLAN: &[&str] = &["plan", "--target", "prod", "--out", "prod.plan"];
const DEPLOY: &[&str] = &["deploy", "prod.plan", "--jobs", "1", "-o", "json"];
const OF_PROD: &[[&str; 4]] = &[BUNDLES[2], BUNDLES[3]];
/// What the other schema for storage asks for in either project.
const CONSENTS: [&str; 8] = [
    "--allow",
    "recreate:gateway_vendors_01_g01",
    "--allow",
    "recreate:pipeline_vendors_01_g01_p01",
    "--allow",
    "recreate:gateway_sales_01_g01",
    "--allow",
    "recreate:pipeline_sales_01_g01_p01",
];

/// Planned, and others write to the table before it is deployed.
fn planned() -> Site {
    let site = Site::new();
    site.context.run(PLAN).exits(0);
    site.add("More");
    site
}

/// Deployed, then planned with another schema for the storage of both gateways.
fn planned_to_recreate() -> Site {
    let site = Site::new();
    site.context.run(&["deploy", "--target", "prod"]).exits(0);
    let rows = site.context.read(LIST);
    site.context.write(LIST, &rows.replace(",staging", ",staging_v2"));
    site.context.run(PLAN).exits(0);
    site.add("More");
    site.workspace.clear_requests();
    site
}

const LIST: &str = "source/tables.csv";

impl Site {
    fn add(&self, name: &str) {
        let rows = self.context.read(LIST);
        let line =
            rows.lines().nth(1).unwrap().replace("Orders", name).replace("orders", &name.to_lowercase());
        self.context.write(LIST, &format!("{rows}{line}\n"));
    }

    fn version(said: &Said) -> Value {
        said.json()["source"]["version"].clone()
    }

    /// Ids of pipelines by name.
    fn ids(&self) -> BTreeMap<String, String> {
        self.workspace.world(|world| {
            world.pipelines.iter().map(|pipeline| (pipeline.name.clone(), pipeline.id.clone())).collect()
        })
    }
}

#[test]
fn a_first_deploy_of_a_plan_is_gone_on_with_wherever_it_was_cut_off() {
    let meant = {
        let site = planned();
        site.context.run(DEPLOY).exits(0);
        site.picture()
    };
    for bundle in OF_PROD {
        for moment in [Moment::Lock, Moment::Pipeline, Moment::State, Moment::Record] {
            let about = format!("{moment:?} of {bundle:?}");
            let site = planned();
            site.killed_in(DEPLOY, moment, *bundle, false);
            // The plan itself no longer holds once a part of it is done; where nothing is, it does.
            let said = site.resume();
            assert_eq!(Site::version(said.exits(0)), json!(0), "{about}");
            site.is_like(&meant, &about);
            assert_eq!(site.ids().len(), 4, "{about}");
            // Rows that came later are the next plan's.
            assert_eq!(site.context.run(PLAN).exits(0).status, Some(0));
            assert!(site.context.run(DEPLOY).exits(0).json()["source"]["version"] == json!(1), "{about}");
        }
    }
}

#[test]
fn what_was_consented_to_is_gone_on_with_and_nothing_else() {
    let arguments = [DEPLOY, &CONSENTS].concat();
    let meant = {
        let site = planned_to_recreate();
        site.context.run(&arguments).exits(0);
        site.picture()
    };
    for bundle in OF_PROD {
        for moment in [Moment::Gateway, Moment::Pipeline, Moment::State] {
            let about = format!("{moment:?} of {bundle:?}");
            let site = planned_to_recreate();
            let before = site.ids();
            site.killed_in(&arguments, moment, *bundle, false);
            let said = site.resume();
            assert_eq!(Site::version(said.exits(0)), json!(1), "{about}");
            site.is_like(&meant, &about);
            let after = site.ids();
            assert_eq!(after.len(), 4, "{about}: {after:?}");
            assert!(before.iter().all(|(name, id)| after[name] != *id), "{about}");
        }
    }
}

#[test]
fn what_the_plan_lacked_consent_for_the_rest_lacks_too() {
    let site = planned_to_recreate();
    let refused = site.context.run(DEPLOY);
    assert_eq!(refused.exits(4).json()["needs_consent"].as_array().unwrap().len(), 4);
    assert!(site.resume().exits(2).stderr.contains("was cut off"));
    // A file that is gone cannot be gone on with.
    site.killed_in(&[DEPLOY, &CONSENTS].concat(), Moment::Pipeline, OF_PROD[0], false);
    let plan = site.context.read("prod.plan");
    std::fs::remove_file(site.context.path("prod.plan")).unwrap();
    assert!(site.resume().exits(2).stderr.contains("there is no saved plan prod.plan"));
    site.context.write("prod.plan", &plan);
    site.resume().exits(0);
}

/// What was consented to is done; what somebody has done by hand since calls for the same again, and that nobody has consented to.
#[test]
fn a_consent_is_not_spent_twice() {
    let site = planned_to_recreate();
    site.killed_in(&[DEPLOY, &CONSENTS].concat(), Moment::Record, OF_PROD[0], false);
    let gateway = site.ids()["vendors_01_g01"].clone();
    site.workspace.world(|world| {
        let pipeline = world.pipelines.get_mut(&gateway).unwrap();
        pipeline.spec["gateway_definition"]["gateway_storage_schema"] = json!("by_hand");
    });
    site.workspace.clear_requests();
    let said = site.resume();
    let needed = said.exits(4).json()["needs_consent"].clone();
    assert_eq!(needed, json!(["recreate:gateway_vendors_01_g01", "recreate:pipeline_vendors_01_g01_p01"]));
    assert_eq!(site.writes(), Vec::<String>::new());
    // What is left of the other project is covered as before.
    let consented = &said.json()["consents"];
    let by: Vec<&str> = consented.as_array().unwrap().iter().map(|it| it["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["resumed", "resumed"], "{consented:#}");
    let again = ["deploy", "--resume", "last"].iter().chain(&CONSENTS[..4]);
    site.context.run(&again.copied().collect::<Vec<_>>()).exits(0);
    assert_ne!(site.ids()["vendors_01_g01"], gateway);
}
