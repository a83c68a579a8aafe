//! Resolving an access.

use super::*;

/// A home folder with this `.databrickscfg`.
fn home(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".databrickscfg"), text).unwrap();
    folder
}

fn resolve(
    host: Option<&str>,
    profile: Option<&str>,
    environment: &Environment,
) -> Result<Access, AccessError> {
    let request = AccessRequest {
        host: host.map(str::to_owned),
        profile: profile.map(str::to_owned),
        profile_is_explicit: profile.is_some(),
    };
    Access::resolve(&request, environment)
}

const FILE: &str = "[DEFAULT]\nhost = https://default.example\ntoken = dapi-default\n\n[prod]\nhost = https://prod.example\ntoken = dapi-prod\nwarehouse_id = w1\n\n[hostless]\ntoken = dapi-hostless\n";

#[test]
fn the_environment_alone() {
    let environment = Environment::of([("DATABRICKS_HOST", "h.example"), ("DATABRICKS_TOKEN", CANARY)]);
    let access = resolve(None, None, &environment).unwrap();
    assert_eq!(access.to_string(), "https://h.example (pat)");
    assert_eq!(
        access.origins(),
        [("host", Origin::Variable("DATABRICKS_HOST")), ("token", Origin::Variable("DATABRICKS_TOKEN"))]
    );
    assert!(!format!("{access:?}").contains("canary"));
}

#[test]
fn the_default_profile_alone() {
    let home = home(FILE);
    let access = resolve(None, None, &Environment::of([]).with_home(home.path())).unwrap();
    assert_eq!((access.host().as_str(), access.profile()), ("https://default.example", Some("DEFAULT")));
}

#[test]
fn a_host_in_the_environment_hides_the_file() {
    let home = home(FILE);
    let environment =
        Environment::of([("DATABRICKS_HOST", "https://default.example")]).with_home(home.path());
    let access = resolve(None, None, &environment).unwrap();
    assert_eq!((access.profile(), access.auth_type()), (None, AuthType::Keyring));
}

#[test]
fn a_profile_named_on_purpose_comes_before_the_environment() {
    let home = home(FILE);
    let environment = Environment::of([
        ("DATABRICKS_HOST", "https://prod.example"),
        ("DATABRICKS_TOKEN", CANARY),
        ("DATABRICKS_AUTH_TYPE", "azure-cli"),
        ("DATABRICKS_WAREHOUSE_ID", "w2"),
    ])
    .with_home(home.path());
    let access = resolve(None, Some("prod"), &environment).unwrap();
    let token = access.origins().into_iter().find(|(key, _)| *key == "token").unwrap().1;
    assert!(matches!(token, Origin::Profile { line: 7, .. }), "{token:?}");
    assert_eq!((access.auth_type(), access.warehouse_id()), (AuthType::Pat, Some("w2")));
}

#[test]
fn the_environment_fills_the_gaps_of_a_profile() {
    let home = home(FILE);
    let environment = Environment::of([("DATABRICKS_HOST", "https://gap.example")]).with_home(home.path());
    let access = resolve(None, Some("hostless"), &environment).unwrap();
    assert_eq!(access.host().as_str(), "https://gap.example");
}

#[test]
fn a_profile_of_the_environment_comes_after_it() {
    let home = home(FILE);
    let environment = Environment::of([("DATABRICKS_TOKEN", CANARY), ("DATABRICKS_CONFIG_PROFILE", "prod")])
        .with_home(home.path());
    let access = resolve(None, None, &environment).unwrap();
    assert_eq!((access.profile(), access.warehouse_id()), (Some("prod"), Some("w1")));
    assert!(access.origins().contains(&("token", Origin::Variable("DATABRICKS_TOKEN"))));
}

#[test]
fn the_host_of_the_settings_finds_its_profile() {
    let home = home(FILE);
    let environment = Environment::of([]).with_home(home.path());
    let access = resolve(Some("https://prod.example/?o=1"), None, &environment).unwrap();
    assert_eq!((access.profile(), access.workspace_id()), (Some("prod"), Some("1")));
    let access = resolve(Some("https://other.example"), None, &environment).unwrap();
    assert_eq!((access.profile(), access.auth_type()), (None, AuthType::Keyring));
}

#[test]
fn several_profiles_of_one_host_are_told_apart_by_the_workspace() {
    let home = home(
        "[a]\nhost = https://h.example\nworkspace_id = 1\ntoken = x\n[b]\nhost = h.example/\nworkspace_id = 2\ntoken = y\n",
    );
    let environment = Environment::of([]).with_home(home.path());
    let error = resolve(Some("https://h.example"), None, &environment).unwrap_err();
    assert!(
        matches!(&error, AccessError::ManyProfiles { profiles, .. } if profiles == &["a", "b"]),
        "{error}"
    );
    assert_eq!(resolve(Some("https://h.example?o=2"), None, &environment).unwrap().profile(), Some("b"));
}

