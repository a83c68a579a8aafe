//! The ways to authenticate.

use std::fmt;

/// A way to authenticate that tapworks speaks itself, named as the Databricks tools name it (`auth_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthType {
    /// A personal access token, or another bearer token given ready-made.
    Pat,
    /// User name and password.
    Basic,
    /// A service principal's client id and secret.
    OauthM2m,
    /// A person's login, kept by the `databricks` CLI.
    DatabricksCli,
    /// A GitHub Actions job, by its OIDC token.
    GithubOidc,
    /// An OIDC token in an environment variable.
    EnvOidc,
    /// An OIDC token in a file.
    FileOidc,
    /// An Entra ID service principal's client id and secret.
    AzureClientSecret,
    /// A login kept by the `az` CLI.
    AzureCli,
    /// A credential that `tapworks auth login` put into the keyring of the operating system.
    Keyring,
}

/// Ways to authenticate that the Databricks tools know and tapworks does not.
pub(crate) const UNSUPPORTED: &[&str] = &[
    "metadata-service",
    "azure-devops-oidc",
    "github-oidc-azure",
    "azure-msi",
    "google-credentials",
    "google-id",
    "external-browser",
    "runtime",
    "oauth-u2m",
];

impl AuthType {
    /// Every way, in the order in which they are tried.
    pub const CHAIN: [Self; 10] = [
        Self::Pat,
        Self::Basic,
        Self::OauthM2m,
        Self::DatabricksCli,
        Self::GithubOidc,
        Self::EnvOidc,
        Self::FileOidc,
        Self::AzureClientSecret,
        Self::AzureCli,
        Self::Keyring,
    ];

    /// The name, as `auth_type` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pat => "pat",
            Self::Basic => "basic",
            Self::OauthM2m => "oauth-m2m",
            Self::DatabricksCli => "databricks-cli",
            Self::GithubOidc => "github-oidc",
            Self::EnvOidc => "env-oidc",
            Self::FileOidc => "file-oidc",
            Self::AzureClientSecret => "azure-client-secret",
            Self::AzureCli => "azure-cli",
            Self::Keyring => "keyring",
        }
    }

    /// The way of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::CHAIN.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for AuthType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
