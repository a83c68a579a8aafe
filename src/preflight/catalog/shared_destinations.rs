//! Would two targets write the same tables?

use super::skips::first_few;
use super::wanted::{CatalogWanted, SchemaUse, TableUse};
use crate::finding::{Finding, Place};
use crate::preflight::Verdict;
use crate::text::plural;

/// A target, what it writes, and where.
#[derive(Clone, Copy, Debug)]
pub struct TargetCatalog<'a> {
    /// Its name.
    pub target: &'a str,
    /// The address of its workspace.
    pub host: Option<&'a str>,
    /// Its metastore, where it is known.
    pub metastore: Option<&'a str>,
    /// What it writes.
    pub wanted: &'a CatalogWanted,
}

impl TargetCatalog<'_> {
    /// Whether both have one metastore, where that can be told. One workspace has one.
    fn shares_metastore(&self, other: &Self) -> Option<bool> {
        if self.host.is_some() && self.host == other.host {
            return Some(true);
        }
        Some(self.metastore? == other.metastore?)
    }
}

/// Judges all targets against each other. `place` says where a row stands.
#[must_use]
pub fn judge_shared_destinations(
    targets: &[TargetCatalog<'_>],
    place: &dyn Fn(u32) -> Option<Place>,
) -> Verdict {
    let mut verdict = Verdict::default();
    for (index, second) in targets.iter().enumerate() {
        for first in &targets[..index] {
            let shares = first.shares_metastore(second);
            if shares == Some(false) {
                continue;
            }
            let common = common(first.wanted, second.wanted);
            if common.is_empty() {
                continue;
            }
            if shares.is_none() {
                verdict.skip(
                    Some(second.target),
                    "TW324",
                    format!(
                        "targets {} and {} name the same destinations, and whether they share a metastore is not known",
                        first.target, second.target
                    ),
                );
                continue;
            }
            for (schema, tables) in common {
                verdict.find(finding(first.target, second.target, schema, &tables, place));
            }
        }
    }
    verdict
}

/// The destinations of both, by schema, as the second has them.
fn common<'a>(first: &CatalogWanted, second: &'a CatalogWanted) -> Vec<(&'a SchemaUse, Vec<&'a TableUse>)> {
    second
        .schemas
        .iter()
        .filter_map(|(key, schema)| {
            let other = first.schemas.get(key)?;
            let mut tables: Vec<&TableUse> = schema
                .tables
                .iter()
                .filter(|(table, _)| other.tables.contains_key(*table))
                .map(|(_, table)| table)
                .collect();
            tables.sort_by_key(|table| table.row);
            (!tables.is_empty()).then_some((schema, tables))
        })
        .collect()
}

fn finding(
    first: &str,
    second: &str,
    schema: &SchemaUse,
    tables: &[&TableUse],
    place: &dyn Fn(u32) -> Option<Place>,
) -> Finding {
    let subject = match tables {
        [one] => one.destination.to_string(),
        _ => {
            let names: Vec<&str> = tables.iter().map(|table| table.destination.table.as_str()).collect();
            format!("{} of {} ({})", plural(tables.len(), "table"), schema.full_name(), first_few(&names))
        }
    };
    Finding::error("TW324", format!("targets `{first}` and `{second}` would both write {subject}"))
        .at(tables.first().and_then(|table| place(table.row)))
        .for_target(second)
        .why("they share a metastore, and a table is written by one pipeline only: whichever comes second fails")
        .fix(format!(
            "give one of them its own destinations, for example  catalogs: {{{catalog}: {catalog}_{second}}}  in target `{second}`",
            catalog = schema.catalog
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Connectors;
    use crate::preflight::testing::{layout, place};
    use crate::settings::Target;

    fn wanted(catalogs: &[(&str, &str)]) -> CatalogWanted {
        let mut target = Target::named("t");
        target.catalogs = catalogs.iter().map(|(from, to)| ((*from).into(), (*to).into())).collect();
        CatalogWanted::of_layout(&layout(), &Connectors::default(), &target)
    }

    fn catalog<'a>(
        target: &'a str,
        host: &'a str,
        metastore: Option<&'a str>,
        wanted: &'a CatalogWanted,
    ) -> TargetCatalog<'a> {
        TargetCatalog { target, host: Some(host), metastore, wanted }
    }

    #[test]
    fn the_same_destination_in_one_metastore_is_an_error() {
        let (same, mapped) = (wanted(&[]), wanted(&[("main", "main_dev")]));
        let judge = |targets: &[TargetCatalog<'_>]| judge_shared_destinations(targets, &place);
        let verdict = judge(&[catalog("dev", "a", Some("m"), &same), catalog("prod", "b", Some("m"), &same)]);
        let finding = verdict.findings.iter().next().unwrap();
        assert_eq!((finding.rule, finding.target.as_deref()), ("TW324", Some("prod")));
        assert_eq!(
            finding.what,
            "targets `dev` and `prod` would both write 3 tables of main.crm (Accounts, orders and items)"
        );
        assert_eq!(finding.place, place(0));
        for targets in [
            [catalog("dev", "a", Some("m"), &same), catalog("prod", "b", Some("n"), &same)],
            [catalog("dev", "a", Some("m"), &mapped), catalog("prod", "a", Some("m"), &same)],
        ] {
            assert_eq!(judge(&targets), Verdict::default());
        }
    }

    #[test]
    fn one_workspace_has_one_metastore_and_of_others_it_must_be_known() {
        let same = wanted(&[]);
        let judge = |targets: &[TargetCatalog<'_>]| judge_shared_destinations(targets, &place);
        let verdict = judge(&[catalog("dev", "a", None, &same), catalog("prod", "a", None, &same)]);
        // One for each schema.
        assert_eq!((verdict.findings.len(), verdict.skipped.len()), (2, 0));
        let verdict = judge(&[catalog("dev", "a", None, &same), catalog("prod", "b", Some("m"), &same)]);
        assert_eq!((verdict.findings.len(), verdict.skipped.len()), (0, 1));
        assert!(verdict.skipped[0].why.contains("whether they share a metastore"));
    }
}