#[test]
fn a_token_does_not_travel_to_another_host() {
    let home = home(FILE);
    let environment =
        Environment::of([("DATABRICKS_HOST", "https://elsewhere.example"), ("DATABRICKS_TOKEN", CANARY)])
            .with_home(home.path());
    let access = resolve(Some("https://prod.example"), None, &environment).unwrap();
    assert_eq!((access.profile(), access.unused_variables()), (Some("prod"), &["DATABRICKS_TOKEN"][..]));
    assert!(matches!(
        access.origins().iter().find(|(key, _)| *key == "token").unwrap().1,
        Origin::Profile { .. }
    ));
    let error = resolve(Some("https://other.example"), Some("prod"), &environment).unwrap_err();
    assert!(matches!(error, AccessError::HostMismatch { .. }), "{error}");
    let environment = Environment::of([
        ("DATABRICKS_HOST", "https://elsewhere.example"),
        ("DATABRICKS_CONFIG_PROFILE", "prod"),
    ])
    .with_home(home.path());
    assert!(matches!(resolve(None, None, &environment).unwrap_err(), AccessError::HostMismatch { .. }));
}

#[test]
fn settings_of_the_file_choose_the_default() {
    let folder = home("[__settings__]\ndefault_profile = b\n[b]\nhost = https://b.example\n");
    let environment = Environment::of([]).with_home(folder.path());
    assert_eq!(resolve(None, None, &environment).unwrap().profile(), Some("b"));
    let folder = home("[__settings__]\ndefault_profile = gone\n[DEFAULT]\nhost = https://b.example\n");
    let error = resolve(None, None, &Environment::of([]).with_home(folder.path())).unwrap_err();
    assert!(error.to_string().ends_with(".databrickscfg has no gone profile configured"), "{error}");
}

#[test]
fn two_ways_at_once_are_refused() {
    let environment = Environment::of([
        ("DATABRICKS_HOST", "h.example"),
        ("DATABRICKS_TOKEN", CANARY),
        ("DATABRICKS_CLIENT_ID", "me"),
    ]);
    let error = resolve(None, None, &environment).unwrap_err();
    assert_eq!(
        error.to_string(),
        "more than one authorization method configured: oauth and pat. Config: host=h.example, token=***, \
         client_id=me. Env: DATABRICKS_HOST, DATABRICKS_TOKEN, DATABRICKS_CLIENT_ID"
    );
    let chosen = environment.clone().with_variable("DATABRICKS_AUTH_TYPE", "pat");
    assert_eq!(resolve(None, None, &chosen).unwrap().auth_type(), AuthType::Pat);
}

#[test]
fn auth_types_by_name() {
    let with = |name: &str| {
        resolve(
            None,
            None,
            &Environment::of([("DATABRICKS_HOST", "h.example"), ("DATABRICKS_AUTH_TYPE", name)]),
        )
    };
    assert!(matches!(
        with("azure-msi").unwrap_err(),
        AccessError::UnsupportedAuthType { name: "azure-msi", .. }
    ));
    assert!(matches!(with("nonsense").unwrap_err(), AccessError::UnknownAuthType { .. }));
    assert!(matches!(with("oauth-m2m").unwrap_err(), AccessError::Incomplete { missing: "client_id", .. }));
}

#[test]
fn the_file_may_lie_elsewhere_or_be_broken() {
    let folder = home(FILE);
    let environment =
        Environment::of([("DATABRICKS_CONFIG_FILE", "~/.databrickscfg")]).with_home(folder.path());
    assert_eq!(resolve(None, Some("prod"), &environment).unwrap().profile(), Some("prod"));
    let broken = home("[a]\ntoken dapi-canary\n");
    let error =
        resolve(None, Some("a"), &Environment::of([]).with_home(broken.path())).unwrap_err().to_string();
    assert!(
        error.contains("cannot parse config file") && error.contains("line 2") && !error.contains("canary"),
        "{error}"
    );
    let error = resolve(None, Some("a"), &Environment::of([]).with_home("/no/such/home")).unwrap_err();
    assert!(matches!(error, AccessError::NoProfile { .. }), "a missing file is an empty one");
}

#[test]
fn nothing_at_all() {
    let error = resolve(None, None, &Environment::of([])).unwrap_err();
    assert!(matches!(error, AccessError::NoHost { .. }));
    assert_eq!(Error::from(error).kind(), ErrorKind::Misconfigured);
}
