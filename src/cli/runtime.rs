//! The async edge: one runtime and one pair of signal handlers for the whole run, started by the first command that
//! speaks to a workspace. Commands that never do keep the signals of any other program.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::Context;
use super::failure::Failure;
use crate::interrupt::Interrupt;
use crate::report::Printer;

/// How long a second signal leaves the work to end by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// The runtime of a run, and whether somebody wants it to stop.
#[derive(Default)]
pub(super) struct Runtime {
    started: OnceLock<tokio::runtime::Runtime>,
    interrupt: Interrupt,
}

impl Runtime {
    fn start(&self, printer: &Arc<Printer>) -> Result<&tokio::runtime::Runtime, Failure> {
        if let Some(runtime) = self.started.get() {
            return Ok(runtime);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let printer = Arc::clone(printer);
        let within = runtime.enter();
        self.interrupt.listen(move || {
            printer.say("stopping; a deploy that is under way is finished first; again to stop at once");
        })?;
        drop(within);
        Ok(self.started.get_or_init(|| runtime))
    }

    /// An error once somebody wants the run to stop.
    pub(super) fn go_on(&self) -> Result<(), Failure> {
        match self.interrupt.signal() {
            Some(signal) => Err(Failure::interrupted(signal)),
            None => Ok(()),
        }
    }
}

impl Drop for Runtime {
    /// Sockets and children are closed with the runtime; what still waits for a name server or a keyring is left alone.
    fn drop(&mut self) {
        if let Some(runtime) = self.started.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs `work` to its end. The first signal asks it to stop, the second to stop at once; where one came and the work did
/// not end well, the status is the signal's.
pub(super) fn block_on<T, F>(context: &Context, work: impl FnOnce(Interrupt) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let runtime = context.runtime.start(&context.printer)?;
    context.runtime.go_on()?;
    let interrupt = &context.runtime.interrupt;
    let result = runtime.block_on(async {
        let impatient = async {
            interrupt.kill.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            biased;
            result = work(interrupt.clone()) => result,
            () = impatient => Err(Failure::work("stopped")),
        }
    });
    match result {
        Err(failure) => Err(context.runtime.go_on().err().unwrap_or(failure)),
        result => result,
    }
}
