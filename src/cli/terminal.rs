//! The terminal: is somebody there, and what do they answer?

use std::io::{BufRead as _, IsTerminal as _};

use super::failure::Failure;
use crate::interrupt::Interrupt;
use crate::report::Printer;

/// Whether there is one to ask: the question goes to standard error, the answer comes from standard input.
pub(super) fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The line that is typed in answer to this question; nothing at the end of the input.
pub(super) async fn ask(printer: &Printer, question: &str, interrupt: &Interrupt) -> Result<String, Failure> {
    forget_what_was_typed();
    printer.question(question);
    let answer = read_line(interrupt).await?;
    if answer.ends_with('\n') {
        printer.is_answered();
    }
    Ok(answer)
}

/// A key that was hit before there was a question answers none.
fn forget_what_was_typed() {
    #[cfg(unix)]
    // Where the terminal cannot do it, the answer is still held against the question.
    let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
}

/// A line from standard input. A thread of its own reads, for nothing stops such a read: a signal only stops the waiting
/// for it.
async fn read_line(interrupt: &Interrupt) -> Result<String, Failure> {
    let (send, line) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = Vec::new();
        let read = std::io::stdin().lock().read_until(b'\n', &mut line);
        // Nobody may be waiting any more.
        let _ = send.send(read.map(|_| String::from_utf8_lossy(&line).into_owned()));
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
