//! Fields of an ingestion pipeline that change in place, and touch no table

use serde_json::json;

use super::case::{Case, in_a_row};
use super::site::{CRM, Site};

const fn changed(row: &'static str, edit: fn(&Site)) -> Case {
    Case {
        row,
        edit,
        resources: &["pipelines.pipeline_crm_01_p01 update metadata"],
        tables: &[],
        needs: &[],
        requests: &["PUT pipeline crm_01_p01"],
    }
}

const fn nothing(row: &'static str, edit: fn(&Site)) -> Case {
    Case { row, edit, resources: &[], tables: &[], needs: &[], requests: &[] }
}

#[test]
fn where_a_pipeline_keeps_what_it_logs() {
    in_a_row(&[
        changed("catalog", |site| site.set(CRM, json!({"catalog": "silver"}))),
        changed("catalog, only its case", |site| site.set(CRM, json!({"catalog": "Silver"}))),
        changed("schema", |site| site.set(CRM, json!({"schema": "other"}))),
        changed("target", |site| site.set(CRM, json!({"target": "other"}))),
        changed("event_log", |site| {
            site.set(CRM, json!({"event_log": {"name": "log", "catalog": "silver", "schema": "other"}}));
        }),
        changed("root_path", |site| site.set(CRM, json!({"root_path": "/Workspace/Shared/crm"}))),
    ]);
}

#[test]
fn how_a_pipeline_runs() {
    in_a_row(&[
        changed("configuration", |site| site.set(CRM, json!({"configuration": {"a": "b"}}))),
        changed("clusters", |site| {
            site.set(CRM, json!({"clusters": [{"label": "default", "num_workers": 2}]}));
        }),
        changed("channel", |site| site.set(CRM, json!({"channel": "PREVIEW"}))),
        changed("edition", |site| site.set(CRM, json!({"edition": "CORE"}))),
        changed("photon", |site| site.set(CRM, json!({"photon": true}))),
        changed("serverless", |site| site.set(CRM, json!({"serverless": true, "clusters": []}))),
        changed("libraries", |site| {
            site.set(CRM, json!({"libraries": [{"file": {"path": "/Workspace/Shared/a.py"}}]}));
        }),
        changed("environment", |site| {
            site.set(CRM, json!({"environment": {"dependencies": ["/Workspace/Shared/a.whl"]}}));
        }),
        changed("parameters", |site| site.set(CRM, json!({"parameters": {"a": "b"}}))),
        changed("development", |site| {
            site.was_deployed(&format!("pipelines.{CRM}"), |definition| {
                definition["development"] = json!(true)
            });
        }),
        changed("trigger", |site| {
            let cron = json!({"quartz_cron_schedule": "0 0 6 * * ?", "timezone_id": "UTC"});
            site.set(CRM, json!({"trigger": {"cron": cron}}));
        }),
        changed("restart_window", |site| {
            site.set(CRM, json!({"restart_window": {"start_hour": 2, "days_of_week": ["SUNDAY"]}}));
        }),
        Case {
            resources: &["pipelines.pipeline_crm_01_p01 update restart"],
            ..changed("continuous", |site| site.set(CRM, json!({"continuous": true})))
        },
    ]);
}

#[test]
fn who_a_pipeline_is_and_for_whom() {
    in_a_row(&[
        changed("tags", |site| site.set(CRM, json!({"tags": {"team": "crm"}}))),
        changed("notifications", |site| {
            let notification =
                json!({"alerts": ["on-update-failure"], "email_recipients": ["a@example.com"]});
            site.set(CRM, json!({"notifications": [notification]}));
        }),
        changed("budget_policy_id", |site| site.set(CRM, json!({"budget_policy_id": "policy"}))),
        changed("run_as", |site| site.set(CRM, json!({"run_as": {"user_name": "tester@example.com"}}))),
        nothing("run_as, by hand", |site| {
            site.workspace.world(|world| {
                let id = world.pipelines.named("crm_01_p01").unwrap().id.clone();
                let run_as = &mut world.pipelines.get_mut(&id).unwrap().run_as;
                *run_as = Some(json!({"user_name": "other@example.com"}));
            });
        }),
        changed("allow_duplicate_names", |site| site.set(CRM, json!({"allow_duplicate_names": true}))),
        nothing("id", |site| site.set(CRM, json!({"id": "mine"}))),
        changed("name", |site| site.set(CRM, json!({"name": "customers"}))),
    ]);
}

#[test]
fn how_a_source_is_reached_and_when() {
    in_a_row(&[
        changed("ingestion_definition.source_configurations", |site| {
            let slot = json!({"slot_name": "slot", "publication_name": "publication"});
            let catalog = json!({"source_catalog": "db", "postgres": {"slot_config": slot}});
            site.set(CRM, json!({"ingestion_definition": {"source_configurations": [{"catalog": catalog}]}}));
        }),
        changed("ingestion_definition.full_refresh_window", |site| {
            let window = json!({"start_hour": 1, "days_of_week": ["MONDAY"], "time_zone_id": "UTC"});
            site.set(CRM, json!({"ingestion_definition": {"full_refresh_window": window}}));
        }),
        changed("ingestion_definition.data_staging_options", |site| {
            let staging = json!({"catalog_name": "bronze", "schema_name": "staging", "volume_name": "v"});
            site.set(CRM, json!({"ingestion_definition": {"data_staging_options": staging}}));
        }),
        changed("ingestion_definition.connector_type", |site| {
            site.set(CRM, json!({"ingestion_definition": {"connector_type": "QUERY_BASED"}}));
        }),
        nothing("ingestion_definition.source_type", |site| {
            site.by_hand(&format!("pipelines.{CRM}"), |definition| {
                definition["ingestion_definition"]["source_type"] = json!("SALESFORCE");
            });
        }),
    ]);
}

#[test]
fn what_the_cli_sets_is_not_for_the_user_to_set() {
    let site = Site::deployed();
    site.set(CRM, json!({"deployment": {"deployment_id": "mine"}}));
    let said = site.plan();
    said.exits(1);
    assert!(said.stderr.contains("deployment"), "{}", said.stderr);
    assert_eq!(site.workspace.writes().len(), 0);
}
