//! The vocabulary of Databricks unified authentication: what each setting is called in a profile and in the environment.

/// A group of attributes that together make one way to authenticate. Values of two groups at once are a mistake.
pub(crate) type Family = &'static str;

/// One setting of unified authentication.
#[derive(Debug)]
pub(crate) struct Attribute {
    /// Its key in `.databrickscfg`.
    pub(crate) key: &'static str,
    /// The environment variables that give it, the first that is set counts.
    pub(crate) variables: &'static [&'static str],
    /// The way to authenticate that it belongs to.
    pub(crate) family: Option<Family>,
    /// Whether its value must never be shown.
    pub(crate) secret: bool,
    /// Whether it steers where and how a request goes: where a profile is named on purpose, only the profile gives it.
    pub(crate) steers: bool,
}

const fn plain(key: &'static str, variables: &'static [&'static str]) -> Attribute {
    Attribute { key, variables, family: None, secret: false, steers: false }
}

const fn steering(key: &'static str, variables: &'static [&'static str]) -> Attribute {
    Attribute { key, variables, family: None, secret: false, steers: true }
}

const fn of(family: Family, key: &'static str, variables: &'static [&'static str]) -> Attribute {
    Attribute { key, variables, family: Some(family), secret: false, steers: false }
}

const fn secret(family: Family, key: &'static str, variables: &'static [&'static str]) -> Attribute {
    Attribute { key, variables, family: Some(family), secret: true, steers: false }
}

/// Every attribute, in the order in which messages list them.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    plain("host", &["DATABRICKS_HOST"]),
    steering("account_id", &["DATABRICKS_ACCOUNT_ID"]),
    steering("workspace_id", &["DATABRICKS_WORKSPACE_ID"]),
    secret("pat", "token", &["DATABRICKS_TOKEN"]),
    of("basic", "username", &["DATABRICKS_USERNAME"]),
    secret("basic", "password", &["DATABRICKS_PASSWORD"]),
    of("oauth", "client_id", &["DATABRICKS_CLIENT_ID"]),
    secret("oauth", "client_secret", &["DATABRICKS_CLIENT_SECRET"]),
    steering("auth_type", &["DATABRICKS_AUTH_TYPE"]),
    secret("metadata-service", "metadata_service_url", &["DATABRICKS_METADATA_SERVICE_URL"]),
    plain("warehouse_id", &["DATABRICKS_WAREHOUSE_ID"]),
    plain("databricks_cli_path", &["DATABRICKS_CLI_PATH"]),
    of("azure", "azure_workspace_resource_id", &["DATABRICKS_AZURE_RESOURCE_ID"]),
    of("azure", "azure_use_msi", &["ARM_USE_MSI"]),
    of("azure", "azure_client_id", &["ARM_CLIENT_ID"]),
    secret("azure", "azure_client_secret", &["ARM_CLIENT_SECRET"]),
    of("azure", "azure_tenant_id", &["ARM_TENANT_ID"]),
    plain("azure_environment", &["ARM_ENVIRONMENT"]),
    of("azure", "azure_login_app_id", &["DATABRICKS_AZURE_LOGIN_APP_ID"]),
    secret("google", "google_credentials", &["GOOGLE_CREDENTIALS"]),
    of("google", "google_service_account", &["DATABRICKS_GOOGLE_SERVICE_ACCOUNT"]),
    Attribute {
        key: "actions_id_token_request_url",
        variables: &["ACTIONS_ID_TOKEN_REQUEST_URL"],
        family: None,
        secret: true,
        steers: false,
    },
    Attribute {
        key: "actions_id_token_request_token",
        variables: &["ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
        family: None,
        secret: true,
        steers: false,
    },
    of("env-oidc", "oidc_token_env", &["DATABRICKS_OIDC_TOKEN_ENV"]),
    of(
        "file-oidc",
        "databricks_id_token_filepath",
        &["DATABRICKS_OIDC_TOKEN_FILEPATH", "DATABRICKS_OIDC_TOKEN_FILE"],
    ),
    steering("audience", &["DATABRICKS_TOKEN_AUDIENCE"]),
    steering("discovery_url", &["DATABRICKS_DISCOVERY_URL"]),
    plain("scopes", &[]),
];

/// Variables that steer the Databricks tools and are no attribute we read, but must not reach a child that is to act
/// under the identity we resolved.
pub(crate) const OTHER_VARIABLES: &[&str] = &[
    "DATABRICKS_CONFIG_PROFILE",
    "DATABRICKS_CONFIG_FILE",
    "DATABRICKS_CLUSTER_ID",
    "DATABRICKS_SERVERLESS_COMPUTE_ID",
    "DATABRICKS_CLOUD",
    "DATABRICKS_RATE_LIMIT",
    "DATABRICKS_DEBUG_HEADERS",
    "DATABRICKS_DEBUG_TRUNCATE_BYTES",
    "DATABRICKS_OAUTH_CALLBACK_PORT",
    "DATABRICKS_DISABLE_OAUTH_REFRESH_TOKEN",
    "DATABRICKS_OIDC_TOKEN",
    "DATABRICKS_SCOPES",
    "SYSTEM_ACCESSTOKEN",
];

/// The attribute of this key.
pub(crate) fn attribute(key: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_variables_are_unique() {
        let mut keys: Vec<_> = ATTRIBUTES.iter().map(|attribute| attribute.key).collect();
        let mut variables: Vec<_> =
            ATTRIBUTES.iter().flat_map(|attribute| attribute.variables).chain(OTHER_VARIABLES).collect();
        let (all_keys, all_variables) = (keys.len(), variables.len());
        keys.sort_unstable();
        keys.dedup();
        variables.sort_unstable();
        variables.dedup();
        assert_eq!((keys.len(), variables.len()), (all_keys, all_variables));
    }
}
