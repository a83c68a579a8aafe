//! Where the program writes: data to stdout, everything else to stderr.

use std::io::Write as _;

/// The only place of the stand-in that writes to the streams of the process.
///
/// A closed pipe is not an error of ours: whoever stopped reading has seen enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    quiet: u8,
}

impl Output {
    /// `quiet` counts `-q`: once leaves the summary only, twice leaves warnings and errors only.
    pub(super) fn new(quiet: u8) -> Self {
        Self { quiet }
    }

    /// Data for the caller, as it is.
    pub(super) fn data(self, text: &str) {
        let mut stream = std::io::stdout().lock();
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// A line that is shown whatever `-q` says.
    pub(super) fn message(self, line: &str) {
        let mut stream = std::io::stderr().lock();
        let _ = writeln!(stream, "{line}");
    }

    /// A line of progress, or one result of many.
    pub(super) fn progress(self, line: &str) {
        if self.quiet == 0 {
            self.message(line);
        }
    }

    /// A line of the closing summary.
    pub(super) fn summary(self, line: &str) {
        if self.quiet <= 1 {
            self.message(line);
        }
    }
}
