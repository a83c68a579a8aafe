//! Jobs: `/api/2.{0,1,2}/jobs` (REST API, Jobs).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::{Call, int64};
use super::paging;
use super::permissions::Object;
use super::runs::{self, Run};
use super::world::{World, now_millis};

/// One job.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// int64.
    pub id: i64,
    /// The settings with the defaults that the service fills in.
    pub settings: Map<String, Value>,
    /// Who made it; absent when that user is gone.
    pub creator_user_name: Option<String>,
    /// Milliseconds since 1970.
    pub created_time: i64,
    /// Order of creation.
    sequence: u64,
}

impl Job {
    /// The name in its settings.
    #[must_use]
    pub fn name(&self) -> &str {
        self.settings.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    fn run_as_user_name(&self) -> &str {
        self.settings
            .get("run_as")
            .and_then(|run_as| run_as.get("user_name").or_else(|| run_as.get("service_principal_name")))
            .and_then(Value::as_str)
            .or(self.creator_user_name.as_deref())
            .unwrap_or_default()
    }

    fn head(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("job_id".to_owned(), Value::from(self.id));
        if let Some(creator) = &self.creator_user_name {
            body.insert("creator_user_name".to_owned(), Value::from(creator.as_str()));
        }
        body.insert("created_time".to_owned(), Value::from(self.created_time));
        body
    }
}

/// All jobs and their runs.
#[derive(Debug, Default)]
pub struct Jobs {
    by_id: HashMap<i64, Job>,
    /// Sequence of creation → id.
    order: BTreeMap<u64, i64>,
    /// Lower-case name → sequences.
    names: HashMap<String, BTreeSet<u64>>,
    pub(super) runs: BTreeMap<i64, Run>,
    next: u64,
}

impl Jobs {
    /// All, in the order of creation.
    pub fn iter(&self) -> impl Iterator<Item = &Job> {
        self.order.values().filter_map(|id| self.by_id.get(id))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// One by id.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Job> {
        self.by_id.get(&id)
    }

    /// The first by exact name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Job> {
        self.iter().find(|job| job.name() == name)
    }

    /// Makes a job as a `create` of these settings would, and answers its id.
    pub fn create(&mut self, settings: &Value, creator: &str) -> i64 {
        // As on the service: large, and no row number.
        let mut id = fastrand::i64(100_000_000_000..1_000_000_000_000_000);
        while self.by_id.contains_key(&id) {
            id += 1;
        }
        let job = Job {
            id,
            settings: with_defaults(settings.as_object().cloned().unwrap_or_default()),
            creator_user_name: Some(creator.to_owned()),
            created_time: now_millis(),
            sequence: 0,
        };
        self.insert(job);
        id
    }

    /// Puts a job there, in place of one of the same id.
    pub fn insert(&mut self, mut job: Job) {
        job.sequence = match self.remove(job.id) {
            Some(old) => old.sequence,
            None => {
                self.next += 1;
                self.next
            }
        };
        self.order.insert(job.sequence, job.id);
        self.names.entry(job.name().to_lowercase()).or_default().insert(job.sequence);
        self.by_id.insert(job.id, job);
    }

    /// Takes a job away.
    pub fn remove(&mut self, id: i64) -> Option<Job> {
        let job = self.by_id.remove(&id)?;
        self.order.remove(&job.sequence);
        let name = job.name().to_lowercase();
        if let Some(all) = self.names.get_mut(&name) {
            all.remove(&job.sequence);
            if all.is_empty() {
                self.names.remove(&name);
            }
        }
        Some(job)
    }

    /// The runs, oldest first.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values()
    }

    /// The service answers 400 here, not 404.
    fn missing(id: i64) -> Problem {
        Problem::invalid(format!("Job {id} does not exist."))
    }
}

/// Fills in what the service fills in.
fn with_defaults(mut settings: Map<String, Value>) -> Map<String, Value> {
    settings.retain(|_, value| !value.is_null());
    settings.shift_remove("access_control_list");
    if let Some(tasks) = settings.get_mut("tasks").and_then(Value::as_array_mut) {
        for task in tasks.iter_mut().filter_map(Value::as_object_mut) {
            for (key, value) in [
                ("email_notifications", json!({})),
                ("run_if", json!("ALL_SUCCESS")),
                ("timeout_seconds", json!(0)),
            ] {
                task.entry(key).or_insert(value);
            }
        }
        settings.entry("format").or_insert_with(|| json!("MULTI_TASK"));
    }
    for (key, value) in [
        ("email_notifications", json!({})),
        ("max_concurrent_runs", json!(1)),
        ("timeout_seconds", json!(0)),
        ("webhook_notifications", json!({})),
    ] {
        settings.entry(key).or_insert(value);
    }
    settings
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    let ["api", "2.0" | "2.1" | "2.2", "jobs", rest @ ..] = route.as_slice() else { return None };
    Some(match (call.method, rest) {
        ("GET", ["list"]) => list(world, call),
        ("GET", ["get"]) => get(world, call),
        ("POST", ["create"]) => create(world, call),
        ("POST", ["reset"]) => change(world, call, true),
        ("POST", ["update"]) => change(world, call, false),
        ("POST", ["delete"]) => delete(world, call),
        ("POST", ["run-now"]) => runs::run_now(world, call),
        ("GET", ["runs", "get"]) => runs::get_run(world, call),
        ("GET", ["runs", "list"]) => runs::list_runs(world, call),
        _ => return None,
    })
}

