//! Keeping a credential: checked at its workspace first, so that nothing is kept that does not work.

use std::sync::Arc;

use super::access::Access;
use super::client::{Client, ClientOptions};
use super::error::Error;
use super::host::Host;
use super::keyring::{Kept, Keyring, KeyringError};
use super::me::Me;
use crate::environment::Environment;

/// Why nothing was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoginError {
    /// There is no keyring, or it refused.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The workspace did not accept the credential, or was not reached.
    #[error(transparent)]
    Workspace(#[from] Error),
}

impl Kept {
    /// Whether there is a keyring to keep something in; asked before a person is asked to type.
    ///
    /// # Errors
    /// [`KeyringError`] where there is none, or it does not open.
    pub async fn may_be_stored(keyring: &Arc<dyn Keyring>, host: &Host) -> Result<(), KeyringError> {
        Self::load(keyring, host).await.map(|_| ())
    }

    /// Asks the workspace who this is, and keeps it in the keyring of the options.
    ///
    /// # Errors
    /// [`LoginError`]; what was kept before then stays.
    pub async fn log_in(
        &self,
        host: &Host,
        options: ClientOptions,
        environment: &Environment,
    ) -> Result<Me, LoginError> {
        let keyring = Arc::clone(&options.keyring);
        let client = Client::connect(Access::of_kept(host.clone(), self), options, environment)?;
        let me = client.me().await?;
        self.store(&keyring, host).await?;
        Ok(me)
    }
}
