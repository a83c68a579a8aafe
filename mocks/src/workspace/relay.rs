//! A relay in front of the server, for what `wiremock` cannot do: count requests in flight, and break connections.
//!
//! It understands HTTP/1.1 as far as needed to tell one message from the next, and passes everything on as it is.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::fault::RELAY_HEADER;

/// A message head longer than this is refused; the real service allows far less.
const LONGEST_HEAD: usize = 256 * 1024;

/// How many requests are being answered, and how many there ever were at the same time.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Gauge {
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    pub(crate) fn reset(&self) {
        self.peak.store(self.now.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn enter(self: &Arc<Self>) -> InFlight {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        InFlight(Arc::clone(self))
    }
}

/// Counts one request until dropped, which also covers a client that goes away.
struct InFlight(Arc<Gauge>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Accepts until the task is dropped.
pub(crate) async fn accept(listener: TcpListener, server: SocketAddr, gauge: Arc<Gauge>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let gauge = Arc::clone(&gauge);
        tokio::spawn(async move {
            // An error here is a side that went away: nothing that anyone could be told.
            pass(client, server, &gauge).await.ok();
        });
    }
}

/// A side of the relay: the stream and what was read from it but not used yet.
struct Side {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What the relay needs to know of a message's head.
struct Head {
    /// The bytes to send on.
    bytes: Vec<u8>,
    body: Body,
    /// Of a request: whether the client waits for `100 Continue`.
    expects_continue: bool,
    /// Of an answer: what to do to the connection.
    order: Option<String>,
    close: bool,
}

#[derive(Clone, Copy)]
enum Body {
    Sized(usize),
    Chunked,
}

impl Side {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Reads more; whether there was more.
    async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(64 * 1024);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// The bytes of the next head; none when the other side is done.
    async fn head(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0_usize;
        loop {
            let from = searched.saturating_sub(3);
            if let Some(at) = self.buffer[from..].windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok(Some(self.take(from + at + 4)));
            }
            searched = self.buffer.len();
            if searched > LONGEST_HEAD {
                return Err(io::Error::other("head too long"));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.take(length))
    }

    async fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                return Ok(self.take(at + 2));
            }
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The bytes of a body, as they are on the wire.
    async fn body(&mut self, body: Body) -> io::Result<Vec<u8>> {
        match body {
            Body::Sized(length) => self.exactly(length).await,
            Body::Chunked => {
                let mut all = Vec::new();
                loop {
                    let line = self.line().await?;
                    let digits: String = line
                        .iter()
                        .map(|&byte| char::from(byte))
                        .take_while(char::is_ascii_hexdigit)
                        .collect();
                    let size = usize::from_str_radix(&digits, 16).map_err(io::Error::other)?;
                    all.extend(line);
                    if size > 0 {
                        all.extend(self.exactly(size + 2).await?);
                        continue;
                    }
                    loop {
                        let trailer = self.line().await?;
                        let last = trailer == b"\r\n";
                        all.extend(trailer);
                        if last {
                            return Ok(all);
                        }
                    }
                }
            }
        }
    }
}

/// Requests of one client connection, one after the other.
async fn pass(client: TcpStream, server: SocketAddr, gauge: &Arc<Gauge>) -> io::Result<()> {
    let mut client = Side::new(client)?;
    let mut server = Side::new(TcpStream::connect(server).await?)?;
    while let Some(bytes) = client.head().await? {
        let _counted = gauge.enter();
        let is_head = bytes.starts_with(b"HEAD ");
        let request = request_head(bytes)?;
        if request.expects_continue {
            client.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        // Whole before the first byte goes on: wiremock panics over a body that ends too early.
        let body = client.body(request.body).await?;
        server.stream.write_all(&request.bytes).await?;
        server.stream.write_all(&body).await?;

        let bytes = server.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let answer = answer_head(bytes)?;
        let length = if is_head { Body::Sized(0) } else { answer.body };
        let mut body = server.body(length).await?;
        match answer.order.as_deref() {
            Some("reset") => {
                client.stream.set_zero_linger()?;
                return Ok(());
            }
            Some(cut) => {
                let bytes = cut.strip_prefix("cut ").and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
                body.truncate(bytes);
                client.stream.write_all(&answer.bytes).await?;
                client.stream.write_all(&body).await?;
                client.stream.shutdown().await?;
                return Ok(());
            }
            None => {
                client.stream.write_all(&answer.bytes).await?;
                client.stream.write_all(&body).await?;
            }
        }
        if request.close || answer.close {
            client.stream.shutdown().await?;
            return Ok(());
        }
    }
    Ok(())
}

fn request_head(bytes: Vec<u8>) -> io::Result<Head> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&bytes).map_err(io::Error::other)?;
    let headers: Vec<(String, String)> = plain(request.headers);
    Ok(head(bytes, &headers))
}

fn answer_head(bytes: Vec<u8>) -> io::Result<Head> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut answer = httparse::Response::new(&mut headers);
    answer.parse(&bytes).map_err(io::Error::other)?;
    let headers: Vec<(String, String)> = plain(answer.headers);
    Ok(head(bytes, &headers))
}

fn plain(headers: &[httparse::Header]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect()
}

fn head(bytes: Vec<u8>, headers: &[(String, String)]) -> Head {
    let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
    let chunked =
        value("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
    let length = value("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let order = value(RELAY_HEADER).map(str::to_owned);
    let expects_continue = value("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    let close = value("connection").is_some_and(|value| value.to_ascii_lowercase().contains("close"));
    let bytes =
        if order.is_some() || expects_continue { without(&bytes, &[RELAY_HEADER, "expect"]) } else { bytes };
    Head {
        bytes,
        body: if chunked { Body::Chunked } else { Body::Sized(length) },
        expects_continue,
        order,
        close,
    }
}

/// A head without some headers.
fn without(head: &[u8], names: &[&str]) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        if !names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
            out.extend_from_slice(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_to_the_relay_is_taken_out_of_the_head() {
        let head =
            answer_head(b"HTTP/1.1 200 OK\r\nX-Mock-Relay: cut 3\r\ncontent-length: 9\r\n\r\n".to_vec())
                .unwrap();
        assert_eq!(head.order.as_deref(), Some("cut 3"));
        assert_eq!(head.bytes, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
        assert!(matches!(head.body, Body::Sized(9)));
    }
}
