//! What every test starts from: an empty folder, an environment of its own, the binary, and maybe a mock workspace.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tapworks_mocks::workspace::MockWorkspace;

/// The binary under test.
pub(crate) const TAPWORKS: &str = env!("CARGO_BIN_EXE_tapworks");

/// A folder and the variables that a command sees.
pub(crate) struct Context {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Context {
    /// Nothing but a folder: no workspace, no credentials.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// One that reaches this workspace through the environment, with the stand-in (or the program that
    /// `TAPWORKS_DATABRICKS_CLI` names) as the CLI.
    pub(crate) fn with(workspace: &MockWorkspace) -> Self {
        let mut context = Self::new();
        let databricks = std::env::var("TAPWORKS_DATABRICKS_CLI").unwrap_or_else(|_| {
            let programs = context.path("programs");
            std::fs::create_dir(&programs).unwrap();
            let link = tapworks_mocks::link_databricks(Path::new(TAPWORKS), &programs).unwrap();
            link.to_str().unwrap().to_owned()
        });
        context.set("DATABRICKS_HOST", workspace.url());
        context.set("DATABRICKS_TOKEN", workspace.token());
        context.set("DATABRICKS_WAREHOUSE_ID", workspace.warehouse_id());
        context.set("TAPWORKS_DATABRICKS_CLI", &databricks);
        context
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.retain(|(other, _)| other != name);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command, ready to run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(TAPWORKS);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }
}

impl Said {
    fn of(output: Output) -> Self {
        let said = Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!said.stderr.contains("panicked at"), "{}", said.stderr);
        said
    }

    /// The document on standard output: one, and nothing else.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\nstdout: {}\nstderr: {}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub(crate) fn exits(&self, status: i32) -> &Self {
        assert_eq!(self.status, Some(status), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

/// A table list of SQL Server tables as CSV, `count` of them in one group.
pub(crate) fn sql_server_rows(count: usize) -> String {
    let mut text =
        "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                    target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema\n"
            .to_owned();
    for number in 0..count {
        text.push_str(&format!(
            "sql_server,retail,sales,erp,dbo,Table{number},bronze,sales,table_{number},sqlserver_erp,bronze,staging\n"
        ));
    }
    text
}

/// Asks the workspace to do something, as a person with the right token would.
pub(crate) fn post(workspace: &MockWorkspace, path: &str, body: &serde_json::Value) -> serde_json::Value {
    let address = workspace.url().trim_start_matches("http://").to_owned();
    let body = body.to_string();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        workspace.token(),
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, content) = answer.split_once("\r\n\r\n").unwrap();
    let json = &content[content.find('{').unwrap()..=content.rfind('}').unwrap()];
    serde_json::from_str(json).unwrap()
}
