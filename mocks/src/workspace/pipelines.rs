//! Lakeflow pipelines: `/api/2.0/pipelines` (REST API, Pipelines).

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::identity::Identity;
use super::paging;
use super::permissions::Object;
use super::world::{World, now_millis, uuid};

/// One pipeline.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// UUID.
    pub id: String,
    /// Friendly name.
    pub name: String,
    /// The specification as the last create or edit gave it, without `id`, `run_as`, `dry_run`, `allow_duplicate_names`.
    pub spec: Map<String, Value>,
    /// Who made it.
    pub creator_user_name: String,
    /// `run_as` as given, if it was.
    pub run_as: Option<Value>,
    /// `IDLE`, `RUNNING`, …
    pub state: String,
    /// `HEALTHY` or `UNHEALTHY`, when it ran.
    pub health: Option<String>,
    /// Milliseconds since 1970.
    pub last_modified: i64,
    /// Updates, newest first.
    pub updates: Vec<Update>,
    /// Event log, newest first; the JSON of the API.
    pub events: Vec<Value>,
}

/// One update (run) of a pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct Update {
    /// UUID.
    pub update_id: String,
    /// Its pipeline.
    pub pipeline_id: String,
    /// `COMPLETED`, `FAILED`, `RUNNING`, …
    pub state: String,
    /// `API_CALL`, `JOB_TASK`, …
    pub cause: String,
    /// Milliseconds since 1970.
    pub creation_time: i64,
    /// Whether everything was read again.
    pub full_refresh: bool,
    /// Whether nothing was to be written.
    pub validate_only: bool,
}

/// All pipelines.
#[derive(Debug, Default)]
pub struct Pipelines {
    by_id: BTreeMap<String, Pipeline>,
    names: HashMap<String, usize>,
    /// Accept a second pipeline of the same name as if each request said `allow_duplicate_names` (the service does not).
    pub accept_duplicate_names: bool,
    /// Refuse pipelines whose connection, gateway, catalog or schema does not exist, or with more than 1000 tables.
    pub check_references: bool,
}

impl Pipelines {
    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Pipeline> {
        self.by_id.values()
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
    pub fn get(&self, id: &str) -> Option<&Pipeline> {
        self.by_id.get(id)
    }

    /// One by id, to change all but its name and id (for the name: [`Pipelines::insert`] it again).
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Pipeline> {
        self.by_id.get_mut(id)
    }

    /// The first by exact name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Pipeline> {
        self.names.contains_key(name).then(|| self.iter().find(|pipeline| pipeline.name == name)).flatten()
    }

    /// Puts a pipeline there, in place of one of the same id.
    pub fn insert(&mut self, pipeline: Pipeline) {
        self.remove(&pipeline.id.clone());
        *self.names.entry(pipeline.name.clone()).or_default() += 1;
        self.by_id.insert(pipeline.id.clone(), pipeline);
    }

    /// Takes a pipeline away, without touching its tables.
    pub fn remove(&mut self, id: &str) -> Option<Pipeline> {
        let pipeline = self.by_id.remove(id)?;
        if let Some(count) = self.names.get_mut(&pipeline.name) {
            *count -= 1;
            if *count == 0 {
                self.names.remove(&pipeline.name);
            }
        }
        Some(pipeline)
    }

    /// Makes a pipeline as a `POST` of this body would, and answers its id.
    pub fn create(&mut self, body: &Value, creator: &str) -> String {
        let id = uuid();
        let mut pipeline = Pipeline {
            id: id.clone(),
            creator_user_name: creator.to_owned(),
            state: "IDLE".to_owned(),
            ..Pipeline::default()
        };
        pipeline.take(body.as_object().cloned().unwrap_or_default());
        self.insert(pipeline);
        id
    }

    fn missing(id: &str) -> Problem {
        Problem::missing(format!("The specified pipeline {id} was not found."))
    }

    fn check_name(&self, body: &Map<String, Value>, own: Option<&str>) -> Result<(), Problem> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        let asked = body.get("allow_duplicate_names").and_then(Value::as_bool).unwrap_or_default();
        if asked || self.accept_duplicate_names || own == Some(name) || !self.names.contains_key(name) {
            return Ok(());
        }
        Err(Problem::new(
            409,
            "RESOURCE_CONFLICT",
            format!(
                "The pipeline name '{name}' is already used by another pipeline. This check can be skipped by setting \
                 `allow_duplicate_names = true` in the request."
            ),
        ))
    }
}

