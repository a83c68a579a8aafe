//! The async edge: commands that speak to a workspace start a runtime, the others never do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::Context;
use super::failure::Failure;
use crate::interrupt::Interrupt;

/// Runs `work` to its end. The first signal asks it to stop, the second to stop at once; where one came, the status is
/// the signal's, unless the work says otherwise.
pub(super) fn block_on<T, F>(
    context: &Context,
    work: impl FnOnce(Interrupt, Signal) -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let interrupt = Interrupt::default();
    let signal = Signal::default();
    let result = runtime.block_on(async {
        let heard = signal.clone();
        interrupt.listen(move |number, _| {
            // The first one counts: the status says what the user asked for.
            let _ = heard.0.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst);
        });
        let stop = interrupt.stop.clone();
        let say = async {
            stop.cancelled().await;
            context.printer.say("stopping: the running step is finished first; again to stop at once");
            std::future::pending::<()>().await;
        };
        tokio::select! {
            result = work(interrupt.clone(), signal.clone()) => result,
            () = say => Err(Failure::interrupted(2)),
        }
    });
    // Child processes and sockets are closed with the runtime; nothing of it outlives the command.
    runtime.shutdown_background();
    match (result, signal.number()) {
        (Err(_), Some(number)) => Err(Failure::interrupted(number)),
        (result, _) => result,
    }
}

/// The signal that asked the run to stop, once there was one.
#[derive(Clone, Debug, Default)]
pub(super) struct Signal(Arc<AtomicI32>);

impl Signal {
    pub(super) fn number(&self) -> Option<i32> {
        match self.0.load(Ordering::SeqCst) {
            0 => None,
            number => Some(number),
        }
    }
}
