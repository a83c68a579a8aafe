//! Looking principals up: SCIM lists of users, groups and service principals, by one attribute.

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::identity::{Identity, stable_id};
use super::world::World;

/// Most items of a page.
const PAGE: usize = 100;

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    let ["api", "2.0", "preview", "scim", "v2", kind] = route.as_slice() else { return None };
    let (attributes, resource): (&[&str], &str) = match (call.method, *kind) {
        ("GET", "Users") => (&["userName", "displayName"], "User"),
        ("GET", "Groups") => (&["displayName"], "Group"),
        ("GET", "ServicePrincipals") => (&["applicationId", "displayName"], "ServicePrincipal"),
        _ => return None,
    };
    Some(list(world, call, attributes, resource))
}

/// `GET …/Users?filter=userName eq "a@b"&startIndex=1&count=10`; equal but for case.
fn list(world: &World, call: &Call, attributes: &[&str], resource: &str) -> Reply {
    let filter = match call.param("filter").filter(|filter| !filter.is_empty()) {
        Some(text) => Some(Filter::parse(text, attributes)?),
        None => None,
    };
    let all: Vec<Value> = match resource {
        "Group" => world.accounts.groups().map(group).collect(),
        _ => {
            let principals = resource == "ServicePrincipal";
            world.accounts.identities().filter(|it| it.service_principal == principals).map(person).collect()
        }
    };
    let found: Vec<Value> =
        all.into_iter().filter(|item| filter.as_ref().is_none_or(|filter| filter.matches(item))).collect();
    let start = call.number("startIndex")?.unwrap_or(1).max(1);
    let start = usize::try_from(start - 1).unwrap_or(0);
    let count = call.number("count")?.map_or(PAGE, |count| usize::try_from(count).unwrap_or(0)).min(PAGE);
    let page: Vec<&Value> = found.iter().skip(start).take(count).collect();
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": found.len(),
        "startIndex": start + 1,
        "itemsPerPage": page.len(),
    });
    if !page.is_empty() {
        body["Resources"] = json!(page);
    }
    Ok(Answer::json(&body))
}

fn person(who: &Identity) -> Value {
    let mut body = json!({"id": who.id, "displayName": who.display_name, "active": true});
    body[if who.service_principal { "applicationId" } else { "userName" }] = json!(who.user_name);
    body
}

fn group(name: &str) -> Value {
    json!({"id": stable_id(name), "displayName": name})
}

/// `attribute eq "value"`; other operators are not used by anybody here.
struct Filter {
    attribute: String,
    value: String,
}

impl Filter {
    fn parse(text: &str, attributes: &[&str]) -> Result<Self, Problem> {
        let refused = || Problem::unsupported(&format!("SCIM filter {text}"));
        let (attribute, value) = text.trim().split_once(" eq ").ok_or_else(refused)?;
        let value =
            value.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(refused)?;
        if !attributes.contains(&attribute.trim()) {
            return Err(refused());
        }
        let value = value.replace("\\\"", "\"").replace("\\\\", "\\");
        Ok(Self { attribute: attribute.trim().to_owned(), value })
    }

    fn matches(&self, item: &Value) -> bool {
        let text = item.get(&self.attribute).and_then(Value::as_str).unwrap_or_default();
        text.to_lowercase() == self.value.to_lowercase()
    }
}
