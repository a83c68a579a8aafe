//! Ways to authenticate, the token between requests, and the identity of children.

use serde_json::json;
use wiremock::matchers::{body_string_contains, header, method, path, query_param};

use super::*;

const ME: &str = "/api/2.0/preview/scim/v2/Me";

/// Who asks with this token is known.
async fn known(server: &MockServer, token: &str) {
    Mock::given(path(ME))
        .and(header("authorization", format!("Bearer {token}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": token})))
        .mount(server)
        .await;
}

async fn discovery(server: &MockServer) {
    get(
        server,
        "/oidc/.well-known/oauth-authorization-server",
        json!({"token_endpoint": format!("{}/oidc/v1/token", server.uri())}),
    )
    .await;
}

fn token(name: &str, expires_in: Value) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"access_token": name, "token_type": "Bearer", "expires_in": expires_in}))
}

fn principal(server: &MockServer) -> Environment {
    Environment::of([
        ("DATABRICKS_HOST", server.uri().as_str()),
        ("DATABRICKS_CLIENT_ID", "client-1"),
        ("DATABRICKS_CLIENT_SECRET", "canary-secret"),
    ])
}

#[tokio::test]
async fn a_service_principal() {
    let server = MockServer::start().await;
    discovery(&server).await;
    Mock::given(method("POST"))
        .and(path("/oidc/v1/token"))
        // client-1:canary-secret
        .and(header("authorization", "Basic Y2xpZW50LTE6Y2FuYXJ5LXNlY3JldA=="))
        .and(body_string_contains("grant_type=client_credentials"))
        .and(body_string_contains("scope=all-apis"))
        .respond_with(token("t1", json!("3600")))
        .expect(1)
        .mount(&server)
        .await;
    known(&server, "t1").await;
    let client = connect(&principal(&server), quick());
    let (a, b, c) = tokio::join!(client.fresh_me(), client.fresh_me(), client.fresh_me());
    assert_eq!((a.unwrap().user_name.as_str(), b.is_ok(), c.is_ok()), ("t1", true, true));
    assert_eq!(client.access().auth_type(), AuthType::OauthM2m);
}

