//! The one way out: data to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::AutoStream;
use indicatif::{MultiProgress, ProgressDrawTarget};
use owo_colors::{OwoColorize as _, Style};

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

/// Writes for people and programs. A reader that went away ends nothing: the work goes on.
pub struct Printer {
    stdout: Mutex<AutoStream<io::Stdout>>,
    stderr: Mutex<AutoStream<io::Stderr>>,
    bars: MultiProgress,
    verbosity: Verbosity,
    animated: bool,
    answered: AtomicBool,
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

    /// The result, as it is.
    pub fn data(&self, text: &str) {
        self.answered.store(true, Ordering::SeqCst);
        self.leave_question();
        self.bars.suspend(|| write_to(&self.stdout, text));
    }

    /// A document as JSON.
    pub fn json(&self, document: &impl serde::Serialize) {
        if let Ok(mut text) = serde_json::to_string_pretty(document) {
            text.push('\n');
            self.data(&text);
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

    /// Text for standard error, as it is.
    pub fn text(&self, text: &str) {
        self.leave_question();
        self.bars.suspend(|| write_to(&self.stderr, text));
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
            self.bars.suspend(|| write_to(&self.stderr, "\n"));
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

fn write_to<W: anstream::stream::RawStream>(stream: &Mutex<AutoStream<W>>, text: &str)
where
    AutoStream<W>: io::Write,
{
    let mut stream = stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // Nobody is left to be told that nobody reads.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
