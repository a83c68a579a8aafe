//! The user that the workspace knows us as.

use serde_json::{Value as Json, json};

use super::http::{Client, HttpError};

/// Who deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) user_name: String,
    pub(super) short_name: String,
    groups: Vec<String>,
}

impl Identity {
    /// Asks the workspace.
    pub(super) async fn fetch(client: &Client) -> Result<Self, HttpError> {
        client.get("/api/2.0/preview/scim/v2/Me", &[]).await.map(|me| Self::of(&me))
    }

    /// Who we are before the workspace was asked.
    pub(super) fn nobody() -> Self {
        Self::of(&Json::Null)
    }

    fn of(me: &Json) -> Self {
        let text = |key: &str| me[key].as_str().unwrap_or_default().to_owned();
        let user_name = text("userName");
        let long = match me["displayName"].as_str() {
            Some(name) if is_service_principal(&user_name) && !name.is_empty() => name,
            _ => &user_name,
        };
        let short_name = long
            .split('@')
            .next()
            .unwrap_or_default()
            .chars()
            .map(|character| if character.is_alphanumeric() { character.to_ascii_lowercase() } else { '_' })
            .collect();
        let groups = me["groups"].as_array().into_iter().flatten();
        let groups = groups.filter_map(|group| group["display"].as_str().map(str::to_owned)).collect();
        Self { id: text("id"), user_name, short_name, groups }
    }

    /// Whether this is no person.
    pub(super) fn is_service_principal(&self) -> bool {
        is_service_principal(&self.user_name)
    }

    /// The key and value by which permissions name us.
    pub(super) fn principal(&self) -> (&'static str, &str) {
        let key = if self.is_service_principal() { "service_principal_name" } else { "user_name" };
        (key, &self.user_name)
    }

    /// Whether a permission names us or a group of ours.
    pub(super) fn is_meant_by(&self, permission: &Json) -> bool {
        let (key, name) = self.principal();
        permission[key].as_str() == Some(name)
            || permission["group_name"]
                .as_str()
                .is_some_and(|group| self.groups.iter().any(|ours| ours == group))
    }

    /// What the configuration shows as `workspace.current_user`.
    pub(super) fn to_json(&self) -> Json {
        json!({
            "domain_friendly_name": self.short_name.replace('_', "-"),
            "id": self.id,
            "short_name": self.short_name,
            "userName": self.user_name,
        })
    }
}

/// Service principals are named by a UUID.
fn is_service_principal(name: &str) -> bool {
    let lengths: Vec<usize> = name.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::databricks) fn user(name: &str) -> Identity {
        Identity::of(&json!({ "id": "1", "userName": name }))
    }

    #[test]
    fn the_short_name_is_safe_in_names() {
        let me = Identity::of(&json!({"id": "1", "userName": "Ann.Lee@example.com"}));
        assert_eq!(me.short_name, "ann_lee");
        assert_eq!(me.to_json()["domain_friendly_name"], "ann-lee");
        assert_eq!(me.principal(), ("user_name", "Ann.Lee@example.com"));
    }

    #[test]
    fn service_principals_have_a_display_name() {
        let name = "11111111-2222-3333-4444-555555555555";
        let me = Identity::of(&json!({"userName": name, "displayName": "CI bot"}));
        assert!(me.is_service_principal());
        assert_eq!(me.short_name, "ci_bot");
        assert_eq!(me.principal(), ("service_principal_name", name));
    }
}
