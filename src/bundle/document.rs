//! The resources of a bundle as its configuration describes them (`databricks bundle schema`). Only what tapworks writes;
//! fields stand in the order in which people read them.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Serialize;

use crate::yaml::Value;

/// An entry of `resources.pipelines`: a gateway or an ingestion pipeline.
#[derive(Debug, Serialize)]
pub(super) struct PipelineDocument<'a> {
    pub(super) name: &'a str,
    /// Always written: where it is left out the service fills it in, and every plan shows a change (CLI rules 2.6).
    pub(super) catalog: String,
    pub(super) schema: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) continuous: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gateway_definition: Option<GatewayDefinition<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ingestion_definition: Option<IngestionDefinition<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) clusters: Vec<ClusterDocument<'a>>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(super) tags: IndexMap<Cow<'a, str>, Cow<'a, str>>,
    /// Whether the tables go with the pipeline when it is deleted or recreated.
    pub(super) cascade_on_destroy: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lifecycle: Option<Lifecycle>,
}

#[derive(Debug, Serialize)]
pub(super) struct Lifecycle {
    pub(super) prevent_destroy: Value,
}

#[derive(Debug, Serialize)]
pub(super) struct GatewayDefinition<'a> {
    pub(super) connection_name: String,
    pub(super) gateway_storage_catalog: String,
    pub(super) gateway_storage_schema: String,
    pub(super) gateway_storage_name: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct ClusterDocument<'a> {
    pub(super) num_workers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node_type_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) driver_node_type_id: Option<Cow<'a, str>>,
}

/// Holds a connection, or the gateway that has it.
#[derive(Debug, Serialize)]
pub(super) struct IngestionDefinition<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ingestion_gateway_id: Option<String>,
    pub(super) objects: Vec<ObjectDocument<'a>>,
}

/// An entry of `ingestion_definition.objects`: exactly one of the two. No enum, since YAML would get a tag of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct ObjectDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) table: Option<TableDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) report: Option<ReportDocument<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct TableDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_catalog: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_schema: Option<Cow<'a, str>>,
    pub(super) source_table: Cow<'a, str>,
    pub(super) destination_catalog: String,
    pub(super) destination_schema: String,
    pub(super) destination_table: Cow<'a, str>,
    #[serde(skip_serializing_if = "TableConfiguration::is_empty")]
    pub(super) table_configuration: TableConfiguration<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct ReportDocument<'a> {
    pub(super) source_url: Cow<'a, str>,
    pub(super) destination_catalog: String,
    pub(super) destination_schema: String,
    pub(super) destination_table: Cow<'a, str>,
    #[serde(skip_serializing_if = "TableConfiguration::is_empty")]
    pub(super) table_configuration: TableConfiguration<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct TableConfiguration<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) primary_keys: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) include_columns: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) exclude_columns: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scd_type: Option<&'static str>,
}

impl TableConfiguration<'_> {
    fn is_empty(&self) -> bool {
        self.primary_keys.is_empty()
            && self.include_columns.is_empty()
            && self.exclude_columns.is_empty()
            && self.scd_type.is_none()
    }
}

/// An entry of `resources.jobs`: starts one pipeline by the clock.
#[derive(Debug, Serialize)]
pub(super) struct JobDocument<'a> {
    pub(super) name: &'a str,
    pub(super) schedule: ScheduleDocument<'a>,
    pub(super) tasks: [TaskDocument; 1],
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(super) tags: IndexMap<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
pub(super) struct ScheduleDocument<'a> {
    pub(super) quartz_cron_expression: &'a str,
    pub(super) timezone_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pause_status: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct TaskDocument {
    pub(super) task_key: &'static str,
    pub(super) pipeline_task: PipelineTask,
}

#[derive(Debug, Serialize)]
pub(super) struct PipelineTask {
    pub(super) pipeline_id: String,
}
