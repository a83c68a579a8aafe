//! The routes of Unity Catalog: `/api/2.1/unity-catalog/…` (REST API, Unity Catalog).

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::catalog::{CatalogInfo, Connection, Schema, Table, UnityCatalog};
use super::grants::Held;
use super::paging;
use super::securable_json::{
    catalog_json, connection_json, metastore_json, schema_json, table_json, volume_json,
};
use super::world::World;

/// Page of a listing when `max_results=0` asks for the server's own size.
const PAGE: usize = 100;
/// Page of `table-summaries`.
const SUMMARY_PAGE: usize = 10_000;

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    let ["api", "2.1", "unity-catalog", rest @ ..] = route.as_slice() else { return None };
    let workspace = world.workspace_id;
    let catalog = &mut world.catalog;
    let Some(metastore) = catalog.metastore.clone() else {
        let text = "No metastore assigned for the current workspace.";
        return Some(Err(Problem::of_catalog(404, "METASTORE_DOES_NOT_EXIST", text)));
    };
    let own = Scope { catalog, call, workspace };
    Some(match (call.method, rest) {
        ("GET", ["current-metastore-assignment"]) => Ok(Answer::json(&json!({
            "metastore_id": metastore.id,
            "workspace_id": workspace,
            "default_catalog_name": "main",
        }))),
        ("GET", ["metastore_summary"]) => Ok(metastore_json(&metastore)),
        ("GET", ["connections"]) => {
            own.list(&own.catalog.connections, "", "connections", "connection", connection_json)
        }
        ("GET", ["connections", name]) => {
            own.connection(name).map(|it| Answer::json(&connection_json(it, &own)))
        }
        ("GET", ["catalogs"]) => own.list(&own.catalog.catalogs, "", "catalogs", "catalog", catalog_json),
        ("GET", ["catalogs", name]) => {
            own.catalog_named(name).map(|it| Answer::json(&catalog_json(it, &own)))
        }
        ("GET", ["bindings", "catalog", name]) => own.bindings(name),
        ("GET", ["schemas"]) => own.schemas(),
        ("GET", ["schemas", name]) => own.schema(name).map(|it| Answer::json(&schema_json(it, &own))),
        ("GET", ["tables"]) => own.tables(),
        ("GET", ["tables", name]) => own.table(name),
        ("GET", ["tables", name, "exists"]) => own.table_exists(name),
        ("GET", ["table-summaries"]) => own.table_summaries(),
        ("GET", ["volumes"]) => own.volumes(),
        ("GET", ["volumes", name]) => own.volume(name),
        ("GET", ["permissions", kind, name]) => own.permissions(kind, name, false),
        ("GET", ["effective-permissions", kind, name]) => own.permissions(kind, name, true),
        ("PATCH", ["permissions", kind, name]) => own.change(kind, name).map(|changes| {
            for (principal, add, remove) in changes {
                let mut held: Vec<String> = catalog
                    .grants
                    .on(kind, name)
                    .iter()
                    .filter(|(known, _)| *known == principal)
                    .flat_map(|(_, held)| held.clone())
                    .collect();
                held.retain(|privilege| !remove.contains(privilege));
                held.extend(add);
                catalog.grants.revoke(kind, name, &principal);
                let held: Vec<&str> = held.iter().map(String::as_str).collect();
                catalog.grants.grant(kind, name, &principal, &held);
            }
            Answer::empty()
        }),
        _ => return None,
    })
}

/// One change of grants: principal, privileges to add, privileges to remove.
type Change = (String, Vec<String>, Vec<String>);

/// What a call sees of Unity Catalog.
pub(super) struct Scope<'s> {
    pub(super) catalog: &'s UnityCatalog,
    call: &'s Call<'s>,
    workspace: u64,
}

