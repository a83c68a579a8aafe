//! Tables that belong together: same project, prefix and subgroup.

use crate::connector::{Connector, Object};

/// One table to ingest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The row it comes from: its index in the rows that were read. A row may stand for several tables.
    pub row: u32,
    /// How much of a pipeline's work it is, beside the other tables; 1 where the rows do not say.
    pub weight: u64,
    /// What is read, where it goes, and how.
    pub object: Object,
}

/// When the jobs of a group start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// `quartz_cron_expression`, 6 or 7 fields.
    pub quartz: String,
    /// `timezone_id`, an IANA name.
    pub timezone: String,
    /// `pause_status`; the service's default where it is absent.
    pub pause_status: Option<PauseStatus>,
}

/// Whether a schedule is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseStatus {
    /// It is.
    Unpaused,
    /// It is not.
    Paused,
}

impl PauseStatus {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unpaused => "UNPAUSED",
            Self::Paused => "PAUSED",
        }
    }
}

/// What the gateways of a database group are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySettings {
    /// `gateway_storage_catalog`, and the gateway's own catalog.
    pub catalog: String,
    /// `gateway_storage_schema`, and the gateway's own schema.
    pub schema: String,
    /// Whether rows or settings name the catalog; else it is the destination's of the group's first row.
    pub catalog_is_named: bool,
    /// Whether rows or settings name the schema; else it is the destination's of the group's first row.
    pub schema_is_named: bool,
    /// `node_type_id` of the workers.
    pub worker_type: Option<String>,
    /// `driver_node_type_id`.
    pub driver_type: Option<String>,
}

/// The tables of one project, prefix and subgroup with the values that they share: each such value is one, wherever in
/// the group's rows it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The project: one bundle.
    pub project: String,
    /// First part of the name.
    pub prefix: String,
    /// Second part, padded to two characters.
    pub subgroup: String,
    /// The source they are read from.
    pub connector: &'static Connector,
    /// The Unity Catalog connection.
    pub connection: String,
    /// Absent for applications.
    pub gateway: Option<GatewaySettings>,
    /// Absent where nothing is to start by itself: then there is no job.
    pub schedule: Option<Schedule>,
    /// On pipelines, jobs and gateways, in the user's order.
    pub tags: Vec<(String, String)>,
    /// In the order in which they are placed when none of them has a place yet.
    pub tables: Vec<Table>,
}

impl Group {
    /// `<prefix>_<subgroup>`, what the names of its gateways and pipelines start with.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}_{}", self.prefix, self.subgroup)
    }
}
