//! Fields of a gateway: what makes it again takes all behind it along, everything else restarts it

use serde_json::{Value, json};

use super::case::{Case, in_a_row};
use super::site::{GATEWAY, Site};

pub(super) const AGAIN: &[&str] = &[
    "pipelines.gateway_sales_01_g01 recreate snapshot",
    "pipelines.pipeline_sales_01_g01_p01 recreate snapshot",
    "pipelines.pipeline_sales_01_g01_p02 recreate snapshot",
    "jobs.job_sales_01_g01_p01 update metadata",
    "jobs.job_sales_01_g01_p02 update metadata",
];
pub(super) const AGAIN_TABLES: &[&str] = &[
    "bronze.sales.table_0 update snapshot",
    "bronze.sales.table_1 update snapshot",
    "bronze.sales.table_2 update snapshot",
    "bronze.sales.table_3 update snapshot",
];
pub(super) const AGAIN_NEEDS: &[&str] = &[
    "recreate:gateway_sales_01_g01",
    "recreate:pipeline_sales_01_g01_p01",
    "recreate:pipeline_sales_01_g01_p02",
];
pub(super) const AGAIN_REQUESTS: &[&str] = &[
    "DELETE pipeline sales_01_g01 cascade=false",
    "DELETE pipeline sales_01_g01_p01 cascade=false",
    "DELETE pipeline sales_01_g01_p02 cascade=false",
    "POST pipeline sales_01_g01",
    "POST pipeline sales_01_g01_p01",
    "POST pipeline sales_01_g01_p02",
    "reset job sales_01_g01_p01",
    "reset job sales_01_g01_p02",
];

/// The gateway is made again, and all behind it.
pub(super) const fn again(row: &'static str, edit: fn(&Site)) -> Case {
    Case { row, edit, resources: AGAIN, tables: AGAIN_TABLES, needs: AGAIN_NEEDS, requests: AGAIN_REQUESTS }
}

/// What stands there already: the schema of bundles wants each of these wherever there is one.
fn whole(connection: &str, catalog: &str, schema: &str) -> Value {
    json!({"connection_name": connection, "gateway_storage_catalog": catalog, "gateway_storage_schema": schema})
}

#[test]
fn what_makes_a_gateway_again_makes_all_behind_it_again() {
    in_a_row(&[
        again("gateway_definition.connection_name", |site| site.replace("sqlserver_erp", "sqlserver_new")),
        again("gateway_definition.gateway_storage_catalog", |site| {
            site.replace("sqlserver_new,bronze,", "sqlserver_new,silver,");
        }),
        again("gateway_definition.gateway_storage_schema", |site| site.replace(",staging,", ",staging2,")),
        again("gateway_definition.connection_id", |site| {
            let mut definition = whole("sqlserver_new", "silver", "staging2");
            definition["connection_id"] = json!("c-2");
            site.set(GATEWAY, json!({"gateway_definition": definition}));
        }),
        again("storage", |site| site.set(GATEWAY, json!({"storage": "dbfs:/other"}))),
        again("storage and catalog", |site| {
            site.set(GATEWAY, json!({"storage": "dbfs:/third", "catalog": "gold"}));
        }),
    ]);
}

#[test]
fn what_changes_a_gateway_in_place_restarts_it() {
    const fn restarted(row: &'static str, edit: fn(&Site)) -> Case {
        Case {
            row,
            edit,
            resources: &["pipelines.gateway_sales_01_g01 update restart"],
            tables: &[],
            needs: &[],
            requests: &["PUT pipeline sales_01_g01"],
        }
    }
    in_a_row(&[
        restarted("gateway_definition.gateway_storage_name", |site| {
            let mut definition = whole("sqlserver_erp", "bronze", "staging");
            definition["gateway_storage_name"] = json!("other");
            site.set(GATEWAY, json!({"gateway_definition": definition}));
        }),
        restarted("gateway_definition.connection_parameters", |site| {
            let parameters = json!({"source_catalog": "erp"});
            site.set(GATEWAY, json!({"gateway_definition": {"connection_parameters": parameters}}));
        }),
        restarted("catalog", |site| site.set(GATEWAY, json!({"catalog": "silver"}))),
        restarted("schema", |site| site.set(GATEWAY, json!({"schema": "other"}))),
        restarted("tags", |site| site.set(GATEWAY, json!({"tags": {"team": "sales"}}))),
        restarted("configuration", |site| site.set(GATEWAY, json!({"configuration": {"a": "b"}}))),
        restarted("notifications", |site| {
            let notification =
                json!({"alerts": ["on-update-failure"], "email_recipients": ["a@example.com"]});
            site.set(GATEWAY, json!({"notifications": [notification]}));
        }),
        restarted("clusters", |site| {
            site.set(GATEWAY, json!({"clusters": [{"label": "default", "spark_conf": {"a": "b"}}]}));
        }),
    ]);
}
