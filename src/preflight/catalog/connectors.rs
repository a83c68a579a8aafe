//! Which connectors read through which connection.

use std::collections::{BTreeMap, BTreeSet};

use crate::table::Group;

/// For each connection of the rows, the types that it may have: `connection_type` of every connector that reads through it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connectors {
    /// Connection as the rows name it to connector and type.
    of: BTreeMap<String, BTreeSet<(&'static str, &'static str)>>,
}

impl Connectors {
    /// Of these groups.
    #[must_use]
    pub fn of(groups: &[Group]) -> Self {
        let mut connectors = Self::default();
        for group in groups {
            connectors.add(&group.connection, group.connector.name, group.connector.connection_type);
        }
        connectors
    }

    pub(super) fn add(&mut self, connection: &str, connector: &'static str, connection_type: &'static str) {
        self.of.entry(connection.to_owned()).or_default().insert((connector, connection_type));
    }

    /// Name and connection type of the connectors that read through a connection.
    pub(super) fn through(&self, connection: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.of.get(connection).into_iter().flatten().copied()
    }
}
