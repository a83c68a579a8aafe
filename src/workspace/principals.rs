//! Users, groups and service principals of a workspace, by name.

use serde::Deserialize;

use super::client::{ApiCall, Client};
use super::error::Error;
use super::lenient;

/// A kind of identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A person, by e-mail address.
    User,
    /// A group, by display name.
    Group,
    /// A service principal, by application id.
    ServicePrincipal,
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "totalResults", default, deserialize_with = "lenient::integer")]
    total: Option<i64>,
    #[serde(rename = "Resources", default, deserialize_with = "lenient::list")]
    resources: Vec<serde::de::IgnoredAny>,
}

impl Client {
    /// `GET /api/2.0/preview/scim/v2/{Users,Groups,ServicePrincipals}` for one name: whether the workspace knows it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn principal_exists(&self, kind: PrincipalKind, name: &str) -> Result<bool, Error> {
        let (path, attribute) = match kind {
            PrincipalKind::User => ("Users", "userName"),
            PrincipalKind::Group => ("Groups", "displayName"),
            PrincipalKind::ServicePrincipal => ("ServicePrincipals", "applicationId"),
        };
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let call = ApiCall::get(format!("/api/2.0/preview/scim/v2/{path}"))
            .query("filter", format!("{attribute} eq \"{quoted}\""))
            .query("attributes", format!("id,{attribute}"))
            .query("startIndex", "1")
            .query("count", "1");
        let list: List = self.json(call).await?;
        Ok(!list.resources.is_empty() || list.total.unwrap_or_default() > 0)
    }
}
