//! Workspace files and folders: `/api/2.0/workspace…` and `/api/2.0/workspace-files/import-file/…` (REST API, Workspace).

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::world::{World, now_millis};

/// `workspace/export` without `direct_download` answers at most this much.
const EXPORT_LIMIT: usize = 10 * 1024 * 1024;

/// A file or a folder.
#[derive(Clone, Debug)]
pub struct Node {
    /// What other calls (permissions) know it by.
    pub object_id: i64,
    /// The content; none for a folder.
    pub content: Option<Arc<[u8]>>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

/// The tree, by path without the `/Workspace` that may stand in front.
#[derive(Debug)]
pub struct Files {
    nodes: BTreeMap<String, Node>,
    by_object: HashMap<i64, String>,
}

impl Default for Files {
    fn default() -> Self {
        let mut files = Self { nodes: BTreeMap::new(), by_object: HashMap::new() };
        for root in ["/Users", "/Shared"] {
            files.mkdirs(root).ok();
        }
        files
    }
}

/// `/Workspace/Users/x/` and `/Users/x` are the same place.
fn canonical(path: &str) -> Result<String, Problem> {
    let path = path
        .strip_prefix("/Workspace")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .unwrap_or(path);
    if path.is_empty() {
        return Ok("/".to_owned());
    }
    if !path.starts_with('/') {
        return Err(Problem::invalid(format!("Path ({path}) must be absolute.")));
    }
    Ok(if path == "/" { path.to_owned() } else { path.trim_end_matches('/').to_owned() })
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

impl Files {
    /// The content of a file.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        self.nodes.get(&canonical(path).ok()?)?.content.clone()
    }

    /// The paths of all files, without `/Workspace`.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter(|(_, node)| node.content.is_some()).map(|(path, _)| path.as_str())
    }

    /// Puts a file there, with its folders.
    pub fn write(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        if let Ok(path) = canonical(path)
            && self.mkdirs(parent(&path)).is_ok()
        {
            self.put(&path, Some(content.into()));
        }
    }

    /// Makes a folder with its parents.
    pub fn make_folder(&mut self, path: &str) {
        if let Ok(path) = canonical(path) {
            self.mkdirs(&path).ok();
        }
    }

    /// Takes a file or a whole folder away; whether it was there.
    pub fn remove(&mut self, path: &str) -> bool {
        let Ok(path) = canonical(path) else { return false };
        let gone: Vec<String> = self.under(&path).map(|(path, _)| path.clone()).collect();
        for path in &gone {
            self.forget(path);
        }
        self.forget(&path) || !gone.is_empty()
    }

    /// The path of an object id.
    #[must_use]
    pub fn by_object_id(&self, id: i64) -> Option<&str> {
        self.by_object.get(&id).map(String::as_str)
    }

    fn forget(&mut self, path: &str) -> bool {
        let Some(node) = self.nodes.remove(path) else { return false };
        self.by_object.remove(&node.object_id);
        true
    }

    fn put(&mut self, path: &str, content: Option<Vec<u8>>) {
        let now = now_millis();
        let content = content.map(Arc::from);
        if let Some(node) = self.nodes.get_mut(path) {
            node.content = content;
            node.modified_at = now;
            return;
        }
        let object_id = fastrand::i64(100_000_000_000..4_000_000_000_000_000);
        self.by_object.insert(object_id, path.to_owned());
        self.nodes.insert(path.to_owned(), Node { object_id, content, created_at: now, modified_at: now });
    }

    fn is_folder(&self, path: &str) -> bool {
        path == "/" || self.nodes.get(path).is_some_and(|node| node.content.is_none())
    }

