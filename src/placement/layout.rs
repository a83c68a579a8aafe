//! What placement arrives at.

use std::collections::BTreeSet;

use crate::connector::Object;
use crate::table::{GatewaySettings, Schedule};

/// Every bundle, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Sorted by name.
    pub bundles: Vec<Bundle>,
}

/// One bundle: a project, or a part of a project that is too large for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its name, which is also its folder's: the project's, or `<project>_b02` and so on.
    pub name: String,
    /// The project of its rows.
    pub project: String,
    /// By group, then by number.
    pub gateways: Vec<Gateway>,
    /// By group, then by number.
    pub pipelines: Vec<Pipeline>,
}

/// The pipeline that reads a database's log for the ingestion pipelines behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// `<prefix>_<subgroup>_g01`: display name, storage name, and the end of its key.
    pub name: String,
    /// Prefix of its group.
    pub prefix: String,
    /// Subgroup of its group, padded to two characters.
    pub subgroup: String,
    /// Unity Catalog connection.
    pub connection: String,
    /// Storage and machines.
    pub settings: GatewaySettings,
    /// Of its group.
    pub tags: Vec<(String, String)>,
}

/// An ingestion pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// `<prefix>_<subgroup>_g01_p01`, without the gateway's part where there is none: display name, and the end of its
    /// key and of its job's.
    pub name: String,
    /// Prefix of its group.
    pub prefix: String,
    /// Subgroup of its group, padded to two characters.
    pub subgroup: String,
    /// The gateway in front of it, by name; an application's pipeline has none.
    pub gateway: Option<String>,
    /// Unity Catalog connection.
    pub connection: String,
    /// Its own catalog, where its event log lies.
    pub catalog: String,
    /// Its own schema.
    pub schema: String,
    /// When its job starts; without one there is no job.
    pub schedule: Option<Schedule>,
    /// Of its group.
    pub tags: Vec<(String, String)>,
    /// The rows its tables come from, in the order of the objects.
    pub rows: Vec<u32>,
    /// The position of each table in the pipeline's memory, in the order of the objects.
    pub positions: Vec<u64>,
    /// The sum of the tables' weights.
    pub weight: u64,
    /// What it ingests, in order.
    pub objects: Vec<Object>,
}

impl Gateway {
    /// `gateway_<name>`, its key under `resources.pipelines`.
    #[must_use]
    pub fn key(&self) -> String {
        gateway_key(&self.name)
    }
}

/// The key of the gateway of this name.
#[must_use]
pub fn gateway_key(name: &str) -> String {
    format!("gateway_{name}")
}

impl Pipeline {
    /// `pipeline_<name>`, its key under `resources.pipelines`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("pipeline_{}", self.name)
    }

    /// `job_<name>`, the key of its job under `resources.jobs`.
    #[must_use]
    pub fn job_key(&self) -> String {
        format!("job_{}", self.name)
    }
}

impl Bundle {
    /// One with nothing in it, so that all that it deployed is deleted.
    #[must_use]
    pub fn empty(name: &str, project: &str) -> Self {
        Self {
            name: name.to_owned(),
            project: project.to_owned(),
            gateways: Vec::new(),
            pipelines: Vec::new(),
        }
    }

    /// How many tables it ingests.
    #[must_use]
    pub fn tables(&self) -> usize {
        self.pipelines.iter().map(|pipeline| pipeline.objects.len()).sum()
    }
}

impl Layout {
    /// The projects of its bundles.
    #[must_use]
    pub fn projects(&self) -> BTreeSet<&str> {
        self.bundles.iter().map(|bundle| bundle.project.as_str()).collect()
    }

    /// How many tables all bundles ingest.
    #[must_use]
    pub fn tables(&self) -> usize {
        self.bundles.iter().map(Bundle::tables).sum()
    }
}
