//! `tapworks demo`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tapworks_mocks::workspace::{MockWorkspace, Rows};

use super::failure::Failure;
use super::{Cli, Command, Context};
use crate::deploy::PROGRAM_VARIABLE;
use crate::environment::Environment;
use crate::files;

/// See the whole of it on this machine: a mock workspace, a table list, a deploy to two targets
///
/// Needs no workspace, no network and no other program. The bundles it writes are left to look at.
///
///     tapworks demo
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The folder it works in; replaced if a demo made it
    #[arg(long, value_name = "DIR", default_value = "tapworks-demo")]
    dir: PathBuf,
}

/// What the demo deploys, also to be found under `examples/demo`.
const TABLES: &str = include_str!("../../examples/demo/tables.csv");
const SETTINGS: &str = include_str!("../../examples/demo/tapworks.yml");
/// The workspace that those settings name; here it is the mock.
const HOST_IN_SETTINGS: &str = "https://demo.cloud.databricks.com";
const TABLE_NAME: &str = "main.ops.ingest_tables";

/// Says that a demo made the folder, and so may replace it.
const MARKER: &str = ".made-by-tapworks-demo";

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let folder = context.environment.directory().join(&arguments.dir);
    prepare(&folder)?;
    let settings = folder.join("tapworks.yml");
    let say = |line: &str| context.printer.say(line);
    let workspace = MockWorkspace::builder()
        .lenient()
        .furnishes()
        .start()
        .and_then(|workspace| {
            workspace
                .world(|world| {
                    // The catalog of the target that maps it is there too.
                    world.furnish(
                        &Rows::from_csv(&TABLES.replace(",bronze,", ",bronze_dev,")).unwrap_or_default(),
                    );
                    world.watch_csv(TABLE_NAME, &folder.join("tables.csv"))
                })
                .map(|()| workspace)
        })
        .map_err(|error| Failure::work(format!("the mock workspace does not start: {error}")))?;
    let programs = tempfile::tempdir()?;
    let databricks = tapworks_mocks::link_databricks(&std::env::current_exe()?, programs.path())?;
    files::write(&settings, SETTINGS.replace(HOST_IN_SETTINGS, workspace.url()).as_bytes())?;
    say(&format!("tapworks demo in {}", folder.display()));
    say(&format!(
        "  a mock workspace at {} holds {TABLE_NAME}; nothing leaves this machine",
        workspace.url()
    ));

    let inner = Context {
        environment: environment(&context.environment, &folder, &workspace, &databricks),
        printer: Arc::clone(&context.printer),
        output: context.output,
        network: Arc::clone(&context.network),
        runtime: Arc::clone(&context.runtime),
        arguments: context.arguments.clone(),
    };
    let first = deploy(&inner, &settings, "From the table list to deployed pipelines, for two targets:")?;
    if first != 0 {
        return Ok(first);
    }
    let second = deploy(&inner, &settings, "Again, with nothing changed:")?;
    say("");
    say(&format!("The bundles are in {}", folder.join("bundles").display()));
    say(&format!("The table list is {}", folder.join("tables.csv").display()));
    say("Use your own tables:  tapworks generate --source tables.csv --connector sql_server --project NAME");
    Ok(second)
}

/// One run of the real command, as it would be typed.
fn deploy(context: &Context, settings: &Path, title: &str) -> Result<u8, Failure> {
    let typed = ["deploy", "--source", TABLE_NAME, "--target", "dev", "--target", "prod"];
    context.printer.say("");
    context.printer.say(title);
    context.printer.say(&format!("$ tapworks {}", typed.join(" ")));
    let settings = settings.to_string_lossy();
    let arguments = ["tapworks"].into_iter().chain(typed).chain(["--config", &settings]);
    let parsed =
        Cli::of(arguments, &context.environment).map_err(|error| Failure::work(error.to_string()))?;
    let Command::Deploy(arguments) = parsed.command else {
        return Err(Failure::work("the demo's command is no deploy"));
    };
    super::deploy::run(context, *arguments)
}

/// The folder, empty but for what the demo starts from. One that no demo made is not touched.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let is_ours = folder.join(MARKER).exists();
    if folder.exists() && !is_ours && !files::names_in(folder)?.is_empty() {
        return Err(Failure::work(format!("{} is there already, and no demo made it", folder.display()))
            .hint("choose another folder with --dir"));
    }
    files::remove_folder(folder)?;
    files::create_folder(folder)?;
    files::write(&folder.join(MARKER), b"")?;
    files::write(&folder.join("tables.csv"), TABLES.as_bytes())?;
    Ok(())
}

/// The demo's own surroundings: nothing of the user's Databricks set-up reaches it.
fn environment(
    outer: &Environment,
    folder: &Path,
    workspace: &MockWorkspace,
    databricks: &Path,
) -> Environment {
    outer
        .without_prefixes(&["DATABRICKS_", "TAPWORKS_", "BUNDLE_", "ARM_", "GOOGLE_", "ACTIONS_ID_TOKEN"])
        .with_directory(folder)
        .with_variable("DATABRICKS_HOST", workspace.url())
        .with_variable("DATABRICKS_TOKEN", workspace.token())
        .with_variable("DATABRICKS_WAREHOUSE_ID", workspace.warehouse_id())
        .with_variable(PROGRAM_VARIABLE, &databricks.to_string_lossy())
}
