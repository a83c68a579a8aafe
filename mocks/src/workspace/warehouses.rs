//! SQL warehouses: `/api/2.0/sql/warehouses` (REST API, SQL Warehouses) and the default-warehouse override.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::paging;
use super::permissions::Object;
use super::world::World;

/// One SQL warehouse.
#[derive(Clone, Debug)]
pub struct Warehouse {
    /// 16 hexadecimal digits.
    pub id: String,
    /// Unique in the workspace.
    pub name: String,
    /// `RUNNING`, `STOPPED`, `STARTING`, `STOPPING`, `DELETING` or `DELETED`.
    pub state: String,
    /// How many polls (of the warehouse or of a statement) it takes to start; `None`: it never does.
    pub polls_to_start: Option<u32>,
    /// What `health` says when it is not healthy.
    pub failure: Option<String>,
}

impl Warehouse {
    /// A running warehouse.
    #[must_use]
    pub fn running(name: &str) -> Self {
        Self {
            id: format!("{:016x}", fastrand::u64(..)),
            name: name.to_owned(),
            state: "RUNNING".to_owned(),
            polls_to_start: Some(0),
            failure: None,
        }
    }

    /// Starts it if it is stopped. Executing a statement does that too.
    pub(crate) fn start(&mut self) {
        if matches!(self.state.as_str(), "STOPPED" | "STOPPING") {
            self.state = "STARTING".to_owned();
        }
    }

    /// One look at it: a starting warehouse comes a step nearer to running.
    pub(crate) fn poll(&mut self) {
        if self.state != "STARTING" {
            return;
        }
        match &mut self.polls_to_start {
            None => {}
            Some(0) => self.state = "RUNNING".to_owned(),
            Some(left) => *left -= 1,
        }
    }

    fn to_json(&self, origin: &str) -> Value {
        let host = origin.split("//").nth(1).unwrap_or_default();
        let path = format!("/sql/1.0/warehouses/{}", self.id);
        let mut body = json!({
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "cluster_size": "Small",
            "min_num_clusters": 1,
            "max_num_clusters": 1,
            "num_clusters": u8::from(self.state == "RUNNING"),
            "auto_stop_mins": 10,
            "enable_photon": true,
            "enable_serverless_compute": true,
            "spot_instance_policy": "COST_OPTIMIZED",
            "warehouse_type": "PRO",
            "channel": {"name": "CHANNEL_NAME_CURRENT"},
            "jdbc_url": format!("jdbc:spark://{host}/default;transportMode=http;ssl=1;AuthMech=3;httpPath={path};"),
            "odbc_params": {"hostname": host, "path": path, "protocol": "https", "port": 443},
        });
        if let Some(summary) = &self.failure {
            body["health"] = json!({"status": "FAILED", "summary": summary});
        }
        body
    }
}

/// All warehouses, in the order of their making.
#[derive(Debug, Default)]
pub struct Warehouses {
    all: Vec<Warehouse>,
    /// What a user chose as default: user → (type `CUSTOM` or `LAST_SELECTED`, warehouse id).
    pub overrides: BTreeMap<String, (String, String)>,
    /// The warehouse behind the literal id `default`, where the workspace has that.
    pub default_id: Option<String>,
}

impl Warehouses {
    /// Adds one and answers its id.
    pub fn add(&mut self, warehouse: Warehouse) -> String {
        let id = warehouse.id.clone();
        self.all.push(warehouse);
        id
    }

