//! Unity Catalog: connections, catalogs, schemas, tables, and who may do what with them.
//!
//! Full names join their parts with a dot, which no part may hold; names compare without case. `None` everywhere means
//! that the service says there is no such thing; depending on the object it says so too where this identity may not
//! look, so that a missing parent is worth a look.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::{ApiCall, Client};
use super::error::Error;
use super::lenient::{self, segment};
use super::pages::Page;

const BASE: &str = "/api/2.1/unity-catalog";

/// A connection to a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Connection {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// `POSTGRESQL`, `SALESFORCE`, …; an open set.
    pub connection_type: Option<String>,
    /// Who owns it: a user, group or service principal.
    pub owner: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    provisioning_info: Option<Provisioning>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Provisioning {
    state: Option<String>,
}

impl Connection {
    /// `ACTIVE`, `FAILED`, `PROVISIONING`, …, where the service says.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.provisioning_info.as_ref()?.state.as_deref()
    }
}

/// A catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Catalog {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// `MANAGED_CATALOG`, `FOREIGN_CATALOG`, …; an open set.
    pub catalog_type: Option<String>,
    /// `OPEN` or `ISOLATED`; an isolated one is seen only in the workspaces that it is bound to.
    pub isolation_mode: Option<String>,
    /// The connection behind a foreign catalog.
    pub connection_name: Option<String>,
    /// Where managed tables lie; absent where that is the metastore's or the default storage.
    pub storage_root: Option<String>,
    /// Whether this identity may browse it and no more.
    #[serde(default)]
    pub browse_only: Option<bool>,
}

/// A schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Schema {
    /// The name without catalog.
    #[serde(default)]
    pub name: String,
    /// `catalog.schema`.
    #[serde(default)]
    pub full_name: String,
    /// Its catalog.
    pub catalog_name: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// Whether this identity may browse it and no more.
    #[serde(default)]
    pub browse_only: Option<bool>,
}

/// A table or view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CatalogTable {
    /// The name without catalog and schema.
    #[serde(default)]
    pub name: String,
    /// `catalog.schema.table`.
    #[serde(default)]
    pub full_name: String,
    /// `MANAGED`, `STREAMING_TABLE`, `VIEW`, …; an open set.
    pub table_type: Option<String>,
    /// `DELTA`, …; an open set.
    pub data_source_format: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// The pipeline that writes it; absent for ordinary tables.
    pub pipeline_id: Option<String>,
    /// When it was changed last, in milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub updated_at: Option<i64>,
    /// Its columns, where they were asked for.
    #[serde(default, deserialize_with = "lenient::list")]
    pub columns: Vec<CatalogColumn>,
}

impl CatalogTable {
    /// The pipeline that writes it.
    #[must_use]
    pub fn pipeline_id(&self) -> Option<&str> {
        self.pipeline_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// A column of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CatalogColumn {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The type as SQL writes it.
    pub type_text: Option<String>,
    /// The type's name; an open set.
    pub type_name: Option<String>,
    /// Whether it may be `NULL`.
    pub nullable: Option<bool>,
}

/// A volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Volume {
    /// `catalog.schema.volume`.
    #[serde(default)]
    pub full_name: String,
    /// `MANAGED` or `EXTERNAL`.
    pub volume_type: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
}

/// The metastore behind a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Metastore {
    /// Its id.
    #[serde(default)]
    pub metastore_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// Where managed tables lie; absent where every catalog says so itself.
    pub storage_root: Option<String>,
}

/// The assignment of a metastore to this workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MetastoreAssignment {
    /// The metastore.
    #[serde(default)]
    pub metastore_id: String,
    /// The workspace.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub workspace_id: Option<i64>,
}

/// A workspace that an isolated catalog is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Binding {
    /// The workspace.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub workspace_id: Option<i64>,
    /// `BINDING_TYPE_READ_WRITE` or `BINDING_TYPE_READ_ONLY`.
    pub binding_type: Option<String>,
}

/// Everything one principal may do with an object. Owners may do everything and are not listed for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Grants {
    /// A user, group or service principal.
    #[serde(default)]
    pub principal: String,
    /// What it may do, inherited rights included.
    #[serde(default, deserialize_with = "lenient::list")]
    pub privileges: Vec<Grant>,
}

/// One right and where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// `USE_CATALOG`, `CREATE_TABLE`, `ALL_PRIVILEGES`, …; an open set.
    #[serde(default)]
    pub privilege: String,
    /// The type of the object above that it was granted on, such as `CATALOG`.
    pub inherited_from_type: Option<String>,
    /// The name of that object.
    pub inherited_from_name: Option<String>,
}

/// What rights can be granted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Securable {
    /// A catalog, by its name.
    Catalog,
    /// A schema, by `catalog.schema`.
    Schema,
    /// A table, by `catalog.schema.table`.
    Table,
    /// A volume, by `catalog.schema.volume`.
    Volume,
    /// A connection, by its name.
    Connection,
    /// A metastore, by its id.
    Metastore,
}

impl Securable {
    /// The name of the type in paths.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Schema => "schema",
            Self::Table => "table",
            Self::Volume => "volume",
            Self::Connection => "connection",
            Self::Metastore => "metastore",
        }
    }
}

/// A page of a list whose key differs by object.
macro_rules! page {
    ($name:ident, $key:ident, $item:ty) => {
        #[derive(Deserialize)]
        struct $name {
            #[serde(default, deserialize_with = "lenient::list")]
            $key: Vec<$item>,
            next_page_token: Option<String>,
        }

        impl Page for $name {
            type Item = $item;

            fn split(self) -> (Vec<$item>, Option<String>) {
                (self.$key, self.next_page_token)
            }
        }
    };
}

