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

/// Levels of a bundle, a job or a pipeline by what they allow; others count for less.
const BY_WEIGHT: &[&str] = &["CAN_VIEW", "CAN_RUN", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"];
/// Levels that the permissions of a bundle know, in the order in which an error names them.
const OF_BUNDLE: &[&str] = &["CAN_MANAGE", "CAN_VIEW", "CAN_RUN"];

/// The heavier one of two levels.
fn heavier<'a>(left: &'a str, right: &'a str) -> &'a str {
    let weight = |level: &str| BY_WEIGHT.iter().position(|known| *known == level);
    if (weight(left), left) >= (weight(right), right) { left } else { right }
}

/// Maps the permissions of the whole bundle onto every resource, and makes the deploying identity the owner. Answers warnings.
pub(super) fn apply(
    resources: &mut Resources,
    of_bundle: &[Json],
    identity: &Identity,
) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut warnings = Vec::new();
    let level_of = |permission: &Json| permission["level"].as_str().unwrap_or_default().to_owned();
    if let Some(level) = of_bundle.iter().map(level_of).find(|level| !OF_BUNDLE.contains(&level.as_str())) {
        let allowed = OF_BUNDLE.join(", ");
        return Err(Diagnostic::error(format!(
            "invalid permission level: {level}, allowed values: [{allowed}]"
        )));
    }
    for ((group, _), resource) in resources {
        let own = match resource.fields.remove("permissions") {
            Some(Json::Array(own)) => own,
            _ => Vec::new(),
        };
        let mut all = own.clone();
        for permission in of_bundle {
            let Some(who) = principal(permission) else { continue };
            if own.iter().any(|own| principal(own) == Some(who)) {
                let kind = who.0.trim_end_matches("_name").replace('_', " ");
                let kind = if kind == "group" { kind } else { format!("{kind} name") };
                warnings.push(Diagnostic::warning(format!(
                    "'{}' already has permissions set for '{}' {kind}",
                    group.name(),
                    who.1
                )));
                continue;
            }
            let level = match (level_of(permission), group) {
                (level, Group::Jobs) if level == "CAN_RUN" => "CAN_MANAGE_RUN".to_owned(),
                (level, _) => level,
            };
            all.push(entry(&level, who));
        }
        if all.is_empty() {
            continue;
        }
        make_manager(&mut all, identity);
        resource.fields.insert("permissions".to_owned(), one_each(&all));
    }
    Ok(warnings)
}

/// Sees to it that somebody owns the resource, and that the deploying identity may manage it.
fn make_manager(permissions: &mut Vec<Json>, identity: &Identity) {
    let me = identity.principal();
    let is_mine = |permission: &Json| principal(permission).is_some_and(|(_, name)| name == me.1);
    let has_owner = permissions.iter().any(|one| one["level"] == "IS_OWNER");
    let managing = permissions.iter().position(|one| is_mine(one) && one["level"] == "CAN_MANAGE");
    match managing {
        Some(mine) if !has_owner => permissions[mine]["level"] = json!("IS_OWNER"),
        None if !has_owner => permissions.push(entry("IS_OWNER", me)),
        None if !permissions.iter().any(|one| is_mine(one) && one["level"] == "IS_OWNER") => {
            permissions.push(entry("CAN_MANAGE", me));
        }
        _ => {}
    }
}

/// Every principal once, with the most that it was given; what names no level or nobody is left out.
fn one_each(permissions: &[Json]) -> Json {
    let mut levels: Vec<((&'static str, &str), &str)> = Vec::new();
    for permission in permissions {
        let (Some(who), Some(level)) = (principal(permission), permission["level"].as_str()) else {
            continue;
        };
        match levels.iter_mut().find(|(known, _)| *known == who) {
            Some((_, known)) => *known = heavier(known, level),
            None => levels.push((who, level)),
        }
    }
    levels.into_iter().map(|(who, level)| entry(level, who)).collect()
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
        assert!(apply(&mut found, &of_bundle, &me).unwrap().is_empty());
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
        apply(&mut found, &[], &user("me@example.com")).unwrap();
        assert!(found.values().all(|resource| !resource.fields.contains_key("permissions")));
    }

    /// The permissions of a pipeline with `own` in a bundle with `of_bundle`, and how many warnings there are.
    fn applied(own: Json, of_bundle: &[Json]) -> (Json, usize) {
        let mut found = resources(json!({"pipelines": {"p": {"name": "p", "permissions": own}}}));
        let warnings = apply(&mut found, of_bundle, &user("me@example.com")).unwrap();
        (found.values().next().unwrap().fields["permissions"].clone(), warnings.len())
    }

    #[test]
    fn everybody_is_named_once() {
        let mine = |level: &str| json!({"level": level, "user_name": "me@example.com"});
        let eng = |level: &str| json!({"level": level, "group_name": "eng"});
        let owner = json!({"level": "IS_OWNER", "user_name": "you@example.com"});
        let (view, manage) = (eng("CAN_VIEW"), eng("CAN_MANAGE"));
        for (own, of_bundle, expected) in [
            (json!([mine("CAN_MANAGE"), view]), vec![], (json!([mine("IS_OWNER"), view]), 0)),
            (json!([view, manage, {"level": "X"}]), vec![], (json!([manage, mine("IS_OWNER")]), 0)),
            (json!([mine("CAN_VIEW"), view]), vec![], (json!([mine("IS_OWNER"), view]), 0)),
            (json!([owner]), vec![], (json!([owner, mine("CAN_MANAGE")]), 0)),
            (json!([view]), vec![manage.clone()], (json!([view, mine("IS_OWNER")]), 1)),
            (json!([]), vec![mine("CAN_MANAGE"), view.clone()], (json!([mine("IS_OWNER"), view]), 0)),
        ] {
            assert_eq!(applied(own, &of_bundle), expected);
        }
        let refused = apply(&mut resources(json!({})), &[owner], &user("me@example.com")).unwrap_err();
        assert!(refused.summary.starts_with("invalid permission level: IS_OWNER"));
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
