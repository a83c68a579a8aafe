//! Would two targets write the same tables?

use super::connectors::Connectors;
use super::skips::first_few;
use super::wanted::{CatalogWanted, SchemaUse, TableUse};
use crate::finding::{Finding, Place};
use crate::placement::Layout;
use crate::preflight::Verdict;
use crate::settings::{Mode, Target};
use crate::text::plural;

/// A target and where it writes.
#[derive(Clone, Debug)]
pub struct Participant<'a> {
    /// What the settings say of it.
    pub target: &'a Target,
    /// What is to be deployed there.
    pub layout: &'a Layout,
    /// The address of its workspace, where it is known.
    pub host: Option<String>,
    /// Its metastore, where it is known.
    pub metastore: Option<String>,
    /// Whether this run looks at it; the others stand in the settings only.
    pub looked_at: bool,
}

impl<'a> Participant<'a> {
    /// One that stands in the settings only.
    #[must_use]
    pub fn of_settings(target: &'a Target, layout: &'a Layout) -> Self {
        Self { target, layout, host: target.host.clone(), metastore: None, looked_at: false }
    }

    /// Whether both have one metastore, where that can be told. One workspace has one.
    fn shares_metastore(&self, other: &Self) -> Option<bool> {
        if self.host.is_some() && self.host == other.host {
            return Some(true);
        }
        Some(self.metastore.as_ref()? == other.metastore.as_ref()?)
    }
}