page!(ConnectionPage, connections, Connection);
page!(CatalogPage, catalogs, Catalog);
page!(SchemaPage, schemas, Schema);
page!(TablePage, tables, CatalogTable);
page!(GrantsPage, privilege_assignments, Grants);
page!(BindingPage, bindings, Binding);

#[derive(Deserialize)]
struct Exists {
    table_exists: Option<bool>,
}

impl Client {
    /// `GET connections/{name}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn connection(&self, name: &str) -> Result<Option<Connection>, Error> {
        self.unity("connections", name, &[]).await
    }

    /// `GET connections`: all that this identity may see.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list_connections(&self) -> Result<Vec<Connection>, Error> {
        let path = format!("{BASE}/connections");
        self.pages::<ConnectionPage>(&path, || ApiCall::get(path.clone()).query("max_results", "0")).await
    }

    /// `GET catalogs/{name}`, also where this identity may only browse it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn catalog(&self, name: &str) -> Result<Option<Catalog>, Error> {
        self.unity("catalogs", name, &[("include_browse", "true")]).await
    }

    /// `GET catalogs`: all that this identity may see.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list_catalogs(&self) -> Result<Vec<Catalog>, Error> {
        let path = format!("{BASE}/catalogs");
        let call = || ApiCall::get(path.clone()).query("max_results", "0").query("include_browse", "true");
        self.pages::<CatalogPage>(&path, call).await
    }

    /// `GET schemas/{catalog.schema}`, also where this identity may only browse it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn schema(&self, catalog: &str, schema: &str) -> Result<Option<Schema>, Error> {
        self.unity("schemas", &format!("{catalog}.{schema}"), &[("include_browse", "true")]).await
    }

    /// `GET schemas` of a catalog.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list_schemas(&self, catalog: &str) -> Result<Option<Vec<Schema>>, Error> {
        let path = format!("{BASE}/schemas");
        let call = || {
            ApiCall::get(path.clone())
                .query("catalog_name", catalog)
                .query("max_results", "0")
                .query("include_browse", "true")
        };
        self.optional_pages::<SchemaPage>(&path, call).await
    }

    /// `GET tables/{catalog.schema.table}` with its columns, also where this identity may only browse it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn table(&self, full_name: &str) -> Result<Option<CatalogTable>, Error> {
        self.unity("tables", full_name, &[("include_browse", "true")]).await
    }

    /// `GET tables/{catalog.schema.table}/exists`: whether the name is taken, which needs no right on the table.
    /// `None` where the catalog or schema is not there.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn table_exists(&self, full_name: &str) -> Result<Option<bool>, Error> {
        let call = ApiCall::get(format!("{BASE}/tables/{}/exists", segment(full_name)));
        Ok(self.optional::<Exists>(call).await?.map(|found| found.table_exists.unwrap_or_default()))
    }

    /// `GET tables` of a schema, without columns: one list answers for all tables that are to be written there. `None`
    /// where there is no such schema.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tables_in_schema(
        &self,
        catalog: &str,
        schema: &str,
    ) -> Result<Option<Vec<CatalogTable>>, Error> {
        let path = format!("{BASE}/tables");
        let call = || {
            ApiCall::get(path.clone())
                .query("catalog_name", catalog)
                .query("schema_name", schema)
                .query("max_results", "0")
                .query("omit_columns", "true")
                .query("omit_properties", "true")
                .query("include_browse", "true")
        };
        self.optional_pages::<TablePage>(&path, call).await
    }

    /// `GET volumes/{catalog.schema.volume}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn volume(&self, full_name: &str) -> Result<Option<Volume>, Error> {
        self.unity("volumes", full_name, &[("include_browse", "true")]).await
    }

    /// `GET effective-permissions/{type}/{name}`: who may do what, inherited rights included. With `principal`, only
    /// what that one may do. What is not listed is not proven to be missing: owners are not listed, and who has no
    /// rights on an object may see no more than its own.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn effective_permissions(
        &self,
        securable: Securable,
        full_name: &str,
        principal: Option<&str>,
    ) -> Result<Option<Vec<Grants>>, Error> {
        let path = format!("{BASE}/effective-permissions/{}/{}", securable.as_str(), segment(full_name));
        let call = || {
            let call = ApiCall::get(path.clone()).query("max_results", "0");
            match principal {
                Some(principal) => call.query("principal", principal),
                None => call,
            }
        };
        self.optional_pages::<GrantsPage>(&path, call).await
    }

    /// `GET bindings/catalog/{name}`: the workspaces of an isolated catalog.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn catalog_bindings(&self, catalog: &str) -> Result<Option<Vec<Binding>>, Error> {
        let path = format!("{BASE}/bindings/catalog/{}", segment(catalog));
        self.optional_pages::<BindingPage>(&path, || ApiCall::get(path.clone()).query("max_results", "0"))
            .await
    }

    /// `GET current-metastore-assignment`; `None` where the workspace has no metastore.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn metastore_assignment(&self) -> Result<Option<MetastoreAssignment>, Error> {
        self.optional(ApiCall::get(format!("{BASE}/current-metastore-assignment"))).await
    }

    /// `GET metastore_summary`; `None` where the workspace has no metastore.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn metastore(&self) -> Result<Option<Metastore>, Error> {
        self.optional(ApiCall::get(format!("{BASE}/metastore_summary"))).await
    }

    async fn unity<T: DeserializeOwned>(
        &self,
        kind: &str,
        name: &str,
        query: &[(&'static str, &str)],
    ) -> Result<Option<T>, Error> {
        let call = ApiCall::get(format!("{BASE}/{kind}/{}", segment(name)));
        self.optional(query.iter().fold(call, |call, (key, value)| call.query(key, *value))).await
    }
}