impl Scope<'_> {
    fn sees(&self, kind: &str, name: &str) -> bool {
        self.catalog.may_see(&self.call.caller, kind, name)
    }

    fn holds(&self, kind: &str, name: &str, privilege: &str) -> bool {
        self.catalog.holds(&self.call.caller, kind, name, privilege)
    }

    /// `include_browse=true`, for callers who may only see that something is there.
    fn browses(&self) -> Result<bool, Problem> {
        Ok(self.call.flag("include_browse")?.unwrap_or_default())
    }

    fn denied(privilege: &str, kind: &str, name: &str) -> Problem {
        let kind = kind[..1].to_uppercase() + &kind[1..];
        let text = format!("User does not have {} on {kind} '{name}'.", privilege.replace('_', " "));
        Problem::of_catalog(403, "PERMISSION_DENIED", &text)
    }

    /// A connection; one that the caller has nothing to do with is as if it were not there.
    fn connection(&self, name: &str) -> Result<&Connection, Problem> {
        let found = self.catalog.connection(name).filter(|_| self.sees("connection", name));
        found.ok_or_else(|| missing("Connection", name))
    }

    fn catalog_named(&self, name: &str) -> Result<&CatalogInfo, Problem> {
        let found = self.catalog.catalog(name).ok_or_else(|| missing("Catalog", name))?;
        if found.isolated && !found.bindings.iter().any(|(id, _)| *id == self.workspace) {
            let text = format!("Catalog '{name}' is not accessible in current workspace");
            return Err(Problem::of_catalog(403, "PERMISSION_DENIED", &text));
        }
        let below = || {
            let mine = |schema: &Schema| self.sees("schema", &format!("{}.{}", schema.catalog, schema.name));
            super::catalog::children(&self.catalog.schemas, name).any(|(_, schema)| mine(schema))
        };
        if self.sees("catalog", name) || below() {
            return Ok(found);
        }
        Err(Self::denied("USE_CATALOG", "catalog", name))
    }

    fn schema(&self, full_name: &str) -> Result<&Schema, Problem> {
        let (catalog, _) = full_name.split_once('.').ok_or_else(|| {
            Problem::of_catalog(
                400,
                "INVALID_PARAMETER_VALUE",
                &format!("'{full_name}' is not a valid schema name"),
            )
        })?;
        self.catalog_named(catalog)?;
        let found = self.catalog.schema(full_name).ok_or_else(|| missing("Schema", full_name))?;
        if self.sees("schema", full_name) {
            return Ok(found);
        }
        Err(Self::denied("USE_SCHEMA", "schema", full_name))
    }

    /// The parent of a three-part name, which must be there.
    fn parent(&self, full_name: &str) -> Result<(), Problem> {
        let parts = full_name.split('.').count();
        let schema = full_name.rsplit_once('.').map(|(schema, _)| schema).filter(|_| parts == 3);
        let schema = schema.ok_or_else(|| {
            Problem::of_catalog(400, "INVALID_PARAMETER_VALUE", &format!("'{full_name}' is not a valid name"))
        })?;
        let catalog = schema.split('.').next().unwrap_or_default();
        self.catalog_named(catalog)?;
        match self.catalog.schema(schema) {
            Some(_) => Ok(()),
            None => Err(missing("Schema", schema)),
        }
    }

    /// `GET tables/{full_name}`: for its owner or with `SELECT`; with `BROWSE` less, and only when asked.
    fn table(&self, full_name: &str) -> Reply {
        self.parent(full_name)?;
        let table = self.catalog.table(full_name).ok_or_else(|| missing("Table", full_name))?;
        let missing = self.catalog.may_select(&self.call.caller, &table.catalog, &table.schema, &table.name);
        let Err((privilege, kind, name)) = missing else {
            return Ok(Answer::json(&table_json(table, self, true)));
        };
        if self.browses()? && self.holds("table", full_name, "BROWSE") {
            let mut body = table_json(table, self, false);
            body["browse_only"] = json!(true);
            return Ok(Answer::json(&body));
        }
        Err(Self::denied(privilege, kind, &name))
    }

    /// `GET tables/{full_name}/exists`: `BROWSE` is enough.
    fn table_exists(&self, full_name: &str) -> Reply {
        self.parent(full_name)?;
        let exists = self.catalog.table(full_name).is_some();
        if exists && !self.sees("table", full_name) {
            return Err(Self::denied("BROWSE", "table", full_name));
        }
        Ok(Answer::json(&json!({"table_exists": exists})))
    }

    fn volume(&self, full_name: &str) -> Reply {
        self.parent(full_name)?;
        let found = self.catalog.volumes.get(&full_name.to_lowercase());
        let volume = found.ok_or_else(|| {
            Problem::of_catalog(404, "NOT_FOUND", &format!("Volume '{full_name}' does not exist."))
        })?;
        if self.sees("volume", full_name) {
            return Ok(Answer::json(&volume_json(volume, self)));
        }
        Err(Self::denied("READ_VOLUME", "volume", full_name))
    }

    /// `GET bindings/catalog/{name}`.
    fn bindings(&self, name: &str) -> Reply {
        let found = self.catalog.catalog(name).ok_or_else(|| missing("Catalog", name))?;
        let bindings: Vec<Value> = found
            .bindings
            .iter()
            .map(|(id, read_only)| {
                let kind = if *read_only { "BINDING_TYPE_READ_ONLY" } else { "BINDING_TYPE_READ_WRITE" };
                json!({"workspace_id": id, "binding_type": kind})
            })
            .collect();
        Ok(Answer::json(&if bindings.is_empty() { json!({}) } else { json!({"bindings": bindings}) }))
    }

    fn schemas(&self) -> Reply {
        let name = self.call.required("catalog_name")?;
        self.catalog_named(name)?;
        self.list(&self.catalog.schemas, &format!("{name}."), "schemas", "schema", schema_json)
    }

    fn tables(&self) -> Reply {
        let name = format!("{}.{}", self.call.required("catalog_name")?, self.call.required("schema_name")?);
        self.schema(&name)?;
        let bare = self.call.flag("omit_columns")?.unwrap_or_default();
        let item = |table: &Table, scope: &Self| table_json(table, scope, !bare);
        self.list(&self.catalog.tables, &format!("{name}."), "tables", "table", item)
    }

    fn volumes(&self) -> Reply {
        let name = format!("{}.{}", self.call.required("catalog_name")?, self.call.required("schema_name")?);
        self.schema(&name)?;
        self.list(&self.catalog.volumes, &format!("{name}."), "volumes", "volume", volume_json)
    }

    /// `GET table-summaries`: names and types, by `LIKE` patterns.
    fn table_summaries(&self) -> Reply {
        let name = self.call.required("catalog_name")?;
        self.catalog_named(name)?;
        let pattern =
            |name: &str| self.call.param(name).filter(|text| !text.is_empty()).map(str::to_lowercase);
        let (schemas, tables) = (pattern("schema_name_pattern"), pattern("table_name_pattern"));
        let size = match self.page_size(SUMMARY_PAGE)? {
            None => SUMMARY_PAGE,
            Some(size) => size,
        };
        let after = paging::position(self.call)?;
        let prefix = format!("{}.", name.to_lowercase());
        let matching = from(&self.catalog.tables, &prefix, after.as_deref()).filter(|(_, table)| {
            schemas.as_ref().is_none_or(|pattern| paging::like(pattern, &table.schema.to_lowercase()))
                && tables.as_ref().is_none_or(|pattern| paging::like(pattern, &table.name.to_lowercase()))
                && self.sees("table", &table.full_name())
        });
        let page: Vec<(&String, &Table)> = matching.take(size + 1).collect();
        let items = page
            .iter()
            .take(size)
            .map(|(_, table)| json!({"full_name": table.full_name(), "table_type": table.table_type}))
            .collect();
        Ok(self.page("tables", items, (page.len() > size).then(|| page[size - 1].0.as_str())))
    }

    /// Items of a page: none asked for is everything at once, 0 is the server's own size.
    fn page_size(&self, own: usize) -> Result<Option<usize>, Problem> {
        match self.call.number("max_results")? {
            None => Ok(None),
            Some(0) => Ok(Some(own)),
            Some(size) => match usize::try_from(size) {
                Ok(size) => Ok(Some(size.min(own.max(1000)))),
                Err(_) => Err(Problem::of_catalog(
                    400,
                    "INVALID_PARAMETER_VALUE",
                    "max_results must not be negative",
                )),
            },
        }
    }

    /// A listing of what lies under a prefix of the key.
    fn list<T>(
        &self,
        map: &BTreeMap<String, T>,
        prefix: &str,
        key: &str,
        kind: &str,
        item: impl Fn(&T, &Self) -> Value,
    ) -> Reply {
        let size = self.page_size(PAGE)?.unwrap_or(usize::MAX - 1);
        let after = paging::position(self.call)?;
        let prefix = prefix.to_lowercase();
        let page: Vec<(&String, &T)> = from(map, &prefix, after.as_deref())
            .filter(|(name, _)| self.sees(kind, name))
            .take(size + 1)
            .collect();
        let items = page.iter().take(size).map(|(_, value)| item(value, self)).collect();
        Ok(self.page(key, items, (page.len() > size).then(|| page[size - 1].0.as_str())))
    }

    fn page(&self, key: &str, items: Vec<Value>, last: Option<&str>) -> Answer {
        let mut body = Map::new();
        if !items.is_empty() {
            body.insert(key.to_owned(), Value::from(items));
        }
        if let Some(last) = last {
            body.insert("next_page_token".to_owned(), Value::from(paging::token(self.call, last)));
        }
        Answer::json(&body)
    }

    /// `GET permissions/…` (privileges are texts) and `GET effective-permissions/…` (privileges are objects).
    fn permissions(&self, kind: &str, full_name: &str, effective: bool) -> Reply {
        let size = match self.call.number("max_results")? {
            None | Some(0) => usize::MAX,
            Some(size) if size < 150 => {
                let text = format!("max_results must be 0 or at least 150, got {size}");
                return Err(Problem::of_catalog(400, "INVALID_PARAMETER_VALUE", &text));
            }
            Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
        };
        let owner = self.existing(kind, full_name)?;
        let who = &self.call.caller;
        let metastore = self.catalog.metastore.as_ref();
        let sees_all = who.is(owner)
            || metastore.is_some_and(|metastore| who.is(&metastore.owner))
            || self.holds(kind, full_name, "MANAGE");
        let wanted = self.call.param("principal").filter(|name| !name.is_empty());
        let held: Vec<Held> = if effective {
            self.catalog.grants.effective(kind, full_name)
        } else {
            let direct = self.catalog.grants.on(kind, full_name).iter();
            direct
                .flat_map(|(principal, all)| {
                    all.iter().map(|privilege| Held { principal, privilege, inherited_from: None })
                })
                .collect()
        };
        let mut grouped: Vec<(&str, Vec<Value>)> = Vec::new();
        for held in held {
            if !(sees_all || who.is(held.principal)) || wanted.is_some_and(|wanted| wanted != held.principal)
            {
                continue;
            }
            let privilege = if effective {
                let mut body = json!({"privilege": held.privilege});
                if let Some((kind, name)) = &held.inherited_from {
                    body["inherited_from_type"] = json!(kind.to_uppercase());
                    body["inherited_from_name"] = json!(name);
                }
                body
            } else {
                json!(held.privilege)
            };
            match grouped.iter_mut().find(|(known, _)| *known == held.principal) {
                Some((_, all)) => all.push(privilege),
                None => grouped.push((held.principal, vec![privilege])),
            }
        }
        let start = paging::position(self.call)?.and_then(|at| at.parse::<usize>().ok()).unwrap_or(0);
        let end = start.saturating_add(size).min(grouped.len());
        let next = (end < grouped.len()).then(|| end.to_string());
        let items = grouped
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .map(|(principal, privileges)| json!({"principal": principal, "privileges": privileges}))
            .collect();
        Ok(self.page("privilege_assignments", items, next.as_deref()))
    }

    /// The owner of a securable that is there.
    fn existing(&self, kind: &str, full_name: &str) -> Result<&str, Problem> {
        if !["catalog", "schema", "table", "volume", "connection", "metastore"].contains(&kind) {
            return Err(Problem::unsupported(&format!("permissions of a {kind}")));
        }
        let noun = kind[..1].to_uppercase() + &kind[1..];
        self.catalog.owner_of(kind, full_name).ok_or_else(|| missing(&noun, full_name))
    }

    /// `PATCH permissions/…`: who, what to add, what to remove.
    fn change(&self, kind: &str, full_name: &str) -> Result<Vec<Change>, Problem> {
        let owner = self.existing(kind, full_name)?;
        if !self.call.caller.is(owner) && !self.holds(kind, full_name, "MANAGE") {
            return Err(Self::denied("MANAGE", kind, full_name));
        }
        let body = self.call.object()?;
        let changes = body.get("changes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let texts = |value: Option<&Value>| -> Vec<String> {
            let all = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            all.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        changes
            .iter()
            .map(|change| {
                let principal = change.get("principal").and_then(Value::as_str);
                let principal = principal.ok_or_else(|| Problem::invalid("principal is missing"))?;
                Ok((principal.to_owned(), texts(change.get("add")), texts(change.get("remove"))))
            })
            .collect()
    }
}

/// The entries of a map under a prefix, after a key.
fn from<'m, T>(
    map: &'m BTreeMap<String, T>,
    prefix: &str,
    after: Option<&str>,
) -> impl Iterator<Item = (&'m String, &'m T)> {
    let start = match after {
        Some(after) => Bound::Excluded(after),
        None => Bound::Included(prefix),
    };
    let prefix = prefix.to_owned();
    map.range::<str, _>((start, Bound::Unbounded)).take_while(move |(key, _)| key.starts_with(&prefix))
}

fn missing(noun: &str, name: &str) -> Problem {
    let code = match noun {
        "Connection" | "Volume" => "NOT_FOUND".to_owned(),
        noun => format!("{}_DOES_NOT_EXIST", noun.to_uppercase()),
    };
    Problem::of_catalog(404, &code, &format!("{noun} '{name}' does not exist."))
}
