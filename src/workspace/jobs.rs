//! Jobs.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::{ApiCall, Client};
use super::error::Error;
use super::lenient;
use super::pages::Page;

/// A job as the list shows it: settings without tasks.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct JobSummary {
    /// The job's id.
    #[serde(rename = "job_id", default, deserialize_with = "id")]
    pub id: i64,
    /// Who made it; absent once that user is gone.
    #[serde(rename = "creator_user_name")]
    pub creator: Option<String>,
    /// When it was made, in milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub created_time: Option<i64>,
    /// The settings, as far as the list shows them.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

/// A job with all its tasks.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Job {
    /// The job's id.
    #[serde(rename = "job_id", default, deserialize_with = "id")]
    pub id: i64,
    /// Who made it; absent once that user is gone.
    #[serde(rename = "creator_user_name")]
    pub creator: Option<String>,
    /// Whose rights it has in effect.
    #[serde(rename = "run_as_user_name")]
    pub run_as: Option<String>,
    /// The settings, the tasks of all pages in one list.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

impl JobSummary {
    /// The name; not unique.
    #[must_use]
    pub fn name(&self) -> &str {
        name(&self.settings)
    }

    /// The bundle that manages it: the path of that bundle's `metadata.json` in the workspace.
    #[must_use]
    pub fn metadata_file_path(&self) -> Option<&str> {
        metadata_file_path(&self.settings)
    }
}

impl Job {
    /// The name; not unique.
    #[must_use]
    pub fn name(&self) -> &str {
        name(&self.settings)
    }

    /// The bundle that manages it: the path of that bundle's `metadata.json` in the workspace.
    #[must_use]
    pub fn metadata_file_path(&self) -> Option<&str> {
        metadata_file_path(&self.settings)
    }

    /// The pipelines that its tasks start, in the order of the tasks.
    #[must_use]
    pub fn pipeline_ids(&self) -> Vec<&str> {
        let tasks = self.settings.get("tasks").and_then(Value::as_array);
        tasks
            .into_iter()
            .flatten()
            .filter_map(|task| task.pointer("/pipeline_task/pipeline_id")?.as_str())
            .collect()
    }
}

fn name(settings: &Map<String, Value>) -> &str {
    settings.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn metadata_file_path(settings: &Map<String, Value>) -> Option<&str> {
    let deployment = settings.get("deployment")?;
    if deployment.get("kind").and_then(Value::as_str)? != "BUNDLE" {
        return None;
    }
    deployment.get("metadata_file_path").and_then(Value::as_str).filter(|path| !path.is_empty())
}

fn id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    lenient::integer(deserializer)?.ok_or_else(|| serde::de::Error::custom("a job without a numeric id"))
}

#[derive(Deserialize)]
struct JobPage {
    #[serde(default, deserialize_with = "lenient::list")]
    jobs: Vec<JobSummary>,
    next_page_token: Option<String>,
}

impl Page for JobPage {
    type Item = JobSummary;

    fn split(self) -> (Vec<JobSummary>, Option<String>) {
        (self.jobs, self.next_page_token)
    }
}

#[derive(Deserialize)]
struct JobPart {
    #[serde(flatten)]
    job: Job,
    next_page_token: Option<String>,
}

const LIST: &str = "/api/2.2/jobs/list";
const GET: &str = "/api/2.2/jobs/get";

/// The lists of a job that come a hundred at a time.
const PAGED: [&str; 4] = ["tasks", "job_clusters", "parameters", "environments"];

impl Client {
    /// `GET /api/2.2/jobs/list`: every job that this identity may see, all pages.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list_jobs(&self) -> Result<Vec<JobSummary>, Error> {
        self.pages::<JobPage>(LIST, || ApiCall::get(LIST).query("limit", "100")).await
    }

    /// `GET /api/2.2/jobs/get`, all pages of its tasks; `None` where there is no such job.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn job(&self, id: i64) -> Result<Option<Job>, Error> {
        let mut whole: Option<Job> = None;
        let mut seen = HashSet::new();
        let mut token: Option<String> = None;
        loop {
            let mut call = ApiCall::get(GET).query("job_id", id.to_string());
            if let Some(token) = &token {
                call = call.query("page_token", token.clone());
            }
            let part: JobPart = match self.json(call).await {
                Ok(part) => part,
                Err(error) if whole.is_none() && is_missing_job(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            match &mut whole {
                None => whole = Some(part.job),
                Some(whole) => append(&mut whole.settings, part.job.settings),
            }
            match part.next_page_token.filter(|next| !next.is_empty()) {
                Some(next) if !seen.insert(next.clone()) => {
                    let problem = "the list of tasks does not end: the same page token came again";
                    return Err(Error::malformed(self.shown_host(), "GET", GET, problem));
                }
                Some(next) => token = Some(next),
                None => return Ok(whole),
            }
        }
    }
}

/// A missing job is a 400 with a certain message.
fn is_missing_job(error: &Error) -> bool {
    error.is_missing()
        || error.api().is_some_and(|api| {
            api.status == 400
                && api.message.split_once("Job ").is_some_and(|(_, rest)| rest.contains(" does not exist"))
        })
}

fn append(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (key, value) in part {
        match (whole.get_mut(&key), value) {
            (Some(Value::Array(all)), Value::Array(more)) if PAGED.contains(&key.as_str()) => {
                all.extend(more)
            }
            (Some(_), _) => {}
            (None, value) => {
                whole.insert(key, value);
            }
        }
    }
}
