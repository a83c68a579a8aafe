//! Every verdict on a destination.

use super::*;
use crate::preflight::testing::destination;
use crate::preflight::{Found, Manager, Metadata, Seen};
use serde_json::{Value, json};

fn occupy(facts: &mut CatalogFacts, schema: &str, table: &str, kind: &str, pipeline: Option<&str>) {
    let occupant =
        Occupant { kind: Some(kind.into()), owner: Some(BOSS.into()), pipeline: pipeline.map(str::to_owned) };
    let tables = &mut facts.schemas.get_mut(&format!("main.{schema}")).unwrap().tables;
    own(tables, |tables| {
        tables.insert(table.to_lowercase(), occupant);
    });
}

fn judged(facts: &CatalogFacts, own: &OwnPipelines, holders: &Holders) -> String {
    judged_with(facts, own, holders, &|_| None)
}

fn judged_with(
    facts: &CatalogFacts,
    own: &OwnPipelines,
    holders: &Holders,
    definition: &dyn Fn(&OwnPipeline) -> Option<Value>,
) -> String {
    let prod = Target::named("prod");
    told(&judge_destinations("prod", &wanted(&prod), facts, own, holders, definition, &place))
}

fn holders(all: &[(&str, Holder)]) -> Holders {
    let pipelines = all.iter().map(|(id, holder)| ((*id).to_owned(), holder.clone())).collect();
    Holders { pipelines, ..Holders::default() }
}

fn there(name: &str, metadata_file: Option<&str>) -> Holder {
    Holder::There(Found {
        id: "x".into(),
        name: name.into(),
        owner: Some(BOSS.into()),
        manager: metadata_file.map_or(Manager::Nobody, |path| Manager::Bundle(path.into())),
        last: None,
        definition: None,
    })
}

#[test]
fn free_and_held_by_the_planned_pipeline_are_well() {
    let mut facts = facts();
    assert_eq!(judged(&facts, &deployed("prod"), &Holders::default()), "");
    occupy(&mut facts, "crm", "ACCOUNTS", "STREAMING_TABLE", Some("id-1"));
    occupy(&mut facts, "web", "visits", "STREAMING_TABLE", Some("id-2"));
    assert_eq!(judged(&facts, &deployed("prod"), &Holders::default()), "");
    assert_eq!(facts.pipeline_of(&destination("CRM", "accounts")), Some("id-1"));
    assert_eq!(facts.pipeline_of(&destination("crm", "orders")), None);
    assert_eq!(facts.pipelines().into_iter().collect::<Vec<_>>(), ["id-1", "id-2"]);
}

