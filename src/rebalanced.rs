//! A better layout of what is placed, and what it costs, without asking any workspace.

use crate::desired::{Asked, over_the_limit};
use crate::finding::{Finding, Findings};
use crate::placement::{Lock, Memory, Moves, Placed, Rules, Tally, place};
use crate::settings::Settings;
use crate::source::RowSet;

/// What a better layout takes.
#[derive(Debug, Default)]
pub struct Rebalanced {
    /// What moves, and the balance before and after.
    pub moves: Moves,
    /// Who remembered the places that are left.
    pub tally: Tally,
    /// The lock with the moves in it; as it was where nothing moves, or a finding is an error.
    pub lock: Lock,
    /// What stands in the way, and what is over a limit even then.
    pub findings: Findings,
}

/// Places every table as `generate` does, and works out the moves from there.
#[must_use]
pub fn rebalanced(asked: &Asked, rows: &RowSet, settings: &Settings, lock: &Lock) -> Rebalanced {
    let Placed { layout, tally, findings } = placed(asked, rows, settings, lock);
    let mut rebalanced = Rebalanced { tally, lock: lock.clone(), findings, ..Rebalanced::default() };
    if rebalanced.findings.has_errors() {
        return rebalanced;
    }
    let after = lock.after(&layout).lock;
    rebalanced.moves = Moves::of(&layout, &asked.groups, &after, settings.placement, settings.limits);
    rebalanced.findings.extend(unfinished(&rebalanced.moves, lock));
    if rebalanced.findings.has_errors() {
        return rebalanced;
    }
    if rebalanced.moves.is_empty() {
        rebalanced.findings.extend(over_the_limit(&layout, rows, settings.limits));
        return rebalanced;
    }
    // New pipelines and gateways get all that the lock holds of such, as if they had been placed.
    let moved = rebalanced.moves.write(lock, &after);
    let Placed { layout, findings, .. } = placed(asked, rows, settings, &moved);
    rebalanced.findings.extend(findings);
    rebalanced.findings.extend(over_the_limit(&layout, rows, settings.limits));
    if !rebalanced.findings.has_errors() {
        rebalanced.lock = moved.after(&layout).lock;
    }
    rebalanced
}

fn placed(asked: &Asked, rows: &RowSet, settings: &Settings, lock: &Lock) -> Placed {
    let memory = Memory::of_lock(lock);
    let row_place = |row: u32| Some(rows.place(row, None));
    let rules =
        Rules { limits: settings.limits, strategy: settings.placement, memory: &memory, place: &row_place };
    place(asked.groups.clone(), rules)
}

fn unfinished(moves: &Moves, lock: &Lock) -> Vec<Finding> {
    let found = moves.unfinished(lock);
    let Some(first) = found.first() else { return Vec::new() };
    let more = match found.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let done: Vec<String> = first.done.iter().map(|target| format!("`{target}`")).collect();
    let what = format!(
        "{}{more} would move again before the move from pipeline {} to {} is over: it is deployed to {} only",
        first.destination,
        first.from,
        first.to,
        done.join(", ")
    );
    let finding = Finding::error("TW255", what)
        .at(lock.place(&first.destination.to_lowercase()))
        .why("the targets have it in two places already; a third would be lost track of")
        .fix("deploy to the other targets first");
    vec![finding]
}
