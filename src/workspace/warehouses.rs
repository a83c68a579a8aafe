//! SQL warehouses, and which of them to use when none is named.

use serde::Deserialize;

use super::client::{ApiCall, Client};
use super::error::Error;
use super::lenient::{self, segment};
use super::pages::Page;

/// A SQL warehouse, and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warehouse {
    /// Its id.
    pub id: String,
    /// Its name, where this identity may see it.
    pub name: Option<String>,
    /// `RUNNING`, `STARTING`, `STOPPED`, …, where this identity may see it. A statement starts a stopped one.
    pub state: Option<String>,
    /// Its size, such as `Small`.
    pub size: Option<String>,
    /// Why this one.
    pub choice: WarehouseChoice,
}

/// Why a warehouse was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarehouseChoice {
    /// A flag or the settings name it.
    Named,
    /// The environment or the profile names it.
    Access,
    /// The user chose it as default in the workspace.
    UserDefault,
    /// It is the default of the workspace.
    WorkspaceDefault,
    /// It is the first that can be used: running before starting before stopped, then by name.
    First,
}

impl Warehouse {
    /// Whether a statement can run at once.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state.as_deref() == Some("RUNNING")
    }
}

impl std::fmt::Display for WarehouseChoice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Named => "named",
            Self::Access => "named by environment or profile",
            Self::UserDefault => "your default",
            Self::WorkspaceDefault => "the workspace's default",
            Self::First => "the first that can be used",
        })
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Wire {
    #[serde(default)]
    id: String,
    name: Option<String>,
    state: Option<String>,
    cluster_size: Option<String>,
}

impl Wire {
    fn chosen(self, choice: WarehouseChoice) -> Warehouse {
        Warehouse { id: self.id, name: self.name, state: self.state, size: self.cluster_size, choice }
    }

    fn is_gone(&self) -> bool {
        matches!(self.state.as_deref(), Some("DELETED" | "DELETING"))
    }

    /// The lower, the sooner it can run a statement.
    fn rank(&self) -> u8 {
        match self.state.as_deref() {
            Some("RUNNING") => 0,
            Some("STARTING") => 1,
            Some("STOPPED") => 2,
            Some("STOPPING") => 3,
            _ => 4,
        }
    }
}

#[derive(Deserialize)]
struct WarehousePage {
    #[serde(default, deserialize_with = "lenient::list")]
    warehouses: Vec<Wire>,
    next_page_token: Option<String>,
}

impl Page for WarehousePage {
    type Item = Wire;

    fn split(self) -> (Vec<Wire>, Option<String>) {
        (self.warehouses, self.next_page_token)
    }
}

#[derive(Deserialize)]
struct Override {
    #[serde(rename = "type")]
    kind: Option<String>,
    warehouse_id: Option<String>,
}

const WAREHOUSES: &str = "/api/2.0/sql/warehouses";

impl Client {
    /// The warehouse to run statements on: the named one, else the one that environment or profile name, the user's
    /// default, the workspace's default, the first that this identity may use.
    ///
    /// # Errors
    /// [`Error::NoWarehouse`] where there is none; a named one that does not exist is an [`Error::Request`].
    pub async fn choose_warehouse(&self, named: Option<&str>) -> Result<Warehouse, Error> {
        if let Some(id) = named.filter(|id| !id.is_empty()) {
            return self.named_warehouse(id, WarehouseChoice::Named).await;
        }
        if let Some(id) = self.access().warehouse_id() {
            return self.named_warehouse(id, WarehouseChoice::Access).await;
        }
        if let Some(id) = self.user_default().await? {
            return self.named_warehouse(&id, WarehouseChoice::UserDefault).await;
        }
        if let Some(wire) = self.unless_refused(ApiCall::get(format!("{WAREHOUSES}/default"))).await? {
            let wire: Wire = wire;
            if !wire.id.is_empty() && !wire.is_gone() {
                return Ok(wire.chosen(WarehouseChoice::WorkspaceDefault));
            }
        }
        let mut all = self
            .pages::<WarehousePage>(WAREHOUSES, || ApiCall::get(WAREHOUSES).query("skip_cannot_use", "true"))
            .await?;
        all.retain(|wire| !wire.is_gone() && !wire.id.is_empty());
        all.sort_by(|a, b| (a.rank(), &a.name, &a.id).cmp(&(b.rank(), &b.name, &b.id)));
        match all.into_iter().next() {
            Some(wire) => Ok(wire.chosen(WarehouseChoice::First)),
            None => Err(Error::NoWarehouse { host: self.shown_host().to_owned() }),
        }
    }

    /// A warehouse by its id. Who may use one may not be allowed to see it: then only the id is known.
    async fn named_warehouse(&self, id: &str, choice: WarehouseChoice) -> Result<Warehouse, Error> {
        match self.json::<Wire>(ApiCall::get(format!("{WAREHOUSES}/{}", segment(id)))).await {
            Ok(wire) => Ok(Wire { id: id.to_owned(), ..wire }.chosen(choice)),
            Err(error) if error.kind() == super::error::ErrorKind::Forbidden => {
                Ok(Wire { id: id.to_owned(), ..Wire::default() }.chosen(choice))
            }
            Err(error) => Err(error),
        }
    }

    async fn user_default(&self) -> Result<Option<String>, Error> {
        let call = ApiCall::get("/api/warehouses/v1/default-warehouse-overrides/me");
        let found: Option<Override> = self.unless_refused(call).await?;
        Ok(found
            .filter(|found| found.kind.as_deref() == Some("CUSTOM"))
            .and_then(|found| found.warehouse_id)
            .filter(|id| !id.is_empty()))
    }

    /// The answer, or `None` where the workspace does not have this API or does not let us ask.
    async fn unless_refused<T: serde::de::DeserializeOwned>(
        &self,
        call: ApiCall,
    ) -> Result<Option<T>, Error> {
        match self.json(call).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.api().is_some_and(|api| api.status < 500 && !api.is_unauthenticated()) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
