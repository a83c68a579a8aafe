//! The lock that the CLI holds while it changes a deployment, `deploy.lock` in the bundle's state folder. It has no end of
//! its own: whoever is killed leaves it behind.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::Deserialize;

use super::facts::FactsError;
use super::gather::unreadable;
use super::paths::BundlePaths;
use crate::settings::{Mode, Target};
use crate::workspace::Client;
use crate::yaml::Value;

/// Who holds a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployLock {
    /// Made anew each time that it is taken.
    pub id: String,
    /// Who took it.
    pub user: String,
    /// When, as the file says it.
    pub since: String,
    /// Whether it was taken from another.
    pub forced: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(default)]
    acquisition_time: String,
    #[serde(default)]
    is_forced: bool,
    #[serde(default)]
    user: String,
}

impl DeployLock {
    /// Reads `deploy.lock`.
    ///
    /// # Errors
    /// Where it is not such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let Document { id, acquisition_time, is_forced, user } = serde_json::from_slice(bytes)?;
        Ok(Self { id, user, since: acquisition_time, forced: is_forced })
    }
}

impl std::fmt::Display for DeployLock {
    /// `somebody@example.com since 2026-01-02 03:04:05 UTC`
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let user = if self.user.is_empty() { "somebody" } else { &self.user };
        let since = match self.since.parse::<Timestamp>() {
            Ok(since) => format!("{} UTC", since.strftime("%Y-%m-%d %H:%M:%S")),
            Err(_) => self.since.clone(),
        };
        write!(formatter, "{user} since {since}{}", if self.forced { ", taken by force" } else { "" })
    }
}

/// Whether deploys to this target take the lock: not in development, unless the target's settings say otherwise.
#[must_use]
pub fn takes_lock(target: &Target) -> bool {
    let said = target.bundle.as_ref().and_then(|bundle| {
        let lock = bundle.get("bundle")?.get("deployment")?.get("lock")?;
        lock.get("enabled").and_then(Value::as_bool)
    });
    said.unwrap_or(target.mode != Mode::Development)
}

/// Who holds the bundle at these paths now.
///
/// # Errors
/// Anything but "nobody": what cannot be read is not taken for free.
pub async fn read_lock(client: &Client, paths: &BundlePaths) -> Result<Option<DeployLock>, FactsError> {
    let path = paths.lock_file();
    let bytes = client.export_file(&path).await?;
    bytes.map(|bytes| DeployLock::parse(&bytes)).transpose().map_err(unreadable(&path))
}

/// The locks that are held, by bundle.
///
/// # Errors
/// As for [`read_lock`].
pub async fn read_locks(
    client: &Client,
    paths: &BTreeMap<String, BundlePaths>,
) -> Result<BTreeMap<String, DeployLock>, FactsError> {
    stream::iter(paths)
        .map(|(bundle, paths)| async move {
            Ok::<_, FactsError>(read_lock(client, paths).await?.map(|lock| (bundle.clone(), lock)))
        })
        .buffer_unordered(64)
        .try_filter_map(|held| async move { Ok(held) })
        .try_collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_shown_with_the_time() {
        let text = br#"{"ID":"1","AcquisitionTime":"2026-01-02T03:04:05.678901+01:00","IsForced":false,"User":"a@b.c"}"#;
        let lock = DeployLock::parse(text).unwrap();
        assert_eq!(
            (lock.id.as_str(), lock.to_string().as_str()),
            ("1", "a@b.c since 2026-01-02 02:04:05 UTC")
        );
        let forced = DeployLock { forced: true, since: "lately".to_owned(), user: String::new(), ..lock };
        assert_eq!(forced.to_string(), "somebody since lately, taken by force");
        assert!(DeployLock::parse(b"<html>").is_err());
    }

    #[test]
    fn development_takes_none_unless_told() {
        let target = |mode, bundle: &str| {
            let mut target = Target::named("t");
            target.mode = mode;
            target.bundle = (!bundle.is_empty()).then(|| crate::yaml::read(bundle).unwrap().to_value());
            target
        };
        let lock =
            |enabled| format!(r#"{{"bundle": {{"deployment": {{"lock": {{"enabled": {enabled}}}}}}}}}"#);
        assert!(takes_lock(&target(Mode::Production, "")));
        assert!(!takes_lock(&target(Mode::Development, "")));
        assert!(takes_lock(&target(Mode::Development, &lock(true))));
        assert!(!takes_lock(&target(Mode::Production, &lock(false))));
    }
}
