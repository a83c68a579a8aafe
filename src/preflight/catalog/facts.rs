//! What Unity Catalog says of the things that a target needs: each is asked for once per run, tables by schema.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::wanted::{CatalogWanted, SchemaUse, key, schema_key};
use crate::connector::Destination;
use crate::preflight::seen::words;
use crate::workspace::{
    Binding, Catalog, CatalogTable, Client, Connection, Error, ErrorKind, Grants, Me, Metastore, Schema,
    Securable,
};

/// How many requests of one kind are prepared at a time; how many are really under way the client decides.
const WIDTH: usize = 64;

/// What the workspace says when it is asked for something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer<T> {
    /// Here it is.
    There(T),
    /// There is no such thing, as far as this identity may know.
    #[default]
    Missing,
    /// It would not say, and why.
    Refused(String),
}

impl<T> Answer<T> {
    /// What is there.
    #[must_use]
    pub fn there(&self) -> Option<&T> {
        match self {
            Self::There(found) => Some(found),
            Self::Missing | Self::Refused(_) => None,
        }
    }

    /// Takes an answer in. What speaks against every other question too, an unreachable workspace or a token that is not
    /// taken, stays an error.
    fn of(answer: Result<Option<T>, Error>) -> Result<Self, Error> {
        match answer {
            Ok(Some(found)) => Ok(Self::There(found)),
            Ok(None) => Ok(Self::Missing),
            Err(error) => match error.kind() {
                ErrorKind::Forbidden | ErrorKind::Rejected | ErrorKind::Unavailable | ErrorKind::NotFound => {
                    Ok(Self::Refused(words(&error).unwrap_or_else(|| error.to_string())))
                }
                _ => Err(error),
            },
        }
    }
}

/// A securable and who may do what with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secured<T> {
    /// The object itself.
    pub object: Answer<T>,
    /// Its grants with those that it inherits; missing where the object is.
    pub grants: Answer<Vec<Grants>>,
}

/// What stands where a destination is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupant {
    /// `STREAMING_TABLE`, `MANAGED`, `VIEW`, …; an open set.
    pub kind: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// The pipeline that writes it.
    pub pipeline: Option<String>,
}

/// A schema and those of its tables that stand where a destination is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaFacts {
    /// The schema.
    pub secured: Secured<Schema>,
    /// By table, lower case. Only as complete as the asking identity may see.
    pub tables: Answer<BTreeMap<String, Occupant>>,
}

/// A catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogFact {
    /// The catalog.
    pub secured: Secured<Catalog>,
    /// The workspaces that it is bound to, asked only where it could not be seen.
    pub bindings: Vec<Binding>,
}

/// What Unity Catalog says. Keys are names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogFacts {
    /// Who asked.
    pub me: Me,
    /// The metastore behind the workspace.
    pub metastore: Answer<Metastore>,
    /// By name.
    pub connections: BTreeMap<String, Secured<Connection>>,
    /// By name.
    pub catalogs: BTreeMap<String, CatalogFact>,
    /// By `catalog.schema`.
    pub schemas: BTreeMap<String, SchemaFacts>,
}

impl CatalogFacts {
    /// The pipeline that Unity Catalog holds for a destination, named as it is in the target.
    #[must_use]
    pub fn pipeline_of(&self, destination: &Destination) -> Option<&str> {
        self.occupant(destination)?.pipeline.as_deref()
    }

    /// What stands where a destination is to be.
    #[must_use]
    pub fn occupant(&self, destination: &Destination) -> Option<&Occupant> {
        let schema = self.schemas.get(&schema_key(&destination.catalog, &destination.schema))?;
        schema.tables.there()?.get(&key(&destination.table))
    }

    /// The pipelines that write where a destination is to be.
    #[must_use]
    pub fn pipelines(&self) -> BTreeSet<&str> {
        let tables = self.schemas.values().filter_map(|schema| schema.tables.there());
        tables.flat_map(BTreeMap::values).filter_map(|occupant| occupant.pipeline.as_deref()).collect()
    }

    /// The id of the metastore, where it is known.
    #[must_use]
    pub fn metastore_id(&self) -> Option<&str> {
        self.metastore.there().map(|metastore| metastore.metastore_id.as_str()).filter(|id| !id.is_empty())
    }
}

