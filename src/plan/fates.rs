//! What becomes of the tables of pipelines that are deleted or made again, counted table by table.

use super::changes::{TableAction, TableChange};
use super::effect::{Effect, Fate};
use crate::text::plural;

/// The tables that such pipelines have before the deploy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fates {
    pub(super) kept: usize,
    pub(super) dropped: usize,
    /// How many of them are read again in full, by whatever pipeline.
    again: usize,
    /// How many are dropped and never read again.
    lost: usize,
}

impl Fates {
    /// Of the tables of these pipelines.
    pub(super) fn of(pipelines: &[&str], tables: &[TableChange]) -> Self {
        let mut fates = Self::default();
        for table in tables {
            let had_by = match table.action {
                TableAction::Add => None,
                TableAction::Move => table.from.as_deref(),
                TableAction::Remove | TableAction::Update => Some(table.pipeline.as_str()),
            };
            let (Some(pipeline), Some(fate)) = (had_by, table.fate) else { continue };
            if !pipelines.contains(&pipeline) {
                continue;
            }
            match fate {
                Fate::Kept => fates.kept += 1,
                Fate::Dropped => fates.dropped += 1,
            }
            if table.effect == Effect::Snapshot {
                fates.again += 1;
            } else if fate == Fate::Dropped {
                fates.lost += 1;
            }
        }
        fates
    }

    /// How many tables these are.
    pub(super) fn tables(self) -> usize {
        self.kept + self.dropped
    }

    /// The graver one; none where there are no tables.
    pub(super) fn gravest(self) -> Option<Fate> {
        match (self.kept, self.dropped) {
            (0, 0) => None,
            (_, 0) => Some(Fate::Kept),
            _ => Some(Fate::Dropped),
        }
    }

    /// `its 12 tables DROPPED, 6 of them read again in full, 6 lost for good`; nothing where there are no tables.
    pub(super) fn text(self) -> String {
        let all = self.tables();
        let is_mixed = self.kept > 0 && self.dropped > 0;
        let fate = match self.gravest() {
            None => return String::new(),
            Some(_) if is_mixed => format!(", {} KEPT and {} DROPPED", self.kept, self.dropped),
            Some(fate) => format!(" {}", fate.as_str()),
        };
        let mut text = format!("its {}{fate}", plural(all, "table"));
        if self.again == all {
            text.push_str(if is_mixed { ", all read again in full" } else { " and read again in full" });
            return text;
        }
        if self.again > 0 {
            text.push_str(&format!(", {} of them read again in full", self.again));
        }
        if self.lost == all {
            text.push_str(", lost for good");
        } else if self.lost > 0 {
            text.push_str(&format!(", {} lost for good", self.lost));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::cause::Cause;
    use super::*;

    fn table(action: TableAction, from: Option<&str>, effect: Effect, fate: Option<Fate>) -> TableChange {
        TableChange {
            key: "main.bronze.orders".to_owned(),
            action,
            source: String::new(),
            pipeline: "p".to_owned(),
            from: from.map(str::to_owned),
            effect,
            fate,
            fields: Vec::new(),
            cause: Cause::default(),
        }
    }

    #[test]
    fn each_table_that_is_there_counts_with_the_pipeline_that_has_it() {
        let tables = [
            table(TableAction::Update, None, Effect::Snapshot, Some(Fate::Kept)),
            table(TableAction::Remove, None, Effect::None, Some(Fate::Kept)),
            table(TableAction::Add, None, Effect::Initial, None),
            // One that arrives from elsewhere is not its own yet.
            table(TableAction::Move, Some("q"), Effect::Snapshot, Some(Fate::Dropped)),
            table(TableAction::Move, Some("r"), Effect::Snapshot, None),
        ];
        let of = |pipelines: &[&str]| Fates::of(pipelines, &tables);
        assert_eq!(of(&["p"]), Fates { kept: 2, again: 1, ..Fates::default() });
        assert_eq!(of(&["q"]), Fates { dropped: 1, again: 1, ..Fates::default() });
        assert_eq!(of(&["r"]).gravest(), None);
        assert_eq!(of(&["p", "q"]), Fates { kept: 2, dropped: 1, again: 2, lost: 0 });
        assert_eq!(of(&["p", "q"]).gravest(), Some(Fate::Dropped));
    }

    #[test]
    fn what_is_not_read_again_is_told() {
        for (kept, dropped, again, lost, text) in [
            (0, 0, 0, 0, ""),
            (1, 0, 1, 0, "its 1 table KEPT and read again in full"),
            (20, 0, 19, 0, "its 20 tables KEPT, 19 of them read again in full"),
            (20, 0, 0, 0, "its 20 tables KEPT"),
            (0, 12, 12, 0, "its 12 tables DROPPED and read again in full"),
            (0, 12, 6, 6, "its 12 tables DROPPED, 6 of them read again in full, 6 lost for good"),
            (0, 12, 0, 12, "its 12 tables DROPPED, lost for good"),
            (8, 12, 20, 0, "its 20 tables, 8 KEPT and 12 DROPPED, all read again in full"),
            (
                8,
                12,
                18,
                1,
                "its 20 tables, 8 KEPT and 12 DROPPED, 18 of them read again in full, 1 lost for good",
            ),
        ] {
            assert_eq!(Fates { kept, dropped, again, lost }.text(), text);
        }
    }
}