#[tokio::test]
async fn a_token_is_refreshed_before_its_end() {
    let server = MockServer::start().await;
    discovery(&server).await;
    for (name, lifetime) in [("t1", 1), ("t2", 3600)] {
        Mock::given(path("/oidc/v1/token"))
            .respond_with(token(name, json!(lifetime)))
            .up_to_n_times(1)
            .expect(1)
            .mount(&server)
            .await;
        known(&server, name).await;
    }
    let client = connect(&principal(&server), quick());
    assert_eq!(client.fresh_me().await.unwrap().user_name, "t1");
    assert_eq!(client.fresh_me().await.unwrap().user_name, "t2");
    assert_eq!(client.fresh_me().await.unwrap().user_name, "t2");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_by_one() {
    for refused in [
        refusal(401, "UNAUTHENTICATED", "Token is expired"),
        ResponseTemplate::new(403)
            .set_body_json(json!({"error_code": 403, "message": "Invalid access token."})),
    ] {
        let server = MockServer::start().await;
        discovery(&server).await;
        for name in ["t1", "t2"] {
            Mock::given(path("/oidc/v1/token"))
                .respond_with(token(name, json!(3600)))
                .up_to_n_times(1)
                .expect(1)
                .mount(&server)
                .await;
        }
        known(&server, "t2").await;
        Mock::given(path(ME)).respond_with(refused).mount(&server).await;
        let client = connect(&principal(&server), quick());
        let (a, b, c) = tokio::join!(client.fresh_me(), client.fresh_me(), client.fresh_me());
        for outcome in [a, b, c] {
            assert_eq!(outcome.unwrap().user_name, "t2");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_an_error() {
    let server = MockServer::start().await;
    discovery(&server).await;
    let fetched = std::sync::atomic::AtomicU64::new(0);
    Mock::given(path("/oidc/v1/token"))
        .respond_with(move |_: &wiremock::Request| {
            token(&format!("t{}", fetched.fetch_add(1, std::sync::atomic::Ordering::SeqCst)), json!(3600))
        })
        .expect(2)
        .mount(&server)
        .await;
    Mock::given(path(ME)).respond_with(refusal(401, "UNAUTHENTICATED", "no")).expect(2).mount(&server).await;
    let error = connect(&principal(&server), quick()).fresh_me().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_personal_token_is_not_asked_for_twice() {
    let server = MockServer::start().await;
    Mock::given(path(ME)).respond_with(refusal(401, "UNAUTHENTICATED", "no")).expect(1).mount(&server).await;
    assert_eq!(client(&server).fresh_me().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_wrong_secret_is_told_once_and_nothing_else_is_tried() {
    let server = MockServer::start().await;
    discovery(&server).await;
    Mock::given(path("/oidc/v1/token"))
        .respond_with(ResponseTemplate::new(401).set_body_json(
            json!({"error": "invalid_client", "error_description": "Client authentication failed"}),
        ))
        .expect(1)
        .mount(&server)
        .await;
    let error = connect(&principal(&server), quick()).fresh_me().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let text = error.to_string();
    assert!(
        text.contains("oauth-m2m") && text.contains("invalid_client: Client authentication failed"),
        "{text}"
    );
    assert!(!format!("{error:?} {text}").contains("canary"));
    assert!(error.hints()[0].contains("expired"), "{:?}", error.hints());
}

#[tokio::test]
async fn token_requests_are_repeated_too() {
    let server = MockServer::start().await;
    discovery(&server).await;
    Mock::given(path("/oidc/v1/token"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(path("/oidc/v1/token")).respond_with(token("t1", json!(3600))).mount(&server).await;
    known(&server, "t1").await;
    let client = connect(&principal(&server), quick());
    client.fresh_me().await.unwrap();
    assert_eq!(client.retry_count(), 2);
}

#[tokio::test]
async fn a_token_endpoint_in_plain_http_gets_no_secret() {
    let server = MockServer::start().await;
    get(
        &server,
        "/oidc/.well-known/oauth-authorization-server",
        json!({"token_endpoint": "http://evil.example/token"}),
    )
    .await;
    let error = connect(&principal(&server), quick()).fresh_me().await.unwrap_err();
    assert!(error.to_string().contains("http://evil.example is not https"), "{error}");
}

#[tokio::test]
async fn an_old_host_without_discovery() {
    let server = MockServer::start().await;
    Mock::given(path("/oidc/v1/token")).respond_with(token("t1", json!(3600))).mount(&server).await;
    known(&server, "t1").await;
    connect(&principal(&server), quick()).fresh_me().await.unwrap();
}

#[tokio::test]
async fn a_github_job() {
    let server = MockServer::start().await;
    discovery(&server).await;
    get(
        &server,
        "/.well-known/databricks-config",
        json!({"token_federation_default_oidc_audiences": ["aud-1"]}),
    )
    .await;
    Mock::given(path("/github"))
        .and(query_param("api-version", "2"))
        .and(query_param("audience", "aud-1"))
        .and(header("authorization", "Bearer canary-request-token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": "canary-jwt"})))
        .mount(&server)
        .await;
    Mock::given(path("/oidc/v1/token"))
        .and(body_string_contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"))
        .and(body_string_contains("subject_token=canary-jwt"))
        .and(body_string_contains("client_id=sp-1"))
        .respond_with(token("t1", json!(3600)))
        .mount(&server)
        .await;
    known(&server, "t1").await;
    let environment = Environment::of([
        ("DATABRICKS_HOST", server.uri().as_str()),
        ("DATABRICKS_CLIENT_ID", "sp-1"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &format!("{}/github?api-version=2", server.uri())),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-request-token"),
    ]);
    let client = connect(&environment, quick());
    client.fresh_me().await.unwrap();
    assert_eq!(client.access().auth_type(), AuthType::GithubOidc);
}

#[tokio::test]
async fn tokens_of_variables_and_files_are_exchanged() {
    let server = MockServer::start().await;
    discovery(&server).await;
    for (jwt, name) in [("jwt-env", "t1"), ("jwt-file", "t2")] {
        Mock::given(path("/oidc/v1/token"))
            .and(body_string_contains(format!("subject_token={jwt}&")))
            .respond_with(token(name, json!(3600)))
            .mount(&server)
            .await;
        known(&server, name).await;
    }
    let base = Environment::of([("DATABRICKS_HOST", server.uri().as_str())]);
    let from_variable =
        base.clone().with_variable("DATABRICKS_OIDC_TOKEN_ENV", "MY_JWT").with_variable("MY_JWT", "jwt-env");
    assert_eq!(connect(&from_variable, quick()).fresh_me().await.unwrap().user_name, "t1");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jwt"), "jwt-file\n").unwrap();
    let from_file = base.with_directory(folder.path()).with_variable("DATABRICKS_OIDC_TOKEN_FILEPATH", "jwt");
    assert_eq!(connect(&from_file, quick()).fresh_me().await.unwrap().user_name, "t2");
}

#[tokio::test]
async fn the_keyring_comes_last() {
    let server = MockServer::start().await;
    known(&server, "kept-token").await;
    let keyring: Arc<dyn Keyring> = Arc::new(MemoryKeyring::default());
    let environment = Environment::of([("DATABRICKS_HOST", server.uri().as_str())]);
    let options = ClientOptions { keyring: Arc::clone(&keyring), ..quick() };
    let error = connect(&environment, options.clone()).fresh_me().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("no credentials for"), "{error}");
    assert!(error.hints()[0].contains("tapworks auth login"), "{:?}", error.hints());
    let host = Host::parse(&server.uri()).unwrap();
    Kept::Token("kept-token".to_owned().into()).store(&keyring, &host).await.unwrap();
    let client = connect(&environment, options);
    assert_eq!(client.fresh_me().await.unwrap().user_name, "kept-token");
    assert_eq!(client.access().auth_type(), AuthType::Keyring);
}

struct NoKeyring;

impl Keyring for NoKeyring {
    fn get(&self, _: &str) -> Result<Option<secrecy::SecretString>, KeyringError> {
        Err(KeyringError::Unavailable("no D-Bus".to_owned()))
    }
    fn set(&self, _: &str, _: &secrecy::SecretString) -> Result<(), KeyringError> {
        Err(KeyringError::Unavailable("no D-Bus".to_owned()))
    }
    fn delete(&self, _: &str) -> Result<bool, KeyringError> {
        Err(KeyringError::Unavailable("no D-Bus".to_owned()))
    }
}

#[tokio::test]
async fn a_machine_without_keyring_gets_the_ordinary_message() {
    let environment = Environment::of([("DATABRICKS_HOST", "https://h.example")]);
    let error = connect(&environment, ClientOptions { keyring: Arc::new(NoKeyring), ..quick() })
        .fresh_me()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("DATABRICKS_TOKEN") && !error.to_string().contains("keyring"),
        "{error}"
    );
    assert!(!error.hints()[0].contains("auth login"), "{:?}", error.hints());
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

/// A folder with a program of this name that runs this shell text.
#[cfg(unix)]
fn program(name: &str, text: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[cfg(unix)]
#[tokio::test]
async fn the_databricks_cli_is_asked_by_profile_or_host() {
    let server = MockServer::start().await;
    let folder = program(
        "databricks",
        r#"echo "$* token=$DATABRICKS_TOKEN profile=$DATABRICKS_CONFIG_PROFILE" >> "$OUT"
           echo '{"access_token":"u2m","token_type":"Bearer","expiry":"2999-01-01T00:00:00.123456789Z"}'"#,
    );
    std::fs::write(
        folder.path().join(".databrickscfg"),
        format!("[person]\nhost = {}\nauth_type = databricks-cli\n", server.uri()),
    )
    .unwrap();
    known(&server, "u2m").await;
    let cli = folder.path().join("databricks");
    let out = folder.path().join("out");
    let environment =
        Environment::of([("DATABRICKS_CLI_PATH", cli.to_str().unwrap()), ("OUT", out.to_str().unwrap())])
            .with_home(folder.path());
    let by_profile = environment.clone().with_variable("DATABRICKS_CONFIG_PROFILE", "person");
    let client = connect(&by_profile, quick());
    client.fresh_me().await.unwrap();
    assert_eq!(client.access().auth_type(), AuthType::DatabricksCli);
    let child = client.access().child_environment(&by_profile, &client).await.unwrap();
    assert_eq!(child.value("DATABRICKS_CONFIG_PROFILE"), Some("person"));
    assert_eq!(child.value("DATABRICKS_CONFIG_FILE"), folder.path().join(".databrickscfg").to_str());
    assert_eq!((child.value("DATABRICKS_TOKEN"), child.value("DATABRICKS_HOST")), (None, None));
    let by_host = environment.with_variable("DATABRICKS_HOST", &server.uri());
    connect(&by_host, quick()).fresh_me().await.unwrap();
    assert_eq!(
        std::fs::read_to_string(out).unwrap(),
        format!(
            "auth token --profile person token= profile=\nauth token --host {} token= profile=\n",
            server.uri()
        )
    );
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_databricks_cli_complains_about_is_passed_on() {
    let folder = program(
        "databricks",
        "echo 'canary-stdout'; echo 'Error: databricks OAuth is not configured' >&2; exit 1",
    );
    let cli = folder.path().join("databricks");
    let environment = Environment::of([
        ("DATABRICKS_HOST", "https://h.example"),
        ("DATABRICKS_CLI_PATH", cli.to_str().unwrap()),
    ]);
    let error = connect(&environment, quick()).fresh_me().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let text = error.to_string();
    assert!(text.contains("databricks OAuth is not configured") && !text.contains("canary"), "{text}");
    assert_eq!(error.hints(), ["log in with `databricks auth login --host https://h.example`"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_small_databricks_on_the_path_is_the_legacy_one() {
    let folder = program("databricks", "exit 1");
    let environment = Environment::of([
        ("DATABRICKS_HOST", "https://h.example"),
        ("PATH", folder.path().to_str().unwrap()),
    ]);
    let access = Access::resolve(&AccessRequest::default(), &environment).unwrap();
    assert_eq!(access.auth_type(), AuthType::Keyring);
}

#[cfg(unix)]
#[tokio::test]
async fn the_end_of_the_run_does_not_wait_for_a_program() {
    let folder = program("databricks", "exec sleep 60");
    let cli = folder.path().join("databricks");
    let environment = Environment::of([
        ("DATABRICKS_HOST", "https://h.example"),
        ("DATABRICKS_CLI_PATH", cli.to_str().unwrap()),
        ("PATH", "/usr/bin:/bin"),
    ]);
    let options = quick();
    let cancel = options.cancel.clone();
    let client = connect(&environment, options);
    let (outcome, ()) = tokio::join!(client.fresh_me(), async { cancel.cancel() });
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Interrupted);
}

#[cfg(unix)]
#[tokio::test]
async fn the_az_cli_for_the_tenant_of_the_workspace() {
    let server = MockServer::start().await;
    Mock::given(path("/aad/auth"))
        .respond_with(
            ResponseTemplate::new(302)
                .insert_header("Location", "https://login.microsoftonline.com/tenant-1/oauth2/authorize?x=y"),
        )
        .mount(&server)
        .await;
    let folder = program(
        "az",
        r#"case "$*" in
             "account show --output json") echo '{"user":{"type":"user","name":"j@x"}}';;
             *"--tenant tenant-1") echo '{"accessToken":"aad","expires_on":32503680000,"tokenType":"Bearer"}';;
             *) echo "unexpected $*" >&2; exit 1;;
           esac"#,
    );
    known(&server, "aad").await;
    let environment = Environment::of([
        ("DATABRICKS_HOST", server.uri().as_str()),
        ("DATABRICKS_AUTH_TYPE", "azure-cli"),
        ("PATH", folder.path().to_str().unwrap()),
    ]);
    connect(&environment, quick()).fresh_me().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_az_cli_without_flags_where_it_refuses_them() {
    let server = MockServer::start().await;
    Mock::given(path("/aad/auth")).respond_with(refusal(404, "NOT_FOUND", "no")).mount(&server).await;
    let folder = program(
        "az",
        r#"case "$*" in
             "account show --output json") echo '{"user":{"type":"servicePrincipal","name":"app"}}';;
             *--tenant*) echo "cannot" >&2; exit 1;;
             *core.windows.net*) echo '{"accessToken":"management"}';;
             *) echo '{"accessToken":"aad"}';;
           esac"#,
    );
    let id = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w";
    Mock::given(path(ME))
        .and(header("x-databricks-azure-workspace-resource-id", id))
        .and(header("x-databricks-azure-sp-management-token", "management"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "x"})))
        .mount(&server)
        .await;
    let environment = Environment::of([
        ("DATABRICKS_HOST", server.uri().as_str()),
        ("DATABRICKS_AZURE_RESOURCE_ID", id),
        ("ARM_TENANT_ID", "t"),
        ("PATH", folder.path().to_str().unwrap()),
    ]);
    let client = connect(&environment, quick());
    client.fresh_me().await.unwrap();
    assert_eq!(client.access().auth_type(), AuthType::AzureCli);
    let child = client.access().child_environment(&environment, &client).await.unwrap();
    assert_eq!(
        (child.value("DATABRICKS_AUTH_TYPE"), child.value("ARM_TENANT_ID")),
        (Some("azure-cli"), Some("t"))
    );
    assert_eq!(child.value("DATABRICKS_TOKEN"), None);
}

#[tokio::test]
async fn an_entra_service_principal() {
    let server = MockServer::start().await;
    for (resource, name) in [
        ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "aad"),
        ("https%3A%2F%2Fmanagement.core.windows.net%2F", "management"),
    ] {
        Mock::given(path("/tenant-1/oauth2/token"))
            .and(body_string_contains(format!("resource={resource}")))
            .and(body_string_contains("client_secret=canary-secret"))
            .respond_with(token(name, json!("3599")))
            .mount(&server)
            .await;
    }
    Mock::given(path(ME))
        .and(header("authorization", "Bearer aad"))
        .and(header("x-databricks-azure-sp-management-token", "management"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "x"})))
        .mount(&server)
        .await;
    let environment = Environment::of([
        ("DATABRICKS_HOST", server.uri().as_str()),
        ("DATABRICKS_AUTH_TYPE", "azure-client-secret"),
        ("ARM_CLIENT_ID", "app"),
        ("ARM_CLIENT_SECRET", "canary-secret"),
        ("ARM_TENANT_ID", "tenant-1"),
    ]);
    let client = connect(&environment, quick()).with_azure_login(&server.uri());
    client.fresh_me().await.unwrap();
    let child = client.access().child_environment(&environment, &client).await.unwrap();
    assert_eq!(child.value("ARM_CLIENT_SECRET"), Some("canary-secret"));
    assert_eq!(child.value("DATABRICKS_AUTH_TYPE"), Some("azure-client-secret"));
}

