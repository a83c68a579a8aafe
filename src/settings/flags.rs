//! What the command line says, before it meets environment and file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Flags that bear on settings; absent where they were not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flags {
    /// `--config`, `--settings`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<PathBuf>,
    /// `--source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `--connector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// `--project`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// `--targets`, JSON; replaces the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets_json: Option<String>,
    /// `--default-values`, JSON; over the file's, value by value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_values_json: Option<String>,
    /// `--override`, JSON; replaces the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_json: Option<String>,
    /// `--max-tables-per-pipeline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tables_per_pipeline: Option<i64>,
    /// `--max-tables-per-gateway`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tables_per_gateway: Option<i64>,
    /// `--output-dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dir: Option<PathBuf>,
    /// `--lock`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<PathBuf>,
    /// `--warehouse-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse_id: Option<String>,
    /// `--host`: the workspace of targets that no settings name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// `--profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// `--timezone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// `--target`, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<String>,
    /// `--delimiter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
}

impl Flags {
    /// These flags, and those of `others` that are not among them.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            config: self.config.or(others.config),
            source: self.source.or(others.source),
            connector: self.connector.or(others.connector),
            project: self.project.or(others.project),
            targets_json: self.targets_json.or(others.targets_json),
            default_values_json: self.default_values_json.or(others.default_values_json),
            override_json: self.override_json.or(others.override_json),
            max_tables_per_pipeline: self.max_tables_per_pipeline.or(others.max_tables_per_pipeline),
            max_tables_per_gateway: self.max_tables_per_gateway.or(others.max_tables_per_gateway),
            output_dir: self.output_dir.or(others.output_dir),
            lock: self.lock.or(others.lock),
            warehouse_id: self.warehouse_id.or(others.warehouse_id),
            host: self.host.or(others.host),
            profile: self.profile.or(others.profile),
            timezone: self.timezone.or(others.timezone),
            target: if self.target.is_empty() { others.target } else { self.target },
            delimiter: self.delimiter.or(others.delimiter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_were_kept_fill_in_for_those_that_are_missing() {
        let kept = Flags { source: Some("a".into()), host: Some("h".into()), ..Flags::default() };
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(text, r#"{"source":"a","host":"h"}"#);
        let read: Flags = serde_json::from_str(&text).unwrap();
        let given = Flags { source: Some("b".into()), ..Flags::default() };
        assert_eq!(given.or(read), Flags { source: Some("b".into()), ..kept });
    }
}