impl Pipeline {
    /// Takes the fields of a create or edit request.
    fn take(&mut self, mut body: Map<String, Value>) {
        for input_only in ["dry_run", "allow_duplicate_names", "id", "expected_last_modified"] {
            body.shift_remove(input_only);
        }
        if let Some(run_as) = body.shift_remove("run_as") {
            self.run_as = Some(run_as).filter(|value| !value.is_null());
        }
        body.retain(|_, value| !value.is_null());
        self.name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.spec = body;
        self.last_modified = now_millis();
    }

    /// As whom it runs: `run_as` if set, else who made it.
    #[must_use]
    pub fn run_as_user_name(&self) -> &str {
        self.run_as
            .as_ref()
            .and_then(|run_as| run_as.get("user_name").or_else(|| run_as.get("service_principal_name")))
            .and_then(Value::as_str)
            .unwrap_or(&self.creator_user_name)
    }

    fn to_json(&self) -> Value {
        let mut spec = Map::with_capacity(self.spec.len() + 1);
        spec.insert("id".to_owned(), Value::from(self.id.as_str()));
        spec.extend(self.spec.clone());
        let mut body = json!({
            "pipeline_id": self.id,
            "name": self.name,
            "state": self.state,
            "creator_user_name": self.creator_user_name,
            "run_as_user_name": self.run_as_user_name(),
            "last_modified": self.last_modified,
            "effective_publishing_mode":
                if self.spec.contains_key("target") { "LEGACY_PUBLISHING_MODE" } else { "DEFAULT_PUBLISHING_MODE" },
        });
        body["spec"] = Value::Object(spec);
        self.add_runs(&mut body);
        if let Some(run_as) = &self.run_as {
            body["run_as"] = run_as.clone();
        }
        body
    }

    /// The fields of a list item: no specification there.
    fn summary(&self) -> Value {
        let mut body = json!({
            "pipeline_id": self.id,
            "name": self.name,
            "state": self.state,
            "creator_user_name": self.creator_user_name,
            "run_as_user_name": self.run_as_user_name(),
        });
        self.add_runs(&mut body);
        body
    }

    fn add_runs(&self, body: &mut Value) {
        if let Some(health) = &self.health {
            body["health"] = Value::from(health.as_str());
        }
        if !self.updates.is_empty() {
            let runs = self.updates.iter().take(5).map(|update| {
                json!({
                    "update_id": update.update_id,
                    "state": update.state,
                    "creation_time": super::world::iso_time(update.creation_time),
                })
            });
            body["latest_updates"] = runs.collect();
        }
    }
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    let ["api", "2.0", "pipelines", rest @ ..] = route.as_slice() else { return None };
    Some(match (call.method, rest) {
        ("GET", []) => list(world, call),
        ("POST", []) => create(world, call),
        ("GET", [id]) => visible(world, call, id).map(|pipeline| Answer::json(&pipeline.to_json())),
        ("PUT", [id]) => edit(world, call, id),
        ("DELETE", [id]) => delete(world, call, id),
        ("POST", [id, "updates"]) => start_update(world, call, id),
        ("GET", [id, "updates"]) => list_updates(world, call, id),
        ("GET", [id, "updates", update]) => visible(world, call, id).and_then(|pipeline| {
            let found = pipeline.updates.iter().find(|known| known.update_id == *update);
            found
                .map(|update| Answer::json(&json!({"update": update})))
                .ok_or_else(|| Problem::missing(format!("The specified update {update} was not found.")))
        }),
        ("POST", [id, "stop"]) => stop(world, call, id),
        ("GET", [id, "events"]) => list_events(world, call, id),
        _ => return None,
    })
}

