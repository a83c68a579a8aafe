//! Unity Catalog's objects as its API shows them.

use serde_json::{Value, json};

use super::answer::Answer;
use super::catalog::{CatalogInfo, Connection, Metastore, Schema, Table, Volume};
use super::securables::Scope;

pub(super) fn metastore_json(metastore: &Metastore) -> Answer {
    Answer::json(&json!({
        "metastore_id": metastore.id,
        "name": metastore.name,
        "owner": metastore.owner,
        "cloud": "aws",
        "region": "eu-west-1",
        "global_metastore_id": format!("aws:eu-west-1:{}", metastore.id),
        "privilege_model_version": "1.0",
        "delta_sharing_scope": "INTERNAL",
    }))
}

fn metastore_id<'s>(scope: &'s Scope) -> &'s str {
    scope.catalog.metastore.as_ref().map(|metastore| metastore.id.as_str()).unwrap_or_default()
}

pub(super) fn connection_json(connection: &Connection, scope: &Scope) -> Value {
    json!({
        "name": connection.name,
        "full_name": connection.name,
        "connection_id": connection.id,
        "connection_type": connection.connection_type,
        "credential_type": "USERNAME_PASSWORD",
        "owner": connection.owner,
        "options": connection.options,
        "read_only": true,
        "securable_type": "CONNECTION",
        "metastore_id": metastore_id(scope),
        "provisioning_info": {"state": connection.state},
        "created_by": connection.owner,
    })
}

pub(super) fn catalog_json(catalog: &CatalogInfo, scope: &Scope) -> Value {
    let mut body = json!({
        "name": catalog.name,
        "full_name": catalog.name,
        "owner": catalog.owner,
        "catalog_type": catalog.catalog_type,
        "isolation_mode": if catalog.isolated { "ISOLATED" } else { "OPEN" },
        "metastore_id": metastore_id(scope),
        "securable_type": "CATALOG",
        "browse_only": false,
    });
    if let Some(connection) = &catalog.connection_name {
        body["connection_name"] = json!(connection);
    }
    body
}

pub(super) fn schema_json(schema: &Schema, scope: &Scope) -> Value {
    let catalog_type = scope.catalog.catalog(&schema.catalog).map(|catalog| catalog.catalog_type.as_str());
    json!({
        "name": schema.name,
        "full_name": format!("{}.{}", schema.catalog, schema.name),
        "catalog_name": schema.catalog,
        "catalog_type": catalog_type,
        "owner": schema.owner,
        "schema_id": schema.id,
        "metastore_id": metastore_id(scope),
        "securable_type": "SCHEMA",
        "browse_only": false,
    })
}

pub(super) fn table_json(table: &Table, scope: &Scope, whole: bool) -> Value {
    let mut body = json!({
        "name": table.name,
        "catalog_name": table.catalog,
        "schema_name": table.schema,
        "full_name": table.full_name(),
        "table_type": table.table_type,
        "table_id": table.id,
        "owner": table.owner,
        "metastore_id": metastore_id(scope),
        "created_at": table.created_at,
        "created_by": table.owner,
    });
    if let Some(format) = &table.data_source_format {
        body["data_source_format"] = json!(format);
    }
    if let Some(pipeline) = &table.pipeline_id {
        body["pipeline_id"] = json!(pipeline);
    }
    if whole && !table.columns.is_empty() {
        let columns = table.columns.iter().enumerate().map(|(position, column)| {
            let type_text = column.type_text.to_lowercase();
            json!({
                "name": column.name,
                "type_text": type_text,
                "type_name": column.type_name(),
                "type_json": json!({"name": column.name, "type": type_text, "nullable": true, "metadata": {}}).to_string(),
                "position": position,
                "nullable": true,
            })
        });
        body["columns"] = columns.collect();
    }
    body
}

pub(super) fn volume_json(volume: &Volume, scope: &Scope) -> Value {
    let full_name = format!("{}.{}.{}", volume.catalog, volume.schema, volume.name);
    json!({
        "name": volume.name,
        "catalog_name": volume.catalog,
        "schema_name": volume.schema,
        "full_name": full_name,
        "owner": volume.owner,
        "volume_type": "MANAGED",
        "metastore_id": metastore_id(scope),
    })
}