#[tokio::test]
async fn children_get_exactly_the_resolved_identity() {
    let server = MockServer::start().await;
    let environment = with_token(&server).with_variable("DATABRICKS_WORKSPACE_ID", "7");
    let client = connect(&environment, quick());
    let child = client.access().child_environment(&environment, &client).await.unwrap();
    let names: Vec<_> = child.set.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "DATABRICKS_TOKEN",
            "DATABRICKS_AUTH_TYPE",
            "DATABRICKS_HOST",
            "DATABRICKS_CONFIG_FILE",
            "DATABRICKS_WORKSPACE_ID"
        ]
    );
    assert_eq!(child.value("DATABRICKS_TOKEN"), Some(CANARY));
    assert_eq!(child.value("DATABRICKS_HOST"), Some(server.uri().as_str()));
    for name in [
        "DATABRICKS_HOST",
        "ARM_CLIENT_SECRET",
        "GOOGLE_CREDENTIALS",
        "DATABRICKS_CONFIG_PROFILE",
        "DATABRICKS_OIDC_TOKEN",
    ] {
        assert!(child.remove.iter().any(|removed| removed == name), "{name}");
    }
    assert!(
        !child
            .remove
            .iter()
            .any(|name| matches!(name.as_str(), "HOME" | "PATH" | "HTTPS_PROXY" | "SSL_CERT_FILE"))
    );
    assert!(!format!("{child:?}").contains("canary"));
}

