//! Gathering from the mock workspace: what is asked, how often, and what a refusal comes to.

use tapworks_mocks::workspace::{Fault, Identity as MockIdentity, MockWorkspace, Table};

use super::*;
use crate::environment::Environment;
use crate::preflight::Facts;
use crate::preflight::testing::destination;
use crate::workspace::{Access, AccessRequest, Client, ClientOptions};

const CATALOG: &str = "/api/2.1/unity-catalog";

fn client(workspace: &MockWorkspace, token: &str) -> Client {
    let environment = Environment::of([("DATABRICKS_HOST", workspace.url()), ("DATABRICKS_TOKEN", token)]);
    let access = Access::resolve(&AccessRequest::default(), &environment).unwrap();
    Client::connect(access, ClientOptions::default(), &environment).unwrap()
}

/// A workspace with all that the layout needs.
fn furnished() -> MockWorkspace {
    let workspace = MockWorkspace::builder().user(ME).start().unwrap();
    workspace.world(|world| {
        world.catalog.add_connection("erp", "SQLSERVER");
        for schema in ["crm", "web", "staging"] {
            world.catalog.add_schema("main", schema);
        }
    });
    workspace
}

async fn judged(workspace: &MockWorkspace, token: &str) -> (CatalogFacts, Verdict) {
    let client = client(workspace, token);
    let target = Target::named("prod");
    let wanted = wanted(&target);
    let facts = gather_catalog(&client, &wanted).await.unwrap();
    let own = deployed("prod");
    let foreign = own.foreign(&facts);
    let holders = gather_holders(&client, foreign, &Facts::default()).await.unwrap();
    let mut verdict = judge_connections(&target, &wanted, &facts, &place);
    verdict.join(judge_homes(&target, &wanted, &facts, &place));
    verdict.join(judge_destinations("prod", &wanted, &facts, &own, &holders, &|_| None, &place));
    assert!(workspace.writes().is_empty());
    (facts, verdict)
}

#[tokio::test]
async fn everything_in_order_takes_two_requests_for_each_object_and_the_lists() {
    let workspace = furnished();
    workspace.world(|world| {
        for number in 0..250 {
            world.catalog.put_table(Table::streaming(
                "main",
                "crm",
                &format!("other_{number:03}"),
                "elsewhere",
            ));
        }
        world.catalog.put_table(Table::streaming("main", "crm", "orders", "id-1"));
    });
    let (facts, verdict) = judged(&workspace, workspace.token()).await;
    assert_eq!(verdict, Verdict::default());
    assert_eq!(facts.pipeline_of(&destination("crm", "Orders")), Some("id-1"));
    assert_eq!(facts.metastore_id().map(str::is_empty), Some(false));
    let count = |path: &str| workspace.count("GET", &format!("{CATALOG}/{path}"));
    assert_eq!(count("connections/erp"), 1);
    assert_eq!(count("catalogs/main"), 1);
    assert_eq!(count("schemas/.*"), 3);
    assert_eq!(count("effective-permissions/.*"), 5);
    // 251 tables in one schema, none in another; the schema of the gateway is not listed.
    assert_eq!(count("tables"), 4);
    assert_eq!(count("tables/.*"), 0);
    assert_eq!(count("metastore_summary"), 1);
    assert_eq!(workspace.requests().len(), 1 + 1 + 2 + 2 + 6 + 4);
}

#[tokio::test]
async fn a_foreign_pipeline_is_looked_up_once_and_one_that_is_gone_too() {
    let workspace = furnished();
    let id = workspace.world(|world| {
        let spec = serde_json::json!({"name": "legacy_crm", "catalog": "main", "schema": "crm"});
        let id = world.pipelines.create(&spec, BOSS);
        for table in ["accounts", "orders"] {
            world.catalog.put_table(Table::streaming("main", "crm", table, &id));
        }
        world.catalog.put_table(Table::streaming("main", "crm", "items", "gone"));
        world.catalog.put_table(Table::streaming("main", "web", "visits", "id-2"));
        id
    });
    let (_, verdict) = judged(&workspace, workspace.token()).await;
    let found: Vec<(&str, String)> =
        verdict.findings.iter().map(|finding| (finding.rule, finding.what.replace(&id, "ID"))).collect();
    let what: Vec<&str> = found.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(found.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), ["TW322", "TW323"]);
    let held = format!(
        "2 tables of main.crm (Accounts and orders) are already written by pipeline \"legacy_crm\", made by hand: id ID, owner {BOSS}, last changed "
    );
    assert!(what[0].starts_with(&held), "{what:?}");
    assert_eq!(what[1], "main.crm.items is left over from pipeline gone, which this workspace does not have");
    assert_eq!(workspace.count("GET", "/api/2.0/pipelines/.*"), 2);
}

