//! The lock that keeps two deployments of one target apart.

use serde::{Deserialize, Serialize};

use super::bundle::Bundle;
use super::http::{Client, HttpError};
use super::state::uuid;
use super::workspace_files;

/// The content of `deploy.lock`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    #[serde(rename = "ID")]
    id: String,
    acquisition_time: String,
    is_forced: bool,
    user: String,
}

/// A lock that is held, unless the target has none.
#[derive(Debug)]
pub(super) struct Lock {
    path: String,
    /// Nothing where locking is off.
    id: Option<String>,
}

/// Why the lock could not be taken or given back.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    #[error(
        "deploy lock {forced}acquired by {user} at {time}\nAnother deployment may be in progress. Use --force-lock to \
         override, but this may\nconflict with the other deployment if it is still active"
    )]
    Held { user: String, time: String, forced: &'static str },
    #[error("unlock called when lock is not held")]
    NotHeld,
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Lock {
    /// Takes the lock; `force` takes it from whoever holds it.
    pub(super) async fn acquire(bundle: &Bundle, client: &Client, force: bool) -> Result<Self, LockError> {
        let path = bundle.state_file("deploy.lock");
        if !bundle.lock_enabled() {
            return Ok(Self { path, id: None });
        }
        let force = force || bundle.lock_forced();
        let content = Content {
            id: uuid(),
            acquisition_time: jiff::Timestamp::now().to_string(),
            is_forced: force,
            user: bundle.identity().user_name.clone(),
        };
        let bytes = serde_json::to_vec(&content).map_err(|error| HttpError::Setup(error.to_string()))?;
        match workspace_files::write(client, &path, bytes, force).await {
            Ok(()) => {}
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.into()),
        }
        // Whoever is named in the file now has it.
        match holder(client, &path).await? {
            Some(holder) if holder.id == content.id => Ok(Self { path, id: Some(content.id) }),
            Some(holder) => Err(LockError::Held {
                user: holder.user,
                time: go_time(&holder.acquisition_time),
                forced: if holder.is_forced { "force " } else { "" },
            }),
            None => Err(LockError::NotHeld),
        }
    }

    /// Gives the lock back.
    pub(super) async fn release(self, client: &Client) -> Result<(), LockError> {
        let Some(id) = self.id else { return Ok(()) };
        match holder(client, &self.path).await? {
            Some(holder) if holder.id == id => Ok(workspace_files::delete(client, &self.path, false).await?),
            _ => Err(LockError::NotHeld),
        }
    }
}

async fn holder(client: &Client, path: &str) -> Result<Option<Content>, LockError> {
    let content = workspace_files::read(client, path).await?;
    Ok(content.and_then(|content| serde_json::from_slice(&content).ok()))
}

/// A time as the CLI prints it: `2026-01-02 03:04:05 +0000 UTC`.
fn go_time(time: &str) -> String {
    match time.strip_suffix('Z') {
        Some(utc) => {
            let utc = if utc.contains('.') { utc.trim_end_matches('0').trim_end_matches('.') } else { utc };
            format!("{} +0000 UTC", utc.replacen('T', " ", 1))
        }
        None => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_manner_of_the_cli() {
        assert_eq!(go_time("2026-01-02T03:04:05.000000Z"), "2026-01-02 03:04:05 +0000 UTC");
        assert_eq!(go_time("2026-01-02T03:04:05.120Z"), "2026-01-02 03:04:05.12 +0000 UTC");
    }

    #[test]
    fn the_file_has_the_names_of_the_cli() {
        let content =
            Content { id: "1".into(), acquisition_time: "t".into(), is_forced: false, user: "u".into() };
        assert_eq!(
            serde_json::to_value(content).unwrap(),
            serde_json::json!({"ID": "1", "AcquisitionTime": "t", "IsForced": false, "User": "u"})
        );
    }
}
