//! Lakeflow pipelines.

use serde::Deserialize;
use serde_json::Value;

use super::client::{ApiCall, Client};
use super::error::Error;
use super::lenient::{self, segment};
use super::pages::Page;

/// A pipeline as the list shows it: without its spec.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PipelineSummary {
    /// The pipeline's id.
    #[serde(rename = "pipeline_id", default)]
    pub id: String,
    /// Its name, unique by courtesy only.
    #[serde(default)]
    pub name: String,
    /// `IDLE`, `RUNNING`, `FAILED`, …; an open set.
    pub state: Option<String>,
    /// `HEALTHY` or `UNHEALTHY`.
    pub health: Option<String>,
    /// Who made it.
    #[serde(rename = "creator_user_name")]
    pub creator: Option<String>,
    /// Whose rights it has.
    #[serde(rename = "run_as_user_name")]
    pub run_as: Option<String>,
}

/// A pipeline with its spec.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Pipeline {
    /// The pipeline's id.
    #[serde(rename = "pipeline_id", default)]
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// `IDLE`, `RUNNING`, `FAILED`, …; an open set.
    pub state: Option<String>,
    /// `HEALTHY` or `UNHEALTHY`.
    pub health: Option<String>,
    /// Why it is in this state.
    pub cause: Option<String>,
    /// Who made it.
    #[serde(rename = "creator_user_name")]
    pub creator: Option<String>,
    /// Whose rights it has in effect.
    #[serde(rename = "run_as_user_name")]
    pub run_as: Option<String>,
    /// When it was changed last, in milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub last_modified: Option<i64>,
    #[serde(default, deserialize_with = "lenient::list")]
    latest_updates: Vec<LatestUpdate>,
    /// The spec as the service holds it; `null` where the answer has none.
    #[serde(default)]
    pub spec: Value,
    /// These stand beside the spec.
    parameters: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct LatestUpdate {
    creation_time: Option<String>,
}

impl Pipeline {
    /// Its definition, as a request that makes it has it.
    #[must_use]
    pub fn definition(self) -> Value {
        let mut spec = self.spec;
        if let (Some(fields), Some(parameters)) = (spec.as_object_mut(), self.parameters) {
            fields.insert("parameters".to_owned(), parameters);
        }
        spec
    }

    /// When its newest update was started, as the service writes times: `2026-01-02T03:04:05.678Z`.
    #[must_use]
    pub fn last_update(&self) -> Option<&str> {
        self.latest_updates.iter().filter_map(|update| update.creation_time.as_deref()).max()
    }

    /// The bundle that manages it: the path of that bundle's `metadata.json` in the workspace.
    #[must_use]
    pub fn metadata_file_path(&self) -> Option<&str> {
        let deployment = self.spec.get("deployment")?;
        if deployment.get("kind").and_then(Value::as_str)? != "BUNDLE" {
            return None;
        }
        deployment.get("metadata_file_path").and_then(Value::as_str).filter(|path| !path.is_empty())
    }
}

#[derive(Deserialize)]
struct PipelinePage {
    #[serde(default, deserialize_with = "lenient::list")]
    statuses: Vec<PipelineSummary>,
    next_page_token: Option<String>,
}

impl Page for PipelinePage {
    type Item = PipelineSummary;

    fn split(self) -> (Vec<PipelineSummary>, Option<String>) {
        (self.statuses, self.next_page_token)
    }
}

const PIPELINES: &str = "/api/2.0/pipelines";

impl Client {
    /// `GET /api/2.0/pipelines`: every pipeline that this identity may see, all pages.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list_pipelines(&self) -> Result<Vec<PipelineSummary>, Error> {
        self.pages::<PipelinePage>(PIPELINES, || ApiCall::get(PIPELINES).query("max_results", "100")).await
    }

    /// `GET /api/2.0/pipelines/{id}`; `None` where there is no such pipeline.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pipeline(&self, id: &str) -> Result<Option<Pipeline>, Error> {
        self.optional(ApiCall::get(format!("{PIPELINES}/{}", segment(id)))).await
    }
}
