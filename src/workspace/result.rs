//! The rows of a result: inline in the answers, or behind links to cloud storage.

use std::collections::BTreeMap;
use std::time::Instant;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::client::{ApiCall, Client};
use super::error::{Cause, Error};
use super::lenient::{self, segment};
use super::oauth::{Secret, safe};
use super::observer::StatementStage;
use super::retry::Repeat;
use super::statements::{STATEMENTS, StatementRows, Wire};
use super::transport::Call;
use secrecy::ExposeSecret;

/// A row as the API writes it.
type Row = Vec<Option<String>>;

/// A part of a result, or where to find it.
#[derive(Deserialize, Default)]
pub(crate) struct Chunk {
    #[serde(default, deserialize_with = "lenient::list")]
    data_array: Vec<Row>,
    #[serde(default, deserialize_with = "lenient::list")]
    external_links: Vec<Link>,
    #[serde(flatten)]
    place: Place,
}

/// A link to a part of a result in cloud storage. Address and headers let anybody read it.
#[derive(Deserialize)]
struct Link {
    external_link: Option<Secret>,
    #[serde(default)]
    http_headers: Option<BTreeMap<String, Secret>>,
    #[serde(flatten)]
    place: Place,
}

/// Where a part belongs and which follows it. Inline results say so beside the rows, others inside the link.
#[derive(Deserialize, Default)]
struct Place {
    #[serde(default, deserialize_with = "lenient::integer")]
    chunk_index: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    row_offset: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    next_chunk_index: Option<i64>,
    next_chunk_internal_link: Option<String>,
}

/// How often an expired link is asked for anew.
const FRESH_LINKS: u32 = 3;

impl Client {
    /// Reads every part of the result of a statement that succeeded, and counts the rows.
    pub(crate) async fn rows(
        &self,
        wire: Wire,
        warehouse: &str,
        began: Instant,
    ) -> Result<StatementRows, Error> {
        let id = wire.statement_id;
        let Some(manifest) = wire.manifest else {
            return Err(self.incomplete(&id, "the result has no manifest"));
        };
        if manifest.truncated == Some(true) {
            return Err(self.incomplete(&id, "the service cut the result"));
        }
        let of = manifest.total_row_count.and_then(|total| u64::try_from(total).ok());
        let columns = manifest.schema.map(|schema| schema.columns).unwrap_or_default();
        let mut result = StatementRows { id, columns, rows: Vec::new() };
        let mut chunk = wire.result.unwrap_or_default();
        let mut index = 0;
        loop {
            let mut place = std::mem::take(&mut chunk.place);
            if chunk.external_links.is_empty() {
                result.add(self, index, &place, chunk.data_array)?;
            }
            for link in chunk.external_links {
                index = link.place.chunk_index.unwrap_or(index);
                let rows = self.linked_rows(&result.id, index, &link).await?;
                result.add(self, index, &link.place, rows)?;
                place = link.place;
            }
            let rows = result.rows.len() as u64;
            self.progress(warehouse, StatementStage::Reading { rows, of }, began);
            let path = match (place.next_chunk_internal_link, place.next_chunk_index) {
                (_, Some(next)) if next <= index => {
                    return Err(
                        self.incomplete(&result.id, &format!("chunk {index} leads back to chunk {next}"))
                    );
                }
                (Some(link), next) if !link.is_empty() => {
                    index = next.unwrap_or(index + 1);
                    link
                }
                (_, Some(next)) => {
                    index = next;
                    chunk_path(&result.id, next)
                }
                (_, None) => break,
            };
            chunk = self.json(ApiCall::get(path)).await?;
        }
        match of {
            Some(of) if of != result.rows.len() as u64 => {
                let problem = format!("{} rows came of the {of} that the service counted", result.rows.len());
                Err(self.incomplete(&result.id, &problem))
            }
            _ => Ok(result),
        }
    }

    /// The rows behind a link, which is asked for anew when it has expired.
    async fn linked_rows(&self, id: &str, index: i64, link: &Link) -> Result<Vec<Row>, Error> {
        let mut renewed: Option<Link> = None;
        let mut links = 0;
        loop {
            let error = match self.download(index, renewed.as_ref().unwrap_or(link)).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            links += 1;
            // Storage services say "expired" in several ways, all of them a refusal.
            let refused = matches!(&error, Error::Request(request)
                if matches!(&request.cause, Cause::Status(api) if matches!(api.status, 400 | 401 | 403 | 404 | 410)));
            if !refused || links > FRESH_LINKS {
                return Err(error);
            }
            tracing::debug!(statement = id, chunk = index, "the link is refused; asking for another");
            let chunk: Chunk = self.json(ApiCall::get(chunk_path(id, index))).await?;
            renewed = Some(
                chunk
                    .external_links
                    .into_iter()
                    .find(|link| link.place.chunk_index.is_none_or(|found| found == index))
                    .ok_or_else(|| self.incomplete(id, &format!("chunk {index} has no link any more")))?,
            );
        }
    }

    /// Downloads from cloud storage: with the headers of the link, and never with our token.
    async fn download(&self, index: i64, link: &Link) -> Result<Vec<Row>, Error> {
        let shown = format!("/(rows of chunk {index})");
        let malformed = |problem: &str| Error::malformed(self.shown_host(), "GET", &shown, problem);
        let address =
            link.external_link.as_ref().ok_or_else(|| malformed("a chunk without rows and without link"))?;
        let url =
            Url::parse(address.0.expose_secret()).map_err(|_| malformed("a link that is not an address"))?;
        safe(&url).map_err(|_| malformed("a link that is not https"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in link.http_headers.iter().flatten() {
            let (Ok(name), Ok(mut value)) =
                (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.0.expose_secret()))
            else {
                return Err(malformed("a link with a header that cannot be sent"));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let call = Call {
            method: Method::GET,
            url,
            shown,
            headers,
            body: None,
            repeat: Repeat::Freely,
            budget: self.transport().policy.total,
            stoppable: true,
            foreign: true,
        };
        self.transport()
            .run(&call, |answer| {
                serde_json::from_slice(&answer.body).map_err(|_| "not a list of rows".to_owned())
            })
            .await
    }
}

impl StatementRows {
    /// Appends the rows of a part, which must fit behind those that are there.
    fn add(&mut self, client: &Client, index: i64, place: &Place, mut rows: Vec<Row>) -> Result<(), Error> {
        if place.row_offset.is_some_and(|offset| usize::try_from(offset) != Ok(self.rows.len())) {
            let problem = format!("chunk {index} does not begin at row {}", self.rows.len());
            return Err(client.incomplete(&self.id, &problem));
        }
        if let Some(row) = rows.iter().find(|row| row.len() != self.columns.len()) {
            let problem = format!("a row of {} values in {} columns", row.len(), self.columns.len());
            return Err(client.incomplete(&self.id, &problem));
        }
        // Lists grow by doubling while they are read; over many rows the spare places add up.
        rows.iter_mut().for_each(Vec::shrink_to_fit);
        self.rows.append(&mut rows);
        Ok(())
    }
}

fn chunk_path(id: &str, index: i64) -> String {
    format!("{STATEMENTS}/{}/result/chunks/{index}", segment(id))
}
