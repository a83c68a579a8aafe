//! [`MockWorkspace`]: the server, and what tests ask it afterwards.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use regex::Regex;
use tokio::sync::oneshot;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use super::builder::Builder;
use super::fault::Fault;
use super::identity::Identity;
use super::log::RecordedRequest;
use super::relay::{self, Gauge};
use super::responder::{Responder, Shared, lock};
use super::world::World;

/// What a workspace is made of.
pub(super) struct Start {
    pub(super) listener: TcpListener,
    pub(super) world: World,
    pub(super) user: Identity,
    pub(super) token: String,
    pub(super) warehouse_id: String,
    pub(super) keeps_log: bool,
}

/// The body of the server's thread, until `stopped`.
fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    gauge: Arc<Gauge>,
    started: &mpsc::Sender<io::Result<()>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            started.send(Err(error)).ok();
            return;
        }
    };
    runtime.block_on(async move {
        let ready = async {
            let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let server = MockServer::builder().listener(inner).disable_request_recording().start().await;
            Mock::given(any()).respond_with(Responder(shared)).mount(&server).await;
            io::Result::Ok((tokio::net::TcpListener::from_std(listener)?, server))
        };
        match ready.await {
            Ok((front, server)) => {
                let address: SocketAddr = *server.address();
                started.send(Ok(())).ok();
                tokio::select! {
                    () = relay::accept(front, address, gauge) => {}
                    // A dropped sender stops it as well.
                    _ = stopped => {}
                }
            }
            Err(error) => {
                started.send(Err(error)).ok();
            }
        }
    });
}

/// A Databricks workspace on a loopback port, for as long as this value lives.
///
/// Dropping it panics if it was asked something that it does not know: a mock that guesses would teach wrong things.
#[derive(Debug)]
pub struct MockWorkspace {
    shared: Arc<Shared>,
    gauge: Arc<Gauge>,
    user: Identity,
    token: String,
    warehouse_id: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The state of a [`MockWorkspace`], for who prepares it from afar.
#[derive(Clone, Debug)]
pub struct WorldHandle(Arc<Shared>);

impl WorldHandle {
    /// As [`MockWorkspace::world`].
    pub fn world<T>(&self, edit: impl FnOnce(&mut World) -> T) -> T {
        edit(&mut lock(&self.0.world))
    }
}

impl MockWorkspace {
    /// A workspace with a running warehouse and an administrator.
    ///
    /// # Panics
    /// When there is no port to listen on.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start().expect("a loopback port is free")
    }

    pub(super) fn serve(start: Start) -> io::Result<Self> {
        let Start { listener, world, user, token, warehouse_id, keeps_log } = start;
        let shared = Arc::new(Shared {
            origin: format!("http://{}", listener.local_addr()?),
            world: Mutex::new(world),
            log: Mutex::default(),
            faults: Mutex::default(),
            keeps_log,
        });
        let gauge = Arc::new(Gauge::default());
        let (started, wait) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("mock-workspace".to_owned()).spawn({
            let (shared, gauge) = (Arc::clone(&shared), Arc::clone(&gauge));
            move || run(listener, shared, gauge, &started, stopped)
        })?;
        wait.recv().map_err(|_| io::Error::other("the server's thread ended early"))??;
        Ok(Self { shared, gauge, user, token, warehouse_id, stop: Some(stop), thread: Some(thread) })
    }

    /// A workspace of another kind.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.origin
    }

    /// The personal access token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The SQL warehouse that is there from the start.
    #[must_use]
    pub fn warehouse_id(&self) -> &str {
        &self.warehouse_id
    }

    /// The user name of the token's owner.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user.user_name
    }

    /// Reads or edits the state. Requests wait meanwhile, so the closure must not make one, nor call `world` again.
    pub fn world<T>(&self, edit: impl FnOnce(&mut World) -> T) -> T {
        edit(&mut lock(&self.shared.world))
    }

    /// A way to the state that may outlive borrows of this value.
    #[must_use]
    pub fn handle(&self) -> WorldHandle {
        WorldHandle(Arc::clone(&self.shared))
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.shared.faults).arm(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.shared.log).requests.clone()
    }

    /// The requests so far that could have changed anything.
    #[must_use]
    pub fn writes(&self) -> Vec<RecordedRequest> {
        lock(&self.shared.log).requests.iter().filter(|request| request.is_write).cloned().collect()
    }

    /// How many requests had this method (`*`: any) and a path that matches this expression as a whole.
    ///
    /// # Panics
    /// If the expression is none.
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        let path = Regex::new(&format!("^(?:{path})$")).expect("a path is a regular expression");
        let log = lock(&self.shared.log);
        let matches = |request: &&RecordedRequest| {
            (method == "*" || request.method == method) && path.is_match(&request.path)
        };
        log.requests.iter().filter(matches).count()
    }

    /// Forgets the requests and the peak so far, not the unexpected ones.
    pub fn clear_requests(&self) {
        lock(&self.shared.log).requests.clear();
        self.gauge.reset();
    }

    /// What was asked that no handler knows, as `METHOD path`.
    #[must_use]
    pub fn unexpected(&self) -> Vec<String> {
        lock(&self.shared.log).unexpected.clone()
    }

    /// Forgets what was unexpected, for a test that means it; answers it.
    pub fn take_unexpected(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared.log).unexpected)
    }

    /// How many requests were being answered at the same time, at most.
    #[must_use]
    pub fn peak_in_flight(&self) -> usize {
        self.gauge.peak()
    }
}

impl Drop for MockWorkspace {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
        let unexpected = self.unexpected();
        if !unexpected.is_empty() && !std::thread::panicking() {
            panic!("the workspace was asked what it does not know:\n  {}", unexpected.join("\n  "));
        }
    }
}
