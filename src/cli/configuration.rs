//! What every command that reads rows takes.

use std::path::PathBuf;

use super::failure::Failure;
use crate::environment::Environment;
use crate::finding::Findings;
use crate::settings::{Flags, Settings};

/// Where the rows are, and what is made of them. Each flag beats the settings file.
#[derive(clap::Args, Clone)]
pub(super) struct ConfigurationArguments {
    /// The table list: a file, `-` for standard input, or a Unity Catalog table [env: TAPWORKS_SOURCE=]
    #[arg(
        short,
        long,
        alias = "input-config",
        value_name = "FILE|CATALOG.SCHEMA.TABLE",
        help_heading = "Configuration"
    )]
    source: Option<String>,
    /// The settings file; without it tapworks.yml is looked for from here upwards
    #[arg(
        short,
        long,
        alias = "settings",
        value_name = "FILE",
        env = "TAPWORKS_CONFIG",
        help_heading = "Configuration"
    )]
    config: Option<PathBuf>,
    /// The connector of rows that name none; see `tapworks connectors` [env: TAPWORKS_CONNECTOR=]
    #[arg(long, value_name = "NAME", help_heading = "Configuration")]
    connector: Option<String>,
    /// The project of rows that name none: one bundle [env: TAPWORKS_PROJECT=]
    #[arg(long, value_name = "NAME", help_heading = "Configuration")]
    project: Option<String>,
    /// The folder for bundles [env: TAPWORKS_OUTPUT_DIR=]
    #[arg(long, value_name = "DIR", help_heading = "Configuration")]
    output_dir: Option<PathBuf>,
    /// The lock, where each table has its place; without it tapworks.lock beside the settings file [env: TAPWORKS_LOCK=]
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    lock: Option<PathBuf>,
    /// Targets, in place of those of the settings file
    #[arg(long, value_name = "JSON", help_heading = "Configuration")]
    targets: Option<String>,
    /// Values for cells that are blank, over those of the settings file
    #[arg(long, value_name = "JSON", help_heading = "Configuration")]
    default_values: Option<String>,
    /// Values that beat every cell, in place of those of the settings file
    #[arg(long = "override", value_name = "JSON", help_heading = "Configuration")]
    overrides: Option<String>,
    /// How many tables one pipeline holds [env: TAPWORKS_MAX_TABLES_PER_PIPELINE=]
    #[arg(long, value_name = "N", help_heading = "Configuration")]
    max_tables_per_pipeline: Option<i64>,
    /// How many tables one gateway holds [env: TAPWORKS_MAX_TABLES_PER_GATEWAY=]
    #[arg(long, value_name = "N", help_heading = "Configuration")]
    max_tables_per_gateway: Option<i64>,
    /// The SQL warehouse that reads a Unity Catalog table
    #[arg(long, value_name = "ID", help_heading = "Configuration")]
    warehouse_id: Option<String>,
    /// The workspace, where no settings name targets; in place of DATABRICKS_HOST
    #[arg(long, value_name = "URL", help_heading = "Configuration")]
    host: Option<String>,
    /// What separates the cells of a CSV file; found where it is not said
    #[arg(long, value_name = "CHARACTER", help_heading = "Configuration")]
    delimiter: Option<String>,
    /// The time zone of schedules, an IANA name [env: TAPWORKS_TIMEZONE=]
    #[arg(long, value_name = "NAME", help_heading = "Configuration")]
    timezone: Option<String>,
}

impl ConfigurationArguments {
    /// The options by which the folder of this run is found again, as they are typed; nothing where it is found without.
    pub(super) fn finder(&self) -> String {
        let options = [("--config", &self.config), ("--output-dir", &self.output_dir)];
        let given = options.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?)));
        given.map(|(option, path)| format!(" {option} {}", path.display())).collect()
    }

    /// The settings as flags, environment and file give them, for these targets.
    pub(super) fn resolve(
        self,
        targets: &[String],
        environment: &Environment,
    ) -> Result<(Settings, Findings), Failure> {
        resolve(self.flags(targets), environment)
    }

    /// What was said about settings, and these targets.
    pub(super) fn flags(self, targets: &[String]) -> Flags {
        Flags {
            config: self.config,
            source: self.source,
            connector: self.connector,
            project: self.project,
            targets_json: self.targets,
            default_values_json: self.default_values,
            override_json: self.overrides,
            max_tables_per_pipeline: self.max_tables_per_pipeline,
            max_tables_per_gateway: self.max_tables_per_gateway,
            output_dir: self.output_dir,
            lock: self.lock,
            warehouse_id: self.warehouse_id,
            host: self.host,
            timezone: self.timezone,
            delimiter: self.delimiter,
            target: targets.to_vec(),
            ..Flags::default()
        }
    }
}

/// The settings as these flags, environment and file give them.
pub(super) fn resolve(flags: Flags, environment: &Environment) -> Result<(Settings, Findings), Failure> {
    Settings::resolve(flags, environment).map_err(|error| Failure::usage(error.to_string()))
}
