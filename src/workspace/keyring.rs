//! Credentials that `tapworks auth login` keeps in the keyring of the operating system.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::host::Host;

/// The name under which entries are kept; their account is the address of the workspace.
pub const KEYRING_SERVICE: &str = "tapworks";

/// The longest wait for a keyring, which may ask its owner to unlock it.
const LIMIT: Duration = Duration::from_secs(30);

/// A place that keeps one text per workspace. Its methods block.
pub trait Keyring: Send + Sync {
    /// The text kept for an account, or `None`.
    ///
    /// # Errors
    /// Where there is no keyring, or it does not open.
    fn get(&self, account: &str) -> Result<Option<SecretString>, KeyringError>;

    /// Keeps a text for an account in place of the one before.
    ///
    /// # Errors
    /// Where there is no keyring, or it does not open.
    fn set(&self, account: &str, text: &SecretString) -> Result<(), KeyringError>;

    /// Forgets the text of an account; whether there was one.
    ///
    /// # Errors
    /// Where there is no keyring, or it does not open.
    fn delete(&self, account: &str) -> Result<bool, KeyringError>;
}

/// Why a keyring did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// This machine has none, as a server without a desktop has not.
    #[error("there is no keyring on this machine: {0}")]
    Unavailable(String),
    /// There is one, and it refused.
    #[error("the keyring refused: {0}")]
    Failed(String),
    /// It did not answer; perhaps it waits to be unlocked.
    #[error("the keyring did not answer within {} s", LIMIT.as_secs())]
    Silent,
}

/// A credential in the keyring.
#[derive(Debug, Clone)]
pub enum Kept {
    /// A personal access token.
    Token(SecretString),
    /// A service principal.
    Client {
        /// Its client id.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
    },
}

impl Kept {
    /// What is kept for a workspace.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn load(keyring: &Arc<dyn Keyring>, host: &Host) -> Result<Option<Self>, KeyringError> {
        let account = host.to_string();
        let text = aside(keyring, move |keyring| keyring.get(&account)).await?;
        Ok(text.map(Self::read))
    }

    /// Keeps this for a workspace.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn store(&self, keyring: &Arc<dyn Keyring>, host: &Host) -> Result<(), KeyringError> {
        let (account, text) = (host.to_string(), self.write());
        aside(keyring, move |keyring| keyring.set(&account, &text)).await
    }

    /// Forgets what is kept for a workspace; whether there was something.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn forget(keyring: &Arc<dyn Keyring>, host: &Host) -> Result<bool, KeyringError> {
        let account = host.to_string();
        aside(keyring, move |keyring| keyring.delete(&account)).await
    }

    fn read(text: SecretString) -> Self {
        if let Ok(Value::Object(fields)) = serde_json::from_str(text.expose_secret())
            && let (Some(Value::String(id)), Some(Value::String(secret))) =
                (fields.get("client_id"), fields.get("client_secret"))
        {
            return Self::Client { client_id: id.clone(), client_secret: SecretString::from(secret.clone()) };
        }
        Self::Token(text)
    }

    fn write(&self) -> SecretString {
        match self {
            Self::Token(token) => token.clone(),
            Self::Client { client_id, client_secret } => SecretString::from(
                json!({ "client_id": client_id, "client_secret": client_secret.expose_secret() }).to_string(),
            ),
        }
    }
}

/// Asks a keyring on a thread of its own: it blocks, may wait for a person, and must not hold up the end of the
/// program, which a task of the runtime would.
async fn aside<T: Send + 'static>(
    keyring: &Arc<dyn Keyring>,
    ask: impl FnOnce(&dyn Keyring) -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, KeyringError> {
    let keyring = Arc::clone(keyring);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            // Nobody waits any more: fine.
            let _ = sender.send(ask(keyring.as_ref()));
        })
        .map_err(|error| KeyringError::Failed(error.to_string()))?;
    match tokio::time::timeout(LIMIT, receiver).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(KeyringError::Failed("it gave up".to_owned())),
        Err(_) => Err(KeyringError::Silent),
    }
}

/// The keyring of the operating system: Keychain, Credential Manager, or Secret Service over D-Bus.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemKeyring;

impl SystemKeyring {
    fn entry(account: &str) -> Result<keyring::Entry, KeyringError> {
        if let Err(error) = keyring::Entry::store_status() {
            return Err(KeyringError::Unavailable(shown(error)));
        }
        keyring::Entry::new(KEYRING_SERVICE, account).map_err(|error| KeyringError::Failed(shown(&error)))
    }
}

impl Keyring for SystemKeyring {
    fn get(&self, account: &str) -> Result<Option<SecretString>, KeyringError> {
        match Self::entry(account)?.get_password() {
            Ok(text) => Ok(Some(SecretString::from(text))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(KeyringError::Failed(shown(&error))),
        }
    }

    fn set(&self, account: &str, text: &SecretString) -> Result<(), KeyringError> {
        Self::entry(account)?
            .set_password(text.expose_secret())
            .map_err(|error| KeyringError::Failed(shown(&error)))
    }

    fn delete(&self, account: &str) -> Result<bool, KeyringError> {
        match Self::entry(account)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(keyring::Error::NoEntry) => Ok(false),
            Err(error) => Err(KeyringError::Failed(shown(&error))),
        }
    }
}

/// An error of the keyring in words. Two kinds of them carry the secret itself, which stays out.
fn shown(error: &keyring::Error) -> String {
    match error {
        keyring::Error::BadEncoding(_) => "the entry is not text".to_owned(),
        keyring::Error::BadDataFormat(..) => "the entry is damaged".to_owned(),
        other => other.to_string(),
    }
}

/// A keyring in memory, for tests.
#[derive(Default)]
pub struct MemoryKeyring {
    entries: Mutex<BTreeMap<String, SecretString>>,
}

impl Keyring for MemoryKeyring {
    fn get(&self, account: &str) -> Result<Option<SecretString>, KeyringError> {
        Ok(self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned())
    }

    fn set(&self, account: &str, text: &SecretString) -> Result<(), KeyringError> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(account.to_owned(), text.clone());
        Ok(())
    }

    fn delete(&self, account: &str) -> Result<bool, KeyringError> {
        Ok(self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(account).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tokens_and_clients_are_kept_and_forgotten() {
        let keyring: Arc<dyn Keyring> = Arc::new(MemoryKeyring::default());
        let host = Host::parse("https://h.example").unwrap();
        assert!(Kept::load(&keyring, &host).await.unwrap().is_none());
        Kept::Token(SecretString::from("dapi-x".to_owned())).store(&keyring, &host).await.unwrap();
        let Some(Kept::Token(token)) = Kept::load(&keyring, &host).await.unwrap() else { panic!() };
        assert_eq!(token.expose_secret(), "dapi-x");
        let client =
            Kept::Client { client_id: "id".to_owned(), client_secret: SecretString::from("s\"x".to_owned()) };
        client.store(&keyring, &host).await.unwrap();
        let Some(Kept::Client { client_id, client_secret }) = Kept::load(&keyring, &host).await.unwrap()
        else {
            panic!()
        };
        assert_eq!((client_id.as_str(), client_secret.expose_secret()), ("id", "s\"x"));
        assert!(!format!("{client:?}").contains("s\\\"x"));
        assert!(Kept::forget(&keyring, &host).await.unwrap());
        assert!(!Kept::forget(&keyring, &host).await.unwrap());
    }
}
