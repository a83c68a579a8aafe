//! What a deploy of one bundle to one target would change, in tables and in resources.

use serde::Serialize;

use super::bundle_plan::Action;
use super::cause::Cause;
use super::counts::Counts;
use super::effect::{Effect, Fate};
use super::field::FieldDifference;
use super::hand_over::HandOver;
use super::need::Need;
use crate::finding::Findings;

/// What happens to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableAction {
    /// It is ingested from now on.
    Add,
    /// It is no longer ingested.
    Remove,
    /// Another pipeline ingests it.
    Move,
    /// It stays where it is and changes.
    Update,
}

/// A table that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableChange {
    /// Its destination in this target, `main.bronze.orders`.
    pub key: String,
    /// What happens to it.
    pub action: TableAction,
    /// What is read, as far as the object names it: `erp.dbo.Orders`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The key of the pipeline that ingests it, or did: `pipeline_sales_01_g01_p01`.
    pub pipeline: String,
    /// The key of the pipeline that it leaves, where it moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What that means for its data.
    pub effect: Effect,
    /// What becomes of the table itself where its pipeline is deleted or recreated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// The fields that change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldDifference>,
    /// Why.
    pub cause: Cause,
}

/// A resource that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceChange {
    /// `pipelines.pipeline_sales_01_g01_p01`.
    pub key: String,
    /// What the CLI does.
    pub action: Action,
    /// What that means for data.
    pub effect: Effect,
    /// The fields that change; of a list of tables, only that it does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldDifference>,
    /// How many tables it ingests, before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<TableCount>,
    /// What becomes of its tables where it is deleted or recreated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// Why.
    pub cause: Cause,
}

/// How the number of a pipeline's tables changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TableCount {
    /// As deployed.
    pub before: usize,
    /// As wanted.
    pub after: usize,
    /// New ones among the wanted.
    pub added: usize,
    /// Deployed ones that are no longer wanted there.
    pub removed: usize,
}

/// Something that was changed in the workspace since the last deploy, by whomever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// `jobs.job_sales_01_p01`.
    pub resource: String,
    /// The field; absent where the resource itself is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// As deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployed: Option<serde_json::Value>,
    /// As the workspace has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<serde_json::Value>,
    /// In one line.
    pub what: String,
}

/// What a deploy of one bundle to one target would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleChanges {
    /// The bundle.
    pub bundle: String,
    /// Its project.
    pub project: String,
    /// Tables that change, by key.
    pub tables: Vec<TableChange>,
    /// Tables that do not.
    pub unchanged_tables: usize,
    /// Resources that change, gateways, pipelines, then jobs.
    pub resources: Vec<ResourceChange>,
    /// All resources by what happens to them.
    pub counts: Counts,
    /// What has to be consented to.
    pub needs: Vec<Need>,
    /// What was changed by hand.
    pub drift: Vec<Drift>,
    /// What no consent covers.
    pub findings: Findings,
    /// What is to be done by hand with tables that stay while their pipeline does not.
    pub hand_over: Vec<HandOver>,
}

impl BundleChanges {
    /// Whether a deploy would do nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.changed() == 0 && self.tables.is_empty() && self.resources.is_empty()
    }

    /// How many tables there are before the deploy.
    #[must_use]
    pub fn tables_before(&self) -> usize {
        let there = self.tables.iter().filter(|table| table.action != TableAction::Add).count();
        self.unchanged_tables + there
    }
}
