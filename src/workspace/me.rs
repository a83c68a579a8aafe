//! Who we are: SCIM `Me`.

use serde::Deserialize;

use super::client::{ApiCall, Client, read_json};
use super::error::Error;
use super::lenient;

/// The identity behind the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Me {
    /// The e-mail address of a person; the application id of a service principal.
    pub user_name: String,
    /// The name for people.
    pub display_name: Option<String>,
    /// The display names of the groups that the service lists: those of the account and of the workspace alike, nested
    /// ones possibly missing.
    pub groups: Vec<String>,
    /// The workspace, as the service names it in a header of this answer.
    pub workspace_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    user_name: Option<String>,
    application_id: Option<String>,
    display_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    display: Option<String>,
}

impl Me {
    /// Whether this is a service principal: its user name is a UUID.
    #[must_use]
    pub fn is_service_principal(&self) -> bool {
        let parts: Vec<_> = self.user_name.split('-').collect();
        parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
            && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// Whether this is an administrator of the workspace, who sees every pipeline and job.
    #[must_use]
    pub fn is_workspace_admin(&self) -> bool {
        self.groups.iter().any(|group| group == "admins")
    }

    /// The short name, as bundles use it in development mode: the user name up to the `@` (the display name of a
    /// service principal), in lower case, with `_` for every run of characters that are neither letter nor digit.
    #[must_use]
    pub fn short_name(&self) -> String {
        let name = match &self.display_name {
            Some(name) if self.is_service_principal() && !name.is_empty() => name,
            _ => &self.user_name,
        };
        let local = name.split('@').next().unwrap_or_default().to_lowercase();
        let mut short = String::new();
        for letter in local.chars() {
            if letter.is_alphanumeric() {
                short.push(letter);
            } else if !short.ends_with('_') {
                short.push('_');
            }
        }
        short.trim_matches('_').to_owned()
    }
}

impl Client {
    /// Who we are, asked once per client.
    ///
    /// # Errors
    /// As [`Client::fresh_me`]; an error is not kept.
    pub async fn me(&self) -> Result<Me, Error> {
        self.kept_me().get_or_try_init(|| self.fresh_me()).await.cloned()
    }

    /// `GET /api/2.0/preview/scim/v2/Me`: the cheapest way to learn whether the token is good, and which workspace
    /// this is.
    ///
    /// # Errors
    /// [`Error`]; an answer without a name is a protocol error.
    pub async fn fresh_me(&self) -> Result<Me, Error> {
        self.send(ApiCall::get("/api/2.0/preview/scim/v2/Me"), |answer| {
            let wire: Wire = read_json(&answer.body)?;
            let user_name = wire
                .user_name
                .or(wire.application_id)
                .filter(|name| !name.is_empty())
                .ok_or("the answer names no user")?;
            let workspace_id = ["x-databricks-org-id", "x-databricks-workspace-id"]
                .iter()
                .find_map(|name| answer.headers.get(*name)?.to_str().ok())
                .map(str::to_owned);
            Ok(Me {
                user_name,
                display_name: wire.display_name,
                groups: wire.groups.into_iter().filter_map(|group| group.display).collect(),
                workspace_id,
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me(user_name: &str, display_name: Option<&str>) -> Me {
        Me { user_name: user_name.to_owned(), display_name: display_name.map(str::to_owned), ..Me::default() }
    }

    #[test]
    fn short_names() {
        assert_eq!(me("Jane.van-Doe+x@example.com", Some("Jane")).short_name(), "jane_van_doe_x");
        assert_eq!(me("__a..b__@x", None).short_name(), "a_b");
        assert_eq!(me("Zoë@x", None).short_name(), "zoë");
        let principal = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
        assert_eq!(me(principal, Some("Deploy Bot @ CI")).short_name(), "deploy_bot");
        assert_eq!(me(principal, None).short_name(), "3f2504e0_4f89_11d3_9a0c_0305e82c3301");
    }
}
