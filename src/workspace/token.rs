//! A token, and the one place from which all requests of a client take it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

use super::error::Error;

/// A credential as it travels: the value of `Authorization`, and how long it is good.
#[derive(Clone)]
pub(crate) struct Token {
    /// Marked sensitive.
    pub(crate) header: HeaderValue,
    /// When it ends; `None` for one that does not, as far as we know.
    pub(crate) expires: Option<Instant>,
    /// When to fetch the next one.
    pub(crate) refresh: Option<Instant>,
    /// Other headers that the way to authenticate asks for, marked sensitive.
    pub(crate) extra: Vec<(&'static str, HeaderValue)>,
}

/// Tokens count as ended this much early, so that none ends on its way.
const EARLY: Duration = Duration::from_secs(40);
/// Tokens are refreshed at most this long before their end.
const AHEAD: Duration = Duration::from_secs(300);

impl Token {
    /// A token that is good for `lifetime` from now.
    pub(crate) fn lasting(header: HeaderValue, lifetime: Option<Duration>) -> Self {
        let now = Instant::now();
        let expires = lifetime.map(|lifetime| now + lifetime.saturating_sub(EARLY));
        let refresh =
            lifetime.map(|lifetime| now + lifetime.saturating_sub(AHEAD.min(lifetime / 2).max(EARLY)));
        Self { header, expires, refresh, extra: Vec::new() }
    }

    /// How long it is good from now on, where that is known.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.expires.map(|expires| expires.saturating_duration_since(Instant::now()))
    }

    /// Whether it ends within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.expires.is_some_and(|expires| expires < Instant::now() + time)
    }

    fn is_fresh(&self) -> bool {
        self.refresh.is_none_or(|refresh| Instant::now() < refresh)
    }

    fn is_good(&self) -> bool {
        self.expires.is_none_or(|expires| Instant::now() < expires)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// A token with the number of its fetch, so that one who was refused can say which token it was.
#[derive(Debug, Clone)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) token: Token,
}

/// Keeps the current token; one task fetches the next while the others wait for it.
#[derive(Default)]
pub(crate) struct TokenCache {
    current: std::sync::RwLock<Option<Arc<Numbered>>>,
    fetching: Mutex<Fetches>,
    /// Fetches that ended, with success or not.
    ended: AtomicU64,
}

#[derive(Default)]
struct Fetches {
    /// How the last one failed, for those who waited for it.
    failure: Option<Error>,
    last_number: u64,
}

impl TokenCache {
    /// The current token, fetched where there is none or its time has come.
    pub(crate) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<Numbered>, Error>
    where
        F: Future<Output = Result<Token, Error>>,
    {
        match self.current() {
            Some(current) if current.token.is_fresh() => Ok(current),
            _ => self.fetch(None, fetch).await,
        }
    }

    /// Another token than the one that was refused.
    pub(crate) async fn renew<F>(
        &self,
        refused: u64,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Numbered>, Error>
    where
        F: Future<Output = Result<Token, Error>>,
    {
        self.fetch(Some(refused), fetch).await
    }

    fn current(&self) -> Option<Arc<Numbered>> {
        self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    async fn fetch<F>(&self, refused: Option<u64>, fetch: impl FnOnce() -> F) -> Result<Arc<Numbered>, Error>
    where
        F: Future<Output = Result<Token, Error>>,
    {
        let ended = self.ended.load(Ordering::Acquire);
        let mut fetches = self.fetching.lock().await;
        let current = self.current();
        if let Some(current) = &current {
            let other_than_refused = refused.is_none_or(|refused| current.number != refused);
            if other_than_refused && current.token.is_fresh() {
                return Ok(Arc::clone(current));
            }
        }
        // Somebody fetched while we waited, and failed: so would we.
        if ended != self.ended.load(Ordering::Acquire)
            && let Some(failure) = &fetches.failure
        {
            return or_still_good(current, refused, failure.clone());
        }
        let fetched = fetch().await;
        self.ended.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(token) => {
                fetches.last_number += 1;
                fetches.failure = None;
                let numbered = Arc::new(Numbered { number: fetches.last_number, token });
                *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
                    Some(Arc::clone(&numbered));
                Ok(numbered)
            }
            Err(error) => {
                fetches.failure = Some(error.clone());
                or_still_good(current, refused, error)
            }
        }
    }
}

/// A refresh ahead of time that failed is no reason to stop: the old token may serve until its end.
fn or_still_good(
    current: Option<Arc<Numbered>>,
    refused: Option<u64>,
    error: Error,
) -> Result<Arc<Numbered>, Error> {
    match current {
        Some(current) if refused != Some(current.number) && current.token.is_good() => Ok(current),
        _ => Err(error),
    }
}