/// Asks Unity Catalog for all that is wanted: two requests for each connection, catalog and schema that is there, and the
/// lists of tables of schemas with destinations. Nothing is asked for single tables.
///
/// # Errors
/// What speaks against every question alike: an unreachable workspace, credentials that are not taken, an interruption. A
/// single refusal is a fact.
pub async fn gather_catalog(client: &Client, wanted: &CatalogWanted) -> Result<CatalogFacts, Error> {
    let me = client.me().await?;
    let (metastore, connections, catalogs) =
        tokio::try_join!(metastore(client), connections(client, wanted), catalogs(client, wanted))?;
    // Below a catalog that is not there nothing is.
    let reachable = wanted.schemas.iter().filter(|(_, schema)| {
        let above = catalogs.get(&key(&schema.catalog));
        above.is_none_or(|catalog| catalog.secured.object != Answer::Missing)
    });
    let mut schemas: BTreeMap<String, SchemaFacts> = stream::iter(reachable)
        .map(
            |(key, schema)| async move { Ok::<_, Error>((key.clone(), schema_facts(client, schema).await?)) },
        )
        .buffer_unordered(WIDTH)
        .try_collect()
        .await?;
    for key in wanted.schemas.keys() {
        schemas.entry(key.clone()).or_default();
    }
    Ok(CatalogFacts { me, metastore, connections, catalogs, schemas })
}

async fn metastore(client: &Client) -> Result<Answer<Metastore>, Error> {
    let seen = Answer::of(client.metastore().await)?;
    if !matches!(seen, Answer::Refused(_)) {
        return Ok(seen);
    }
    // Less is told to everybody: which one it is.
    let assigned = Answer::of(client.metastore_assignment().await)?;
    Ok(match assigned {
        Answer::There(assignment) => {
            Answer::There(Metastore { metastore_id: assignment.metastore_id, ..Metastore::default() })
        }
        Answer::Missing | Answer::Refused(_) => seen,
    })
}

async fn connections(
    client: &Client,
    wanted: &CatalogWanted,
) -> Result<BTreeMap<String, Secured<Connection>>, Error> {
    stream::iter(&wanted.connections)
        .map(|(key, wanted)| async move {
            let object = Answer::of(client.connection(&wanted.name).await)?;
            let secured = secured(client, object, Securable::Connection, &wanted.name).await?;
            Ok::<_, Error>((key.clone(), secured))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await
}

async fn catalogs(client: &Client, wanted: &CatalogWanted) -> Result<BTreeMap<String, CatalogFact>, Error> {
    stream::iter(&wanted.catalogs)
        .map(|(key, wanted)| async move {
            let object = Answer::of(client.catalog(&wanted.name).await)?;
            let mut bindings = Vec::new();
            if object.there().is_none() {
                // One that is bound to other workspaces looks as if it were not there.
                let seen = Answer::of(client.catalog_bindings(&wanted.name).await)?;
                bindings = seen.there().cloned().unwrap_or_default();
            }
            let secured = secured(client, object, Securable::Catalog, &wanted.name).await?;
            Ok::<_, Error>((key.clone(), CatalogFact { secured, bindings }))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await
}

async fn schema_facts(client: &Client, schema: &SchemaUse) -> Result<SchemaFacts, Error> {
    let object = Answer::of(client.schema(&schema.catalog, &schema.name).await)?;
    if object == Answer::Missing {
        return Ok(SchemaFacts::default());
    }
    let full_name = schema.full_name();
    let (secured, tables) =
        tokio::try_join!(secured(client, object, Securable::Schema, &full_name), occupants(client, schema))?;
    Ok(SchemaFacts { secured, tables })
}

async fn occupants(client: &Client, schema: &SchemaUse) -> Result<Answer<BTreeMap<String, Occupant>>, Error> {
    if schema.tables.is_empty() {
        return Ok(Answer::There(BTreeMap::new()));
    }
    let seen = Answer::of(client.tables_in_schema(&schema.catalog, &schema.name).await)?;
    Ok(match seen {
        Answer::There(tables) => {
            let wanted = tables.into_iter().filter_map(|table| {
                let key = key(&table.name);
                schema.tables.contains_key(&key).then(|| (key, Occupant::from(table)))
            });
            Answer::There(wanted.collect())
        }
        Answer::Missing => Answer::Missing,
        Answer::Refused(why) => Answer::Refused(why),
    })
}

impl From<CatalogTable> for Occupant {
    fn from(table: CatalogTable) -> Self {
        let pipeline = table.pipeline_id().map(str::to_owned);
        Self { kind: table.table_type, owner: table.owner, pipeline }
    }
}

async fn secured<T: PartialEq>(
    client: &Client,
    object: Answer<T>,
    securable: Securable,
    full_name: &str,
) -> Result<Secured<T>, Error> {
    if object == Answer::Missing {
        return Ok(Secured { object, grants: Answer::Missing });
    }
    let grants = Answer::of(client.effective_permissions(securable, full_name, None).await)?;
    Ok(Secured { object, grants })
}
