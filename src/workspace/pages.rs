//! Lists that come in pages.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::client::{ApiCall, Client};
use super::error::Error;

/// One page of a list.
pub(crate) trait Page: DeserializeOwned {
    /// What the list holds.
    type Item;

    /// The items and the token of the next page; an empty token is none.
    fn split(self) -> (Vec<Self::Item>, Option<String>);
}

impl Client {
    /// All items of a list, to the last page. A page may be empty and not be the last. `call` builds the request of the
    /// first page; all of it is sent again with each token, as the SDKs do.
    pub(crate) async fn pages<P: Page>(
        &self,
        path: &str,
        call: impl Fn() -> ApiCall,
    ) -> Result<Vec<P::Item>, Error> {
        self.walk::<P>(path, call).await.map_err(|(_, error)| error)
    }

    /// The same, with `None` where the workspace says at the first page that there is no such thing.
    pub(crate) async fn optional_pages<P: Page>(
        &self,
        path: &str,
        call: impl Fn() -> ApiCall,
    ) -> Result<Option<Vec<P::Item>>, Error> {
        match self.walk::<P>(path, call).await {
            Ok(items) => Ok(Some(items)),
            Err((0, error)) if error.is_missing() => Ok(None),
            Err((_, error)) => Err(error),
        }
    }

    /// Errors come with the number of pages that were read before.
    async fn walk<P: Page>(
        &self,
        path: &str,
        call: impl Fn() -> ApiCall,
    ) -> Result<Vec<P::Item>, (usize, Error)> {
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        let mut token: Option<String> = None;
        let mut pages = 0;
        loop {
            let call = match &token {
                Some(token) => call().query("page_token", token.clone()),
                None => call(),
            };
            let (page, next) = self.json::<P>(call).await.map_err(|error| (pages, error))?.split();
            pages += 1;
            items.extend(page);
            match next.filter(|next| !next.is_empty()) {
                Some(next) if !seen.insert(next.clone()) => {
                    let problem = format!(
                        "the list does not end: after {} items the same page token came again",
                        items.len()
                    );
                    return Err((pages, Error::malformed(self.shown_host(), "GET", path, problem)));
                }
                Some(next) => token = Some(next),
                None => return Ok(items),
            }
        }
    }
}
