//! What is deployed in a target, as far as it says where tables lie.

use std::collections::{BTreeMap, BTreeSet};

use super::slot::Home;

/// The pipelines and gateways of our bundles in one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// The target's name.
    pub target: String,
    /// The bundles of which anything is there, be it a job only.
    pub bundles: BTreeSet<String>,
    /// In any order.
    pub pipelines: Vec<DeployedPipeline>,
    /// In any order.
    pub gateways: Vec<DeployedGateway>,
    /// The pipeline, by name, that Unity Catalog names as the owner of a destination which no pipeline lists any more, by key
    /// as it is called in the target.
    pub owners: BTreeMap<String, String>,
}

/// An ingestion pipeline that is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedPipeline {
    /// The bundle that manages it.
    pub bundle: String,
    /// The name of the gateway in front of it.
    pub gateway: Option<String>,
    /// Its name without what development mode puts before it: its key without `pipeline_`.
    pub name: String,
    /// Its own catalog and schema, as they are called in the target.
    pub home: Option<Home>,
    /// The destinations of its tables in their order, as keys ([`crate::connector::Destination::key`]), as they are
    /// called in the target.
    pub tables: Vec<String>,
}

/// A gateway that is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedGateway {
    /// Its key without `gateway_`.
    pub name: String,
    /// The catalog and schema of its storage, as they are called in the target.
    pub storage: Option<Home>,
}