    /// Everything below a folder.
    fn under(&self, path: &str) -> impl Iterator<Item = (&String, &Node)> {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        self.nodes
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while({
                let prefix = prefix.clone();
                move |(path, _)| path.starts_with(&prefix)
            })
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn mkdirs(&mut self, path: &str) -> Result<(), Problem> {
        if path == "/" {
            return Ok(());
        }
        match self.nodes.get(path) {
            Some(node) if node.content.is_some() => {
                return Err(Problem::new(
                    400,
                    "RESOURCE_ALREADY_EXISTS",
                    format!("Path ({path}) already exists as a file."),
                ));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        self.mkdirs(parent(path))?;
        self.put(path, None);
        Ok(())
    }
}

fn missing(path: &str) -> Problem {
    Problem::missing(format!("Path ({path}) doesn't exist."))
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    Some(match (call.method, route.as_slice()) {
        ("GET", ["api", "2.0", "workspace", "get-status"]) => get_status(world, call),
        ("GET", ["api", "2.0", "workspace", "list"]) => list(world, call),
        ("GET", ["api", "2.0", "workspace", "export"]) => export(world, call),
        ("POST", ["api", "2.0", "workspace", "mkdirs"]) => mkdirs(world, call),
        ("POST", ["api", "2.0", "workspace", "delete"]) => delete(world, call),
        ("POST", ["api", "2.0", "workspace", "import"]) => import(world, call),
        ("POST", ["api", "2.0", "workspace-files", "import-file", rest @ ..]) => {
            let path = format!("/{}", rest.join("/"));
            let overwrite = call.flag("overwrite").map(Option::unwrap_or_default);
            overwrite.and_then(|overwrite| store(world, &path, call.request.body.clone(), overwrite))
        }
        _ => return None,
    })
}

fn node_json(shown_path: &str, node: Option<&Node>) -> Value {
    let mut body = json!({
        "object_type": if node.is_some_and(|node| node.content.is_some()) { "FILE" } else { "DIRECTORY" },
        "path": shown_path,
    });
    if let Some(node) = node {
        body["object_id"] = Value::from(node.object_id);
        body["resource_id"] = Value::from(node.object_id.to_string());
        if let Some(content) = &node.content {
            body["created_at"] = Value::from(node.created_at);
            body["modified_at"] = Value::from(node.modified_at);
            body["size"] = Value::from(content.len());
        }
    }
    body
}

/// `GET workspace/get-status`.
fn get_status(world: &World, call: &Call) -> Reply {
    let asked = call.required("path")?;
    let path = canonical(asked)?;
    match world.files.nodes.get(&path) {
        Some(node) => Ok(Answer::json(&node_json(asked, Some(node)))),
        None if path == "/" => Ok(Answer::json(&node_json(asked, None))),
        None => Err(missing(asked)),
    }
}

/// `GET workspace/list`: the direct children; the key is missing for an empty folder.
fn list(world: &World, call: &Call) -> Reply {
    let asked = call.required("path")?;
    let path = canonical(asked)?;
    let files = &world.files;
    if let Some(node) = files.nodes.get(&path).filter(|node| node.content.is_some()) {
        return Ok(Answer::json(&json!({"objects": [node_json(asked, Some(node))]})));
    }
    if !files.is_folder(&path) {
        return Err(missing(asked));
    }
    let prefix = if asked.starts_with("/Workspace") { "/Workspace" } else { "" };
    let children: Vec<Value> = files
        .under(&path)
        .filter(|(child, _)| parent(child) == path)
        .map(|(child, node)| node_json(&format!("{prefix}{child}"), Some(node)))
        .collect();
    Ok(Answer::json(&if children.is_empty() { json!({}) } else { json!({"objects": children}) }))
}

/// `GET workspace/export`: base64 in JSON up to 10 MB, or the bytes themselves with `direct_download`.
fn export(world: &World, call: &Call) -> Reply {
    let asked = call.required("path")?;
    let node = world.files.nodes.get(&canonical(asked)?).ok_or_else(|| missing(asked))?;
    let Some(content) = &node.content else {
        return Err(Problem::invalid(format!(
            "Path ({asked}) is a folder, which cannot be exported in this format."
        )));
    };
    if call.flag("direct_download")?.unwrap_or_default() {
        return Ok(Answer::bytes("application/octet-stream", content.to_vec()));
    }
    if content.len() > EXPORT_LIMIT {
        return Err(Problem::new(
            400,
            "MAX_NOTEBOOK_SIZE_EXCEEDED",
            format!("File size exceeds the limit of {EXPORT_LIMIT} bytes."),
        ));
    }
    Ok(Answer::json(&json!({"content": STANDARD.encode(content), "file_type": "file"})))
}

/// `POST workspace/mkdirs`: makes the parents too; a folder that is there is no error.
fn mkdirs(world: &mut World, call: &Call) -> Reply {
    let path = path_of(&call.object()?)?;
    world.files.mkdirs(&canonical(&path)?)?;
    Ok(Answer::empty())
}

fn path_of(body: &serde_json::Map<String, Value>) -> Result<String, Problem> {
    let path = body.get("path").and_then(Value::as_str).filter(|path| !path.is_empty());
    path.map(str::to_owned).ok_or_else(|| Problem::invalid("Missing required field: path"))
}

/// `POST workspace/delete`.
fn delete(world: &mut World, call: &Call) -> Reply {
    let body = call.object()?;
    let asked = path_of(&body)?;
    let path = canonical(&asked)?;
    let recursive = body.get("recursive").and_then(Value::as_bool).unwrap_or_default();
    if !world.files.nodes.contains_key(&path) {
        return Err(missing(&asked));
    }
    if !recursive && world.files.under(&path).next().is_some() {
        return Err(Problem::new(400, "DIRECTORY_NOT_EMPTY", format!("Folder ({asked}) is not empty")));
    }
    world.files.remove(&path);
    Ok(Answer::empty())
}

/// Both ways of uploading: the parent folder must be there, and a file too many is a conflict.
fn store(world: &mut World, asked: &str, content: Vec<u8>, overwrite: bool) -> Reply {
    let path = canonical(asked)?;
    let files = &mut world.files;
    let folder = parent(&path);
    if !files.is_folder(folder) {
        let shown = parent(asked);
        return Err(Problem::missing(format!("The parent folder ({shown}) does not exist.")));
    }
    if files.is_folder(&path) || (!overwrite && files.nodes.contains_key(&path)) {
        return Err(Problem::new(409, "RESOURCE_ALREADY_EXISTS", format!("Path ({asked}) already exists.")));
    }
    files.put(&path, Some(content));
    Ok(Answer::empty())
}

/// `POST workspace/import`: JSON with base64 content, or a multipart form.
fn import(world: &mut World, call: &Call) -> Reply {
    let kind = call.header("content-type").unwrap_or_default();
    if let Some(boundary) =
        kind.strip_prefix("multipart/form-data").and_then(|rest| rest.split("boundary=").nth(1))
    {
        let boundary = boundary.split(';').next().unwrap_or_default().trim_matches('"').to_owned();
        let parts = multipart(&call.request.body, &boundary);
        let field =
            |name: &str| parts.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let text = |name: &str| field(name).map(|value| String::from_utf8_lossy(&value).into_owned());
        let path = text("path").filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| Problem::invalid("Missing required field: path"))?;
        let overwrite = text("overwrite").is_some_and(|value| value == "true");
        return store(world, &path, field("content").unwrap_or_default(), overwrite);
    }
    let body = call.object()?;
    let path = path_of(&body)?;
    let content = body.get("content").and_then(Value::as_str).unwrap_or_default();
    let content = STANDARD.decode(content).map_err(|_| Problem::invalid("content is not valid base64"))?;
    let overwrite = body.get("overwrite").and_then(Value::as_bool).unwrap_or_default();
    store(world, &path, content, overwrite)
}

/// The parts of a `multipart/form-data` body: name and bytes.
fn multipart(body: &[u8], boundary: &str) -> Vec<(String, Vec<u8>)> {
    let mark = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut rest = body;
    while let Some(at) = find(rest, mark.as_bytes()) {
        rest = &rest[at + mark.len()..];
        if rest.starts_with(b"--") {
            break;
        }
        let Some(blank) = find(rest, b"\r\n\r\n") else { break };
        let head = String::from_utf8_lossy(&rest[..blank]).into_owned();
        let content = &rest[blank + 4..];
        let Some(end) = find(content, format!("\r\n{mark}").as_bytes()) else { break };
        let name = head.split("name=\"").nth(1).and_then(|name| name.split('"').next());
        if let Some(name) = name {
            parts.push((name.to_owned(), content[..end].to_vec()));
        }
        rest = &content[end + 2..];
    }
    parts
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_prefix_and_a_trailing_slash_make_no_difference() {
        let mut files = Files::default();
        files.write("/Workspace/Users/a@b/x/f.txt", *b"1");
        assert_eq!(files.read("/Users/a@b/x/f.txt").as_deref(), Some(&b"1"[..]));
        assert!(files.is_folder(&canonical("/Workspace/Users/a@b/x/").unwrap()));
        assert!(canonical("/WorkspaceOther").is_ok_and(|path| path == "/WorkspaceOther"));
        assert!(canonical("relative").is_err());
    }

    #[test]
    fn a_folder_goes_with_all_below_it_and_nothing_beside_it() {
        let mut files = Files::default();
        files.write("/Users/a/x/f", *b"1");
        files.write("/Users/a/x.txt", *b"2");
        assert!(files.remove("/Users/a/x"));
        assert_eq!(files.paths().collect::<Vec<_>>(), ["/Users/a/x.txt"]);
        assert!(!files.remove("/Users/a/x"));
    }

    #[test]
    fn multipart_parts_keep_their_bytes() {
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n/a\r\n--XX\r\nContent-Disposition: \
            form-data; name=\"content\"; filename=\"f\"\r\nContent-Type: application/octet-stream\r\n\r\n1\r\n2\r\n--XX--\r\n";
        let parts = multipart(body, "XX");
        assert_eq!(parts, [("path".to_owned(), b"/a".to_vec()), ("content".to_owned(), b"1\r\n2".to_vec())]);
    }
}
