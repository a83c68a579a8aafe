//! What only shows when all bundles of a target are looked at together.

use std::collections::BTreeMap;

use super::changes::{BundleChanges, TableAction};
use super::consent::{Consent, ConsentKind};
use super::effect::Fate;
use super::field::FieldDifference;
use super::need::Need;
use crate::digest::Digest;

/// So many tables may leave a project without a word, …
const FEW: usize = 50;
/// … and so many in a hundred.
const SMALL_SHARE: usize = 10;
/// How much of a fingerprint tells two sets of tables apart.
const SHOWN: usize = 16;

/// A table that leaves: its name, and what becomes of it where its pipeline goes.
type Leaving = (String, Option<Fate>);

/// Adds to the changes of the bundles of one target what concerns their projects as a whole: a list that lost very many tables
/// was cut off more often than meant so.
pub fn settle(bundles: &mut [BundleChanges]) {
    let mut projects: BTreeMap<&str, (usize, Vec<Leaving>)> = BTreeMap::new();
    for bundle in bundles.iter() {
        let (before, leaving) = projects.entry(&bundle.project).or_default();
        *before += bundle.tables_before();
        leaving.extend(leaving_of(bundle));
    }
    let needs: Vec<(String, Need)> = projects
        .into_iter()
        .filter(|(_, (before, leaving))| leaving.len() > FEW && leaving.len() * 100 > before * SMALL_SHARE)
        .map(|(project, (before, leaving))| (project.to_owned(), need(project, before, leaving)))
        .collect();
    for (project, need) in needs {
        // Where tables leave there is a plan to consent to; of the others there may be none.
        let of_project = bundles.iter_mut().filter(|bundle| bundle.project == project);
        if let Some(bundle) = of_project.max_by_key(|bundle| leaving_of(bundle).count()) {
            bundle.needs.push(need);
        }
    }
}

/// The tables that leave a bundle.
fn leaving_of(bundle: &BundleChanges) -> impl Iterator<Item = Leaving> {
    let removed = bundle.tables.iter().filter(|table| table.action == TableAction::Remove);
    removed.map(|table| (table.key.to_lowercase(), table.fate))
}

/// The field holds a fingerprint of the tables' names: an approval is for these, not for any other as many.
fn need(project: &str, before: usize, mut names: Vec<Leaving>) -> Need {
    let leaving = names.len();
    let dropped = names.iter().filter(|(_, fate)| *fate == Some(Fate::Dropped)).count();
    let fate = names.iter().filter_map(|(_, fate)| *fate).max();
    names.sort();
    let names = Digest::of_parts(names.iter().map(|(name, _)| (name.as_str(), [].as_slice()))).to_string();
    let (_, fingerprint) = names.split_once(':').unwrap_or(("", &names));
    Need {
        consent: Consent { kind: ConsentKind::Remove, name: project.to_owned() },
        field: Some(FieldDifference {
            path: format!("tables, without {}", &fingerprint[..fingerprint.len().min(SHOWN)]),
            old: Some(before.into()),
            new: Some((before - leaving).into()),
        }),
        what: match dropped {
            0 => format!("{leaving} of {before} tables leave project {project}"),
            dropped => {
                format!("{leaving} of {before} tables leave project {project}, {dropped} of them DROPPED")
            }
        },
        tables: leaving,
        fate,
    }
}
