//! The one way out: data to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use anstream::AutoStream;
use indicatif::{MultiProgress, ProgressDrawTarget};
use owo_colors::{OwoColorize as _, Style};

use super::findings::findings_text;
use crate::finding::{Finding, Findings, Severity};
use crate::text::printable_with_colours;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Results and errors.
    Quiet,
    /// What happens.
    Normal,
    /// What is decided.
    Verbose,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// Where a terminal reads it, and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// Writes for people and programs. A reader that went away ends nothing, and a result that cannot be written ends nothing
/// at once: the work goes on, and [`Printer::lost`] tells of it in the end.
pub struct Printer {
    stdout: Mutex<AutoStream<io::Stdout>>,
    stderr: Mutex<AutoStream<io::Stderr>>,
    bars: MultiProgress,
    verbosity: Verbosity,
    animated: bool,
    answered: AtomicBool,
    lost: OnceLock<io::Error>,
    /// Whether the cursor stands behind a question.
    asking: AtomicBool,
}

impl Printer {
    /// For this process's streams.
    #[must_use]
    pub fn new(verbosity: Verbosity, color: ColorChoice) -> Self {
        let choice = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let animated = verbosity == Verbosity::Normal && io::stderr().is_terminal();
        let bars = MultiProgress::with_draw_target(if animated {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        Self {
            stdout: Mutex::new(AutoStream::new(io::stdout(), choice)),
            stderr: Mutex::new(AutoStream::new(io::stderr(), choice)),
            bars,
            verbosity,
            animated,
            answered: AtomicBool::new(false),
            lost: OnceLock::new(),
            asking: AtomicBool::new(false),
        }
    }

    /// Whether more is told than usual.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Whether a result was written.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    /// Why a result did not get out, where one did not: a disk that is full. That nobody reads it any more is no reason.
    #[must_use]
    pub fn lost(&self) -> Option<&io::Error> {
        self.lost.get()
    }

    /// The result as text for people.
    pub fn data(&self, text: &str) {
        self.result(&printable_with_colours(text));
    }

    /// The result, as it is.
    fn result(&self, text: &str) {
        self.answered.store(true, Ordering::SeqCst);
        self.leave_question();
        if let Err(error) = self.bars.suspend(|| write_to(&self.stdout, text))
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            // The first is the cause of those that follow.
            let _ = self.lost.set(error);
        }
    }

    /// A document as JSON.
    pub fn json(&self, document: &impl serde::Serialize) {
        match serde_json::to_string_pretty(document) {
            Ok(text) => self.result(&format!("{text}\n")),
            Err(error) => {
                let _ = self.lost.set(error.into());
            }
        }
    }

    /// A line about what happens; not when quiet.
    pub fn say(&self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.stderr_line(line);
        }
    }

    /// A line about what was decided; only when verbose.
    pub fn detail(&self, line: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.stderr_line(&line.dimmed().to_string());
        }
    }

    /// What was found; errors alone when quiet.
    pub fn findings(&self, findings: &Findings) {
        let is_told =
            |finding: &&Finding| self.verbosity > Verbosity::Quiet || finding.severity == Severity::Error;
        self.text(&findings_text(&findings.iter().filter(is_told).cloned().collect()));
    }

    /// A line that must be read.
    pub fn warn(&self, line: &str) {
        self.stderr_line(&format!("{} {line}", "warning:".style(Style::new().yellow().bold())));
    }

    /// An error, with what to do about it.
    pub fn error(&self, message: &str, hints: &[String]) {
        self.stderr_line(&format!("{} {message}", "error:".style(Style::new().red().bold())));
        for hint in hints {
            self.stderr_line(&format!("  {} {hint}", "hint:".style(Style::new().cyan().bold())));
        }
    }

    /// Text for standard error. What others wrote into it cannot move the cursor, nor turn a name round.
    pub fn text(&self, text: &str) {
        self.leave_question();
        let text = &printable_with_colours(text);
        // Nobody is left to be told that nobody reads.
        let _ = self.bars.suspend(|| write_to(&self.stderr, text));
    }

    /// A question, whose answer is typed behind it on the same line.
    pub fn question(&self, text: &str) {
        self.text(text);
        self.asking.store(true, Ordering::SeqCst);
    }

    /// The answer was typed to the end of its line.
    pub fn is_answered(&self) {
        self.asking.store(false, Ordering::SeqCst);
    }

    /// What is told while an answer is awaited, or in its place, starts a line of its own.
    fn leave_question(&self) {
        if self.asking.swap(false, Ordering::SeqCst) {
            // As in `text`.
            let _ = self.bars.suspend(|| write_to(&self.stderr, "\n"));
        }
    }

    fn stderr_line(&self, line: &str) {
        self.text(&format!("{line}\n"));
    }

    /// Whether bars are drawn; otherwise steps are told line by line.
    pub(super) fn is_animated(&self) -> bool {
        self.animated
    }

    /// Where bars are drawn.
    pub(super) fn bars(&self) -> &MultiProgress {
        &self.bars
    }
}

fn write_to<W: anstream::stream::RawStream>(stream: &Mutex<AutoStream<W>>, text: &str) -> io::Result<()>
where
    AutoStream<W>: io::Write,
{
    let mut stream = stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
}
