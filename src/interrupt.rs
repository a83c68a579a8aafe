//! Ctrl-C and SIGTERM: the first asks for an orderly stop, the second for one at once.

use tokio_util::sync::CancellationToken;

/// Whether, and how urgently, the user wants the run to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    /// Set by the first signal: no new step is started, a step that writes is finished.
    pub stop: CancellationToken,
    /// Set by the second: the running step is killed too.
    pub kill: CancellationToken,
}

impl Interrupt {
    /// Starts to listen; must be called within a runtime. `heard` is told of each signal: its number, and how many there
    /// have been.
    pub fn listen(&self, heard: impl Fn(i32, u32) + Send + 'static) {
        let interrupt = self.clone();
        tokio::spawn(async move {
            let mut signals = match Signals::new() {
                Ok(signals) => signals,
                // Without handlers a signal ends the process, as it would have without us.
                Err(_) => return,
            };
            let mut count = 0;
            loop {
                let signal = signals.next().await;
                count += 1;
                heard(signal, count);
                if count == 1 { interrupt.stop.cancel() } else { interrupt.kill.cancel() }
            }
        });
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.stop.is_cancelled()
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