#[test]
fn another_pipeline_of_ours_is_an_error() {
    let mut facts = facts();
    occupy(&mut facts, "crm", "orders", "STREAMING_TABLE", Some("id-2"));
    occupy(&mut facts, "crm", "items", "STREAMING_TABLE", Some("id-2"));
    insta::assert_snapshot!(judged(&facts, &deployed("prod"), &Holders::default()), @r"
    error[TW320] tables.csv:3:1
      2 tables of main.crm (orders and items) are written by `pipeline_sales_01_g01_p02` of bundle `retail` (id id-2) and planned in `pipeline_sales_01_g01_p01`
      why: a table is written by one pipeline only: the other one's update would fail
      fix: put the rows back to where each was, or drop them so that the planned pipeline reads in full: DROP TABLE `main`.`crm`.`orders`; DROP TABLE `main`.`crm`.`items`
    ");
}

/// The second pipeline as it was deployed, with these tables of `main.crm`.
fn second_with(own: &OwnPipeline, tables: &[&str], keeps: Option<bool>) -> Option<Value> {
    assert_eq!(own.key, "pipeline_sales_01_g01_p02");
    let objects: Vec<Value> = tables
        .iter()
        .map(|table| {
            json!({"table": {"source_table": "x", "destination_catalog": "main", "destination_schema": "CRM",
                "destination_table": table}})
        })
        .collect();
    let cascade = keeps.map(|keeps| !keeps);
    Some(json!({"cascade_on_destroy": cascade, "ingestion_definition": {"objects": objects}}))
}

#[test]
fn what_the_deploy_moves_is_dropped_after_it_and_what_it_moved_is_in_the_way() {
    let mut facts = facts();
    occupy(&mut facts, "crm", "orders", "STREAMING_TABLE", Some("id-2"));
    occupy(&mut facts, "crm", "items", "STREAMING_TABLE", Some("id-2"));
    let judged = |own: &OwnPipelines, tables: &[&str]| {
        judged_with(&facts, own, &Holders::default(), &|own| second_with(own, tables, Some(true)))
    };
    // One is deployed elsewhere already, one is not.
    insta::assert_snapshot!(judged(&deployed("prod"), &["visits", "Orders"]), @r"
    error[TW320] tables.csv:4:1
      main.crm.items is written by `pipeline_sales_01_g01_p02` of bundle `retail` (id id-2) and planned in `pipeline_sales_01_g01_p01`
      why: a table is written by one pipeline only: the other one's update would fail
      fix: put the row back to where it was, or drop it so that the planned pipeline reads in full: DROP TABLE `main`.`crm`.`items`
    warning[TW320] tables.csv:3:1
      main.crm.orders is written by `pipeline_sales_01_g01_p02` of bundle `retail` (id id-2) until the deploy moves it to `pipeline_sales_01_g01_p01`
      why: `pipeline_sales_01_g01_p01` cannot write it while it is there; dropped before the deploy, `pipeline_sales_01_g01_p02` may make it anew
      fix: deploy, then drop it, so that `pipeline_sales_01_g01_p01` can write and reads in full: DROP TABLE `main`.`crm`.`orders`
    ");
    insta::assert_snapshot!(judged(&deployed("prod"), &["items", "Orders"]), @r"
    warning[TW320] tables.csv:3:1
      2 tables of main.crm (orders and items) are written by `pipeline_sales_01_g01_p02` of bundle `retail` (id id-2) until the deploy moves them to `pipeline_sales_01_g01_p01`
      why: `pipeline_sales_01_g01_p01` cannot write them while they are there; dropped before the deploy, `pipeline_sales_01_g01_p02` may make them anew
      fix: deploy, then drop them, so that `pipeline_sales_01_g01_p01` can write and reads in full: DROP TABLE `main`.`crm`.`orders`; DROP TABLE `main`.`crm`.`items`
    ");
    // In another target no deploy to this one takes it away.
    assert!(judged(&deployed("dev"), &["items", "orders"]).starts_with("error[TW320]"));
}

#[test]
fn what_goes_with_its_pipeline_makes_room_by_itself() {
    let mut facts = facts();
    occupy(&mut facts, "crm", "orders", "STREAMING_TABLE", Some("id-3"));
    let mut own = OwnPipelines::default();
    let state = |bundle: &str| {
        let mut state = BundleState::default();
        state.ids = [("resources.pipelines.pipeline_old".to_owned(), "id-3".to_owned())].into();
        (bundle.to_owned(), state)
    };
    let (bundle, old) = state("retail");
    own.add("prod", &bundle, "/Workspace/ours/state/metadata.json", Some(&old));
    let judged = |own: &OwnPipelines, keeps: Option<bool>| {
        let object = json!({"schema": {"destination_catalog": "main", "destination_schema": "crm"}});
        let cascade = keeps.map(|keeps| !keeps);
        judged_with(&facts, own, &Holders::default(), &|_| {
            Some(json!({"cascade_on_destroy": cascade, "ingestion_definition": {"objects": [object]}}))
        })
    };
    assert_eq!(judged(&own, Some(false)), "");
    assert_eq!(judged(&own, None), "", "as the service does where it is not told");
    let kept = judged(&own, Some(true));
    assert!(kept.starts_with("warning[TW320]") && kept.contains("deploy, then drop it"), "{kept}");
    // Of a bundle that this deploy does not touch nothing goes.
    let (bundle, old) = state("left");
    let mut own = OwnPipelines::default();
    own.add("prod", &bundle, "/Workspace/left/state/metadata.json", Some(&old));
    assert!(judged(&own, Some(false)).starts_with("error[TW320]"));
}

#[test]
fn the_same_pipeline_of_another_target_is_another() {
    let mut facts = facts();
    occupy(&mut facts, "web", "visits", "STREAMING_TABLE", Some("id-2"));
    insta::assert_snapshot!(judged(&facts, &deployed("dev"), &Holders::default()), @r"
    error[TW320] tables.csv:5:1
      main.web.visits is written by `pipeline_sales_01_g01_p02` of bundle `retail`, target `dev` (id id-2) and planned in `pipeline_sales_01_g01_p02`
      why: a table is written by one pipeline only: the other one's update would fail
      fix: give target `prod` its own destinations: `catalogs` or `schemas` in the target
    ");
}

#[test]
fn a_foreign_pipeline_is_an_error_that_says_whose_it_is() {
    let mut facts = facts();
    occupy(&mut facts, "crm", "Accounts", "STREAMING_TABLE", Some("x"));
    let own = deployed("prod");
    insta::assert_snapshot!(judged(&facts, &own, &holders(&[("x", there("legacy_crm", None))])), @r#"
    error[TW322] tables.csv:2:1
      main.crm.Accounts is already written by pipeline "legacy_crm", made by hand: id x, owner boss@x.org
      why: a table is written by one pipeline only: the update would fail
      fix: give the row another target_schema or target_table_name, or agree with the owner to take it out of that pipeline and to drop it
    "#);
    let path = "/Workspace/Shared/people/state/metadata.json";
    let mut bundle = holders(&[("x", there("people_01_p01", Some(path)))]);
    let metadata = Metadata { bundle: "people".into(), target: "prod".into() };
    bundle.others.insert(path.into(), Seen::Known(Some(metadata)));
    insta::assert_snapshot!(judged(&facts, &own, &bundle), @r#"
    error[TW322] tables.csv:2:1
      main.crm.Accounts is already written by pipeline "people_01_p01", of bundle `people`, target `prod`, at /Workspace/Shared/people: id x, owner boss@x.org
      why: a table is written by one pipeline only: the update would fail
      fix: give the row another target_schema or target_table_name, or agree with the owner to take it out of that pipeline and to drop it
    "#);
    insta::assert_snapshot!(judged(&facts, &own, &holders(&[("x", Holder::Hidden)])), @r"
    error[TW322] tables.csv:2:1
      main.crm.Accounts is already written by pipeline x, which ana@x.org may not view
      why: a table is written by one pipeline only: the update would fail
      fix: give the row another target_schema or target_table_name, or agree with the owner to take it out of that pipeline and to drop it
    ");
    let ours = holders(&[("x", there("sales_01_g01_p01", Some("/Workspace/ours/state/metadata.json")))]);
    insta::assert_snapshot!(judged(&facts, &own, &ours), @r#"
    error[TW322] tables.csv:2:1
      main.crm.Accounts is already written by pipeline "sales_01_g01_p01", which points at bundle `retail` and is not in its state: id x, owner boss@x.org
      why: a table is written by one pipeline only: the update would fail
      fix: a deploy that broke off left it: take it over or delete it, as TW304 says
    "#);
}

#[test]
fn what_a_pipeline_that_is_gone_left_over_is_a_warning_with_the_statements() {
    let mut facts = facts();
    for table in ["Accounts", "orders", "items"] {
        occupy(&mut facts, "crm", table, "STREAMING_TABLE", Some("x"));
    }
    insta::assert_snapshot!(judged(&facts, &deployed("prod"), &holders(&[("x", Holder::Gone)])), @r"
    warning[TW323] tables.csv:2:1
      3 tables of main.crm (Accounts, orders and items) are left over from pipeline x, which this workspace does not have
      why: a table stays with the pipeline that made it, also when that one was recreated and its tables were kept: another pipeline cannot write it until it is dropped
      fix: unless another workspace of this metastore has that pipeline, drop them; the next run reads in full: DROP TABLE `main`.`crm`.`Accounts`; DROP TABLE `main`.`crm`.`orders`; DROP TABLE `main`.`crm`.`items`
    ");
}

#[test]
fn a_plain_table_or_view_is_in_the_way() {
    let mut facts = facts();
    occupy(&mut facts, "crm", "orders", "MANAGED", None);
    occupy(&mut facts, "crm", "items", "MANAGED", None);
    occupy(&mut facts, "web", "visits", "VIEW", None);
    insta::assert_snapshot!(judged(&facts, &deployed("prod"), &Holders::default()), @r"
    error[TW321] tables.csv:3:1
      2 tables of main.crm (orders and items) are there already: MANAGED tables, and no pipeline writes them
      why: a pipeline writes only tables that it made itself: the update would fail
      fix: rename or drop them, or give the rows another target_schema or target_table_name
    error[TW321] tables.csv:5:1
      main.web.visits is there already: a view, and no pipeline writes it
      why: a pipeline writes only tables that it made itself: the update would fail
      fix: rename or drop it, or give the row another target_schema or target_table_name
    ");
}

#[test]
fn nothing_counts_as_free_that_may_be_hidden() {
    let mut facts = facts();
    let secured = &mut facts.schemas.get_mut("main.crm").unwrap().secured;
    own(&mut secured.object, |schema| schema.owner = Some(BOSS.into()));
    secured.grants = grants(&[(ME, &["USE_SCHEMA", "CREATE_TABLE"])]);
    facts.schemas.get_mut("main.web").unwrap().tables = Answer::Refused("403 no".into());
    // What is seen is told all the same.
    occupy(&mut facts, "crm", "orders", "MANAGED", None);
    let own_pipelines = deployed("prod");
    let all = judged(&facts, &own_pipelines, &Holders::default());
    assert_eq!(all.matches("skipped").count(), 8, "{all}");
    assert!(all.contains("error[TW321] tables.csv:3:1"), "{all}");
    let of_one: String =
        all.lines().filter(|line| line.starts_with("skipped TW322")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(of_one, @r"
    skipped TW322: destinations in main.crm: seen only as far as ana@x.org may view; ask for  GRANT SELECT ON SCHEMA `main`.`crm` TO `ana@x.org`
    skipped TW322: destinations in main.web: the tables there may not be listed (403 no); ask for  GRANT SELECT ON SCHEMA `main`.`web` TO `ana@x.org`
    ");
    for privilege in ["SELECT", "MANAGE", "ALL_PRIVILEGES"] {
        facts.schemas.get_mut("main.crm").unwrap().secured.grants = grants(&[(ME, &[privilege])]);
        let all = judged(&facts, &own_pipelines, &Holders::default());
        assert!(!all.contains("seen only as far as"), "{privilege}: {all}");
    }
}

#[test]
fn a_missing_schema_is_free_only_where_it_would_be_seen() {
    let mut facts = facts();
    facts.schemas.insert("main.web".into(), SchemaFacts::default());
    assert_eq!(judged(&facts, &deployed("prod"), &Holders::default()), "");
    let above = &mut facts.catalogs.get_mut("main").unwrap().secured;
    own(&mut above.object, |catalog| catalog.owner = Some(BOSS.into()));
    let all = judged(&facts, &deployed("prod"), &Holders::default());
    assert!(
        all.contains("skipped TW322: destinations in main.web: no such schema is shown to ana@x.org"),
        "{all}"
    );
}

#[test]
fn a_streaming_table_without_its_pipeline_is_not_judged() {
    let mut facts = facts();
    occupy(&mut facts, "crm", "orders", "STREAMING_TABLE", None);
    let all = judged(&facts, &deployed("prod"), &Holders::default());
    assert!(
        all.contains("skipped TW322: main.crm.orders: Unity Catalog does not say which pipeline writes it"),
        "{all}"
    );
    assert!(!all.contains("error"), "{all}");
}
