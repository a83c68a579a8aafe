//! Tables whose rows ask for a place that is not theirs.

use super::slot::Slot;
use crate::finding::{Finding, Findings, Place};
use crate::table::{Group, Table};

/// Collected by where they lie and where their rows want them: a renamed prefix is one finding, not a thousand.
#[derive(Default)]
pub(super) struct Unfit {
    found: Vec<Moved>,
}

struct Moved {
    slot: Slot,
    wanted: String,
    first: u32,
    table: String,
    key: String,
    count: usize,
}

impl Unfit {
    pub(super) fn add(&mut self, table: &Table, slot: &Slot, group: &Group) {
        let wanted = format!("group `{}` of project `{}`", group.name(), group.project);
        match self.found.iter_mut().find(|moved| moved.slot.is_beside(slot) && moved.wanted == wanted) {
            Some(moved) => moved.count += 1,
            None => self.found.push(Moved {
                slot: slot.clone(),
                wanted,
                first: table.row,
                table: table.object.destination.to_string(),
                key: table.object.destination.key(),
                count: 1,
            }),
        }
    }

    pub(super) fn findings(self, place: &dyn Fn(u32) -> Option<Place>) -> Findings {
        let mut findings = Findings::new();
        for Moved { slot, wanted, first, table, key, count } in self.found {
            let more = match count {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            let verb = if count == 1 { "lies" } else { "lie" };
            findings.push(
                Finding::error("TW250", format!("{table}{more} {verb} in {slot}, but the row belongs to {wanted}"))
                    .at(place(first))
                    .why(
                        "a destination is written by one pipeline: in another one it is refused, or read again in full",
                    )
                    .fix(if count == 1 {
                        format!(
                            "put project, prefix, subgroup and connector of the row back; or choose another destination; or, to start it \
                             anew: deploy without the row, drop the table in the workspace, `tapworks lock forget {key}`, and put the row \
                             back"
                        )
                    } else {
                        format!(
                            "put project, prefix, subgroup and connector of the rows back; or choose other destinations; or, to start them \
                             anew: deploy without the rows, drop the tables in the workspace, `tapworks lock forget` each of those that \
                             `tapworks lock show --pipeline {}` lists as gone, and put the rows back",
                            slot.pipeline
                        )
                    }),
            );
        }
        findings
    }
}
