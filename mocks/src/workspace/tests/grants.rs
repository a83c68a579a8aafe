//! Who may see and do what.

use serde_json::{Value, json};

use super::Client;
use super::with_rows;
use crate::workspace::*;

#[test]
fn grants_are_listed_directly_and_effectively() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    workspace.world(|world| {
        world.catalog.add_schema("main", "bronze");
        world.catalog.grants.grant("catalog", "main", "ann@example.com", &["USE_CATALOG", "CREATE_TABLE"]);
        world.catalog.grants.grant("schema", "main.bronze", "team", &["USE_SCHEMA"]);
    });
    let base = "/api/2.1/unity-catalog";
    let direct = client.get(&format!("{base}/permissions/schema/main.bronze"));
    assert_eq!(direct["privilege_assignments"], json!([{"principal": "team", "privileges": ["USE_SCHEMA"]}]));
    let effective =
        client.get(&format!("{base}/effective-permissions/schema/main.bronze?principal=ann@example.com"));
    assert_eq!(
        effective["privilege_assignments"][0]["privileges"][1],
        json!({"privilege": "CREATE_TABLE", "inherited_from_type": "CATALOG", "inherited_from_name": "main"})
    );
    let small = format!("{base}/effective-permissions/schema/main.bronze?max_results=149");
    assert_eq!(client.call("GET", &small, &Value::Null).0, 400);
    let (status, body) = client.call("GET", &format!("{base}/schemas/main.nope"), &Value::Null);
    assert_eq!((status, body["error_code"].as_str()), (404, Some("SCHEMA_DOES_NOT_EXIST")));
    assert_eq!(body["details"][0]["reason"], "SCHEMA_DOES_NOT_EXIST");
}

#[test]
fn others_see_less() {
    let workspace = with_rows(1);
    workspace.world(|world| world.accounts.add_token("ann", Identity::user("ann@example.com")));
    let client = Client::of(&workspace);
    let ann = |method: &str, path: &str, body: &str| {
        let request = client.request(method, path).bearer_auth("ann").body(body.to_owned());
        client.send(request).unwrap()
    };
    let id =
        client.post("/api/2.0/pipelines", &json!({"name": "p"}))["pipeline_id"].as_str().unwrap().to_owned();
    assert_eq!(ann("GET", "/api/2.0/pipelines", ""), (200, "{}".to_owned()));
    assert_eq!(ann("GET", &format!("/api/2.0/pipelines/{id}"), "").0, 403);
    workspace
        .world(|world| world.permissions.grant(Object::pipeline(&id), "ann@example.com", false, "CAN_VIEW"));
    assert_eq!(ann("GET", &format!("/api/2.0/pipelines/{id}"), "").0, 200);
    assert_eq!(ann("PUT", &format!("/api/2.0/pipelines/{id}"), "{}").0, 403);
    assert_eq!(ann("GET", "/api/2.1/unity-catalog/tables/main.cfg.t", "").0, 403);
    let statement =
        json!({"warehouse_id": workspace.warehouse_id(), "statement": "SELECT * FROM main.cfg.t"})
            .to_string();
    assert_eq!(ann("POST", "/api/2.0/sql/statements", &statement).0, 403, "no CAN_USE");
    let warehouse = Object::new("warehouses", workspace.warehouse_id());
    workspace.world(|world| world.permissions.grant(warehouse, "ann@example.com", false, "CAN_USE"));
    assert!(ann("POST", "/api/2.0/sql/statements", &statement).1.contains("INSUFFICIENT_PERMISSIONS"));
    workspace.world(|world| {
        world.catalog.grants.grant(
            "catalog",
            "main",
            "ann@example.com",
            &["USE_CATALOG", "USE_SCHEMA", "SELECT"],
        );
    });
    assert!(ann("POST", "/api/2.0/sql/statements", &statement).1.contains("SUCCEEDED"));
}
