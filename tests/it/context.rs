//! What every test starts from: an empty folder, an environment of its own, the binary, and maybe a mock workspace.
//!
//! Every command runs at `-vv` with `RUST_LOG=trace`, knows a token and a client secret, and reads all but small tables
//! through presigned links; after it, none of these may stand in what it said, in any file of the folder (temporary ones
//! included), or among the arguments of the programs it started.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tapworks_mocks::workspace::{Identity, MockWorkspace, Rows, WorldHandle};

/// The binary under test.
pub(crate) const TAPWORKS: &str = env!("CARGO_BIN_EXE_tapworks");

/// A folder and the variables that a command sees.
pub(crate) struct Context {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    /// The workspace, which gets what table lists name as they are written.
    world: Option<WorldHandle>,
}

/// What a command said. Lines of the log for developers are left out of `stderr`.
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where a command keeps temporary files, inside the folder.
const TEMPORARY: &str = "temporary";

/// A client that every workspace of a test knows for its administrator.
pub(crate) const CLIENT_ID: &str = "5f2504e0-4f89-11d3-9a0c-0305e82c3301";
/// Its secret.
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret";
/// A header that the storage behind links insists on.
const LINK_KEY: &str = "canary-link-key";
/// Results above this come through links: all but the smallest.
const INLINE_BYTES: usize = 600;
/// Stands in the raw `bundle:` of a target whose keys the schema of our subset does not know.
pub(crate) const RAW_BUNDLE: &str = "raw-bundle";
/// Where the stand-in notes how it was called.
const ARGUMENTS: &str = "programs/arguments.log";

impl Context {
    /// Nothing but a folder: no workspace, no credentials.
    pub(crate) fn new() -> Self {
        let context = Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), world: None };
        std::fs::create_dir(context.path(TEMPORARY)).unwrap();
        context
    }

    /// One that reaches this workspace through the environment, with the stand-in (or the program that
    /// `TAPWORKS_DATABRICKS_CLI` names) as the CLI.
    pub(crate) fn with(workspace: &MockWorkspace) -> Self {
        let mut context = Self::new();
        context.world = Some(workspace.handle());
        let databricks = context.stand_in();
        let principal = Identity::user(workspace.user()).in_group("admins");
        workspace.world(|world| {
            world.accounts.add_client(CLIENT_ID, CLIENT_SECRET, principal);
            world.statements.inline_limit = INLINE_BYTES;
            world.furnishes = true;
            world.statements.link_headers = vec![("x-mock-customer-key".to_owned(), LINK_KEY.to_owned())];
        });
        context.set("DATABRICKS_HOST", workspace.url());
        context.set("DATABRICKS_TOKEN", workspace.token());
        // There, and not used: the type says so.
        context.set("DATABRICKS_CLIENT_ID", CLIENT_ID);
        context.set("DATABRICKS_CLIENT_SECRET", CLIENT_SECRET);
        context.set("DATABRICKS_AUTH_TYPE", "pat");
        context.set("DATABRICKS_WAREHOUSE_ID", workspace.warehouse_id());
        context.set("TAPWORKS_DATABRICKS_CLI", &databricks);
        context
    }

    /// A program that notes its arguments and goes on as the stand-in, or as what `TAPWORKS_DATABRICKS_CLI` names.
    fn stand_in(&self) -> String {
        let real = match std::env::var("TAPWORKS_DATABRICKS_CLI") {
            Ok(real) => PathBuf::from(real),
            Err(_) => {
                let folder = self.path("programs/real");
                std::fs::create_dir_all(&folder).unwrap();
                tapworks_mocks::link_databricks(Path::new(TAPWORKS), &folder).unwrap()
            }
        };
        if !cfg!(unix) {
            return real.to_str().unwrap().to_owned();
        }
        let notes = self.path(ARGUMENTS);
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec '{}' \"$@\"\n",
            notes.display(),
            real.display()
        );
        let program = self.write("programs/databricks", &text);
        #[cfg(unix)]
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        program.to_str().unwrap().to_owned()
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
        if let (Some(world), true, Ok(rows)) = (&self.world, name.ends_with(".csv"), Rows::from_csv(text)) {
            world.world(|world| world.furnish(&rows));
        }
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command, ready to run; who runs it gives its output to [`Context::judge`].
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(TAPWORKS);
        if !arguments.iter().any(|argument| ["-q", "--quiet"].contains(argument)) {
            command.arg("-vv");
        }
        command.args(arguments);
        command
    }

    /// The CLI that tapworks starts, in one of our folders, as a person would run it.
    pub(crate) fn databricks(&self, folder: &str, arguments: &[&str]) -> Output {
        let (_, program) = self.variables.iter().find(|(name, _)| name == "TAPWORKS_DATABRICKS_CLI").unwrap();
        self.program(program).args(arguments).current_dir(self.path(folder)).output().unwrap()
    }

    /// A program as a person would start it: without the log for developers.
    #[cfg(target_os = "linux")]
    pub(crate) fn as_typed(&self, program: &str) -> Command {
        let mut command = self.program(program);
        command.env_remove("RUST_LOG");
        command
    }

    fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.path(TEMPORARY))
            .env("PATH", "/usr/bin:/bin")
            .env("RUST_LOG", "trace")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.judge(self.command(arguments).output().unwrap())
    }

    /// The same with this on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let said = self.judge(child.wait_with_output().unwrap());
        assert!(!said.stdout.contains(input) && !said.stderr.contains(input), "{}", said.stderr);
        said
    }

    /// What a command said, once it is certain that no secret got out and nothing was left behind.
    pub(crate) fn judge(&self, output: Output) -> Said {
        let (stdout, stderr) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        for (place, text) in [("standard output", &stdout), ("standard error", &stderr)] {
            self.holds_no_secret(place, text);
        }
        self.scan(self.folder.path());
        let left: Vec<_> = std::fs::read_dir(self.path(TEMPORARY)).unwrap().collect();
        assert!(left.is_empty(), "temporary files were left behind: {left:?}");
        assert!(!stderr.contains("panicked at"), "{stderr}");
        let said = stderr.lines().filter(|line| !is_logged(line)).map(|line| format!("{line}\n")).collect();
        Said { status: output.status.code(), stdout, stderr: said }
    }

    fn scan(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Links lead to programs.
            if path.is_symlink() {
                continue;
            }
            self.holds_no_secret("the name of", path.to_str().unwrap());
            if path.is_dir() {
                self.scan(&path);
            } else {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                self.holds_no_secret(path.to_str().unwrap(), &text);
            }
        }
    }

    #[track_caller]
    fn holds_no_secret(&self, place: &str, text: &str) {
        let mut secrets = vec!["X-Amz-Signature", "canary-", "mock-oauth-"];
        secrets.extend(
            self.variables
                .iter()
                .filter(|(name, _)| name.ends_with("_TOKEN") || name.ends_with("_SECRET"))
                .map(|(_, value)| value.as_str()),
        );
        for secret in secrets {
            assert!(!text.contains(secret), "{place} holds `{secret}`: {text}");
        }
        // Every mock workspace makes its token like this, that of the demo too.
        for (at, _) in text.match_indices("dapi") {
            let digits = text[at + 4..].chars().take_while(char::is_ascii_hexdigit).count();
            assert!(digits < 16, "{place} holds a token: {text}");
        }
    }
}