#[tokio::test]
async fn what_is_not_there_is_not_asked_further() {
    let workspace = MockWorkspace::builder().user(ME).start().unwrap();
    let (_, verdict) = judged(&workspace, workspace.token()).await;
    let rules: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["TW330", "TW340"]);
    // Me, metastore, connection, catalog, its bindings.
    assert_eq!(workspace.requests().len(), 5);
}

#[tokio::test]
async fn a_refusal_skips_its_rules_and_the_rest_runs() {
    for (path, skipped) in [
        ("connections/.*", vec!["TW330", "TW331", "TW332"]),
        ("catalogs/.*", vec!["TW340", "TW341", "TW342"]),
        ("schemas/.*", vec!["TW343", "TW344"]),
        ("effective-permissions/schema/.*", vec![]),
        ("tables", vec!["TW320", "TW321", "TW322", "TW323"]),
    ] {
        let workspace = furnished();
        workspace.world(|world| {
            world.catalog.add_connection("erp", "SQLSERVER").state = "FAILED".to_owned();
            world.catalog.put_table(Table::new("main", "crm", "orders", "MANAGED"));
        });
        workspace.fault(Fault::on("GET", &format!("{CATALOG}/{path}")).status(403).always());
        let (_, verdict) = judged(&workspace, workspace.token()).await;
        let mut rules: Vec<&str> = verdict.skipped.iter().map(|skipped| skipped.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        for rule in &skipped {
            assert!(rules.contains(rule), "{path}: {:?}", verdict.skipped);
        }
        let found: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule).collect();
        let expected: Vec<&str> =
            ["TW332", "TW321"].into_iter().filter(|rule| !skipped.contains(rule)).collect();
        assert_eq!(found, expected, "{path}");
    }
}

#[tokio::test]
async fn who_may_not_view_everything_is_told_what_to_ask_for() {
    let workspace = furnished();
    workspace.world(|world| {
        world.accounts.add_token("dapi-bob", MockIdentity::user("bob@x.org"));
        let grants = &mut world.catalog.grants;
        grants.grant("catalog", "main", "bob@x.org", &["USE_CATALOG"]);
        grants.grant("connection", "erp", "bob@x.org", &["USE_CONNECTION"]);
        for schema in ["main.crm", "main.web", "main.staging"] {
            grants.grant("schema", schema, "bob@x.org", &["USE_SCHEMA", "CREATE_TABLE", "CREATE_VOLUME"]);
        }
        grants.grant("schema", "main.web", "bob@x.org", &["SELECT"]);
    });
    let (_, verdict) = judged(&workspace, "dapi-bob").await;
    assert_eq!(verdict.findings.len(), 0, "{}", told(&verdict));
    insta::assert_snapshot!(told(&verdict), @r"
    skipped TW320: destinations in main.crm: seen only as far as bob@x.org may view; ask for  GRANT SELECT ON SCHEMA `main`.`crm` TO `bob@x.org`
    skipped TW321: destinations in main.crm: seen only as far as bob@x.org may view; ask for  GRANT SELECT ON SCHEMA `main`.`crm` TO `bob@x.org`
    skipped TW322: destinations in main.crm: seen only as far as bob@x.org may view; ask for  GRANT SELECT ON SCHEMA `main`.`crm` TO `bob@x.org`
    skipped TW323: destinations in main.crm: seen only as far as bob@x.org may view; ask for  GRANT SELECT ON SCHEMA `main`.`crm` TO `bob@x.org`
    ");
}

#[tokio::test]
async fn an_isolated_catalog_is_named_with_its_workspaces() {
    let workspace = furnished();
    workspace.world(|world| {
        let catalog = world.catalog.add_catalog("main");
        catalog.isolated = true;
        catalog.bindings = vec![(4711, false)];
    });
    let (_, verdict) = judged(&workspace, workspace.token()).await;
    let what: Vec<&str> = verdict.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        what,
        ["catalog `main` is isolated and bound to other workspaces (4711), not to this one (900800700600)"]
    );
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_an_error_and_no_fact() {
    let workspace = furnished();
    let client = client(&workspace, "dapi-wrong");
    assert!(gather_catalog(&client, &wanted(&Target::named("prod"))).await.is_err());
}
