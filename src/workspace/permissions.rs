//! Who may do what with a pipeline or job.

use serde::Deserialize;

use super::client::{ApiCall, Client};
use super::error::Error;
use super::lenient;

/// A permission that was set on the object itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectPermission {
    /// `user_name`, `group_name` or `service_principal_name`.
    pub kind: String,
    /// The name.
    pub principal: String,
    /// `CAN_VIEW`, `IS_OWNER`, …; an open set.
    pub level: String,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default, deserialize_with = "lenient::list")]
    access_control_list: Vec<WireEntry>,
}

#[derive(Deserialize)]
struct WireEntry {
    user_name: Option<String>,
    group_name: Option<String>,
    service_principal_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    all_permissions: Vec<WireLevel>,
}

#[derive(Deserialize)]
struct WireLevel {
    #[serde(default)]
    permission_level: String,
    #[serde(default)]
    inherited: bool,
}

impl Client {
    /// `GET /api/2.0/permissions{path}` of `/pipelines/<id>` or `/jobs/<id>`, sorted, without what is inherited; `None`
    /// where there is no such object.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn object_permissions(&self, path: &str) -> Result<Option<Vec<ObjectPermission>>, Error> {
        let encoded: Vec<_> = path.split('/').filter(|part| !part.is_empty()).map(lenient::segment).collect();
        let call = ApiCall::get(format!("/api/2.0/permissions/{}", encoded.join("/")));
        let Some(wire) = self.optional::<Wire>(call).await? else { return Ok(None) };
        let mut permissions = Vec::new();
        for entry in wire.access_control_list {
            let named = [
                ("user_name", entry.user_name),
                ("group_name", entry.group_name),
                ("service_principal_name", entry.service_principal_name),
            ];
            let Some((kind, principal)) = named.into_iter().find_map(|(kind, name)| Some((kind, name?)))
            else {
                continue;
            };
            for level in entry.all_permissions.into_iter().filter(|level| !level.inherited) {
                permissions.push(ObjectPermission {
                    kind: kind.to_owned(),
                    principal: principal.clone(),
                    level: level.permission_level,
                });
            }
        }
        permissions.sort();
        Ok(Some(permissions))
    }
}