/// What the tests wrote, for checks from outside: a copy of every bundle of ours, by the folder of its test.
fn written_bundles() -> &'static Path {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("written-bundles");
        let _ = std::fs::remove_dir_all(&folder);
        folder
    })
}

/// Copies the bundles below `folder` that tapworks wrote. A raw `bundle:` holds what the user put there.
fn keep_bundles(folder: &Path, kept: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let root = folder.join("databricks.yml");
    let text = std::fs::read_to_string(&root).unwrap_or_default();
    if text.starts_with("# Written by tapworks") && !text.contains(RAW_BUNDLE) {
        let resources = folder.join("resources");
        let _ = std::fs::create_dir_all(kept.join("resources"));
        let _ = std::fs::copy(&root, kept.join("databricks.yml"));
        for entry in std::fs::read_dir(resources).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            if text.starts_with("# Written by tapworks") {
                let _ = std::fs::write(kept.join("resources").join(entry.file_name()), text);
            }
        }
        return;
    }
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        keep_bundles(&entry.path(), &kept.join(entry.file_name()));
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(name) = self.folder.path().file_name() {
            keep_bundles(
                self.folder.path(),
                &written_bundles().join(name.to_string_lossy().trim_start_matches('.')),
            );
        }
    }
}

/// Whether a line of standard error belongs to the log for developers.
fn is_logged(line: &str) -> bool {
    let mut words = line.split_whitespace();
    matches!(words.next(), Some("TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR"))
        && words.next().is_some_and(|word| word.starts_with("tapworks"))
}

impl Said {
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

/// Whatever was asked of this workspace: none of it changed anything, and all of it was a `GET`, a token, or a statement
/// that reads.
#[track_caller]
pub(crate) fn only_read(workspace: &MockWorkspace) {
    let writes: Vec<_> = workspace.writes().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    assert!(writes.is_empty(), "something was written: {writes:?}");
    for request in workspace.requests() {
        let path = &request.path;
        let reads = request.method == "GET"
            || path == "/oidc/v1/token"
            || (request.method == "POST" && path.starts_with("/api/2.0/sql/statements"));
        assert!(reads, "{} {path}", request.method);
    }
}

/// The names of all pipelines of a workspace, sorted.
pub(crate) fn pipeline_names(workspace: &MockWorkspace) -> Vec<String> {
    let mut names: Vec<String> =
        workspace.world(|world| world.pipelines.iter().map(|pipeline| pipeline.name.clone()).collect());
    names.sort();
    names
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

#[test]
#[should_panic(expected = "holds `canary-")]
fn a_secret_in_a_file_is_found() {
    let mut context = Context::new();
    context.set("DATABRICKS_CLIENT_SECRET", CLIENT_SECRET);
    context.write("out/leak.txt", &format!("secret={CLIENT_SECRET}"));
    context.run(&["connectors"]);
}

#[test]
#[should_panic(expected = "holds a token")]
fn a_token_that_is_told_is_found() {
    let mut context = Context::new();
    let said = context.run(&["connectors", "dapi0123456789abcdef0123456789abcdef"]);
    context.set("never", &said.stderr);
}
