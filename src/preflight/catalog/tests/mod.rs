//! The judges against facts made by hand, and the gathering against the mock workspace.

mod connections;
mod destinations;
mod gather;
mod homes;

use std::collections::BTreeMap;

use super::*;
use crate::preflight::testing::{layout, place};
use crate::preflight::{BundleState, Verdict};
use crate::settings::Target;
use crate::workspace::{Catalog, Connection, Grant, Grants, Me, Metastore, Schema};

pub(super) const ME: &str = "ana@x.org";
pub(super) const BOSS: &str = "boss@x.org";

/// `main` and `main.crm`, `main.web`, `main.staging` and the connection `erp`, all in order and all mine.
pub(super) fn facts() -> CatalogFacts {
    let mut connection = Connection::default();
    connection.name = "erp".into();
    connection.connection_type = Some("SQLSERVER".into());
    connection.owner = me();
    let catalog = Catalog {
        name: "main".into(),
        catalog_type: Some("MANAGED_CATALOG".into()),
        owner: me(),
        ..Catalog::default()
    };
    let schema = |name: &str| {
        let schema = Schema { name: name.into(), owner: me(), ..Schema::default() };
        let tables = Answer::There(BTreeMap::new());
        (format!("main.{name}"), SchemaFacts { secured: secured(schema), tables })
    };
    CatalogFacts {
        me: Me { user_name: ME.into(), workspace_id: Some("7".into()), ..Me::default() },
        metastore: Answer::There(Metastore {
            metastore_id: "m".into(),
            owner: Some(BOSS.into()),
            ..Metastore::default()
        }),
        connections: [("erp".to_owned(), secured(connection))].into(),
        catalogs: [("main".to_owned(), CatalogFact { secured: secured(catalog), bindings: Vec::new() })]
            .into(),
        schemas: ["crm", "web", "staging"].map(schema).into(),
    }
}

fn me() -> Option<String> {
    Some(ME.to_owned())
}

fn secured<T>(object: T) -> Secured<T> {
    Secured { object: Answer::There(object), grants: Answer::There(Vec::new()) }
}

/// What the layout needs, with the type of its connection.
pub(super) fn wanted(target: &Target) -> CatalogWanted {
    let mut connectors = Connectors::default();
    connectors.add("erp", "sql_server", "SQLSERVER");
    CatalogWanted::of_layout(&layout(), &connectors, target)
}

/// Grants of several privileges to each principal.
pub(super) fn grants(all: &[(&str, &[&str])]) -> Answer<Vec<Grants>> {
    let grant = |privilege: &&str| Grant { privilege: (*privilege).to_owned(), ..Grant::default() };
    let grants = all.iter().map(|(principal, privileges)| Grants {
        principal: (*principal).to_owned(),
        privileges: privileges.iter().map(grant).collect(),
    });
    Answer::There(grants.collect())
}

/// Gives an object that is there another owner.
pub(super) fn own<T>(answer: &mut Answer<T>, set: impl FnOnce(&mut T)) {
    if let Answer::There(object) = answer {
        set(object);
    }
}

/// What pipelines of the layout are deployed as `id-1` and `id-2`.
pub(super) fn deployed(target: &str) -> OwnPipelines {
    let mut own = OwnPipelines::default();
    let ids = [
        ("resources.pipelines.pipeline_sales_01_g01_p01", "id-1"),
        ("resources.pipelines.pipeline_sales_01_g01_p02", "id-2"),
    ];
    let ids = ids.map(|(key, id)| (key.to_owned(), id.to_owned())).into();
    let mut state = BundleState::default();
    state.ids = ids;
    own.add(target, "retail", "/Workspace/ours/state/metadata.json", Some(&state));
    own
}

/// Rule, severity, what and fix of each finding; rule and why of each skip.
pub(super) fn told(verdict: &Verdict) -> String {
    let mut text = String::new();
    for finding in &verdict.findings {
        let place = finding.place.as_ref().map(ToString::to_string).unwrap_or_default();
        let severity = format!("{:?}", finding.severity).to_lowercase();
        text += &format!(
            "{severity}[{}] {place}\n  {}\n  why: {}\n  fix: {}\n",
            finding.rule, finding.what, finding.why, finding.fix
        );
    }
    for skipped in &verdict.skipped {
        text += &format!("skipped {}: {}\n", skipped.rule, skipped.why);
    }
    text
}
