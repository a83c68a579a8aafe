//! Lists, objects, files, warehouses.

use serde_json::json;
use wiremock::matchers::{body_bytes, query_param, query_param_is_missing};

use super::*;

#[tokio::test]
async fn pipelines_are_listed_to_the_end_through_empty_pages() {
    let server = MockServer::start().await;
    let at = "/api/2.0/pipelines";
    let page = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    Mock::given(path(at))
        .and(query_param("max_results", "100"))
        .and(query_param_is_missing("page_token"))
        .respond_with(page(json!({"statuses": [{"pipeline_id": "a", "name": "A", "state": "SOMETHING_NEW"}], "next_page_token": "1"})))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path(at))
        .and(query_param("max_results", "100"))
        .and(query_param("page_token", "1"))
        .respond_with(page(json!({"next_page_token": "2"})))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path(at))
        .and(query_param("page_token", "2"))
        .respond_with(page(json!({"statuses": [{"pipeline_id": "b", "name": "A"}], "next_page_token": ""})))
        .expect(1)
        .mount(&server)
        .await;
    let found = client(&server).list_pipelines().await.unwrap();
    assert_eq!(found.iter().map(|pipeline| pipeline.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(found[0].state.as_deref(), Some("SOMETHING_NEW"));
}

#[tokio::test]
async fn a_list_that_does_not_end_is_an_error() {
    let server = MockServer::start().await;
    get(&server, "/api/2.0/pipelines", json!({"statuses": [], "next_page_token": "again"})).await;
    let client = client(&server);
    let error = client.list_pipelines().await.unwrap_err();
    assert_eq!((error.kind(), client.request_count()), (ErrorKind::Protocol, 2));
}

#[tokio::test]
async fn a_pipeline_and_its_bundle() {
    let server = MockServer::start().await;
    let spec =
        json!({"deployment": {"kind": "BUNDLE", "metadata_file_path": "/Workspace/x/state/metadata.json"}});
    get(&server, "/api/2.0/pipelines/p%2F1", json!({"pipeline_id": "p/1", "name": "n", "last_modified": "123", "run_as_user_name": "r", "spec": spec})).await;
    let client = client(&server);
    let found = client.pipeline("p/1").await.unwrap().unwrap();
    assert_eq!(found.metadata_file_path(), Some("/Workspace/x/state/metadata.json"));
    assert_eq!((found.last_modified, found.run_as.as_deref()), (Some(123), Some("r")));
}

#[tokio::test]
async fn missing_is_none_and_unknown_is_an_error() {
    let server = MockServer::start().await;
    let at = "/api/2.0/pipelines/p";
    Mock::given(path(at))
        .respond_with(refusal(404, "RESOURCE_DOES_NOT_EXIST", "The specified pipeline p was not found."))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(path(at))
        .respond_with(ResponseTemplate::new(404).set_body_string("<html>gateway</html>"))
        .mount(&server)
        .await;
    let client = client(&server);
    assert_eq!(client.pipeline("p").await.unwrap(), None);
    assert_eq!(client.pipeline("p").await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn jobs_with_all_their_tasks() {
    let server = MockServer::start().await;
    let at = "/api/2.2/jobs/get";
    Mock::given(path(at))
        .and(query_param("job_id", "7"))
        .and(query_param_is_missing("page_token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "job_id": "7", "settings": {"name": "j", "tasks": [{"pipeline_task": {"pipeline_id": "a"}}]}, "next_page_token": "t"})))
        .mount(&server)
        .await;
    Mock::given(path(at))
        .and(query_param("page_token", "t"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "job_id": 7, "settings": {"name": "j", "tasks": [{"pipeline_task": {"pipeline_id": "b"}}]}})))
        .mount(&server)
        .await;
    get(&server, "/api/2.2/jobs/list", json!({"jobs": [{"job_id": 7, "settings": {"name": "j", "deployment": {"kind": "BUNDLE", "metadata_file_path": "/m"}}}], "has_more": false})).await;
    let client = client(&server);
    let job = client.job(7).await.unwrap().unwrap();
    assert_eq!((job.id, job.name(), job.pipeline_ids()), (7, "j", vec!["a", "b"]));
    let jobs = client.list_jobs().await.unwrap();
    assert_eq!((jobs[0].id, jobs[0].metadata_file_path()), (7, Some("/m")));
}

#[tokio::test]
async fn a_missing_job_comes_in_two_ways() {
    for answer in [
        refusal(400, "INVALID_PARAMETER_VALUE", "Job 5 does not exist."),
        ResponseTemplate::new(404).set_body_json(json!({"message": "Job 5 does not exist."})),
    ] {
        let server = MockServer::start().await;
        Mock::given(path("/api/2.2/jobs/get")).respond_with(answer).mount(&server).await;
        assert_eq!(client(&server).job(5).await.unwrap(), None);
    }
}

#[tokio::test]
async fn files_are_read_and_written_byte_for_byte() {
    let server = MockServer::start().await;
    Mock::given(path("/api/2.0/workspace/export"))
        .and(query_param("path", "/Workspace/a b/resources.json"))
        .and(query_param("direct_download", "true"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(vec![0, 159, 146, 150]))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/2.0/workspace-files/import-file/Workspace/a%20b/tapworks.json"))
        .and(query_param("overwrite", "true"))
        .and(body_bytes(vec![1, 2]))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/2.0/workspace/mkdirs"))
        .and(wiremock::matchers::body_json(json!({"path": "/Workspace/a b"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    assert_eq!(
        client.export_file("/Workspace/a b/resources.json").await.unwrap(),
        Some(vec![0, 159, 146, 150])
    );
    client.make_directories("/Workspace/a b").await.unwrap();
    client.write_file("/Workspace/a b/tapworks.json", &[1, 2]).await.unwrap();
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_not_missing() {
    let server = MockServer::start().await;
    let at = "/api/2.0/workspace/export";
    Mock::given(path(at))
        .respond_with(refusal(404, "RESOURCE_DOES_NOT_EXIST", "Path (/x) doesn't exist."))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(path(at)).respond_with(refusal(403, "PERMISSION_DENIED", "no")).mount(&server).await;
    let client = client(&server);
    assert_eq!(client.export_file("/x").await.unwrap(), None);
    assert_eq!(client.export_file("/x").await.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn the_first_warehouse_that_can_run() {
    let server = MockServer::start().await;
    Mock::given(path("/api/warehouses/v1/default-warehouse-overrides/me"))
        .respond_with(refusal(404, "ENDPOINT_NOT_FOUND", "no"))
        .mount(&server)
        .await;
    Mock::given(path("/api/2.0/sql/warehouses/default"))
        .respond_with(refusal(400, "INVALID_PARAMETER_VALUE", "no"))
        .mount(&server)
        .await;
    Mock::given(path("/api/2.0/sql/warehouses"))
        .and(query_param("skip_cannot_use", "true"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"warehouses": [
            {"id": "1", "name": "a", "state": "STOPPED"},
            {"id": "2", "name": "a", "state": "DELETED"},
            {"id": "3", "name": "z", "state": "RUNNING"},
            {"id": "4", "name": "b", "state": "RUNNING", "cluster_size": "Small"}]})))
        .mount(&server)
        .await;
    let found = client(&server).choose_warehouse(None).await.unwrap();
    assert_eq!((found.id.as_str(), found.choice), ("4", WarehouseChoice::First));
    assert!(found.is_running());
}

#[tokio::test]
async fn warehouses_in_the_order_of_the_cli() {
    let server = MockServer::start().await;
    get(
        &server,
        "/api/warehouses/v1/default-warehouse-overrides/me",
        json!({"type": "CUSTOM", "warehouse_id": "mine"}),
    )
    .await;
    get(&server, "/api/2.0/sql/warehouses/mine", json!({"id": "mine", "state": "STOPPED"})).await;
    get(&server, "/api/2.0/sql/warehouses/flag", json!({"id": "flag", "state": "RUNNING"})).await;
    Mock::given(path("/api/2.0/sql/warehouses/env"))
        .respond_with(refusal(403, "PERMISSION_DENIED", "no"))
        .mount(&server)
        .await;
    let plain = client(&server);
    let with_variable =
        connect(&with_token(&server).with_variable("DATABRICKS_WAREHOUSE_ID", "env"), quick());
    assert_eq!(with_variable.choose_warehouse(Some("flag")).await.unwrap().choice, WarehouseChoice::Named);
    let found = with_variable.choose_warehouse(None).await.unwrap();
    assert_eq!((found.id.as_str(), found.state, found.choice), ("env", None, WarehouseChoice::Access));
    assert_eq!(plain.choose_warehouse(None).await.unwrap().choice, WarehouseChoice::UserDefault);
}

#[tokio::test]
async fn no_warehouse() {
    let server = MockServer::start().await;
    get(
        &server,
        "/api/warehouses/v1/default-warehouse-overrides/me",
        json!({"type": "LAST_SELECTED", "warehouse_id": "x"}),
    )
    .await;
    get(&server, "/api/2.0/sql/warehouses/default", json!({})).await;
    get(&server, "/api/2.0/sql/warehouses", json!({})).await;
    assert!(matches!(client(&server).choose_warehouse(None).await.unwrap_err(), Error::NoWarehouse { .. }));
}

const UNITY: &str = "/api/2.1/unity-catalog";

#[tokio::test]
async fn unity_catalog_objects() {
    let server = MockServer::start().await;
    get(
        &server,
        &format!("{UNITY}/connections/my%20pg"),
        json!({"name": "my pg", "connection_type": "NEW_KIND", "provisioning_info": {"state": "ACTIVE"}}),
    )
    .await;
    get(
        &server,
        &format!("{UNITY}/catalogs/main"),
        json!({"name": "main", "isolation_mode": "ISOLATED", "browse_only": true}),
    )
    .await;
    get(
        &server,
        &format!("{UNITY}/schemas/main.sales"),
        json!({"name": "sales", "full_name": "main.sales", "owner": "o"}),
    )
    .await;
    get(
        &server,
        &format!("{UNITY}/tables/main.sales.t"),
        json!({"full_name": "main.sales.t", "pipeline_id": "p", "columns": [{"name": "id"}]}),
    )
    .await;
    get(&server, &format!("{UNITY}/tables/main.sales.t/exists"), json!({"table_exists": true})).await;
    get(
        &server,
        &format!("{UNITY}/current-metastore-assignment"),
        json!({"metastore_id": "m", "workspace_id": "9"}),
    )
    .await;
    for missing in [
        "connections/no",
        "catalogs/no",
        "schemas/no.no",
        "tables/no.no.no",
        "tables/no.no.no/exists",
        "volumes/no.no.no",
        "effective-permissions/catalog/no",
        "metastore_summary",
        "tables",
    ] {
        Mock::given(path(format!("{UNITY}/{missing}")))
            .respond_with(refusal(404, "NOT_FOUND", "no"))
            .mount(&server)
            .await;
    }
    let client = client(&server);
    let connection = client.connection("my pg").await.unwrap().unwrap();
    assert_eq!(
        (connection.connection_type.as_deref(), connection.state()),
        (Some("NEW_KIND"), Some("ACTIVE"))
    );
    assert_eq!(client.catalog("main").await.unwrap().unwrap().browse_only, Some(true));
    assert_eq!(client.schema("main", "sales").await.unwrap().unwrap().owner.as_deref(), Some("o"));
    let table = client.table("main.sales.t").await.unwrap().unwrap();
    assert_eq!((table.pipeline_id(), table.columns.len()), (Some("p"), 1));
    assert_eq!(client.table_exists("main.sales.t").await.unwrap(), Some(true));
    assert_eq!(client.metastore_assignment().await.unwrap().unwrap().workspace_id, Some(9));
    assert!(client.connection("no").await.unwrap().is_none());
    assert!(client.catalog("no").await.unwrap().is_none());
    assert!(client.schema("no", "no").await.unwrap().is_none());
    assert!(client.table("no.no.no").await.unwrap().is_none());
    assert!(client.table_exists("no.no.no").await.unwrap().is_none());
    assert!(client.volume("no.no.no").await.unwrap().is_none());
    assert!(client.metastore().await.unwrap().is_none());
    assert!(client.tables_in_schema("no", "no").await.unwrap().is_none());
    assert!(client.effective_permissions(Securable::Catalog, "no", None).await.unwrap().is_none());
}

#[tokio::test]
async fn rights_are_read_over_all_pages() {
    let server = MockServer::start().await;
    let at = format!("{UNITY}/effective-permissions/schema/main.sales");
    Mock::given(path(at.clone()))
        .and(query_param("max_results", "0"))
        .and(query_param("principal", "j@x"))
        .and(query_param_is_missing("page_token"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"privilege_assignments": [], "next_page_token": "1"})),
        )
        .mount(&server)
        .await;
    Mock::given(path(at))
        .and(query_param("principal", "j@x"))
        .and(query_param("page_token", "1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"privilege_assignments": [{"principal": "j@x", "privileges": [
            {"privilege": "USE_CATALOG", "inherited_from_type": "CATALOG", "inherited_from_name": "main"}, {"privilege": "CREATE_TABLE"}]}]})))
        .mount(&server)
        .await;
    let found = client(&server)
        .effective_permissions(Securable::Schema, "main.sales", Some("j@x"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        found[0].privileges.iter().map(|grant| grant.privilege.as_str()).collect::<Vec<_>>(),
        ["USE_CATALOG", "CREATE_TABLE"]
    );
}

#[tokio::test]
async fn a_list_that_vanishes_halfway_is_an_error() {
    let server = MockServer::start().await;
    let at = format!("{UNITY}/tables");
    Mock::given(path(at.clone()))
        .and(query_param("page_token", "1"))
        .respond_with(refusal(404, "NOT_FOUND", "no"))
        .mount(&server)
        .await;
    get(&server, &at, json!({"tables": [{"name": "a"}], "next_page_token": "1"})).await;
    assert_eq!(client(&server).tables_in_schema("c", "s").await.unwrap_err().kind(), ErrorKind::NotFound);
}
