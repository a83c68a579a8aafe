//! Entra ID: the login of the `az` CLI, and service principals.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::authenticator::Authenticator;
use super::error::{AttemptError, Cause, Error};
use super::host::Cloud;
use super::lenient;
use super::oauth::{Secret, read};
use super::program::Program;
use super::token::Token;

/// The application id of Azure Databricks, the same everywhere.
const DATABRICKS: &str = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";

/// How long a token of an `az` that does not say so in seconds is good for certain: it hands out none with less.
const CERTAIN: Duration = Duration::from_secs(5 * 60);

#[derive(Deserialize)]
struct CliToken {
    #[serde(rename = "accessToken")]
    access_token: Secret,
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_on: Option<i64>,
}

#[derive(Deserialize)]
struct Account {
    user: Option<AccountUser>,
}

#[derive(Deserialize)]
struct AccountUser {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
}

impl Authenticator {
    /// `az account get-access-token`, for the tenant of the workspace where it can be told.
    pub(crate) async fn azure_cli(&self) -> Result<Token, AttemptError> {
        let program = Program::find("az", &self.environment)
            .ok_or_else(|| AttemptError::NotApplicable("no `az` CLI on PATH".to_owned()))?;
        let tenant = match self.access.get("azure_tenant_id") {
            Some(tenant) => Some(tenant.to_owned()),
            None => self.discovered_tenant().await?,
        };
        let account: Account = self.az(&program, &["account", "show", "--output", "json"]).await?;
        // A managed identity has one tenant and must not be asked for another.
        let managed = account.user.is_some_and(|user| {
            user.kind.as_deref() == Some("servicePrincipal")
                && matches!(user.name.as_deref(), Some("systemAssignedIdentity" | "userAssignedIdentity"))
        });
        let narrowing = match (&tenant, self.subscription()) {
            (Some(tenant), _) if !managed => Some(["--tenant", tenant.as_str()]),
            (None, Some(subscription)) => Some(["--subscription", subscription]),
            _ => None,
        };
        let mut token = self.az_token(&program, DATABRICKS, narrowing).await?;
        if self.access.get("azure_workspace_resource_id").is_some() {
            let management = self.az_token(&program, &self.management(), narrowing).await.ok();
            self.add_azure_headers(&mut token, management);
        }
        Ok(token)
    }

    /// A service principal's token from its tenant, by client id and secret.
    pub(crate) async fn azure_client_secret(&self) -> Result<Token, AttemptError> {
        let tenant = match self.access.get("azure_tenant_id") {
            Some(tenant) => tenant.to_owned(),
            None => self.discovered_tenant().await?.ok_or_else(|| {
                AttemptError::Failed(
                    "the tenant is not known; set ARM_TENANT_ID or azure_tenant_id".to_owned(),
                )
            })?,
        };
        let mut token = self.azure_service_principal(&tenant, DATABRICKS).await?;
        let management = match self.azure_service_principal(&tenant, &self.management()).await {
            Ok(token) => Some(token),
            Err(AttemptError::Interrupted) => return Err(AttemptError::Interrupted),
            Err(error) => {
                tracing::debug!(%error, "no management token");
                None
            }
        };
        self.add_azure_headers(&mut token, management);
        Ok(token)
    }

    async fn azure_service_principal(&self, tenant: &str, resource: &str) -> Result<Token, AttemptError> {
        let client_id = self.required("azure_client_id")?;
        let client_secret = self.required("azure_client_secret")?;
        let endpoint = Url::parse(&format!("{}/{}/oauth2/token", self.login(), lenient::segment(tenant)))
            .map_err(|_| AttemptError::Failed("the tenant is none".to_owned()))?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id.expose_secret()),
            ("client_secret", client_secret.expose_secret()),
            ("resource", resource),
        ];
        self.token_from(endpoint, &form, None).await
    }

    /// The tenant that the workspace sends people to for their login.
    async fn discovered_tenant(&self) -> Result<Option<String>, AttemptError> {
        let call = read(self.on_host("/aad/auth")?, HeaderMap::new(), self.budget());
        match self.transport.run(&call, |_| Ok(())).await {
            Err(Error::Request(error)) => match &error.cause {
                Cause::Redirect { path, .. } => {
                    Ok(path.split('/').find(|part| !part.is_empty()).map(str::to_owned))
                }
                _ => Ok(None),
            },
            Err(Error::Interrupted { .. }) => Err(AttemptError::Interrupted),
            _ => Ok(None),
        }
    }

    async fn az<T: serde::de::DeserializeOwned>(
        &self,
        program: &Program,
        arguments: &[&str],
    ) -> Result<T, AttemptError> {
        self.program_json(program, arguments, &[]).await.map_err(|error| match error {
            AttemptError::Failed(text) if text.contains("No subscription found") => {
                AttemptError::NotApplicable("`az` is not logged in to a subscription".to_owned())
            }
            error => error,
        })
    }

    async fn az_token(
        &self,
        program: &Program,
        resource: &str,
        narrowing: Option<[&str; 2]>,
    ) -> Result<Token, AttemptError> {
        let plain = ["account", "get-access-token", "--resource", resource, "--output", "json"];
        let narrowed: Vec<_> = plain.iter().copied().chain(narrowing.into_iter().flatten()).collect();
        let answer: CliToken = match self.az(program, &narrowed).await {
            // A federated login knows one tenant and refuses the flag.
            Err(AttemptError::Failed(_)) if narrowing.is_some() => self.az(program, &plain).await?,
            answer => answer?,
        };
        let lifetime = match answer.expires_on.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        {
            Some(end) => Duration::try_from(end.duration_since(jiff::Timestamp::now())).unwrap_or_default(),
            None => CERTAIN,
        };
        self.bearer(&answer.access_token.0, Some(lifetime))
    }

    /// The third part of the workspace's resource id.
    fn subscription(&self) -> Option<&str> {
        self.access.get("azure_workspace_resource_id")?.split('/').filter(|part| !part.is_empty()).nth(1)
    }

    fn add_azure_headers(&self, token: &mut Token, management: Option<Token>) {
        if let Some(management) = management
            && let Ok(text) = management.header.to_str()
            && let Ok(mut value) = HeaderValue::from_str(text.trim_start_matches("Bearer "))
        {
            value.set_sensitive(true);
            token.extra.push(("x-databricks-azure-sp-management-token", value));
        }
        if let Some(id) = self.access.get("azure_workspace_resource_id")
            && let Ok(value) = HeaderValue::from_str(id)
        {
            token.extra.push(("x-databricks-azure-workspace-resource-id", value));
        }
    }

    /// The login service of the workspace's Azure cloud.
    fn login(&self) -> String {
        if let Some(login) = &self.azure_login {
            return login.clone();
        }
        let environment = self.access.get("azure_environment").unwrap_or_default().to_ascii_uppercase();
        match (environment.as_str(), self.access.host().cloud()) {
            ("USGOVERNMENT", _) => "https://login.microsoftonline.us",
            ("CHINA", _) => "https://login.chinacloudapi.cn",
            (_, Cloud::Azure { login }) => login,
            _ => "https://login.microsoftonline.com",
        }
        .to_owned()
    }

    /// The resource that stands for managing Azure itself.
    fn management(&self) -> String {
        match self.login().as_str() {
            "https://login.microsoftonline.us" => "https://management.core.usgovcloudapi.net/",
            "https://login.chinacloudapi.cn" => "https://management.core.chinacloudapi.cn/",
            _ => "https://management.core.windows.net/",
        }
        .to_owned()
    }
}
