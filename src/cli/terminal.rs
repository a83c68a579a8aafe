//! The terminal: is somebody there, and what do they answer?

use std::io::IsTerminal as _;

use super::failure::Failure;
use crate::interrupt::Interrupt;

/// Whether there is one to ask: the question goes to standard error, the answer comes from standard input.
pub(super) fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// A line from standard input; nothing at its end. A thread of its own reads, for nothing stops such a read: a signal only
/// stops the waiting for it.
pub(super) async fn read_line(interrupt: &Interrupt) -> Result<String, Failure> {
    let (send, line) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        // Nobody may be waiting any more.
        let _ = send.send(std::io::stdin().read_line(&mut line).map(|_| line));
    });
    tokio::select! {
        biased;
        () = interrupt.stop.cancelled() => Err(Failure::interrupted(interrupt.signal().unwrap_or(2))),
        line = line => match line {
            Ok(line) => Ok(line?),
            Err(_) => Ok(String::new()),
        },
    }
}