/// `GET jobs/list`: newest first; `name` is exact but for case.
fn list(world: &World, call: &Call) -> Reply {
    let size = match call.number("limit")? {
        None | Some(0) => 20,
        Some(size @ 1..=100) => usize::try_from(size).unwrap_or(100),
        Some(size) => {
            return Err(Problem::invalid(format!(
                "Invalid limit: {size}. The limit must be between 1 and 100."
            )));
        }
    };
    let expand = call.flag("expand_tasks")?.unwrap_or_default();
    let before = match paging::position(call)? {
        Some(at) => Some(at.parse::<u64>().map_err(|_| Problem::invalid("Invalid page token"))?),
        None => None,
    };
    let jobs = &world.jobs;
    let end = before.map_or(Bound::Unbounded, Bound::Excluded);
    let shown = |id: &i64| {
        let job = jobs.by_id.get(id)?;
        world.permissions.may_view(&call.caller, &Object::job(*id)).then_some(job)
    };
    let mut page: Vec<&Job> = match call.param("name").filter(|name| !name.is_empty()) {
        Some(name) => match jobs.names.get(&name.to_lowercase()) {
            Some(all) => {
                let range = all.range((Bound::Unbounded, end)).rev();
                range.filter_map(|at| shown(jobs.order.get(at)?)).take(size + 1).collect()
            }
            None => Vec::new(),
        },
        None => {
            let range = jobs.order.range((Bound::Unbounded, end)).rev();
            range.filter_map(|(_, id)| shown(id)).take(size + 1).collect()
        }
    };
    let more = page.len() > size;
    page.truncate(size);
    let mut body = Map::new();
    if !page.is_empty() {
        let items = page.iter().map(|job| {
            let mut item = job.head();
            let mut settings = job.settings.clone();
            if !expand {
                for heavy in ["tasks", "job_clusters", "environments", "parameters"] {
                    settings.shift_remove(heavy);
                }
            }
            item.insert("settings".to_owned(), Value::Object(settings));
            Value::Object(item)
        });
        body.insert("jobs".to_owned(), items.collect());
    }
    body.insert("has_more".to_owned(), Value::from(more));
    if let (true, Some(last)) = (more, page.last()) {
        body.insert(
            "next_page_token".to_owned(),
            Value::from(paging::token(call, &last.sequence.to_string())),
        );
    }
    Ok(Answer::json(&body))
}

/// The job that the query or the body names.
pub(super) fn named(value: Option<i64>) -> Result<i64, Problem> {
    value.ok_or_else(|| Problem::invalid("Missing required field: job_id"))
}

pub(super) fn visible<'w>(world: &'w World, call: &Call, id: i64) -> Result<&'w Job, Problem> {
    let job = world.jobs.get(id).ok_or_else(|| Jobs::missing(id))?;
    if world.permissions.may_view(&call.caller, &Object::job(id)) {
        return Ok(job);
    }
    Err(Problem::denied(format!(
        "User {} does not have View or Admin or Manage Run or Owner permissions on job {id}",
        call.caller.user_name
    )))
}

fn manage(world: &World, call: &Call, id: i64) -> Result<(), Problem> {
    visible(world, call, id)?;
    if world.permissions.may_manage(&call.caller, &Object::job(id)) {
        return Ok(());
    }
    Err(Problem::denied(format!(
        "User {} does not have Manage permissions on job {id}",
        call.caller.user_name
    )))
}

/// `GET jobs/get`: tasks come 100 per page from 2.2 on.
fn get(world: &World, call: &Call) -> Reply {
    let id = named(call.number("job_id")?)?;
    let job = visible(world, call, id)?;
    let mut body = job.head();
    body.insert("run_as_user_name".to_owned(), Value::from(job.run_as_user_name()));
    let mut settings = job.settings.clone();
    let paged = call.segments.get(1).is_some_and(|version| version == "2.2");
    if let (true, Some(tasks)) = (paged, settings.get_mut("tasks").and_then(Value::as_array_mut)) {
        let start: usize = paging::position(call)?.and_then(|at| at.parse().ok()).unwrap_or(0);
        let end = (start + 100).min(tasks.len());
        if end < tasks.len() {
            body.insert("next_page_token".to_owned(), Value::from(paging::token(call, &end.to_string())));
        }
        *tasks = tasks.get(start..end).unwrap_or_default().to_vec();
    }
    // A list without elements is not told at all.
    settings.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    body.insert("settings".to_owned(), Value::Object(settings));
    Ok(Answer::json(&body))
}

/// `POST jobs/create`.
fn create(world: &mut World, call: &Call) -> Reply {
    let body = call.object()?;
    let id = world.jobs.create(&Value::Object(body), &call.caller.user_name);
    world.permissions.set_owner(Object::job(id), &call.caller);
    Ok(Answer::json(&json!({"job_id": id})))
}

/// `POST jobs/reset` replaces the settings, `POST jobs/update` merges the top-level fields.
fn change(world: &mut World, call: &Call, replace: bool) -> Reply {
    let body = call.object()?;
    let id = named(int64(body.get("job_id")))?;
    manage(world, call, id)?;
    let new = body.get("new_settings").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut job = world.jobs.get(id).cloned().ok_or_else(|| Jobs::missing(id))?;
    if replace {
        job.settings = with_defaults(new);
    } else {
        for gone in body.get("fields_to_remove").and_then(Value::as_array).unwrap_or(&Vec::new()) {
            if let Some(name) = gone.as_str() {
                job.settings.shift_remove(name);
            }
        }
        job.settings.extend(new);
        job.settings = with_defaults(job.settings);
    }
    world.jobs.insert(job);
    Ok(Answer::empty())
}

/// `POST jobs/delete`.
fn delete(world: &mut World, call: &Call) -> Reply {
    let id = named(int64(call.object()?.get("job_id")))?;
    manage(world, call, id)?;
    world.jobs.remove(id);
    world.permissions.forget(&Object::job(id));
    Ok(Answer::empty())
}
