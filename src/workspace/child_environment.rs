//! The environment of a child that is to act under our identity.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::access::Access;
use super::attribute::{ATTRIBUTES, OTHER_VARIABLES};
use super::auth_type::AuthType;
use super::client::Client;
use super::error::{AttemptError, CredentialsError, Error};
use super::keyring::Kept;
use crate::environment::Environment;

/// What to change in the environment of a `databricks` process so that it acts under exactly the resolved identity,
/// whatever the user's variables and profiles say. First `remove`, then `set`.
#[derive(Default)]
pub struct ChildEnvironment {
    /// Variables to take away: every one that steers authentication.
    pub remove: Vec<String>,
    /// Variables to set.
    pub set: Vec<(String, SecretString)>,
}

/// A token handed to a child, which cannot renew it, should last this long.
const LASTING: Duration = Duration::from_secs(45 * 60);

/// A configuration file without profiles.
const NO_FILE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

impl Access {
    /// The environment for a child `databricks`.
    ///
    /// - A person's login under a profile: that profile and the true configuration file, so that the child renews.
    /// - A service principal: its id and secret, for the same reason; a login of `az`: that it is one.
    /// - Everything else: the address and a bearer token, renewed beforehand where it ends soon.
    ///
    /// In all but the first case the child sees no configuration file, since a default profile in there would win
    /// over the variables. Tokens go by environment only, never by arguments.
    ///
    /// # Errors
    /// Those of fetching a token.
    pub async fn child_environment(
        &self,
        environment: &Environment,
        client: &Client,
    ) -> Result<ChildEnvironment, Error> {
        let remove = ATTRIBUTES
            .iter()
            .flat_map(|attribute| attribute.variables)
            .chain(OTHER_VARIABLES)
            .map(|name| (*name).to_owned())
            .collect();
        // The first token settles which way to authenticate it is.
        let token = client.token_lasting(LASTING).await?;
        let mut set = Settings::default();
        match (self.auth_type(), self.profile(), self.config_file()) {
            (AuthType::DatabricksCli, Some(profile), Some(file)) => {
                set.plain("DATABRICKS_CONFIG_PROFILE", profile);
                set.plain("DATABRICKS_CONFIG_FILE", &environment.directory().join(file).to_string_lossy());
                return Ok(ChildEnvironment { remove, set: set.0 });
            }
            (AuthType::OauthM2m, ..) => {
                set.copy("DATABRICKS_CLIENT_ID", self.secret("client_id"));
                set.copy("DATABRICKS_CLIENT_SECRET", self.secret("client_secret"));
                set.plain("DATABRICKS_AUTH_TYPE", "oauth-m2m");
            }
            (AuthType::Basic, ..) => {
                set.copy("DATABRICKS_USERNAME", self.secret("username"));
                set.copy("DATABRICKS_PASSWORD", self.secret("password"));
                set.plain("DATABRICKS_AUTH_TYPE", "basic");
            }
            (AuthType::AzureClientSecret, ..) => {
                set.copy("ARM_CLIENT_ID", self.secret("azure_client_id"));
                set.copy("ARM_CLIENT_SECRET", self.secret("azure_client_secret"));
                set.copy("ARM_TENANT_ID", self.secret("azure_tenant_id"));
                set.copy("ARM_ENVIRONMENT", self.secret("azure_environment"));
                set.copy("DATABRICKS_AZURE_RESOURCE_ID", self.secret("azure_workspace_resource_id"));
                set.plain("DATABRICKS_AUTH_TYPE", "azure-client-secret");
            }
            (AuthType::AzureCli, ..) => {
                set.copy("ARM_TENANT_ID", self.secret("azure_tenant_id"));
                set.copy("ARM_ENVIRONMENT", self.secret("azure_environment"));
                set.copy("DATABRICKS_AZURE_RESOURCE_ID", self.secret("azure_workspace_resource_id"));
                set.plain("DATABRICKS_AUTH_TYPE", "azure-cli");
            }
            (AuthType::Keyring, ..) => match Kept::load(client.keyring(), self.host()).await {
                Ok(Some(Kept::Client { client_id, client_secret })) => {
                    set.plain("DATABRICKS_CLIENT_ID", &client_id);
                    set.copy("DATABRICKS_CLIENT_SECRET", Some(client_secret));
                    set.plain("DATABRICKS_AUTH_TYPE", "oauth-m2m");
                }
                Ok(_) => set.bearer(&token),
                Err(error) => {
                    return Err(Error::Credentials(Box::new(CredentialsError {
                        host: self.host().to_string(),
                        attempts: vec![(AuthType::Keyring, AttemptError::Failed(error.to_string()))],
                        unused: Vec::new(),
                    })));
                }
            },
            _ => set.bearer(&token),
        }
        set.plain("DATABRICKS_HOST", self.host().as_str());
        set.plain("DATABRICKS_CONFIG_FILE", NO_FILE);
        if let Some(id) = self.workspace_id() {
            set.plain("DATABRICKS_WORKSPACE_ID", id);
        }
        Ok(ChildEnvironment { remove, set: set.0 })
    }
}

#[derive(Default)]
struct Settings(Vec<(String, SecretString)>);

impl Settings {
    fn plain(&mut self, name: &str, value: &str) {
        self.copy(name, Some(SecretString::from(value.to_owned())));
    }

    fn copy(&mut self, name: &str, value: Option<SecretString>) {
        if let Some(value) = value {
            self.0.push((name.to_owned(), value));
        }
    }

    fn bearer(&mut self, token: &SecretString) {
        self.copy("DATABRICKS_TOKEN", Some(token.clone()));
        self.plain("DATABRICKS_AUTH_TYPE", "pat");
    }
}

impl ChildEnvironment {
    /// The value of a variable that is set, for the one who hands it on.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.set.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose_secret())
    }
}

impl fmt::Debug for ChildEnvironment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChildEnvironment")
            .field("set", &self.set.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
