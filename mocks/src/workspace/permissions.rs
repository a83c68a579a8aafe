//! Access control lists of workspace objects: `/api/2.0/permissions/{type}/{id}` (REST API, Permissions).

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::identity::Identity;
use super::world::World;

/// A workspace object: type as in the path (`pipelines`, `jobs`, `directories`, `warehouses`) and id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// As in the path.
    pub kind: String,
    /// As in the path.
    pub id: String,
}

impl Object {
    /// An object by type and id.
    #[must_use]
    pub fn new(kind: &str, id: &str) -> Self {
        Self { kind: kind.to_owned(), id: id.to_owned() }
    }

    /// A pipeline.
    #[must_use]
    pub fn pipeline(id: &str) -> Self {
        Self::new("pipelines", id)
    }

    /// A job.
    #[must_use]
    pub fn job(id: i64) -> Self {
        Self::new("jobs", &id.to_string())
    }

    /// Whether each object of this type has exactly one owner.
    fn has_owner(&self) -> bool {
        matches!(self.kind.as_str(), "pipelines" | "jobs" | "warehouses")
    }
}

/// One entry: who, and which level (`CAN_VIEW`, `CAN_RUN`, `CAN_MANAGE`, `IS_OWNER`, …).
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `user_name`, `group_name` or `service_principal_name`.
    pub kind: String,
    /// The name.
    pub principal: String,
    /// The level.
    pub level: String,
}

impl Entry {
    fn of(identity: &Identity, level: &str) -> Self {
        let kind = if identity.service_principal { "service_principal_name" } else { "user_name" };
        Self { kind: kind.to_owned(), principal: identity.user_name.clone(), level: level.to_owned() }
    }

    fn parse(value: &Value) -> Result<Self, Problem> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let level =
            text("permission_level").ok_or_else(|| Problem::invalid("permission_level is missing"))?;
        let mut named = ["user_name", "group_name", "service_principal_name"]
            .into_iter()
            .filter_map(|kind| text(kind).map(|principal| (kind, principal)));
        match (named.next(), named.next()) {
            (Some((kind, principal)), None) => {
                Ok(Self { kind: kind.to_owned(), principal: principal.to_owned(), level: level.to_owned() })
            }
            _ => Err(Problem::invalid(
                "Exactly one of user_name, group_name and service_principal_name must be set",
            )),
        }
    }
}

/// The access control lists. Administrators may do everything.
#[derive(Debug, Default)]
pub struct Permissions {
    direct: HashMap<Object, Vec<Entry>>,
}

impl Permissions {
    /// The direct entries of an object.
    #[must_use]
    pub fn of(&self, object: &Object) -> &[Entry] {
        self.direct.get(object).map_or(&[], Vec::as_slice)
    }

    /// Adds an entry for a user (or, for `group` set, a group).
    pub fn grant(&mut self, object: Object, principal: &str, group: bool, level: &str) {
        let kind = if group { "group_name" } else { "user_name" };
        let entry = Entry { kind: kind.to_owned(), principal: principal.to_owned(), level: level.to_owned() };
        self.direct.entry(object).or_default().push(entry);
    }

    pub(crate) fn set_owner(&mut self, object: Object, identity: &Identity) {
        let entries = self.direct.entry(object).or_default();
        entries.retain(|entry| entry.level != "IS_OWNER");
        entries.push(Entry::of(identity, "IS_OWNER"));
    }

    pub(crate) fn forget(&mut self, object: &Object) {
        self.direct.remove(object);
    }

    fn has(&self, who: &Identity, object: &Object, level: impl Fn(&str) -> bool) -> bool {
        let mut entries = self.of(object).iter();
        who.is_admin()
            || entries.any(|entry| {
                let named =
                    who.is(&entry.principal) || (entry.kind == "group_name" && entry.principal == "users");
                named && level(&entry.level)
            })
    }

    pub(crate) fn may_view(&self, who: &Identity, object: &Object) -> bool {
        self.has(who, object, |_| true)
    }

    pub(crate) fn may_manage(&self, who: &Identity, object: &Object) -> bool {
        self.has(who, object, |level| matches!(level, "IS_OWNER" | "CAN_MANAGE"))
    }

