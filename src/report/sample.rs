//! A run with a finding of every kind of place, for the tests of reports.

use std::path::Path;

use serde_json::json;

use super::checkout::Checkout;
use super::run_report::{RunError, RunReport};
use crate::finding::{Finding, Findings, Place};

/// What `render` makes of these.
pub(super) fn of<T>(findings: &Findings, errors: &[RunError], render: impl FnOnce(&RunReport<'_>) -> T) -> T {
    let checkout = Checkout::at(Path::new("/repo"));
    let document = json!({"format": "tapworks.deploy/1"});
    render(&RunReport {
        command: "deploy",
        findings,
        errors,
        document: &document,
        checkout: &checkout,
        settings: Some("tapworks.yml"),
    })
}

/// What `render` makes of a run in which everything was found.
pub(super) fn with<T>(render: impl FnOnce(&RunReport<'_>) -> T) -> T {
    let findings: Findings = [
        Finding::error("TW201", "catalog `a,b: 100%` is no name")
            .at(Place::File { file: "config/my tables.csv".into(), line: 7, column: 12 })
            .why("Unity Catalog would refuse it")
            .fix("another name"),
        Finding::warning("TW110", "column `colour` is not known").at(Place::File {
            file: "<stdin>".into(),
            line: 1,
            column: 3,
        }),
        Finding::error("TW206", "two rows write bronze.crm.accounts").at(Place::Row {
            table: "main.cfg.tables".into(),
            version: Some(18),
            key: "sql_prod/crm/accounts".into(),
            column: Some("target_table_name".into()),
        }),
        Finding::error("TW301", "pipeline name <sales_01> is taken")
            .at(Place::Resource { key: "pipelines.pipeline_sales_01".into() })
            .for_target("prod"),
        Finding::note("TW111", "a folder").at(Place::Path { path: "out/old".into() }),
        Finding::note("TW115", "a flag").at(Place::Argument { flag: "--target".into() }),
    ]
    .into_iter()
    .collect();
    let errors = [RunError {
        about: "target prod".into(),
        message: "the workspace does not answer".into(),
        hints: vec!["is the host right?".into()],
    }];
    of(&findings, &errors, render)
}
