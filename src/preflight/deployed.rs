//! What the state of a target's bundles says of where tables lie.

use std::collections::BTreeSet;

use super::definition::{Definition, Ends, Object};
use super::facts::BundleFacts;
use super::left_over::LeftOver;
use super::metadata::Metadata;
use super::state::BundleState;
use crate::connector::Destination;
use crate::placement::{Deployed, DeployedGateway, DeployedPipeline, Home};

/// Where the tables of these bundles lie in a target, by the CLI's state.
#[must_use]
pub fn deployed<'a>(
    target: &str,
    bundles: impl IntoIterator<Item = (&'a String, &'a BundleFacts)>,
) -> Deployed {
    let mut deployed = Deployed { target: target.to_owned(), ..Deployed::default() };
    for (bundle, facts) in bundles {
        let is_its_own = |metadata: &Metadata| metadata.bundle == *bundle && metadata.target == target;
        let metadata = facts.metadata.known().and_then(Option::as_ref);
        if let Some(state) = facts.deployed()
            && metadata.is_none_or(is_its_own)
        {
            add(&mut deployed, bundle, state);
        }
    }
    deployed
}

/// Adds what was left over by deploys that broke off: tables lie there too, although no state says so. A gateway that no
/// pipeline stands behind yet remembers nothing: the first that is made takes its name, and with it the gateway.
pub fn remember(deployed: &mut Deployed, left_over: &[LeftOver]) {
    let gateways: BTreeSet<String> = deployed
        .gateways
        .iter()
        .map(|gateway| format!("resources.pipelines.gateway_{}", gateway.name))
        .collect();
    let is_there = |key: &str| gateways.contains(key) || left_over.iter().any(|left| left.key == key);
    for left in left_over {
        if let Some(definition) = Definition::read(&left.definition) {
            add_one(deployed, &left.bundle, &left.key, definition, is_there);
        }
    }
    let used: BTreeSet<&str> =
        deployed.pipelines.iter().filter_map(|pipeline| pipeline.gateway.as_deref()).collect();
    let is_used = |gateway: &DeployedGateway| {
        let key = format!("resources.pipelines.gateway_{}", gateway.name);
        gateways.contains(&key) || used.contains(gateway.name.as_str())
    };
    deployed.gateways.retain(is_used);
}

fn add(deployed: &mut Deployed, bundle: &str, state: &BundleState) {
    for key in state.ids.keys() {
        let Some(definition) = state.definition::<Definition>(key) else { continue };
        add_one(deployed, bundle, key, definition, |key| state.id(key).is_some());
    }
}

fn add_one(
    deployed: &mut Deployed,
    bundle: &str,
    key: &str,
    definition: Definition,
    is_there: impl Fn(&str) -> bool,
) {
    let Some(name) = key.strip_prefix("resources.pipelines.") else { return };
    if let Some(name) = name.strip_prefix("gateway_")
        && let Some(gateway) = definition.gateway_definition
    {
        let storage = home(gateway.gateway_storage_catalog, gateway.gateway_storage_schema);
        deployed.gateways.push(DeployedGateway { name: name.to_owned(), storage });
    } else if let Some(name) = name.strip_prefix("pipeline_")
        && let Some(ingestion) = definition.ingestion_definition
    {
        let gateway = name.rsplit_once("_p").map(|(gateway, _)| gateway);
        let is_there = |gateway: &&str| is_there(&format!("resources.pipelines.gateway_{gateway}"));
        deployed.pipelines.push(DeployedPipeline {
            bundle: bundle.to_owned(),
            gateway: gateway.filter(is_there).map(str::to_owned),
            name: name.to_owned(),
            home: home(definition.catalog, definition.schema),
            tables: ingestion.objects.into_iter().filter_map(key_of).collect(),
        });
    }
}

fn home(catalog: Option<String>, schema: Option<String>) -> Option<Home> {
    Some(Home { catalog: catalog?, schema: schema? })
}

fn key_of(object: Object) -> Option<String> {
    let Ends { destination_catalog, destination_schema, destination_table, source_table, .. } =
        object.table.or(object.report)?;
    // Without a name of its own a table is called as in the source.
    let table = destination_table.or(source_table)?;
    Some(Destination { catalog: destination_catalog?, schema: destination_schema?, table }.key())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::preflight::Seen;

    #[test]
    fn what_was_left_over_is_remembered_where_tables_lie() {
        let left = |key: &str, definition| LeftOver {
            replaces: None,
            bundle: "a".to_owned(),
            key: format!("resources.pipelines.{key}"),
            id: key.to_owned(),
            name: key.to_owned(),
            owner: None,
            definition,
        };
        let storage = json!({"gateway_definition": {"gateway_storage_catalog": "main", "gateway_storage_schema": "staging"}});
        let table = json!({"source_table": "T", "destination_catalog": "main", "destination_schema": "s"});
        let ingestion = json!({"catalog": "main", "schema": "s", "ingestion_definition": {"objects": [{"table": table}]}});
        let mut found = Deployed::default();
        let gateways = [left("gateway_a_01_g01", storage.clone()), left("gateway_a_01_g02", storage)];
        remember(&mut found, &gateways);
        assert_eq!(found, Deployed::default(), "no pipeline stands behind them");
        remember(&mut found, &[&gateways[..], &[left("pipeline_a_01_g02_p01", ingestion)]].concat());
        assert_eq!(
            found.gateways.iter().map(|gateway| gateway.name.as_str()).collect::<Vec<_>>(),
            ["a_01_g02"]
        );
        assert_eq!(found.pipelines[0].gateway.as_deref(), Some("a_01_g02"));
        assert_eq!(found.pipelines[0].tables, ["main.s.t"]);
    }

    #[test]
    fn pipelines_know_their_gateway_home_and_tables() {
        let state = BundleState::parse(
            br#"{"lineage": "l", "serial": 1, "state": {
            "resources.jobs.job_a_01_g01_p01": {"__id__": "3", "state": {"name": "a"}},
            "resources.pipelines.gateway_a_01_g01": {"__id__": "1", "state": {"name": "[dev u] a_01_g01", "catalog": "c",
                "gateway_definition": {"gateway_storage_catalog": "main", "gateway_storage_schema": "staging"}}},
            "resources.pipelines.pipeline_a_01_g01_p01": {"__id__": "2", "state": {"name": "x", "catalog": "Main", "schema": "s",
                "ingestion_definition": {"ingestion_gateway_id": "1", "objects": [
                    {"table": {"source_table": "T", "destination_catalog": "Main", "destination_schema": "s", "destination_table": "T1"}},
                    {"report": {"source_url": "u", "destination_catalog": "main", "destination_schema": "s", "destination_table": "r"}}]}}},
            "resources.pipelines.theirs": {"__id__": "4", "state": {"name": "by hand"}}}}"#,
        )
        .unwrap();
        let facts = BundleFacts { state: Seen::Known(Some(state)), ..BundleFacts::default() };
        let found = deployed("prod", &BTreeMap::from([("a".to_owned(), facts)]));
        assert_eq!(
            found.gateways,
            [DeployedGateway {
                name: "a_01_g01".into(),
                storage: Some(Home { catalog: "main".into(), schema: "staging".into() })
            }]
        );
        assert_eq!(found.pipelines.len(), 1);
        let pipeline = &found.pipelines[0];
        assert_eq!((pipeline.bundle.as_str(), pipeline.gateway.as_deref()), ("a", Some("a_01_g01")));
        assert_eq!(pipeline.tables, ["main.s.t1", "main.s.r"]);
    }
}