/// `GET /api/2.0/pipelines`: pages of at most 100 items without specification.
fn list(world: &World, call: &Call) -> Reply {
    let size = page_size(call, 25, 100)?;
    let filter = call.param("filter").filter(|filter| !filter.is_empty()).map(Filter::parse).transpose()?;
    let order: Vec<&str> =
        call.query.iter().filter(|(key, _)| key == "order_by").map(|(_, value)| value.as_str()).collect();
    let after = paging::position(call)?;
    let pipelines = &world.pipelines;
    let shown = |pipeline: &&Pipeline| {
        filter.as_ref().is_none_or(|filter| filter.matches(pipeline))
            && world.permissions.may_view(&call.caller, &Object::pipeline(&pipeline.id))
    };
    let mut page: Vec<&Pipeline> = match order.as_slice() {
        [] | ["id"] | ["id asc"] => {
            let start = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            pipelines
                .by_id
                .range::<str, _>((start, Bound::Unbounded))
                .map(|(_, p)| p)
                .filter(shown)
                .take(size + 1)
                .collect()
        }
        ["id desc"] => {
            let end = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let range = pipelines.by_id.range::<str, _>((Bound::Unbounded, end));
            range.rev().map(|(_, p)| p).filter(shown).take(size + 1).collect()
        }
        ["name" | "name asc"] => by_name(pipelines, after.as_deref(), size, shown, false),
        ["name desc"] => by_name(pipelines, after.as_deref(), size, shown, true),
        _ => return Err(Problem::invalid(format!("Unsupported order_by: {}", order.join(", ")))),
    };
    let more = page.len() > size;
    page.truncate(size);
    let mut body = Map::new();
    if !page.is_empty() {
        body.insert("statuses".to_owned(), page.iter().map(|pipeline| pipeline.summary()).collect());
    }
    if let (true, Some(last)) = (more, page.last()) {
        body.insert("next_page_token".to_owned(), Value::from(paging::token(call, &last.id)));
    }
    Ok(Answer::json(&body))
}

/// A page in the order of names, after the pipeline with the id `after`.
fn by_name<'a>(
    pipelines: &'a Pipelines,
    after: Option<&str>,
    size: usize,
    shown: impl Fn(&&Pipeline) -> bool,
    descending: bool,
) -> Vec<&'a Pipeline> {
    let mut all: Vec<&Pipeline> = pipelines.iter().filter(shown).collect();
    all.sort_unstable_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    if descending {
        all.reverse();
    }
    let start = after.and_then(|id| all.iter().position(|p| p.id == id)).map_or(0, |at| at + 1);
    all.into_iter().skip(start).take(size + 1).collect()
}

/// `max_results` of a pipelines call: more than the maximum is an error, as on the service.
fn page_size(call: &Call, default: usize, max: usize) -> Result<usize, Problem> {
    match call.number("max_results")? {
        None | Some(0) => Ok(default),
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| *size <= max)
            .ok_or_else(|| Problem::invalid(format!("max_results must be between 1 and {max}, got {size}"))),
    }
}

/// `name LIKE '…'` or `notebook='…'`; nothing else is understood.
enum Filter {
    Name(String),
    Notebook(String),
}

impl Filter {
    fn parse(text: &str) -> Result<Self, Problem> {
        let refused = || {
            Problem::invalid(format!(
                "Invalid filter: {text}. Supported filters are notebook='<path>' and name LIKE '[pattern]'."
            ))
        };
        let trimmed = text.trim();
        let quoted = |rest: &str| {
            let inner = rest.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (!inner.contains('\'')).then(|| inner.to_owned())
        };
        if let Some(rest) = trimmed.strip_prefix("notebook") {
            let rest = rest.trim_start().strip_prefix('=').ok_or_else(refused)?;
            return quoted(rest).map(Self::Notebook).ok_or_else(refused);
        }
        let rest = trimmed.strip_prefix("name").map(str::trim_start).ok_or_else(refused)?;
        let like = rest.get(..4).filter(|word| word.eq_ignore_ascii_case("like")).ok_or_else(refused)?;
        quoted(&rest[like.len()..]).map(Self::Name).ok_or_else(refused)
    }

    fn matches(&self, pipeline: &Pipeline) -> bool {
        match self {
            Self::Name(pattern) => match pattern.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')) {
                Some(middle) if !middle.contains(['%', '_']) => pipeline.name.contains(middle),
                _ => paging::like(pattern, &pipeline.name),
            },
            Self::Notebook(path) => {
                pipeline.spec.get("libraries").and_then(Value::as_array).is_some_and(|all| {
                    all.iter().any(|one| one.pointer("/notebook/path") == Some(&json!(path)))
                })
            }
        }
    }
}

/// The pipeline, if the caller may see it.
fn visible<'w>(world: &'w World, call: &Call, id: &str) -> Result<&'w Pipeline, Problem> {
    let pipeline = world.pipelines.get(id).ok_or_else(|| Pipelines::missing(id))?;
    if world.permissions.may_view(&call.caller, &Object::pipeline(id)) {
        return Ok(pipeline);
    }
    Err(Problem::denied(format!(
        "User {} does not have View permission on pipeline {id}.",
        call.caller.user_name
    )))
}

