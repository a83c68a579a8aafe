//! From a table of what to ingest to deployed Lakeflow Connect pipelines.
//!
//! ```text
//!  rows ──▶ tables ──▶ placement ──▶ bundle ──▶ preflight ──▶ plan ──▶ deploy ──▶ verify
//!  source    table      placement     bundle     preflight     plan     deploy     deploy
//! ```
//!
//! Each step takes the value of the step before and returns a new one. `table`, `connector`, `placement` and `plan` are
//! pure; files, network and processes are the business of `source`, `bundle` (the package), `workspace`, `deploy` and
//! `cli`. A module may use those to its left; a test keeps it so.
//!
//! Files that tapworks touches on disk:
//!
//! | file | read | written |
//! |---|---|---|
//! | the table list, `--source` | by every command that takes it | never |
//! | `tapworks.yml` | by every command | never |
//! | `tapworks.lock` | by every command that takes the list, and `lock` | by `generate` (not with `--check`), `deploy`, `rebalance --write` and `lock` |
//! | `<output_dir>/<project>/databricks.yml`, `resources/*.yml` | to compare | by `generate` (not with `--check`) and `deploy` |
//! | `<output_dir>/<project>/…/.tapworks-??????`, files on their way | never | by the same; what a killed run left is removed |
//! | `<output_dir>/<project>/.databricks/` | the state and the log of an apply, by `deploy` | by the databricks CLI only |
//! | `.tapworks/runs/<id>.jsonl`, `<id>.held`, `.tapworks/.gitignore`, beside the settings file, else in `<output_dir>` | by `deploy --resume` | by `deploy` that writes to a workspace; all but the last 20 are removed |
//! | `approvals.yml` beside the settings file, or `--approvals` | by `plan` and `deploy` | never |
//! | the plan file of `plan --out` | by `deploy FILE` | by `plan --out` |
//! | `~/.databrickscfg` | by commands that reach a workspace | never |
//! | a folder for plans and for bundles that are only looked at, in the system's temporary folder | by the databricks CLI | by `plan` and `deploy`, removed at their end |
//! | the file of `--report FORMAT=PATH` | never | by `generate`, `check`, `plan` and `deploy` |
//! | `tapworks-demo/` | never | by `demo` |

mod cli;

pub mod base;
pub mod bundle;
pub mod closest;
pub mod connector;
pub mod deploy;
pub mod desired;
pub mod digest;
pub mod environment;
pub mod event;
pub mod files;
pub mod finding;
pub mod interrupt;
pub mod lock_file;
pub mod machine;
pub mod placement;
pub mod plan;
pub mod preflight;
pub mod rebalanced;
pub mod report;
pub mod settings;
pub mod source;
pub mod table;
pub mod text;
pub mod workspace;
pub mod yaml;

/// The program.
pub fn main() -> std::process::ExitCode {
    if let Some(status) = tapworks_mocks::databricks::run_if_called_as_databricks() {
        return status;
    }
    cli::main()
}
