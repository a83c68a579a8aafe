//! All that the rules of one target judge by.

use std::collections::BTreeMap;

use super::facts::{Facts, Found, Manager};
use super::metadata::Metadata;
use super::paths::BundlePaths;
use super::seen::Seen;
use super::selection::Selection;
use super::verdict::Verdict;
use super::wanted::{Planned, Wanted};
use crate::finding::Place;
use crate::placement::Layout;
use crate::settings::Target;
use crate::workspace::Me;

/// One target before its rules.
pub(super) struct Case<'a> {
    pub(super) target: &'a Target,
    pub(super) me: &'a Me,
    pub(super) layout: &'a Layout,
    pub(super) wanted: &'a Wanted,
    /// Of every bundle that is planned or that the rows no longer name.
    pub(super) paths: &'a BTreeMap<String, BundlePaths>,
    pub(super) facts: &'a Facts,
    pub(super) selection: &'a Selection,
    pub(super) place: &'a (dyn Fn(u32) -> Option<Place> + Sync),
}

impl Case<'_> {
    /// The target's name.
    pub(super) fn name(&self) -> &str {
        &self.target.name
    }

    /// A verdict that covers these rules.
    pub(super) fn covering(&self, rules: &[&'static str]) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.cover(Some(self.name()), rules.iter().copied());
        verdict
    }

    /// Says that these rules could not be run here.
    pub(super) fn skip(&self, verdict: &mut Verdict, rules: &[&'static str], why: &str) {
        for rule in rules {
            verdict.skip(Some(self.name()), rule, why);
        }
    }

    /// Says so where this was refused.
    pub(super) fn skip_refused<T>(
        &self,
        verdict: &mut Verdict,
        rules: &[&'static str],
        seen: &Seen<T>,
        what: &str,
        ask: &str,
    ) {
        if let Some(words) = seen.refused() {
            let why = format!("{what} may not be read by {} ({words}); ask for {ask}", self.me.user_name);
            self.skip(verdict, rules, &why);
        }
    }

    /// Whether the rows still name this bundle.
    pub(super) fn is_planned(&self, bundle: &str) -> bool {
        self.layout.bundles.iter().any(|planned| planned.name == bundle)
    }

    /// The row that causes a planned resource.
    pub(super) fn row(&self, planned: &Planned) -> Option<Place> {
        planned.row.and_then(|row| (self.place)(row))
    }

    /// The row that causes what lies under a key of a bundle, else the key.
    pub(super) fn place_of(&self, bundle: &str, key: &str) -> Place {
        let row = self.wanted.at_key(bundle, key).and_then(|planned| self.row(planned));
        row.unwrap_or_else(|| Place::Resource { key: key.trim_start_matches("resources.").to_owned() })
    }

    /// The bundle of ours whose `metadata.json` lies there.
    pub(super) fn ours(&self, metadata_file: &str) -> Option<&str> {
        let found = self.paths.iter().find(|(_, paths)| paths.metadata_file() == metadata_file);
        found.map(|(bundle, _)| bundle.as_str())
    }

    /// Whether a pipeline or job is in one of our states.
    pub(super) fn is_deployed(&self, id: &str) -> bool {
        self.facts.bundles.values().any(|bundle| bundle.owns(id))
    }

    /// Who manages something that is not ours.
    pub(super) fn stranger(&self, found: &Found) -> Stranger {
        Stranger::of(found, &self.facts.others)
    }
}

/// Who manages a pipeline or job that is not ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stranger {
    /// It was made by hand.
    Nobody,
    /// A bundle that is there.
    Bundle { bundle: String, target: String, root: String },
    /// A bundle whose files this identity may not read.
    Hidden { root: String },
    /// A bundle of which nothing is left but this.
    Gone { root: String },
    /// This identity may not see who.
    Unknown,
}

impl Stranger {
    /// Who manages something, where `others` holds what lies at other bundles' places.
    pub(super) fn of(found: &Found, others: &BTreeMap<String, Seen<Option<Metadata>>>) -> Self {
        match &found.manager {
            Manager::Nobody => Self::Nobody,
            Manager::Unknown => Self::Unknown,
            Manager::Bundle(path) => match others.get(path) {
                Some(Seen::Known(Some(metadata))) => Self::Bundle {
                    bundle: metadata.bundle.clone(),
                    target: metadata.target.clone(),
                    root: root_of(path).to_owned(),
                },
                Some(Seen::Known(None)) => Self::Gone { root: root_of(path).to_owned() },
                _ => Self::Hidden { root: root_of(path).to_owned() },
            },
        }
    }

    /// `it belongs to …`, as a clause.
    pub(super) fn clause(&self) -> String {
        match self {
            Self::Nobody => "it was made by hand".to_owned(),
            who => format!("it belongs to {}", who.told()),
        }
    }

    /// `bundle `people`, target `prod`, at /Workspace/…`.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Bundle { bundle, target, root } => {
                format!("bundle `{bundle}`, target `{target}`, at {root}")
            }
            Self::Hidden { root } => format!("the bundle at {root}"),
            Self::Gone { root } => {
                format!("a bundle of which nothing lies at {root}, not yet or not any more")
            }
            Self::Unknown => "somebody, which cannot be seen from here".to_owned(),
        }
    }
}

fn root_of(metadata_file: &str) -> &str {
    let folder = metadata_file.trim_end_matches("/metadata.json");
    folder.trim_end_matches("/state")
}
