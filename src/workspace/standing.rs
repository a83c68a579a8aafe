//! How one stands with a workspace: as whom, for how long, with which warehouse.

use std::time::Duration;

use super::client::Client;
use super::error::Error;
use super::me::Me;
use super::warehouses::Warehouse;

/// What a workspace says of the identity that asks.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Who it is.
    pub me: Me,
    /// How long the token is still good, where that is known.
    pub token_lasts: Option<Duration>,
    /// The warehouse that statements would run on, or why there is none.
    pub warehouse: Result<Warehouse, Error>,
}

impl Client {
    /// Asks the workspace how we stand; `warehouse` is the one that the settings name.
    ///
    /// # Errors
    /// Where the workspace cannot be reached or does not know us. Having no warehouse is not an error.
    pub async fn standing(&self, warehouse: Option<&str>) -> Result<Standing, Error> {
        let me = self.me().await?;
        let token_lasts = self.token_expires_in().await?;
        let warehouse = self.choose_warehouse(warehouse).await;
        Ok(Standing { me, token_lasts, warehouse })
    }
}
