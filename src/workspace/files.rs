//! Workspace files.

use serde::Deserialize;

use super::client::{ApiCall, Client};
use super::error::Error;
use super::lenient::{self, segment};

/// What lies at a path of the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct FileStatus {
    /// `FILE`, `DIRECTORY`, `NOTEBOOK`, …; an open set.
    pub object_type: Option<String>,
    /// The path; the `/Workspace` that was asked with may be missing.
    pub path: Option<String>,
    /// Its id.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub object_id: Option<i64>,
    /// When it was changed last, in milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub modified_at: Option<i64>,
    /// Its size in bytes.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub size: Option<i64>,
}

impl FileStatus {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.object_type.as_deref() == Some("DIRECTORY")
    }
}

impl Client {
    /// `GET /api/2.0/workspace/export` of one file, byte for byte; `None` where the workspace says that there is none.
    ///
    /// # Errors
    /// [`Error`]; a path that may not be read is an error, never `None`.
    pub async fn export_file(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let call = ApiCall::get("/api/2.0/workspace/export")
            .query("path", path)
            .query("format", "AUTO")
            .query("direct_download", "true")
            .for_bytes();
        match self.send(call, |answer| Ok(answer.body.clone())).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `GET /api/2.0/workspace/get-status`; `None` where there is nothing.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn file_status(&self, path: &str) -> Result<Option<FileStatus>, Error> {
        self.optional(ApiCall::get("/api/2.0/workspace/get-status").query("path", path)).await
    }

    /// `POST /api/2.0/workspace-files/import-file/{path}?overwrite=true`: writes one file whole. Its directory must be
    /// there.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn write_file(&self, path: &str, content: &[u8]) -> Result<(), Error> {
        let encoded: Vec<_> = path.split('/').filter(|part| !part.is_empty()).map(segment).collect();
        let call = ApiCall::post(
            format!("/api/2.0/workspace-files/import-file/{}", encoded.join("/")),
            &serde_json::Value::Null,
        )
        .query("overwrite", "true")
        .with_bytes(content.to_vec())
        .repeatable();
        self.send(call, |_| Ok(())).await
    }

    /// `POST /api/2.0/workspace/mkdirs`: makes a directory and those above it; one that is there is fine.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn make_directories(&self, path: &str) -> Result<(), Error> {
        let call =
            ApiCall::post("/api/2.0/workspace/mkdirs", &serde_json::json!({ "path": path })).repeatable();
        self.send(call, |_| Ok(())).await
    }
}
