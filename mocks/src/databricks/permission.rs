//! Who may do what with the resources and the folder of a bundle.

use serde_json::{Map, Value as Json, json};

use super::diagnostic::Diagnostic;
use super::identity::Identity;
use super::resource::{Group, Resources};
use super::value::Value;

/// Keys that can name a principal.
const PRINCIPALS: &[&str] = &["group_name", "service_principal_name", "user_name"];

/// The key and name of the principal of a permission.
pub(super) fn principal(permission: &Json) -> Option<(&'static str, &str)> {
    PRINCIPALS.iter().find_map(|key| Some((*key, permission[*key].as_str()?)))
}

/// Maps the permissions of the whole bundle onto every resource, and makes the deploying identity the owner.
pub(super) fn apply(resources: &mut Resources, of_bundle: &[Json], identity: &Identity) {
    for ((group, _), resource) in resources {
        let mut own = match resource.fields.remove("permissions") {
            Some(Json::Array(own)) => own,
            _ => Vec::new(),
        };
        for permission in of_bundle {
            let Some(who) = principal(permission) else { continue };
            if who == identity.principal() || own.iter().any(|own| principal(own) == Some(who)) {
                continue;
            }
            let level = match (permission["level"].as_str(), group) {
                (Some("CAN_RUN"), Group::Jobs) => "CAN_MANAGE_RUN",
                (Some(level), _) => level,
                (None, _) => continue,
            };
            own.push(entry(level, who));
        }
        if own.is_empty() && of_bundle.is_empty() {
            continue;
        }
        let mine = own.iter().position(|own| principal(own) == Some(identity.principal()));
        let has_owner = own.iter().any(|own| own["level"] == "IS_OWNER");
        match mine {
            Some(mine) if !has_owner && own[mine]["level"] == "CAN_MANAGE" => {
                own[mine]["level"] = json!("IS_OWNER")
            }
            None if !has_owner => own.push(entry("IS_OWNER", identity.principal())),
            _ => {}
        }
        resource.fields.insert("permissions".to_owned(), Json::Array(own));
    }
}

fn entry(level: &str, (key, name): (&str, &str)) -> Json {
    let mut fields = Map::new();
    fields.insert("level".to_owned(), level.into());
    fields.insert(key.to_owned(), name.into());
    fields.sort_keys();
    Json::Object(fields)
}

/// Permissions as the API takes them.
pub(super) fn access_list(permissions: &[Json], level_of: impl Fn(&str) -> String) -> Json {
    let entries = permissions.iter().filter_map(|permission| {
        let (key, name) = principal(permission)?;
        Some(json!({ key: name, "permission_level": level_of(permission["level"].as_str()?) }))
    });
    json!({ "access_control_list": entries.collect::<Vec<_>>() })
}

/// The level of a folder that a level of the bundle stands for.
pub(super) fn folder_level(level: &str) -> String {
    match level {
        "CAN_VIEW" => "CAN_READ".to_owned(),
        other => other.to_owned(),
    }
}

/// What is odd about the permissions of the bundle.
pub(super) fn review(config: &Value, root_path: &str, identity: &Identity) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let section = config.get("permissions");
    let permissions = list(config);
    let is_shared = root_path == "/Workspace/Shared" || root_path.starts_with("/Workspace/Shared/");
    let open_to_all =
        permissions.iter().any(|one| one["group_name"] == "users" && one["level"] == "CAN_MANAGE");
    if is_shared && !open_to_all {
        found.push(
            Diagnostic::warning(format!("the bundle root path {root_path} is writable by all workspace users")).detail(
                "The bundle is configured to use /Workspace/Shared, which will give read/write access to all users. If this is intentional, add CAN_MANAGE for 'group_name: users' permission to your bundle configuration. If the deployment should be restricted, move it to a restricted folder such as /Workspace/Users/<username or principal name>.",
            ),
        );
    }
    if let Some(section) = section
        && !permissions.is_empty()
        && !permissions.iter().any(|one| one["level"] == "CAN_MANAGE" && identity.is_meant_by(one))
    {
        let (key, name) = identity.principal();
        found.push(
            Diagnostic::recommendation(format!(
                "permissions section should explicitly include the current deployment identity '{name}' or one of its groups\nIf it is not included, CAN_MANAGE permissions are only applied if the present identity is used to deploy."
            ))
            .place(section.at)
            .detail(format!(
                "Consider using a adding a top-level permissions section such as the following:\n\n  permissions:\n    - {key}: {name}\n      level: CAN_MANAGE\n\nSee https://docs.databricks.com/dev-tools/bundles/permissions.html to learn more about permission configuration."
            )),
        );
    }
    found
}

/// The permissions of the whole bundle.
pub(super) fn list(config: &Value) -> Vec<Json> {
    match config.get("permissions").map(Value::to_json) {
        Some(Json::Array(permissions)) => permissions,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::tests::user;
    use super::super::resource::tests::resources;
    use super::*;

    #[test]
    fn permissions_of_the_bundle_reach_every_resource() {
        let mut found = resources(json!({
            "jobs": {"j": {"name": "j"}},
            "pipelines": {"p": {"name": "p", "permissions": [{"level": "CAN_RUN", "group_name": "analysts"}]}},
        }));
        let me = user("me@example.com");
        let of_bundle = [
            json!({"level": "CAN_RUN", "group_name": "eng"}),
            json!({"level": "CAN_MANAGE", "user_name": "me@example.com"}),
        ];
        apply(&mut found, &of_bundle, &me);
        let permissions: Vec<&Json> =
            found.values().map(|resource| &resource.fields["permissions"]).collect();
        let owner = json!({"level": "IS_OWNER", "user_name": "me@example.com"});
        assert_eq!(permissions[0], &json!([{"level": "CAN_MANAGE_RUN", "group_name": "eng"}, owner]));
        assert_eq!(
            permissions[1],
            &json!([{"level": "CAN_RUN", "group_name": "analysts"}, {"level": "CAN_RUN", "group_name": "eng"}, owner])
        );
    }

    #[test]
    fn without_permissions_nothing_is_set() {
        let mut found = resources(json!({"jobs": {"j": {"name": "j"}}}));
        apply(&mut found, &[], &user("me@example.com"));
        assert!(found.values().all(|resource| !resource.fields.contains_key("permissions")));
    }

    #[test]
    fn shared_folders_are_warned_of() {
        let me = user("me@example.com");
        let none = Value::from_json(json!({}));
        assert_eq!(review(&none, "/Workspace/Shared/x", &me).len(), 1);
        assert!(review(&none, "/Workspace/Users/x", &me).is_empty());
        let users =
            Value::from_json(json!({"permissions": [{"level": "CAN_MANAGE", "group_name": "users"}]}));
        let found = review(&users, "/Workspace/Shared/x", &me);
        assert_eq!(found.len(), 1);
        assert!(found[0].summary.starts_with("permissions section should"));
    }
}