    /// Whether an SQL warehouse may be used.
    pub(crate) fn may_use(&self, who: &Identity, object: &Object) -> bool {
        self.has(who, object, |level| matches!(level, "IS_OWNER" | "CAN_MANAGE" | "CAN_USE" | "CAN_MONITOR"))
    }
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    let (kind, id) = match route.as_slice() {
        ["api", "2.0", "permissions", "sql", "warehouses", id] => ("warehouses", *id),
        ["api", "2.0", "permissions", kind, id] | ["api", "2.0", "preview", "permissions", kind, id] => {
            (*kind, *id)
        }
        _ => return None,
    };
    let object = Object::new(kind, id);
    Some(match call.method {
        "GET" => exists(world, &object).map(|()| show(world, &object)),
        "PUT" => change(world, call, &object, true),
        "PATCH" => change(world, call, &object, false),
        _ => return None,
    })
}

fn exists(world: &World, object: &Object) -> Result<(), Problem> {
    let id = &object.id;
    let there = match object.kind.as_str() {
        "pipelines" => world.pipelines.get(id).is_some(),
        "jobs" => id.parse().is_ok_and(|id| world.jobs.get(id).is_some()),
        "directories" | "files" => id.parse().is_ok_and(|id| world.files.by_object_id(id).is_some()),
        "warehouses" => world.warehouses.get(id).is_some(),
        _ => return Err(Problem::invalid(format!("'{}' is not a supported object type.", object.kind))),
    };
    if there { Ok(()) } else { Err(Problem::missing(format!("{} {id} does not exist.", object.kind))) }
}

/// The list as the API shows it: direct entries, then what administrators inherit.
fn show(world: &World, object: &Object) -> Answer {
    let singular = match object.kind.as_str() {
        "directories" => "directory",
        kind => kind.trim_end_matches('s'),
    };
    let root = format!("/{}/", object.kind);
    let mut grouped: Vec<((&str, &str), Vec<Value>)> = Vec::new();
    for entry in world.permissions.of(object) {
        let permission = json!({"permission_level": entry.level, "inherited": false});
        let who = (entry.kind.as_str(), entry.principal.as_str());
        match grouped.iter_mut().find(|(known, _)| *known == who) {
            Some((_, all)) => all.push(permission),
            None => grouped.push((who, vec![permission])),
        }
    }
    let inherited =
        json!({"permission_level": "CAN_MANAGE", "inherited": true, "inherited_from_object": [root]});
    match grouped.iter_mut().find(|(known, _)| *known == ("group_name", "admins")) {
        Some((_, all)) => all.push(inherited),
        None => grouped.push((("group_name", "admins"), vec![inherited])),
    }
    let list: Vec<Value> = grouped
        .into_iter()
        .map(|((kind, principal), all)| {
            let mut item = Map::new();
            item.insert(kind.to_owned(), Value::from(principal));
            if kind != "group_name" {
                item.insert("display_name".to_owned(), Value::from(principal));
            }
            item.insert("all_permissions".to_owned(), Value::from(all));
            Value::Object(item)
        })
        .collect();
    Answer::json(&json!({
        "object_id": format!("/{}/{}", object.kind, object.id),
        "object_type": singular,
        "access_control_list": list,
    }))
}

/// `PUT` replaces the direct entries, `PATCH` adds to them.
fn change(world: &mut World, call: &Call, object: &Object, replace: bool) -> Reply {
    exists(world, object)?;
    if object.has_owner() && !world.permissions.may_manage(&call.caller, object) {
        return Err(Problem::denied(format!(
            "User {} does not have permission to change the access control list.",
            call.caller.user_name
        )));
    }
    let body = call.object()?;
    let sent = body.get("access_control_list").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let sent: Vec<Entry> = sent.iter().map(Entry::parse).collect::<Result<_, _>>()?;
    let mut entries = if replace { Vec::new() } else { world.permissions.of(object).to_vec() };
    for entry in sent {
        entries.retain(|known| (&known.kind, &known.principal) != (&entry.kind, &entry.principal));
        if entry.level == "IS_OWNER" && !replace {
            entries.retain(|known| known.level != "IS_OWNER");
        }
        entries.push(entry);
    }
    let owners = entries.iter().filter(|entry| entry.level == "IS_OWNER").count();
    if object.has_owner() && owners != 1 {
        let noun = object.kind.trim_end_matches('s');
        return Err(Problem::invalid(format!("The {noun} must have exactly one owner.")));
    }
    world.permissions.direct.insert(object.clone(), entries);
    Ok(show(world, object))
}
