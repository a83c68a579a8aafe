//! From a request that wiremock received to its answer: faults, credentials, route, log.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wiremock::{Request, Respond, ResponseTemplate};

use super::answer::{Answer, Problem};
use super::call::{Call, decode};
use super::fault::{Applied, Faults, no_such_endpoint};
use super::identity::{self, Identity};
use super::log::{Log, RecordedRequest};
use super::world::{World, uuid};
use super::{router, storage};

/// What the handlers and the test share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) origin: String,
    pub(super) world: Mutex<World>,
    pub(super) log: Mutex<Log>,
    pub(super) faults: Mutex<Faults>,
    pub(super) keeps_log: bool,
}

/// A poisoned lock means that a test's closure panicked: the state is still the state.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers every request, from the state.
pub(super) struct Responder(pub(super) Arc<Shared>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let shared = &self.0;
        // As a caller means it: the CLI sends the path of a file as one segment, tapworks as several.
        let path = decode(request.url.path());
        let agent =
            request.headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let applied = lock(&shared.faults).take(request.method.as_str(), &path, agent, &request.body);
        let (mut answer, known) = self.answer(request, &applied);
        if !path.starts_with("/oidc/") {
            answer.headers.push(("x-request-id".to_owned(), uuid()));
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
                path,
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
        let public = identity::is_public(request.url.path()) || storage::is_storage(request.url.path());
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
        let answer = reply.unwrap_or_else(Problem::into_answer);
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
