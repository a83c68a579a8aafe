//! Lakeflow pipelines: `/api/2.0/pipelines` (REST API, Pipelines).

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::identity::Identity;
use super::permissions::Object;
use super::pipeline_list;
use super::updates::{self, Update};
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

/// All pipelines.
#[derive(Debug, Default)]
pub struct Pipelines {
    pub(super) by_id: BTreeMap<String, Pipeline>,
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
        // They are given beside the specification, not in it.
        if let Some(parameters) = spec.shift_remove("parameters") {
            body["parameters"] = parameters;
        }
        body["spec"] = Value::Object(spec);
        self.add_runs(&mut body);
        if let Some(run_as) = &self.run_as {
            body["run_as"] = run_as.clone();
        }
        body
    }

    /// The fields of a list item: no specification there.
    pub(super) fn summary(&self) -> Value {
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
        ("GET", []) => pipeline_list::list(world, call),
        ("POST", []) => create(world, call),
        ("GET", [id]) => visible(world, call, id).map(|pipeline| Answer::json(&pipeline.to_json())),
        ("PUT", [id]) => edit(world, call, id),
        ("DELETE", [id]) => delete(world, call, id),
        ("POST", [id, "updates"]) => updates::start_update(world, call, id),
        ("GET", [id, "updates"]) => updates::list_updates(world, call, id),
        ("GET", [id, "updates", update]) => visible(world, call, id).and_then(|pipeline| {
            let found = pipeline.updates.iter().find(|known| known.update_id == *update);
            found
                .map(|update| Answer::json(&json!({"update": update})))
                .ok_or_else(|| Problem::missing(format!("The specified update {update} was not found.")))
        }),
        ("POST", [id, "stop"]) => updates::stop(world, call, id),
        ("GET", [id, "events"]) => updates::list_events(world, call, id),
        _ => return None,
    })
}

/// `max_results` of a pipelines call: more than the maximum is an error, as on the service.
pub(super) fn page_size(call: &Call, default: usize, max: usize) -> Result<usize, Problem> {
    match call.number("max_results")? {
        None | Some(0) => Ok(default),
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| *size <= max)
            .ok_or_else(|| Problem::invalid(format!("max_results must be between 1 and {max}, got {size}"))),
    }
}

/// The pipeline, if the caller may see it.
pub(super) fn visible<'w>(world: &'w World, call: &Call, id: &str) -> Result<&'w Pipeline, Problem> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
