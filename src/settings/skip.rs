//! Rules that somebody decided to leave out, with the reason and for how long.

use jiff::civil::Date;

use super::reader::{KeySpec, Kind, Reader};
use crate::closest::did_you_mean;
use crate::finding::{Finding, Place, rule, rules};
use crate::yaml::{Data, Node};

/// A rule that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// `TW322`.
    pub rule: &'static str,
    /// Why, for whoever reads the report.
    pub reason: String,
    /// The last day on which it is left out; for good where none is said.
    pub until: Option<Date>,
    /// Where that is written.
    pub place: Place,
}

pub(super) const SKIP_KEYS: &[KeySpec] = &[
    KeySpec { name: "rule", kind: Kind::Text, doc: "The rule, as findings show it: TW322" },
    KeySpec {
        name: "reason",
        kind: Kind::Text,
        doc: "Why it is left out; shown wherever it would be judged",
    },
    KeySpec { name: "until", kind: Kind::Text, doc: "The last day on which it is left out, YYYY-MM-DD" },
];

impl Skip {
    /// Reads a day, `2026-12-31`.
    #[must_use]
    pub fn day(text: &str) -> Option<Date> {
        text.trim().parse().ok()
    }
}

impl Reader<'_> {
    /// `skip`.
    pub(super) fn skips(&mut self, node: Option<&Node>) -> Vec<Skip> {
        let Some(node) = node else { return Vec::new() };
        match &node.data {
            Data::List(items) => items.iter().filter_map(|item| self.skip(item)).collect(),
            Data::Null => Vec::new(),
            _ => {
                self.wrong_type(node, "skip", "a list");
                Vec::new()
            }
        }
    }

    fn skip(&mut self, node: &Node) -> Option<Skip> {
        let place = self.place(node.mark);
        let keys = self.keys(node, "skip", SKIP_KEYS);
        let get = |key: &str| keys.get(key).copied();
        let named = self.text(get("rule"), "skip.rule");
        let reason = self.text(get("reason"), "skip.reason");
        let until = self.text(get("until"), "skip.until");
        let mut wrong = |what: String, key: &str, fix: &str| {
            let place = get(key).map_or_else(|| place.clone(), |node| self.place(node.mark));
            self.findings.push(Finding::error("TW112", what).at(place).fix(fix));
        };
        let id = match &named {
            None => {
                wrong("skip names no rule".to_owned(), "rule", "add  rule: TW322, as findings show it");
                None
            }
            Some(name) => match rule(name) {
                Some(rule) => Some(rule.id),
                None => {
                    let hint = did_you_mean(name, rules().map(|rule| rule.id));
                    wrong(
                        format!("there is no rule `{name}`{hint}"),
                        "rule",
                        "write it as findings show it, as TW322",
                    );
                    None
                }
            },
        };
        if reason.is_none() {
            wrong("skip gives no reason".to_owned(), "reason", "add  reason: why the rule may be left out");
        }
        let day = match &until {
            None => Some(None),
            Some(text) => {
                let day = Skip::day(text);
                if day.is_none() {
                    wrong(format!("`{text}` is no day"), "until", "write it as 2026-12-31");
                }
                day.map(Some)
            }
        };
        Some(Skip { rule: id?, reason: reason?, until: day?, place })
    }
}
