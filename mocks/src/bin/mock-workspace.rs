//! The mock workspace as a server, for trying things by hand.
//!
//! Prints one line that a shell can evaluate, then serves until Ctrl-C or SIGTERM:
//!
//! ```text
//! export DATABRICKS_HOST=http://127.0.0.1:PORT DATABRICKS_TOKEN=… DATABRICKS_WAREHOUSE_ID=… TAPWORKS_DATABRICKS_CLI=…
//! ```

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use tapworks_mocks::workspace::MockWorkspace;

/// A Databricks workspace that does not exist: pipelines, jobs, files, SQL, Unity Catalog on a loopback port.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Port on 127.0.0.1; any free one if not given.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The administrator whom the token belongs to.
    #[arg(long, default_value = "tester@example.com")]
    user: String,
    /// The personal access token; random if not given.
    #[arg(long)]
    token: Option<String>,
    /// A table that SQL can read: catalog.schema.table=FILE.csv. A change of the file is a new version.
    ///
    /// The connections, catalogs and schemas that its rows name are there too.
    #[arg(long = "table", value_name = "NAME=FILE", value_parser = pair)]
    tables: Vec<(String, String)>,
    /// A connection more: NAME=TYPE, such as erp=SQLSERVER.
    #[arg(long = "connection", value_name = "NAME=TYPE", value_parser = pair)]
    connections: Vec<(String, String)>,
    /// A schema more, with its catalog: catalog.schema.
    #[arg(long = "schema", value_name = "CATALOG.SCHEMA")]
    schemas: Vec<String>,
    /// Refuse a second pipeline of the same name unless it says `allow_duplicate_names`, as the service does.
    #[arg(long)]
    unique_pipeline_names: bool,
}

fn main() -> ExitCode {
    if let Some(status) = tapworks_mocks::databricks::run_if_called_as_databricks() {
        return status;
    }
    match serve(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            io::stderr().write_all(format!("mock-workspace: {error}\n").as_bytes()).ok();
            ExitCode::FAILURE
        }
    }
}

/// `left=right`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (left, right) =
        text.split_once('=').ok_or_else(|| format!("{text} is not of the form NAME=VALUE"))?;
    Ok((left.to_owned(), right.to_owned()))
}

fn serve(args: &Args) -> io::Result<()> {
    let mut builder = MockWorkspace::builder()
        .user(&args.user)
        .listener(TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))?)
        .furnishes()
        .lenient();
    if let Some(token) = &args.token {
        builder = builder.token(token);
    }
    if !args.unique_pipeline_names {
        builder = builder.accept_duplicate_names();
    }
    let workspace = builder.start()?;
    workspace.world(|world| {
        for (name, kind) in &args.connections {
            world.catalog.add_connection(name, &kind.to_uppercase());
        }
        for name in &args.schemas {
            match name.split_once('.') {
                Some((catalog, schema)) => {
                    world.catalog.add_schema(catalog, schema);
                }
                None => {
                    world.catalog.add_catalog(name);
                }
            }
        }
        args.tables.iter().try_for_each(|(name, file)| {
            if name.split('.').filter(|part| !part.is_empty()).count() != 3 {
                return Err(io::Error::other(format!("{name} is not of the form catalog.schema.table")));
            }
            world.watch_csv(name, Path::new(file))
        })
    })?;
    let folder = tempfile::Builder::new().prefix("mock-workspace-").tempdir()?;
    let databricks = tapworks_mocks::link_databricks(&std::env::current_exe()?, folder.path())?;

    // Before the line is printed, so that whoever read it can already stop us.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let line = format!(
            "export DATABRICKS_HOST={} DATABRICKS_TOKEN={} DATABRICKS_WAREHOUSE_ID={} TAPWORKS_DATABRICKS_CLI={}\n",
            workspace.url(),
            quoted(workspace.token()),
            workspace.warehouse_id(),
            quoted(&databricks.display().to_string()),
        );
        let mut out = io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()?;
        drop(out);
        signals.wait().await;
        io::Result::Ok(())
    })?;
    folder.close()
}

/// A word for a shell: as it is if that is safe.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%_-+=:,./".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn wait(&mut self) {
        tokio::signal::ctrl_c().await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("/tmp/a-b_c.d/databricks"), "/tmp/a-b_c.d/databricks");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn arguments_are_pairs() {
        let parse = |words: &[&str]| Args::try_parse_from([&["mock-workspace"], words].concat());
        let args = parse(&["--table", "a.b.c=x=y.csv", "--table", "d.e.f=z.csv", "--port", "0"]).unwrap();
        assert_eq!(args.tables[0], ("a.b.c".to_owned(), "x=y.csv".to_owned()));
        assert_eq!(args.tables.len(), 2);
        assert!(parse(&["--table", "a.b.c"]).is_err());
    }
}
