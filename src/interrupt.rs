//! Ctrl-C and SIGTERM: the first asks for an orderly stop, the second for one at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// What comes this soon after the first signal is the same one: `timeout` and runners send it to the process and to its
/// group.
const SAME: Duration = Duration::from_millis(300);

/// Whether, and how urgently, the user wants the run to stop. Clones know the same.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    /// Set by the first signal: no new step is started, a step that writes is finished.
    pub stop: CancellationToken,
    /// Set by the second: the running step is killed too.
    pub kill: CancellationToken,
    signal: Arc<AtomicI32>,
}

impl Interrupt {
    /// Starts to listen; must be called within a runtime. `heard` is told of the first signal.
    ///
    /// # Errors
    /// Where no handlers can be installed. A signal then ends the process, as it would have without us.
    pub fn listen(&self, heard: impl Fn() + Send + 'static) -> std::io::Result<()> {
        let mut signals = Signals::new()?;
        let interrupt = self.clone();
        tokio::spawn(async move {
            interrupt.signal.store(signals.next().await, Ordering::SeqCst);
            interrupt.stop.cancel();
            heard();
            let first = Instant::now();
            while first.elapsed() < SAME {
                signals.next().await;
            }
            interrupt.kill.cancel();
        });
        Ok(())
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The number of the signal that asked for a stop: the first one, for the exit status says what the user asked for.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|number| *number != 0)
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        2
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a signal to this very process")]
    fn send() -> bool {
        let id = std::process::id().to_string();
        std::process::Command::new("kill").args(["-TERM", &id]).status().is_ok_and(|status| status.success())
    }

    #[tokio::test]
    async fn what_comes_with_the_first_signal_is_the_same_one() {
        let interrupt = Interrupt::default();
        interrupt.listen(|| ()).unwrap();
        assert!(send());
        interrupt.stop.cancelled().await;
        assert!(send());
        tokio::time::sleep(SAME / 3).await;
        assert_eq!((interrupt.kill.is_cancelled(), interrupt.signal()), (false, Some(15)));
        tokio::time::sleep(SAME).await;
        assert!(send());
        tokio::time::timeout(10 * SAME, interrupt.kill.cancelled()).await.unwrap();
    }
}