/// Judges each target that is looked at against all the others. `place` says where a row stands.
#[must_use]
pub fn judge_shared_destinations(
    targets: &[Participant<'_>],
    place: &dyn Fn(u32) -> Option<Place>,
) -> Verdict {
    let mut verdict = Verdict::default();
    let wanted: Vec<CatalogWanted> = targets
        .iter()
        .map(|it| CatalogWanted::of_layout(it.layout, &Connectors::default(), it.target))
        .collect();
    for (index, second) in targets.iter().enumerate() {
        if second.looked_at {
            verdict.cover(Some(&second.target.name), ["TW324"]);
        }
        for (other, first) in targets[..index].iter().enumerate() {
            let shares = first.shares_metastore(second);
            if shares == Some(false) || !(first.looked_at || second.looked_at) {
                continue;
            }
            // Told of the one that is looked at, of the later one of two.
            let told_of = if second.looked_at { second } else { first };
            let common = common(&wanted[other], &wanted[index]);
            if shares.is_none() && !common.is_empty() {
                verdict.skip(Some(&told_of.target.name), "TW324", unknown(first, second));
                continue;
            }
            for (schema, tables) in common {
                verdict.find(finding(first, second, schema, &tables, place).for_target(&told_of.target.name));
            }
        }
    }
    verdict
}

fn unknown(first: &Participant<'_>, second: &Participant<'_>) -> String {
    let (a, b) = (&first.target.name, &second.target.name);
    let mut why = format!(
        "targets {a} and {b} name the same destinations, and whether they share a metastore is not known"
    );
    if !(first.looked_at && second.looked_at) {
        why.push_str(&format!("; look at both:  --target {a} --target {b}"));
    }
    why
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
    first: &Participant<'_>,
    second: &Participant<'_>,
    schema: &SchemaUse,
    tables: &[&TableUse],
    place: &dyn Fn(u32) -> Option<Place>,
) -> Finding {
    let (one, other) = (first.target, second.target);
    let subject = match tables {
        [one] => one.destination.to_string(),
        _ => {
            let names: Vec<&str> = tables.iter().map(|table| table.destination.table.as_str()).collect();
            format!("{} of {} ({})", plural(tables.len(), "table"), schema.full_name(), first_few(&names))
        }
    };
    // Production keeps its names.
    let moves = if one.mode == Mode::Development { one } else { other };
    let example = if moves.catalogs.is_empty() {
        format!(", as  catalogs: {{{catalog}: {catalog}_{}}}", moves.name, catalog = schema.catalog)
    } else {
        String::new()
    };
    Finding::error("TW324", format!("targets `{}` and `{}` would both write {subject}", one.name, other.name))
        .at(tables.first().and_then(|table| place(table.row)))
        .why("they share a metastore, and a table is written by one pipeline only: whichever comes second fails")
        .fix(format!("give target `{}` destinations of its own with `catalogs` or `schemas`{example}", moves.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::testing::{layout, place};

    fn target(name: &str, catalogs: &[(&str, &str)]) -> Target {
        let mut target = Target::named(name);
        target.catalogs = catalogs.iter().map(|(from, to)| ((*from).into(), (*to).into())).collect();
        target
    }

    fn at<'a>(target: &'a Target, host: &str, metastore: Option<&str>) -> Participant<'a> {
        let metastore = metastore.map(str::to_owned);
        Participant {
            target,
            layout: shared_layout(),
            host: Some(host.to_owned()),
            metastore,
            looked_at: true,
        }
    }

    fn shared_layout() -> &'static Layout {
        static LAYOUT: std::sync::OnceLock<Layout> = std::sync::OnceLock::new();
        LAYOUT.get_or_init(layout)
    }

    fn judge(targets: &[Participant<'_>]) -> Verdict {
        judge_shared_destinations(targets, &place)
    }

    #[test]
    fn the_same_destination_in_one_metastore_is_an_error() {
        let (dev, prod) = (target("dev", &[]), target("prod", &[]));
        let verdict = judge(&[at(&dev, "a", Some("m")), at(&prod, "b", Some("m"))]);
        let finding = verdict.findings.iter().next().unwrap();
        assert_eq!((finding.rule, finding.target.as_deref()), ("TW324", Some("prod")));
        assert_eq!(
            finding.what,
            "targets `dev` and `prod` would both write 3 tables of main.crm (Accounts, orders and items)"
        );
        assert_eq!(finding.place, place(0));
        let mapped = target("dev", &[("main", "main_dev")]);
        for targets in [
            [at(&dev, "a", Some("m")), at(&prod, "b", Some("n"))],
            [at(&mapped, "a", Some("m")), at(&prod, "a", Some("m"))],
        ] {
            let verdict = judge(&targets);
            assert_eq!((verdict.findings.len(), verdict.counts().passed), (0, 2));
        }
    }

    #[test]
    fn one_workspace_has_one_metastore_and_of_others_it_must_be_known() {
        let (dev, prod) = (target("dev", &[]), target("prod", &[]));
        let verdict = judge(&[at(&dev, "a", None), at(&prod, "a", None)]);
        // One for each schema.
        assert_eq!((verdict.findings.len(), verdict.skipped.len()), (2, 0));
        let verdict = judge(&[at(&dev, "a", None), at(&prod, "b", Some("m"))]);
        assert_eq!((verdict.findings.len(), verdict.skipped.len()), (0, 1));
        assert!(verdict.skipped[0].why.ends_with("whether they share a metastore is not known"));
    }

    #[test]
    fn targets_that_only_stand_in_the_settings_count_too() {
        let (dev, mut prod, test) = (target("dev", &[]), target("prod", &[]), target("test", &[]));
        prod.host = Some("a".to_owned());
        let unseen = [
            at(&dev, "a", Some("m")),
            Participant::of_settings(&prod, shared_layout()),
            Participant::of_settings(&test, shared_layout()),
        ];
        let verdict = judge(&unseen);
        assert!(verdict.findings.iter().all(|finding| finding.target.as_deref() == Some("dev")));
        assert_eq!((verdict.findings.len(), verdict.skipped.len()), (2, 1));
        assert!(verdict.skipped[0].why.ends_with("look at both:  --target dev --target test"));
        assert_eq!(judge(&unseen[1..]), Verdict::default());
    }
}
