//! Files and folders of the workspace.

use serde_json::{Value as Json, json};

use super::http::{Client, HttpError};

/// The content of a file, or nothing where it is not there.
pub(super) async fn read(client: &Client, path: &str) -> Result<Option<Vec<u8>>, HttpError> {
    let query = [("path", path), ("return_export_info", "true")];
    match client.get("/api/2.0/workspace/get-status", &query).await {
        Ok(_) => {}
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error),
    }
    let query = [("path", path), ("direct_download", "true")];
    client.get_bytes("/api/2.0/workspace/export", &query).await.map(Some)
}

/// What lies at a path.
pub(super) async fn status(client: &Client, path: &str) -> Result<Option<Json>, HttpError> {
    match client.get("/api/2.0/workspace/get-status", &[("path", path)]).await {
        Ok(status) => Ok(Some(status)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file; makes its folder if that is missing.
pub(super) async fn write(
    client: &Client,
    path: &str,
    content: Vec<u8>,
    overwrite: bool,
) -> Result<(), HttpError> {
    let url = format!("/api/2.0/workspace-files/import-file/{}", escape(path.trim_start_matches('/')));
    let query = [("overwrite", if overwrite { "true" } else { "false" })];
    match client.post_bytes(&url, &query, content.clone()).await {
        Err(error) if error.is_missing() => {
            let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
            make_folder(client, folder).await?;
            client.post_bytes(&url, &query, content).await
        }
        result => result,
    }
}

/// Makes a folder and those above it.
pub(super) async fn make_folder(client: &Client, path: &str) -> Result<(), HttpError> {
    client.post("/api/2.0/workspace/mkdirs", &json!({ "path": path })).await.map(|_| ())
}

/// Deletes a file or folder; one that is not there is fine.
pub(super) async fn delete(client: &Client, path: &str, recursive: bool) -> Result<(), HttpError> {
    let body = if recursive { json!({ "path": path, "recursive": true }) } else { json!({ "path": path }) };
    match client.post("/api/2.0/workspace/delete", &body).await {
        Err(error) if !error.is_missing() => Err(error),
        _ => Ok(()),
    }
}

/// Makes the folder if it is not there.
pub(super) async fn ensure_folder(client: &Client, path: &str) -> Result<(), HttpError> {
    if status(client, path).await?.is_none() {
        make_folder(client, path).await?;
    }
    Ok(())
}

/// As one segment of a path: slashes too.
fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte))
            }
            b'$' | b'&' | b'+' | b':' | b'=' | b'@' => escaped.push(char::from(byte)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn a_path_is_one_segment() {
        assert_eq!(escape("Workspace/a b@c.com/ü%?#.json"), "Workspace%2Fa%20b@c.com%2F%C3%BC%25%3F%23.json");
    }
}