    /// One by id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Warehouse> {
        self.all.iter().find(|warehouse| warehouse.id == id)
    }

    /// One by id, to change it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Warehouse> {
        self.all.iter_mut().find(|warehouse| warehouse.id == id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Warehouse> {
        self.all.iter()
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// Stops a warehouse; the next use starts it, after so many polls (`None`: never).
    pub fn stop(&mut self, id: &str, polls_to_start: Option<u32>) {
        if let Some(warehouse) = self.get_mut(id) {
            warehouse.state = "STOPPED".to_owned();
            warehouse.polls_to_start = polls_to_start;
        }
    }
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    Some(match (call.method, route.as_slice()) {
        ("GET", ["api", "2.0", "sql", "warehouses"]) => list(world, call),
        ("GET", ["api", "2.0", "sql", "warehouses", "default"]) => default(world, call),
        ("GET", ["api", "2.0", "sql", "warehouses", id]) => get(world, call, id),
        ("POST", ["api", "2.0", "sql", "warehouses", id, "start"]) => set(world, call, id, true),
        ("POST", ["api", "2.0", "sql", "warehouses", id, "stop"]) => set(world, call, id, false),
        ("GET", ["api", "warehouses", "v1", "default-warehouse-overrides", "me"]) => own_default(world, call),
        _ => return None,
    })
}

pub(crate) fn missing(id: &str) -> Problem {
    Problem::missing(format!("SQL warehouse {id} does not exist."))
}

/// `GET sql/warehouses`: everything at once unless `page_size` asks for pages; the key is missing when there is none.
fn list(world: &World, call: &Call) -> Reply {
    let usable_only = call.flag("skip_cannot_use")?.unwrap_or_default();
    let size = call.number("page_size")?.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let start = paging::position(call)?.and_then(|at| at.parse::<usize>().ok()).unwrap_or(0);
    let shown: Vec<&Warehouse> = world
        .warehouses
        .iter()
        .filter(|warehouse| {
            !usable_only || world.permissions.may_use(&call.caller, &Object::new("warehouses", &warehouse.id))
        })
        .collect();
    let end = size.map_or(shown.len(), |size| (start + size).min(shown.len()));
    let page: Vec<Value> = shown
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(|warehouse| warehouse.to_json(call.origin))
        .collect();
    let mut body = json!({});
    if !page.is_empty() {
        body["warehouses"] = Value::from(page);
    }
    if end < shown.len() {
        body["next_page_token"] = Value::from(paging::token(call, &end.to_string()));
    }
    Ok(Answer::json(&body))
}

/// `GET sql/warehouses/{id}`: each look brings a starting one nearer to running.
fn get(world: &mut World, call: &Call, id: &str) -> Reply {
    let warehouse = world.warehouses.get_mut(id).ok_or_else(|| missing(id))?;
    warehouse.poll();
    Ok(Answer::json(&warehouse.to_json(call.origin)))
}

/// The literal id `default`.
fn default(world: &mut World, call: &Call) -> Reply {
    match world.warehouses.default_id.clone() {
        Some(id) => get(world, call, &id),
        None => Err(missing("default")),
    }
}

/// `POST …/start` and `…/stop`; of one that is so already: fine.
fn set(world: &mut World, call: &Call, id: &str, start: bool) -> Reply {
    let object = Object::new("warehouses", id);
    let allowed = world.permissions.may_use(&call.caller, &object);
    let warehouse = world.warehouses.get_mut(id).ok_or_else(|| missing(id))?;
    if !allowed {
        return Err(Problem::denied(format!(
            "{} does not have permission to change the state of SQL warehouse {id}.",
            call.caller.user_name
        )));
    }
    if start {
        warehouse.start();
    } else {
        warehouse.state = "STOPPED".to_owned();
    }
    Ok(Answer::empty())
}

/// `GET /api/warehouses/v1/default-warehouse-overrides/me`.
fn own_default(world: &World, call: &Call) -> Reply {
    let user = &call.caller.user_name;
    let (kind, id) =
        world.warehouses.overrides.get(user).ok_or_else(|| {
            Problem::missing("Default warehouse override for the current user was not found.")
        })?;
    Ok(Answer::json(&json!({
        "name": "default-warehouse-overrides/me",
        "default_warehouse_override_id": call.caller.id,
        "type": kind,
        "warehouse_id": id,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warehouse_starts_after_so_many_polls_or_never() {
        let mut all = Warehouses::default();
        let id = all.add(Warehouse::running("w"));
        all.stop(&id, Some(2));
        let warehouse = all.get_mut(&id).unwrap();
        warehouse.start();
        for _ in 0..2 {
            warehouse.poll();
            assert_eq!(warehouse.state, "STARTING");
        }
        warehouse.poll();
        assert_eq!(warehouse.state, "RUNNING");
        all.stop(&id, None);
        let warehouse = all.get_mut(&id).unwrap();
        warehouse.start();
        (0..100).for_each(|_| warehouse.poll());
        assert_eq!(warehouse.state, "STARTING");
    }
}
