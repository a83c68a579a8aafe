//! Reaching workspaces for a command.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Context;
use super::failure::Failure;
use crate::interrupt::Interrupt;
use crate::report::Progress;
use crate::settings::Target;
use crate::text::plural;
use crate::workspace::{
    Access, AccessRequest, Client, ClientOptions, Observer, Requested, Retrying, StatementProgress,
    StatementStage,
};

/// How a target's workspace is reached: `--profile`, else what the target names, else the environment.
pub(super) fn access(context: &Context, target: &Target, profile: Option<&str>) -> Result<Access, Failure> {
    let request = AccessRequest {
        host: target.host.clone(),
        profile: profile.map(str::to_owned).or_else(|| target.profile.clone()),
        profile_is_explicit: profile.is_some() || target.profile.is_some(),
    };
    Ok(Access::resolve(&request, &context.environment)?)
}

/// A client for it.
pub(super) fn connect(
    context: &Context,
    access: Access,
    interrupt: &Interrupt,
    observer: Arc<dyn Observer>,
) -> Result<Client, Failure> {
    let options = ClientOptions { observer: Some(observer), ..options(context, interrupt) };
    Ok(Client::connect(access, options, &context.environment)?)
}

/// What every client of the run is made with.
pub(super) fn options(context: &Context, interrupt: &Interrupt) -> ClientOptions {
    ClientOptions { cancel: interrupt.stop.clone(), ..context.network.options() }
}

/// Shows a client's requests as the newest line of a step.
pub(super) struct Requests {
    progress: Progress,
    step: String,
    count: AtomicU64,
}

impl Requests {
    pub(super) fn shown_on(progress: &Progress, step: String) -> Arc<dyn Observer> {
        Arc::new(Self { progress: progress.clone(), step, count: AtomicU64::new(0) })
    }
}

impl Observer for Requests {
    fn requested(&self, _: &Requested<'_>) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.count(&self.step, &plural(usize::try_from(count).unwrap_or(usize::MAX), "request"));
    }

    fn retrying(&self, event: &Retrying<'_>) {
        self.progress.detail(&format!(
            "{} {}: {}; again in {:.1} s",
            event.method,
            event.path,
            event.reason,
            event.wait.as_secs_f64()
        ));
    }

    fn statement_progress(&self, event: &StatementProgress<'_>) {
        let line = match event.stage {
            StatementStage::WaitingForWarehouse => {
                format!("waiting for warehouse {}, which may have to start", event.warehouse)
            }
            StatementStage::Running => "the statement runs".to_owned(),
            StatementStage::Reading { rows, of: Some(of) } => format!("{rows} of {of} rows"),
            StatementStage::Reading { rows, of: None } => format!("{rows} rows"),
        };
        self.progress.line(&self.step, &line);
    }
}
