//! The program itself: from arguments to exit status.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use super::arguments::{self, Command};
use super::command::{self, Failure, Session};
use super::environment::Environment;
use super::output::Output;

/// The name under which a binary plays the CLI.
const NAME: &str = "databricks";

/// Runs the stand-in when the program was started under the name `databricks` (a link to any binary that calls this
/// first), and answers its exit status; otherwise answers `None` and does nothing.
#[must_use]
pub fn run_if_called_as_databricks() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let program = arguments.next()?;
    if Path::new(&program).file_stem() != Some(OsStr::new(NAME)) {
        return None;
    }
    let arguments: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    Some(run(&arguments, &Environment::of_process()))
}

fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let (command, common) = match arguments::parse(arguments, environment) {
        Ok(parsed) => parsed,
        Err(text) => {
            Output::new(0).message(&text);
            return ExitCode::FAILURE;
        }
    };
    let output = Output::new(common.quiet);
    let session = Session { common: &common, environment, output };
    match execute(command, session) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::FAILURE,
        Err(Failure::Error(text)) => {
            output.message(&format!("Error: {text}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command, session: Session<'_>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(command::run(command, session))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Fault, Identity, MockWorkspace};

    const BUNDLE: &str = r#"
bundle: {name: b, engine: direct}
sync: {paths: []}
targets: {dev: {mode: development}, prod: {workspace: {root_path: /Workspace/b}}}
resources:
  pipelines:
    gw: {name: gw, gateway_definition: {connection_name: c, gateway_storage_catalog: m, gateway_storage_schema: s}}
    pl: {name: pl, ingestion_definition: {ingestion_gateway_id: "${resources.pipelines.gw.id}"}}
"#;

    struct Place {
        folder: tempfile::TempDir,
        workspace: MockWorkspace,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("databricks.yml"), BUNDLE).unwrap();
            Self { folder, workspace: MockWorkspace::start() }
        }

        fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> bool {
            let environment = [&[("DATABRICKS_HOST", self.workspace.url())], variables].concat();
            let environment = Environment::of(self.folder.path(), &environment);
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (command, common) = arguments::parse(&arguments, &environment).unwrap();
            let session = Session { common: &common, environment: &environment, output: Output::new(2) };
            execute(command, session).is_ok()
        }

        fn run(&self, line: &str) -> bool {
            self.run_with(line, &[("DATABRICKS_TOKEN", self.workspace.token())])
        }
    }

    #[test]
    fn a_failed_deployment_is_finished_by_the_next() {
        let place = Place::new();
        place.workspace.fault(
            Fault::on("POST", "/api/2.0/pipelines").containing("ingestion_gateway_id").error(400, "X", "no"),
        );
        assert!(!place.run("bundle deploy -t prod"));
        assert_eq!(place.workspace.count("POST", "/api/2.0/pipelines"), 2);
        assert!(place.run("bundle deploy -t prod"));
        assert_eq!(place.workspace.count("POST", "/api/2.0/pipelines"), 3);
        // What another machine would find is enough to know that nothing is left to do.
        std::fs::remove_dir_all(place.folder.path().join(".databricks")).unwrap();
        assert!(place.run("bundle deploy -t prod"));
        assert_eq!(place.workspace.count("POST", "/api/2.0/pipelines"), 3);
    }

    #[test]
    fn nothing_is_destroyed_without_consent() {
        let place = Place::new();
        assert!(place.run("bundle deploy -t prod"));
        std::fs::write(place.folder.path().join("databricks.yml"), BUNDLE.replace("schema: s", "schema: t"))
            .unwrap();
        assert!(!place.run("bundle deploy -t prod"));
        assert_eq!(place.workspace.count("DELETE", "/api/2.0/pipelines/.*"), 0);
        assert!(place.run("bundle deploy -t prod --auto-approve"));
        assert_eq!(place.workspace.count("DELETE", "/api/2.0/pipelines/.*"), 2);
        assert!(!place.run("bundle destroy -t prod"));
        assert!(place.run("bundle destroy -t prod --auto-approve"));
        assert_eq!(place.workspace.count("DELETE", "/api/2.0/pipelines/.*"), 4);
    }

    #[test]
    fn a_service_principal_logs_in_with_its_secret() {
        let place = Place::new();
        let principal = Identity::service_principal("11111111-2222-3333-4444-555555555555", "bot");
        place.workspace.world(|world| world.accounts.add_client("id", "secret", principal));
        let client = [("DATABRICKS_CLIENT_ID", "id"), ("DATABRICKS_CLIENT_SECRET", "secret")];
        assert!(place.run_with("bundle validate -t dev -o json", &client));
        let wrong = [("DATABRICKS_CLIENT_ID", "id"), ("DATABRICKS_CLIENT_SECRET", "wrong")];
        assert!(!place.run_with("bundle validate -t dev -o json", &wrong));
    }

    #[test]
    fn a_link_has_the_name_of_the_cli() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("binary");
        std::fs::write(&binary, "").unwrap();
        let link = crate::link_databricks(&binary, folder.path()).unwrap();
        assert_eq!(link.file_stem(), Some(OsStr::new("databricks")));
        assert!(link.exists());
    }

    #[test]
    fn other_names_do_nothing() {
        assert!(run_if_called_as_databricks().is_none());
    }
}
