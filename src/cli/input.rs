//! What a command goes by before it asks any target: the rows, what they ask for, and the locks that say where it lies.

use super::Context;
use super::failure::Failure;
use super::prepare::{LockedBase, locked_bases};
use super::source::{Read, ReadRows, read_rows_at};
use crate::desired::{Asked, ask};
use crate::finding::Findings;
use crate::report::SourceDocument;
use crate::settings::{Settings, Target};

/// All of it.
pub(super) struct Input<'a> {
    pub(super) read: Box<Read>,
    pub(super) asked: Asked,
    pub(super) bases: Vec<LockedBase<'a>>,
}

/// Whose input is wanted.
pub(super) struct InputRequest<'a> {
    pub(super) context: &'a Context,
    pub(super) settings: &'a Settings,
    /// The targets that the command is for.
    pub(super) targets: &'a [Target],
    pub(super) profile: Option<&'a str>,
    /// The version of the table list, where it is not the newest.
    pub(super) version: Option<i64>,
}

impl<'a> InputRequest<'a> {
    /// Reads it. What is to be said goes to `findings`, what was read to `source`; nothing comes where an error is found.
    pub(super) fn read(
        &self,
        findings: &mut Findings,
        source: &mut Option<SourceDocument>,
    ) -> Result<Option<Input<'a>>, Failure> {
        let Self { context, settings, targets, profile, version } = *self;
        let read = read_rows_at(context, settings, targets, profile, version, findings)?;
        let ReadRows::Read(read) = read else { return Ok(None) };
        *source = Some(read.document.clone());
        let mut asked = ask(&read.rows, settings, false);
        findings.extend(std::mem::take(&mut asked.findings));
        // A bundle holds every target of the settings, so that it is the same whichever of them is meant.
        let everywhere = settings.targets_or(targets);
        let bases = locked_bases(context, settings, &asked, (&everywhere, targets), findings)?;
        Ok((!findings.has_errors()).then_some(Input { read, asked, bases }))
    }
}
