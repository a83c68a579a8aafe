//! From a project's layout to the files of its bundle. The same input gives the same bytes.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Serialize;

use super::document::{
    ClusterDocument, GatewayDefinition, IngestionDefinition, JobDocument, Lifecycle, ObjectDocument,
    PipelineDocument, PipelineTask, ReportDocument, ScheduleDocument, TableConfiguration, TableDocument,
    TaskDocument,
};
use super::package::Package;
use super::root;
use super::variables::Variables;
use crate::connector::{Configuration, Object, ObjectSource};
use crate::placement::{Bundle, Gateway, Pipeline, gateway_key};
use crate::settings::Target;
use crate::table::escape_references;
use crate::yaml::{self, Value};

/// The first line of every file: that tapworks wrote it, which is also how it knows what it may remove.
pub(super) const HEADER: &str = "# Written by tapworks: edits are lost, the next run replaces this file.\n";

/// What a bundle needs beside its project.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// In the order in which they are written.
    pub targets: &'a [&'a Target],
    /// The target that the CLI takes where none is named.
    pub default_target: Option<&'a str>,
    /// `bundle.databricks_cli_version`.
    pub cli_version: &'a str,
    /// Whether text that the CLI would take for a reference is written as `$${…}`, which it takes for text from 1.15 on.
    pub escape: bool,
}

/// Renders a bundle.
#[must_use]
pub fn render(bundle: &Bundle, options: Options<'_>) -> Package {
    let variables = Variables::of(options.targets.iter().copied());
    let writer = Writer { variables: &variables, escape: options.escape };
    let mut package = Package::new(&bundle.name);
    let jobs: Vec<String> = bundle
        .pipelines
        .iter()
        .filter(|pipeline| pipeline.schedule.is_some())
        .map(Pipeline::job_key)
        .collect();
    let root = root::document(
        &bundle.name,
        options.cli_version,
        options.default_target,
        options.targets,
        &variables,
        &jobs,
    );
    package.add("databricks.yml", format!("{HEADER}{}", yaml::to_string(&root)));
    package.add_resources(
        "gateways",
        "pipelines",
        bundle.gateways.iter().map(|gateway| (gateway.key(), writer.gateway(gateway))),
    );
    package.add_resources(
        "pipelines",
        "pipelines",
        bundle.pipelines.iter().map(|pipeline| (pipeline.key(), writer.pipeline(pipeline))),
    );
    package.add_resources(
        "jobs",
        "jobs",
        bundle.pipelines.iter().filter_map(|pipeline| Some((pipeline.job_key(), writer.job(pipeline)?))),
    );
    package
}

struct Writer<'a> {
    variables: &'a Variables,
    escape: bool,
}

