//! A pipeline that becomes what it was not: its whole `ingestion_definition` or `gateway_definition` comes or goes

use serde_json::json;

use super::case::{Case, in_a_row};
use super::site::{CRM, GATEWAY};

#[test]
fn a_block_comes_and_goes_in_place() {
    in_a_row(&[
        Case {
            row: "ingestion_definition added",
            edit: |site| {
                site.was_deployed(&format!("pipelines.{CRM}"), |definition| {
                    definition.as_object_mut().unwrap().remove("ingestion_definition");
                });
            },
            resources: &["pipelines.pipeline_crm_01_p01 update initial"],
            tables: &["bronze.crm.account add initial"],
            needs: &[],
            requests: &["PUT pipeline crm_01_p01"],
        },
        Case {
            row: "gateway_definition removed",
            edit: |site| {
                site.was_deployed(&format!("pipelines.{CRM}"), |definition| {
                    definition["gateway_definition"] = json!({"connection_name": "c",
                        "gateway_storage_catalog": "bronze", "gateway_storage_schema": "staging"});
                });
            },
            resources: &["pipelines.pipeline_crm_01_p01 update metadata"],
            tables: &[],
            needs: &[],
            requests: &["PUT pipeline crm_01_p01"],
        },
        Case {
            row: "gateway_definition added",
            edit: |site| {
                site.was_deployed(&format!("pipelines.{GATEWAY}"), |definition| {
                    definition.as_object_mut().unwrap().remove("gateway_definition");
                });
            },
            resources: &["pipelines.gateway_sales_01_g01 update restart"],
            tables: &[],
            needs: &[],
            requests: &["PUT pipeline sales_01_g01"],
        },
        Case {
            row: "ingestion_definition removed",
            edit: |site| {
                site.was_deployed(&format!("pipelines.{GATEWAY}"), |definition| {
                    definition["ingestion_definition"] = json!({"connection_name": "c", "objects": [
                        {"table": {"source_table": "Old", "destination_catalog": "bronze",
                            "destination_schema": "sales", "destination_table": "old"}}]});
                });
            },
            resources: &["pipelines.gateway_sales_01_g01 update restart"],
            tables: &["bronze.sales.old remove none"],
            needs: &[],
            requests: &["PUT pipeline sales_01_g01"],
        },
    ]);
}
