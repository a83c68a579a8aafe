//! The workspace over HTTP, as a client meets it.

mod faults;
mod front;
mod grants;
mod resources;
mod statements;

use serde_json::{Value, json};

use super::*;

/// A client with the right token.
struct Client<'w> {
    workspace: &'w MockWorkspace,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl<'w> Client<'w> {
    fn of(workspace: &'w MockWorkspace) -> Self {
        // reqwest insists on a provider even for plain HTTP; whoever was first wins.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { workspace, http, runtime }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.workspace.url())
        };
        self.http.request(method.parse().unwrap(), url)
    }

    /// Status and body of a request.
    fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, String), reqwest::Error> {
        self.runtime.block_on(async {
            let answer = request.send().await?;
            Ok((answer.status().as_u16(), answer.text().await?))
        })
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.request(method, path).bearer_auth(self.workspace.token());
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let (status, text) = self.send(request).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, body) = self.call("POST", path, body);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn sql(&self, extra: &Value) -> Value {
        let mut body =
            json!({"warehouse_id": self.workspace.warehouse_id(), "statement": "SELECT * FROM main.cfg.t"});
        body.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
        self.post("/api/2.0/sql/statements", &body)
    }
}

/// A workspace with a table of so many rows.
fn with_rows(rows: usize) -> MockWorkspace {
    let workspace = MockWorkspace::start();
    let mut table = Rows::of_strings(&["k", "v"]);
    for row in 0..rows {
        table.push([Some(row.to_string().as_str()), Some("x")]);
    }
    workspace.world(|world| world.put_rows("main.cfg.t", table));
    workspace
}