#[tokio::test]
async fn children_of_a_service_principal_renew_by_themselves() {
    let server = MockServer::start().await;
    discovery(&server).await;
    Mock::given(path("/oidc/v1/token")).respond_with(token("t1", json!(3600))).mount(&server).await;
    let environment = principal(&server);
    let client = connect(&environment, quick());
    let child = client.access().child_environment(&environment, &client).await.unwrap();
    assert_eq!(child.value("DATABRICKS_CLIENT_SECRET"), Some("canary-secret"));
    assert_eq!(
        (child.value("DATABRICKS_AUTH_TYPE"), child.value("DATABRICKS_TOKEN")),
        (Some("oauth-m2m"), None)
    );
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let server = MockServer::start().await;
    discovery(&server).await;
    Mock::given(path("/oidc/v1/token")).respond_with(token("canary-token", json!(3600))).mount(&server).await;
    known(&server, "canary-token").await;
    let log = Arc::new(Log::default());
    let client = connect(&principal(&server), Log::observed(&log));
    client.fresh_me().await.unwrap();
    let shown = format!(
        "{client:?} {:?} {} {:?} {:?}",
        client.access(),
        client.access(),
        client.access().origins(),
        log.lines()
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_login_is_checked_before_it_is_kept() {
    let server = MockServer::start().await;
    known(&server, "good").await;
    let host = Host::parse(&server.uri()).unwrap();
    let options = quick();
    let nothing = Environment::default();
    let token = |text: &str| Kept::Token(text.to_owned().into());
    let refused = token("bad").log_in(&host, options.clone(), &nothing).await.unwrap_err();
    assert!(matches!(refused, LoginError::Workspace(_)), "{refused:?}");
    assert!(Kept::load(&options.keyring, &host).await.unwrap().is_none());
    let me = token("good").log_in(&host, options.clone(), &nothing).await.unwrap();
    assert_eq!(me.user_name, "good");
    token("bad").log_in(&host, options.clone(), &nothing).await.unwrap_err();
    let Some(Kept::Token(kept)) = Kept::load(&options.keyring, &host).await.unwrap() else { panic!() };
    assert_eq!(secrecy::ExposeSecret::expose_secret(&kept), "good", "a failed login leaves what was there");
    let environment = Environment::of([("DATABRICKS_HOST", server.uri().as_str())]);
    assert_eq!(connect(&environment, options).fresh_me().await.unwrap().user_name, "good");
}

#[tokio::test]
async fn without_a_keyring_nobody_is_asked_to_type() {
    let keyring: Arc<dyn Keyring> = Arc::new(NoKeyring);
    let host = Host::parse("https://h.example").unwrap();
    let refused = Kept::may_be_stored(&keyring, &host).await.unwrap_err();
    assert!(matches!(refused, KeyringError::Unavailable(_)), "{refused:?}");
}
