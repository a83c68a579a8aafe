//! What the command line says, before it meets environment and file.

use std::path::PathBuf;

/// Flags that bear on settings; absent where they were not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config`, `--settings`.
    pub config: Option<PathBuf>,
    /// `--source`.
    pub source: Option<String>,
    /// `--connector`.
    pub connector: Option<String>,
    /// `--project`.
    pub project: Option<String>,
    /// `--targets`, JSON; replaces the file's.
    pub targets_json: Option<String>,
    /// `--default-values`, JSON; over the file's, value by value.
    pub default_values_json: Option<String>,
    /// `--override`, JSON; replaces the file's.
    pub override_json: Option<String>,
    /// `--max-tables-per-pipeline`.
    pub max_tables_per_pipeline: Option<i64>,
    /// `--max-tables-per-gateway`.
    pub max_tables_per_gateway: Option<i64>,
    /// `--output-dir`.
    pub output_dir: Option<PathBuf>,
    /// `--lock`.
    pub lock: Option<PathBuf>,
    /// `--warehouse-id`.
    pub warehouse_id: Option<String>,
    /// `--host`: the workspace of targets that no settings name.
    pub host: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--timezone`.
    pub timezone: Option<String>,
    /// `--target`, in order.
    pub target: Vec<String>,
    /// `--delimiter`.
    pub delimiter: Option<String>,
}