/// Whether the caller may change the pipeline, which exists.
fn manage(world: &World, call: &Call, id: &str) -> Result<(), Problem> {
    visible(world, call, id)?;
    if world.permissions.may_manage(&call.caller, &Object::pipeline(id)) {
        return Ok(());
    }
    Err(Problem::denied(format!(
        "User {} does not have Manage permission on pipeline {id}.",
        call.caller.user_name
    )))
}

/// `POST /api/2.0/pipelines`.
fn create(world: &mut World, call: &Call) -> Reply {
    let body = call.object()?;
    check(world, &body)?;
    world.pipelines.check_name(&body, None)?;
    if body.get("dry_run").and_then(Value::as_bool).unwrap_or_default() {
        let mut settings = body;
        settings.shift_remove("dry_run");
        return Ok(Answer::json(&json!({"effective_settings": settings})));
    }
    let id = world.pipelines.create(&Value::Object(body), &call.caller.user_name);
    own(world, &call.caller, &id);
    Ok(Answer::json(&json!({"pipeline_id": id})))
}

fn own(world: &mut World, caller: &Identity, id: &str) {
    world.permissions.set_owner(Object::pipeline(id), caller);
}

/// `PUT /api/2.0/pipelines/{id}`: replaces the whole specification.
fn edit(world: &mut World, call: &Call, id: &str) -> Reply {
    manage(world, call, id)?;
    let body = call.object()?;
    check(world, &body)?;
    let known = world.pipelines.get(id).ok_or_else(|| Pipelines::missing(id))?;
    if let Some(expected) = super::call::int64(body.get("expected_last_modified"))
        && expected != known.last_modified
    {
        return Err(Problem::new(409, "RESOURCE_CONFLICT", "The pipeline was modified by another request."));
    }
    let own_name = known.name.clone();
    world.pipelines.check_name(&body, Some(&own_name))?;
    let mut pipeline = world.pipelines.remove(id).ok_or_else(|| Pipelines::missing(id))?;
    pipeline.take(body);
    world.pipelines.insert(pipeline);
    Ok(Answer::empty())
}

/// `DELETE /api/2.0/pipelines/{id}`: takes the tables of the pipeline with it unless `cascade=false`.
fn delete(world: &mut World, call: &Call, id: &str) -> Reply {
    let cascade = call.flag("cascade")?.unwrap_or(true);
    call.flag("force")?;
    manage(world, call, id)?;
    world.pipelines.remove(id);
    world.permissions.forget(&Object::pipeline(id));
    if cascade {
        world.catalog.drop_tables_of(id);
    }
    Ok(Answer::empty())
}

/// Whether a specification can be taken at all.
fn check(world: &World, body: &Map<String, Value>) -> Result<(), Problem> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    if let Some(ingestion) = body.get("ingestion_definition").filter(|value| !value.is_null()) {
        let connection = text(ingestion.get("connection_name"));
        let gateway = text(ingestion.get("ingestion_gateway_id"));
        let foreign =
            ingestion.get("ingest_from_uc_foreign_catalog").and_then(Value::as_bool).unwrap_or_default();
        if connection.is_some() && gateway.is_some() {
            return Err(Problem::invalid(
                "Only one of connection_name and ingestion_gateway_id can be set in ingestion_definition.",
            ));
        }
        if world.pipelines.check_references {
            if let Some(name) = &connection {
                world.check_connection(name)?;
            }
            if connection.is_none() && gateway.is_none() && !foreign {
                return Err(Problem::invalid(
                    "One of connection_name and ingestion_gateway_id must be set in ingestion_definition.",
                ));
            }
            if let Some(id) = gateway.filter(|id| world.pipelines.get(id).is_none()) {
                return Err(Problem::invalid(format!("Ingestion gateway {id} was not found.")));
            }
            let tables = ingestion.get("objects").and_then(Value::as_array).map_or(0, Vec::len);
            if tables > 1000 {
                return Err(Problem::invalid(format!(
                    "A pipeline can have at most 1000 tables, got {tables}."
                )));
            }
        }
    }
    if let Some(gateway) = body.get("gateway_definition").filter(|value| !value.is_null())
        && world.pipelines.check_references
    {
        let continuous = body.get("continuous").and_then(Value::as_bool).unwrap_or_default();
        if !continuous {
            return Err(Problem::new(
                400,
                "INGESTION_GATEWAY_PIPELINE_SPEC_VALIDATION_ERROR",
                "An ingestion gateway pipeline must be continuous.",
            ));
        }
        if let Some(name) = text(gateway.get("connection_name")) {
            world.check_connection(&name)?;
        }
        if let Some(catalog) = text(gateway.get("gateway_storage_catalog")) {
            world.check_catalog(&catalog)?;
        }
    }
    if let Some(catalog) = text(body.get("catalog")).filter(|_| world.pipelines.check_references) {
        world.check_catalog(&catalog)?;
    }
    Ok(())
}

