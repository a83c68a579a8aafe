//! What was changed or deleted in the workspace since the last deploy

use serde_json::json;

use super::case::{Case, in_a_row, tables};
use super::gateway::{self, AGAIN_TABLES};
use super::pipeline;
use super::site::{CRM, GATEWAY, Site};

#[test]
fn a_field_that_cannot_change_in_place_and_was_changed_by_hand_makes_again() {
    in_a_row(&[
        gateway::again("gateway_definition.connection_name, by hand", |site| {
            site.by_hand(&format!("pipelines.{GATEWAY}"), |definition| {
                definition["gateway_definition"]["connection_name"] = json!("other");
            });
        }),
        pipeline::again("ingestion_definition.connection_name, by hand", |site| {
            site.by_hand(&format!("pipelines.{CRM}"), |definition| {
                definition["ingestion_definition"]["connection_name"] = json!("other");
            });
        }),
        Case {
            row: "ingestion_definition.table_configuration.row_filter, by hand",
            edit: |site| {
                site.set(
                    CRM,
                    json!({"ingestion_definition": {"table_configuration": {"row_filter": "Id > 7"}}}),
                );
                site.deploy(&["snapshot:pipeline_crm_01_p01"]).exits(0);
                site.by_hand(&format!("pipelines.{CRM}"), |definition| {
                    definition["ingestion_definition"]["table_configuration"]["row_filter"] = json!("Id > 8");
                });
            },
            resources: &["pipelines.pipeline_crm_01_p01 update snapshot"],
            tables: &["bronze.crm.account update snapshot"],
            needs: &["snapshot:pipeline_crm_01_p01"],
            requests: &["PUT pipeline crm_01_p01"],
        },
        Case {
            row: "tags, by hand",
            edit: |site| {
                site.by_hand(&format!("pipelines.{CRM}"), |definition| {
                    definition["tags"] = json!({"a": "b"})
                });
            },
            resources: &["pipelines.pipeline_crm_01_p01 update metadata"],
            tables: &[],
            needs: &[],
            requests: &["PUT pipeline crm_01_p01"],
        },
    ]);
}

fn delete(site: &Site, name: &str) {
    site.workspace.world(|world| {
        let id = world.pipelines.named(name).unwrap().id.clone();
        world.pipelines.remove(&id);
    });
}

#[test]
fn a_gateway_that_was_deleted_by_hand_takes_all_behind_it_along() {
    let case = Case {
        row: "a gateway, deleted by hand",
        edit: |site| delete(site, "sales_01_g01"),
        resources: &[
            "pipelines.gateway_sales_01_g01 create metadata",
            "pipelines.pipeline_sales_01_g01_p01 recreate snapshot",
            "pipelines.pipeline_sales_01_g01_p02 recreate snapshot",
            "jobs.job_sales_01_g01_p01 update metadata",
            "jobs.job_sales_01_g01_p02 update metadata",
        ],
        tables: AGAIN_TABLES,
        needs: &["recreate:pipeline_sales_01_g01_p01", "recreate:pipeline_sales_01_g01_p02"],
        requests: &[
            "DELETE pipeline sales_01_g01_p01 cascade=false",
            "DELETE pipeline sales_01_g01_p02 cascade=false",
            "POST pipeline sales_01_g01",
            "POST pipeline sales_01_g01_p01",
            "POST pipeline sales_01_g01_p02",
            "reset job sales_01_g01_p01",
            "reset job sales_01_g01_p02",
        ],
    };
    case.goes(&Site::deployed());
}

#[test]
fn what_was_deleted_by_hand_is_made_again_or_forgotten() {
    in_a_row(&[
        Case {
            row: "a pipeline, deleted by hand",
            edit: |site| delete(site, "crm_01_p01"),
            resources: &[
                "pipelines.pipeline_crm_01_p01 create initial",
                "jobs.job_crm_01_p01 update metadata",
            ],
            tables: &["bronze.crm.account add initial"],
            needs: &[],
            requests: &["POST pipeline crm_01_p01", "reset job crm_01_p01"],
        },
        Case {
            row: "resource removed that was deleted by hand",
            edit: |site| {
                delete(site, "crm_01_p01");
                site.take_out(",crm,");
            },
            resources: &["pipelines.pipeline_crm_01_p01 delete none", "jobs.job_crm_01_p01 delete metadata"],
            tables: &["bronze.crm.account remove none"],
            needs: &[],
            requests: &["delete job crm_01_p01"],
        },
    ]);
}

#[test]
fn what_was_done_by_hand_is_noticed() {
    let site = Site::deployed();
    site.workspace.world(|world| {
        let mut job = world.jobs.named("crm_01_p01").unwrap().clone();
        world.jobs.remove(job.id);
        job.settings["schedule"]["pause_status"] = json!("PAUSED");
        world.jobs.insert(job);
    });
    delete(&site, "sales_01_g01_p02");
    let plan = site.plan().exits(0).json();
    let drift: Vec<&str> =
        plan["drift"].as_array().unwrap().iter().map(|drift| drift["what"].as_str().unwrap()).collect();
    assert_eq!(
        drift,
        ["jobs.job_crm_01_p01 was paused by hand", "pipelines.pipeline_sales_01_g01_p02 was deleted by hand"]
    );
    assert_eq!(tables(&plan), ["bronze.sales.table_2 add initial", "bronze.sales.table_3 add initial"]);
    assert_eq!(plan["summary"]["needs_consent"], json!([]));
}