impl Writer<'_> {
    fn gateway(&self, gateway: &Gateway) -> Value {
        let settings = &gateway.settings;
        let mut clusters = Vec::new();
        if settings.worker_type.is_some() || settings.driver_type.is_some() {
            clusters.push(ClusterDocument {
                num_workers: 1,
                node_type_id: settings.worker_type.as_deref().map(|text| self.text(text)),
                driver_node_type_id: settings.driver_type.as_deref().map(|text| self.text(text)),
            });
        }
        value(&PipelineDocument {
            name: &gateway.name,
            catalog: self.catalog(&settings.catalog),
            schema: self.schema(&settings.schema),
            continuous: Some(true),
            gateway_definition: Some(GatewayDefinition {
                connection_name: self.connection(&gateway.connection),
                gateway_storage_catalog: self.catalog(&settings.catalog),
                gateway_storage_schema: self.schema(&settings.schema),
                gateway_storage_name: &gateway.name,
            }),
            ingestion_definition: None,
            clusters,
            tags: self.tags(&gateway.tags),
            cascade_on_destroy: self.variables.cascade_on_destroy(),
            lifecycle: self.lifecycle(),
        })
    }

    fn pipeline(&self, pipeline: &Pipeline) -> Value {
        let gateway = pipeline.gateway.as_deref();
        value(&PipelineDocument {
            name: &pipeline.name,
            catalog: self.catalog(&pipeline.catalog),
            schema: self.schema(&pipeline.schema),
            continuous: None,
            gateway_definition: None,
            ingestion_definition: Some(IngestionDefinition {
                connection_name: gateway.is_none().then(|| self.connection(&pipeline.connection)),
                ingestion_gateway_id: gateway.map(|name| reference("pipelines", &gateway_key(name))),
                objects: pipeline.objects.iter().map(|object| self.object(object)).collect(),
            }),
            clusters: Vec::new(),
            tags: self.tags(&pipeline.tags),
            cascade_on_destroy: self.variables.cascade_on_destroy(),
            lifecycle: self.lifecycle(),
        })
    }

    fn job(&self, pipeline: &Pipeline) -> Option<Value> {
        let schedule = pipeline.schedule.as_ref()?;
        Some(value(&JobDocument {
            name: &pipeline.name,
            schedule: ScheduleDocument {
                quartz_cron_expression: &schedule.quartz,
                timezone_id: &schedule.timezone,
                pause_status: schedule.pause_status.map(crate::table::PauseStatus::as_str),
            },
            tasks: [TaskDocument {
                task_key: "run_pipeline",
                pipeline_task: PipelineTask { pipeline_id: reference("pipelines", &pipeline.key()) },
            }],
            tags: self.tags(&pipeline.tags),
        }))
    }

    fn object<'a>(&self, object: &'a Object) -> ObjectDocument<'a> {
        let destination = &object.destination;
        let destination_catalog = self.catalog(&destination.catalog);
        let destination_schema = self.schema(&destination.schema);
        let table_configuration = self.configuration(&object.configuration);
        match &object.source {
            ObjectSource::Table { catalog, schema, table } => ObjectDocument {
                table: Some(TableDocument {
                    source_catalog: catalog.as_deref().map(|text| self.text(text)),
                    source_schema: schema.as_deref().map(|text| self.text(text)),
                    source_table: self.text(table),
                    destination_catalog,
                    destination_schema,
                    destination_table: self.text(&destination.table),
                    table_configuration,
                }),
                ..ObjectDocument::default()
            },
            ObjectSource::Report { url } => ObjectDocument {
                report: Some(ReportDocument {
                    source_url: self.text(url),
                    destination_catalog,
                    destination_schema,
                    destination_table: self.text(&destination.table),
                    table_configuration,
                }),
                ..ObjectDocument::default()
            },
        }
    }

    fn configuration<'a>(&self, configuration: &'a Configuration) -> TableConfiguration<'a> {
        let list = |items: &'a [String]| items.iter().map(|item| self.text(item)).collect();
        TableConfiguration {
            primary_keys: list(&configuration.primary_keys),
            include_columns: list(&configuration.include_columns),
            exclude_columns: list(&configuration.exclude_columns),
            scd_type: configuration.scd_type.map(crate::connector::ScdType::as_str),
        }
    }

    fn tags<'a>(&self, tags: &'a [(String, String)]) -> IndexMap<Cow<'a, str>, Cow<'a, str>> {
        tags.iter().map(|(key, value)| (self.text(key), self.text(value))).collect()
    }

    fn catalog(&self, name: &str) -> String {
        self.variables.catalog(name).unwrap_or_else(|| self.text(name).into_owned())
    }

    fn schema(&self, name: &str) -> String {
        self.variables.schema(name).unwrap_or_else(|| self.text(name).into_owned())
    }

    fn connection(&self, name: &str) -> String {
        self.variables.connection(name).unwrap_or_else(|| self.text(name).into_owned())
    }

    /// Text of the user: it is text, whatever the CLI might see in it.
    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.escape { escape_references(text) } else { Cow::Borrowed(text) }
    }

    fn lifecycle(&self) -> Option<Lifecycle> {
        self.variables.prevent_destroy().map(|prevent_destroy| Lifecycle { prevent_destroy })
    }
}

/// A reference that the CLI resolves once the resource has its id.
fn reference(kind: &str, key: &str) -> String {
    format!("${{resources.{kind}.{key}.id}}")
}

fn value(document: &impl Serialize) -> Value {
    yaml::to_value(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{Destination, ScdType};

    #[test]
    fn objects_are_maps_without_tags() {
        let object = Object {
            source: ObjectSource::Table {
                catalog: Some("erp".into()),
                schema: Some("dbo".into()),
                table: "2024_01".into(),
            },
            destination: Destination { catalog: "main".into(), schema: "bronze".into(), table: "t".into() },
            configuration: Configuration {
                exclude_columns: vec!["no".into()],
                scd_type: Some(ScdType::Type2),
                ..Configuration::default()
            },
        };
        let variables = Variables::default();
        let document = value(&Writer { variables: &variables, escape: false }.object(&object));
        assert_eq!(
            yaml::to_string(&document),
            "table:\n  source_catalog: erp\n  source_schema: dbo\n  source_table: \"2024_01\"\n  destination_catalog: main\n  \
             destination_schema: bronze\n  destination_table: t\n  table_configuration:\n    exclude_columns:\n      - \"no\"\n    \
             scd_type: SCD_TYPE_2\n"
        );
    }
}