/// `POST …/updates`: runs the pipeline; it is finished at once.
fn start_update(world: &mut World, call: &Call, id: &str) -> Reply {
    visible(world, call, id)?;
    let body = call.object()?;
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
    let (full_refresh, validate_only) = (flag("full_refresh"), flag("validate_only"));
    let busy = world
        .pipelines
        .get(id)
        .and_then(|pipeline| pipeline.updates.first())
        .is_some_and(|update| !matches!(update.state.as_str(), "COMPLETED" | "FAILED" | "CANCELED"));
    if busy {
        return Err(Problem::new(
            409,
            "RESOURCE_CONFLICT",
            "An active update already exists for this pipeline.",
        ));
    }
    let update_id = world.run_pipeline(id, "API_CALL", full_refresh, validate_only);
    Ok(Answer::json(&json!({"update_id": update_id})))
}

/// `GET …/updates`.
fn list_updates(world: &World, call: &Call, id: &str) -> Reply {
    let size = page_size(call, 25, 100)?;
    let pipeline = visible(world, call, id)?;
    let start = paging::position(call)?.and_then(|at| at.parse::<usize>().ok()).unwrap_or(0);
    let page: Vec<&Update> = pipeline.updates.iter().skip(start).take(size).collect();
    let end = start + page.len();
    let mut body = json!({});
    if !page.is_empty() {
        body["updates"] = json!(page);
    }
    if end < pipeline.updates.len() {
        body["next_page_token"] = Value::from(paging::token(call, &end.to_string()));
    }
    Ok(Answer::json(&body))
}

/// `POST …/stop`.
fn stop(world: &mut World, call: &Call, id: &str) -> Reply {
    visible(world, call, id)?;
    if let Some(pipeline) = world.pipelines.get_mut(id) {
        pipeline.state = "IDLE".to_owned();
        for update in &mut pipeline.updates {
            if !matches!(update.state.as_str(), "COMPLETED" | "FAILED") {
                update.state = "CANCELED".to_owned();
            }
        }
    }
    Ok(Answer::empty())
}

/// `GET …/events`: newest first; of the filters only `level` is understood.
fn list_events(world: &World, call: &Call, id: &str) -> Reply {
    let size = page_size(call, 25, 250)?;
    let pipeline = visible(world, call, id)?;
    let excluded =
        call.param("page_token").is_some() && (call.param("filter").or(call.param("order_by"))).is_some();
    if excluded {
        return Err(Problem::invalid("page_token cannot be combined with filter or order_by"));
    }
    let filter = call.param("filter").unwrap_or_default();
    let shown = |event: &&Value| {
        let level = event.get("level").and_then(Value::as_str).unwrap_or("INFO");
        !filter.contains("level") || filter.contains(&format!("'{level}'"))
    };
    let page: Vec<&Value> = pipeline.events.iter().filter(shown).take(size).collect();
    Ok(Answer::json(&if page.is_empty() { json!({}) } else { json!({"events": page}) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_documented_filters_are_understood() {
        assert!(Filter::parse("name LIKE '%x%'").is_ok());
        assert!(Filter::parse("name like 'x'").is_ok());
        assert!(Filter::parse("notebook='/a'").is_ok());
        assert!(Filter::parse("name = 'x'").is_err());
        assert!(Filter::parse("name LIKE '%x%' AND name LIKE '%y%'").is_err());
        assert!(Filter::parse("name LIKE '%o'brien%'").is_err());
    }

    #[test]
    fn a_name_is_free_again_after_rename_and_delete() {
        let mut all = Pipelines::default();
        let id = all.create(&json!({"name": "a"}), "u");
        let mut renamed = all.get(&id).unwrap().clone();
        renamed.name = "b".to_owned();
        all.insert(renamed);
        let body = |name: &str| json!({"name": name}).as_object().cloned().unwrap();
        assert!(all.check_name(&body("a"), None).is_ok());
        assert!(all.check_name(&body("b"), None).is_err());
        all.remove(&id);
        assert!(all.check_name(&body("b"), None).is_ok());
    }
}
