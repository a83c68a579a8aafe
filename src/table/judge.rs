//! What the rules have in common: the resolved rows, and the findings so far.

use std::collections::HashSet;

use super::resolution::{Resolution, ValueOrigin};
use crate::finding::{Finding, Findings, Place};
use crate::settings::Column;
use crate::source::Fold;

/// Rows, settings and what was found in them.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) resolution: Resolution<'a>,
    findings: Fold,
    /// Settings values that were judged already: one value may stand in for thousands of cells.
    told: HashSet<(&'static str, usize)>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(resolution: Resolution<'a>) -> Self {
        Self { resolution, findings: Fold::new(), told: HashSet::new() }
    }

    /// A finding at a place that is known.
    pub(super) fn tell(&mut self, rule: &'static str, finding: impl FnOnce() -> Finding) {
        self.findings.push(rule, finding);
    }

    /// A finding at the effective value of a column of a row: at the very cell, or once at the settings value that stands
    /// in for it.
    pub(super) fn tell_value(
        &mut self,
        rule: &'static str,
        (row, column): (usize, Column),
        origin: ValueOrigin<'_>,
        finding: impl FnOnce() -> Finding,
    ) {
        let source = match origin {
            ValueOrigin::Column(other) => self.resolution.value(row, other).origin,
            other => other,
        };
        let once = match source {
            ValueOrigin::Default { assigned, .. } | ValueOrigin::Override { assigned, .. } => {
                Some(std::ptr::from_ref(assigned).addr())
            }
            ValueOrigin::Setting | ValueOrigin::BuiltIn | ValueOrigin::Connector => Some(column.index()),
            ValueOrigin::Row | ValueOrigin::Column(_) => None,
        };
        if let Some(once) = once
            && !self.told.insert((rule, once))
        {
            return;
        }
        let resolution = &self.resolution;
        self.findings.push(rule, || finding().at(resolution.place(row, column, origin)));
    }

    /// Where a row stands, shortly, for texts: `line 7`, or its key.
    pub(super) fn short_place(&self, row: usize, column: Column, origin: ValueOrigin<'_>) -> String {
        match self.resolution.place(row, column, origin) {
            Place::File { file, line, .. } if self.is_rows(&file) => format!("line {line}"),
            Place::Row { key, .. } => format!("row {key}"),
            place => place.to_string(),
        }
    }

    fn is_rows(&self, file: &str) -> bool {
        self.resolution.rows.origin().name() == file
    }

    pub(super) fn finish(self) -> Findings {
        self.findings.finish()
    }
}
