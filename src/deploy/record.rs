//! What a deploy leaves beside the CLI's state, `tapworks.json`: what was deployed, and how the workspace had it then. The next
//! run, which may be a fresh checkout, tells by it whether there is anything to do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::preflight::BundlePaths;
use crate::workspace::{Client, Error};

/// The format that this version writes, and the only one that it reads.
const FORMAT: &str = "tapworks.record/1";

/// The last deploy of one bundle to one target that was verified. It is written by a deploy that changed something, and by
/// nothing else: a run that finds nothing to change sends no request that writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    format: String,
    /// When.
    pub time: jiff::Timestamp,
    /// The user name of whoever deployed.
    pub identity: String,
    /// The version of tapworks.
    pub tapworks: String,
    /// The version of the CLI.
    pub databricks_cli: String,
    /// Which rows; absent where they did not come from a versioned table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<TableVersion>,
    /// The fingerprint of the bundle's files.
    pub package: Digest,
    /// Which deployment the CLI's state is of.
    pub lineage: String,
    /// Which version of that state the deploy left.
    pub serial: u64,
    /// Everything in that state, by key, `resources.pipelines.x`.
    pub resources: BTreeMap<String, RecordedResource>,
}

/// A resource as the workspace had it after the deploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedResource {
    /// Its id.
    pub id: String,
    /// The fingerprint of its definition; absent where tapworks does not read such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Digest>,
}

/// A version of a table list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVersion {
    /// The workspace that it was read through.
    pub host: String,
    /// Its name in three parts.
    pub table: String,
    /// The Delta version.
    pub version: i64,
}

/// What lies where a record belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing.
    #[default]
    Nothing,
    /// A record.
    Record(Box<Record>),
    /// Something that this version cannot read, and why. It says nothing, and the next deploy replaces it.
    Unreadable(String),
}

impl Recorded {
    /// The record, where there is one.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Record(record) => Some(record),
            Self::Nothing | Self::Unreadable(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: String,
}

impl Record {
    /// Where it lies.
    #[must_use]
    pub fn path(paths: &BundlePaths) -> String {
        format!("{}/tapworks.json", paths.state)
    }

    /// The record of a deploy that ended now.
    pub(super) fn now(
        identity: &str,
        databricks_cli: &str,
        source: Option<TableVersion>,
        package: Digest,
        (lineage, serial): (&str, u64),
        resources: BTreeMap<String, RecordedResource>,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            time: jiff::Timestamp::now(),
            identity: identity.to_owned(),
            tapworks: env!("CARGO_PKG_VERSION").to_owned(),
            databricks_cli: databricks_cli.to_owned(),
            source,
            package,
            lineage: lineage.to_owned(),
            serial,
            resources,
        }
    }

    fn parse(bytes: &[u8]) -> Recorded {
        match serde_json::from_slice::<Head>(bytes) {
            Ok(head) if head.format != FORMAT => {
                Recorded::Unreadable(format!("its format is `{}`, not `{FORMAT}`", head.format))
            }
            _ => match serde_json::from_slice(bytes) {
                Ok(record) => Recorded::Record(Box::new(record)),
                Err(error) => Recorded::Unreadable(error.to_string()),
            },
        }
    }

    /// Reads what lies there.
    pub(super) async fn read(client: &Client, paths: &BundlePaths) -> Result<Recorded, Error> {
        let bytes = client.export_file(&Self::path(paths)).await?;
        Ok(bytes.map_or(Recorded::Nothing, |bytes| Self::parse(&bytes)))
    }

    /// Writes it; the CLI has made the folder.
    pub(super) async fn write(&self, client: &Client, paths: &BundlePaths) -> Result<(), Error> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        client.write_file(&Self::path(paths), &text).await
    }
}

/// The version that was deployed last, where the rows are an older one of the same table: then somebody else's newer rows would
/// be undone.
#[must_use]
pub fn older_than<'a>(record: Option<&'a Record>, rows: Option<&TableVersion>) -> Option<&'a TableVersion> {
    let (deployed, rows) = (record?.source.as_ref()?, rows?);
    // A metastore is read through any of its workspaces.
    let same = deployed.table.eq_ignore_ascii_case(&rows.table);
    (same && rows.version < deployed.version).then_some(deployed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(table: &str, version: i64) -> TableVersion {
        TableVersion { host: "https://a".to_owned(), table: table.to_owned(), version }
    }

    fn record(source: Option<TableVersion>) -> Record {
        let resource = RecordedResource { id: "1".to_owned(), definition: Some(Digest::of(b"x")) };
        let resources = BTreeMap::from([("resources.pipelines.a".to_owned(), resource)]);
        Record::now("ana@x.org", "1.14.0", source, Digest::of(b"files"), ("l", 4), resources)
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        for source in [None, Some(version("main.cfg.tables", 7))] {
            let record = record(source);
            let text = serde_json::to_vec(&record).unwrap();
            assert_eq!(Record::parse(&text), Recorded::Record(Box::new(record)));
        }
    }

    #[test]
    fn what_a_later_version_wrote_is_not_taken_for_nothing() {
        let text = br#"{"format": "tapworks.record/2", "package": 1}"#;
        assert_eq!(
            Record::parse(text),
            Recorded::Unreadable("its format is `tapworks.record/2`, not `tapworks.record/1`".to_owned())
        );
        assert!(matches!(Record::parse(b"<html>"), Recorded::Unreadable(_)));
        assert!(matches!(Record::parse(br#"{"format": "tapworks.record/1"}"#), Recorded::Unreadable(_)));
    }

    #[test]
    fn rows_are_older_only_where_they_are_of_the_same_table() {
        let record = record(Some(version("main.cfg.tables", 7)));
        let older =
            |rows: TableVersion| older_than(Some(&record), Some(&rows)).map(|deployed| deployed.version);
        assert_eq!(older(version("MAIN.cfg.tables", 6)), Some(7));
        assert_eq!(older(version("main.cfg.tables", 7)), None);
        assert_eq!(older(version("main.cfg.tables", 8)), None);
        assert_eq!(older(version("main.cfg.other", 6)), None);
        let elsewhere = |version: TableVersion| TableVersion { host: "https://b".to_owned(), ..version };
        assert_eq!(older(elsewhere(version("main.cfg.tables", 6))), Some(7));
        assert_eq!(older(elsewhere(version("main.cfg.tables", 8))), None);
        assert_eq!(older_than(None, Some(&version("main.cfg.tables", 6))), None);
        assert_eq!(older_than(Some(&record), None), None);
    }
}
