//! The files of the bundle, copied into the workspace.

use std::path::{Path, PathBuf};

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value as Json, json};

use super::bundle::Bundle;
use super::http::{Client, HttpError};
use super::remote::PARALLEL;
use super::state::uuid;
use super::workspace_files;

/// How many files a deployment sent and deleted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uploaded {
    pub(super) sent: usize,
    pub(super) deleted: usize,
}

/// Sends the files under the bundle's `sync.paths`, removes those that were sent before and are gone, and notes all that
/// in `deployment.json`.
pub(super) async fn upload(
    bundle: &Bundle,
    client: &Client,
    cli_version: &str,
) -> Result<Uploaded, HttpError> {
    let list = bundle.state_file("deployment.json");
    let before: Json = match workspace_files::read(client, &list).await? {
        Some(content) => serde_json::from_slice(&content).unwrap_or_default(),
        None => Json::Null,
    };
    let internal = format!("{}/.internal", bundle.path("artifact_path"));
    workspace_files::delete(client, &internal, true).await?;
    workspace_files::make_folder(client, &internal).await?;
    let target = bundle.path("file_path");
    workspace_files::ensure_folder(client, target).await?;

    let paths = bundle.sync_paths();
    let mut names: Vec<String> = Vec::new();
    for path in &paths {
        collect(&bundle.root, &bundle.root.join(path), &mut names);
    }
    names.sort_unstable();
    names.dedup();
    let root = &bundle.root;
    let sent: Vec<Result<(), HttpError>> = stream::iter(&names)
        .map(|name| async move {
            let content = std::fs::read(root.join(name))
                .map_err(|error| HttpError::Setup(format!("cannot read {name}: {error}")))?;
            workspace_files::write(client, &format!("{target}/{name}"), content, true).await
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    sent.into_iter().collect::<Result<Vec<()>, _>>()?;

    let mut deleted = 0;
    for old in before["files"].as_array().into_iter().flatten() {
        if let Some(name) = old["local_path"].as_str().filter(|name| !names.iter().any(|new| new == name)) {
            workspace_files::delete(client, &format!("{target}/{name}"), false).await?;
            deleted += 1;
        }
    }
    let files: Vec<Json> =
        names.iter().map(|name| json!({"local_path": name, "is_notebook": false})).collect();
    let note = json!({
        "version": 1,
        "seq": before["seq"].as_u64().unwrap_or_default() + 1,
        "cli_version": cli_version,
        "timestamp": jiff::Timestamp::now().to_string(),
        "files": if paths.is_empty() { Json::Null } else { files.into() },
        "id": before["id"].as_str().map_or_else(uuid, str::to_owned),
    });
    workspace_files::write(client, &list, note.to_string().into_bytes(), true).await?;
    Ok(Uploaded { sent: names.len(), deleted })
}

/// The files under a folder, relative to the root; what is hidden from git stays here.
fn collect(root: &Path, folder: &Path, names: &mut Vec<String>) {
    let ignored = ignored(root);
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if matches!(name.as_str(), ".git" | ".databricks") || ignored.contains(&name) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                names.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
}

/// Plain names in the root's `.gitignore`; patterns are beyond this stand-in.
fn ignored(root: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.trim_matches('/').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_folders_stay_here() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".git/x", ".databricks/y", "out/z", "resources/a.yml", "databricks.yml", ".gitignore"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "/out/\n").unwrap();
        }
        let mut names = Vec::new();
        collect(folder.path(), folder.path(), &mut names);
        names.sort();
        assert_eq!(names, [".gitignore", "databricks.yml", "resources/a.yml"]);
    }
}
