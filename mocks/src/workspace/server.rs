//! [`MockWorkspace`]: the server, its builder, and what tests ask it afterwards.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use regex::Regex;
use tokio::sync::oneshot;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::answer::Answer;
use super::call::Call;
use super::fault::{Applied, Fault, Faults, no_such_endpoint};
use super::identity::{self, Identity};
use super::log::{Log, RecordedRequest};
use super::relay::{self, Gauge};
use super::warehouses::Warehouse;
use super::world::World;
use super::{router, statements};

/// What the handlers and the test share.
#[derive(Debug)]
struct Shared {
    origin: String,
    world: Mutex<World>,
    log: Mutex<Log>,
    faults: Mutex<Faults>,
    keeps_log: bool,
}

/// A poisoned lock means that a test's closure panicked: the state is still the state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a new workspace is like.
#[derive(Debug)]
pub struct Builder {
    user: Identity,
    token: String,
    listener: Option<TcpListener>,
    lenient: bool,
    accept_duplicate_names: bool,
    check_references: bool,
    furnishes: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            user: Identity::user("tester@example.com").in_group("users").in_group("admins"),
            token: format!("dapi{:032x}", fastrand::u128(..)),
            listener: None,
            lenient: false,
            accept_duplicate_names: false,
            check_references: false,
            furnishes: false,
        }
    }
}

impl Builder {
    /// The administrator whose token it is; `tester@example.com` if not said.
    #[must_use]
    pub fn user(mut self, user_name: &str) -> Self {
        self.user = Identity::user(user_name).in_group("users").in_group("admins");
        self
    }

    /// Any other identity as the owner of the token.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.user = identity;
        self
    }

    /// The personal access token; random if not said.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Listens there; any free loopback port if not said.
    #[must_use]
    pub fn listener(mut self, listener: TcpListener) -> Self {
        self.listener = Some(listener);
        self
    }

    /// For a server that runs on its own: keeps no log of requests, and an unknown request is told on standard error only.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Lets pipelines have the same name without `allow_duplicate_names`. The service does not; the CLI's own test
    /// server, which `recorded` comes from, does.
    #[must_use]
    pub fn accept_duplicate_names(mut self) -> Self {
        self.accept_duplicate_names = true;
        self
    }

    /// Refuses pipelines whose connection, gateway or catalog does not exist.
    #[must_use]
    pub fn check_references(mut self) -> Self {
        self.check_references = true;
        self
    }

    /// Lets the rows of watched CSV files bring the connections, catalogs and schemas that they name.
    #[must_use]
    pub fn furnishes(mut self) -> Self {
        self.furnishes = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When there is no port to listen on, or no thread.
    pub fn start(self) -> io::Result<MockWorkspace> {
        let listener = match self.listener {
            Some(listener) => listener,
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        };
        listener.set_nonblocking(true)?;
        let origin = format!("http://{}", listener.local_addr()?);
        let mut world = World::new(&self.user);
        world.accounts.add_token(&self.token, self.user.clone());
        world.pipelines.accept_duplicate_names = self.accept_duplicate_names;
        world.pipelines.check_references = self.check_references;
        world.furnishes = self.furnishes;
        let warehouse_id = world.warehouses.add(Warehouse::running("Mock Warehouse"));
        let shared = Arc::new(Shared {
            origin,
            world: Mutex::new(world),
            log: Mutex::default(),
            faults: Mutex::default(),
            keeps_log: !self.lenient,
        });
        let gauge = Arc::new(Gauge::default());
        let (started, wait) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("mock-workspace".to_owned()).spawn({
            let (shared, gauge) = (Arc::clone(&shared), Arc::clone(&gauge));
            move || run(listener, shared, gauge, &started, stopped)
        })?;
        wait.recv().map_err(|_| io::Error::other("the server's thread ended early"))??;
        Ok(MockWorkspace {
            shared,
            gauge,
            user: self.user,
            token: self.token,
            warehouse_id,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
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

/// Answers every request, from the state.
struct Responder(Arc<Shared>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let shared = &self.0;
        let path = request.url.path();
        let applied = lock(&shared.faults).take(request.method.as_str(), path, &request.body);
        let (mut answer, known) = self.answer(request, &applied);
        if !path.starts_with("/oidc/") {
            answer.headers.push(("x-request-id".to_owned(), super::world::uuid()));
        }
        let mut log = lock(&shared.log);
        if !known {
            let line =
                format!("{} {}", request.method, request.url.as_str().trim_start_matches("http://localhost"));
            if shared.keeps_log {
                log.unexpected.push(line);
            } else {
                io::Write::write_all(
                    &mut io::stderr(),
                    format!("mock-workspace: unknown request: {line}\n").as_bytes(),
                )
                .ok();
            }
        }
        if shared.keeps_log {
            log.requests.push(RecordedRequest {
                method: request.method.to_string(),
                path: path.to_owned(),
                query: request.url.query_pairs().into_owned().collect(),
                body: request.body.clone(),
                headers: request
                    .headers
                    .iter()
                    .map(|(name, value)| {
                        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                    })
                    .collect(),
                status: answer.status,
                is_write: router::is_write(request),
            });
        }
        drop(log);
        answer.into_template().set_delay(applied.delay)
    }
}

impl Responder {
    /// The answer, and whether the route is known.
    fn answer(&self, request: &Request, applied: &Applied) -> (Answer, bool) {
        let mut world = lock(&self.0.world);
        let world = &mut *world;
        let page_token = request
            .url
            .query_pairs()
            .find(|(key, _)| key == "page_token")
            .map(|(_, value)| value.into_owned());
        if let Some(answer) = applied.before(&mut world.accounts, page_token.as_deref()) {
            return (answer, true);
        }
        let public = identity::is_public(request.url.path()) || statements::is_storage(request.url.path());
        let header = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let caller = match (public, world.accounts.authenticate(header)) {
            (_, Ok(caller)) => caller,
            (true, Err(_)) => Identity::default(),
            (false, Err(problem)) => return (problem.into_answer(), true),
        };
        let mut call = Call::new(request, &self.0.origin, caller);
        call.outcome = applied.outcome().cloned();
        if let Err(problem) = router::check_workspace(world, &call) {
            return (problem.into_answer(), true);
        }
        let Some(reply) = router::route(world, &call) else {
            return (no_such_endpoint(call.method, call.path).into_answer(), false);
        };
        let known = !reply.as_ref().is_err_and(|problem| problem.unexpected);
        let answer = reply.unwrap_or_else(super::answer::Problem::into_answer);
        let answer = if world.int64_as_text { answer.with_int64_as_text() } else { answer };
        let answer = applied.after(answer, page_token.as_deref());
        let answer = if public {
            answer
        } else {
            answer.header("x-databricks-org-id", world.workspace_id.to_string())
        };
        (answer, known)
    }
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

impl MockWorkspace {
    /// A workspace with a running warehouse and an administrator.
    ///
    /// # Panics
    /// When there is no port to listen on.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start().expect("a loopback port is free")
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
