//! Are the catalogs and schemas there, of the right kind, and may the identity that will run work in them? Of destinations
//! and of gateway storage alike.

use super::connections::unresolved;
use super::facts::{Answer, CatalogFact, CatalogFacts, SchemaFacts};
use super::identity::Identity;
use super::skips::Skips;
use super::sql::{grant, quoted, quoted_parts, words};
use super::standing::{Asker, Rights, Standing};
use super::wanted::{CatalogUse, CatalogWanted, Purpose, SchemaUse, key};
use crate::finding::{Finding, Place};
use crate::preflight::Verdict;
use crate::settings::Target;
use crate::workspace::{Catalog, Securable};

/// What stands for a catalog or schema that was not asked for.
static NOT_ASKED: Answer<Vec<crate::workspace::Grants>> = Answer::Missing;

/// Judges the catalogs and schemas of one target.
#[must_use]
pub fn judge_homes(
    target: &Target,
    wanted: &CatalogWanted,
    facts: &CatalogFacts,
    place: &dyn Fn(u32) -> Option<Place>,
) -> Verdict {
    let running = Identity::running(target, &facts.me);
    let mut judge = Judge {
        target: &target.name,
        facts,
        place,
        asker: Asker::of(facts),
        verdict: Verdict::default(),
        skips: Skips::default(),
    };
    let running = match running {
        Ok(running) => Some(running),
        Err(run_as) => {
            for rule in ["TW342", "TW344"] {
                judge.skips.add(rule, "privileges", unresolved(&run_as), None);
            }
            None
        }
    };
    for (key, catalog) in &wanted.catalogs {
        judge.catalog(key, catalog, running.as_ref());
    }
    for (key, schema) in &wanted.schemas {
        judge.schema(key, schema, running.as_ref());
    }
    let Judge { mut verdict, skips, .. } = judge;
    skips.tell(&target.name, &mut verdict);
    verdict
}

/// The rights on a catalog.
pub(super) fn catalog_rights<'a>(fact: Option<&'a CatalogFact>, asker: &Asker<'a>) -> Rights<'a> {
    let owner = fact.and_then(catalog_owner);
    let grants = fact.map_or(&NOT_ASKED, |fact| &fact.secured.grants);
    Rights { owner, above: vec![("the metastore".to_owned(), asker.metastore_owner)], grants }
}

/// The rights on a schema.
pub(super) fn schema_rights<'a>(
    schema: &SchemaUse,
    facts: &'a CatalogFacts,
    asker: &Asker<'a>,
) -> Rights<'a> {
    let found = facts.schemas.get(&key(&schema.full_name()));
    let owner = found.and_then(|found| found.secured.object.there()?.owner.as_deref());
    let catalog_owner = facts.catalogs.get(&key(&schema.catalog)).and_then(catalog_owner);
    Rights {
        owner,
        above: vec![
            (format!("catalog {}", schema.catalog), catalog_owner),
            ("the metastore".to_owned(), asker.metastore_owner),
        ],
        grants: found.map_or(&NOT_ASKED, |found| &found.secured.grants),
    }
}

fn catalog_owner(fact: &CatalogFact) -> Option<&str> {
    fact.secured.object.there()?.owner.as_deref()
}

struct Judge<'a> {
    target: &'a str,
    facts: &'a CatalogFacts,
    place: &'a dyn Fn(u32) -> Option<Place>,
    asker: Asker<'a>,
    verdict: Verdict,
    skips: Skips,
}

impl Judge<'_> {
    fn find(&mut self, finding: Finding, row: Option<u32>) {
        let at = row.and_then(self.place);
        self.verdict.find(finding.at(at).for_target(self.target));
    }

    fn catalog(&mut self, name: &str, wanted: &CatalogUse, running: Option<&Identity>) {
        let facts = self.facts;
        let Some(fact) = facts.catalogs.get(name) else {
            for rule in ["TW340", "TW341", "TW342"] {
                self.skips.add(rule, format!("catalog {}", wanted.name), "it was not asked for", None);
            }
            return;
        };
        match &fact.secured.object {
            Answer::There(catalog) => {
                if let Some(finding) = unfit(wanted, catalog) {
                    self.find(finding, wanted.row);
                    return;
                }
            }
            _ if self.bound_elsewhere(fact) => {
                let finding = bound_elsewhere(wanted, fact, self.facts);
                self.find(finding, wanted.row);
                return;
            }
            Answer::Missing => {
                let me = &self.asker.me.name;
                let finding = Finding::error(
                    "TW340",
                    format!("catalog `{}` is not there, or {me} may not see it", wanted.name),
                )
                .why(format!("{} would have no place", contents(wanted.purpose)))
                .fix(format!(
                    "create it, map it to one of this workspace with `catalogs` in target `{}`, or ask its owner for  {}",
                    self.target,
                    grant(&["USE_CATALOG"], Securable::Catalog, &quoted(&wanted.name), me)
                ));
                self.find(finding, wanted.row);
                return;
            }
            Answer::Refused(why) => {
                let statement =
                    grant(&["USE_CATALOG"], Securable::Catalog, &quoted(&wanted.name), &self.asker.me.name);
                for rule in ["TW340", "TW341"] {
                    let reason = format!("it may not be looked at ({why})");
                    self.skips.add(rule, format!("catalog {}", wanted.name), reason, Some(statement.clone()));
                }
            }
        }
        let Some(running) = running else { return };
        let object = Object {
            rule: "TW342",
            securable: Securable::Catalog,
            name: wanted.name.clone(),
            quoted: quoted(&wanted.name),
            row: wanted.row,
            purpose: wanted.purpose,
        };
        let rights = catalog_rights(Some(fact), &self.asker);
        self.privileges(&object, &rights, &["USE_CATALOG"], running);
    }

    /// Whether the catalog is bound to workspaces and this one is not among them.
    fn bound_elsewhere(&self, fact: &CatalogFact) -> bool {
        let here = self.facts.me.workspace_id.as_deref().and_then(|id| id.parse::<i64>().ok());
        let bound = || fact.bindings.iter().filter_map(|binding| binding.workspace_id);
        here.is_some_and(|here| bound().next().is_some() && bound().all(|id| id != here))
    }

    fn schema(&mut self, name: &str, wanted: &SchemaUse, running: Option<&Identity>) {
        let facts = self.facts;
        // Of what lies in a catalog that is not there its own finding says all.
        let above = facts.catalogs.get(&key(&wanted.catalog));
        if above.is_some_and(|fact| fact.secured.object == Answer::Missing || self.bound_elsewhere(fact)) {
            return;
        }
        let full_name = wanted.full_name();
        let Some(SchemaFacts { secured, .. }) = facts.schemas.get(name) else {
            for rule in ["TW343", "TW344"] {
                self.skips.add(rule, format!("schema {full_name}"), "it was not asked for", None);
            }
            return;
        };
        match &secured.object {
            Answer::Missing => {
                self.missing_schema(wanted, above, running);
                return;
            }
            Answer::Refused(why) => {
                let reason = format!("it may not be looked at ({why})");
                let quoted = quoted_parts(&[&wanted.catalog, &wanted.name]);
                let statement = grant(&["USE_SCHEMA"], Securable::Schema, &quoted, &self.asker.me.name);
                self.skips.add("TW343", format!("schema {full_name}"), reason, Some(statement));
            }
            Answer::There(_) => {}
        }
        let Some(running) = running else { return };
        let object = Object {
            rule: "TW344",
            securable: Securable::Schema,
            name: full_name,
            quoted: quoted_parts(&[&wanted.catalog, &wanted.name]),
            row: wanted.row,
            purpose: wanted.purpose,
        };
        let mut needed = vec!["USE_SCHEMA", "CREATE_TABLE"];
        if wanted.purpose.storage {
            needed.push("CREATE_VOLUME");
        }
        let rights = schema_rights(wanted, self.facts, &self.asker);
        self.privileges(&object, &rights, &needed, running);
    }

    /// One that is not there is made on the way, by an identity that may.
    fn missing_schema(
        &mut self,
        wanted: &SchemaUse,
        above: Option<&CatalogFact>,
        running: Option<&Identity>,
    ) {
        let full_name = wanted.full_name();
        let Some(running) = running else {
            self.skips.add("TW343", format!("schema {full_name}"), "who would create it is not known", None);
            return;
        };
        let rights = catalog_rights(above, &self.asker);
        let create = format!("CREATE SCHEMA {}", quoted_parts(&[&wanted.catalog, &wanted.name]));
        let statement =
            grant(&["CREATE_SCHEMA"], Securable::Catalog, &quoted(&wanted.catalog), &running.name);
        let what = format!("schema `{full_name}` is not there");
        let contents = contents(wanted.purpose);
        match rights.standing(running, "CREATE_SCHEMA", &self.asker) {
            Standing::Granted => {
                let finding = Finding::note("TW343", format!("{what}; {} may create it", running.name))
                    .why(format!("it comes with the first update: {contents} will be in it"))
                    .fix(format!("nothing to do if the name is meant; to have it before,  {create}"));
                self.find(finding, wanted.row);
            }
            Standing::Missing => {
                let finding =
                    Finding::error("TW343", format!("{what}, and {} may not create it", running.name))
                        .why(format!("{contents} would have no place"))
                        .fix(format!("{create}, or  {statement}"));
                self.find(finding, wanted.row);
            }
            Standing::Unconfirmed(why) => {
                let finding = Finding::warning("TW343", what)
                    .why(format!("whether {} may create it could not be confirmed: {why}", running.name))
                    .fix(format!("{create}, or  {statement}"));
                self.find(finding, wanted.row);
            }
        }
    }

    fn privileges(&mut self, object: &Object, rights: &Rights<'_>, needed: &[&'static str], who: &Identity) {
        let mut missing = Vec::new();
        for privilege in needed {
            match rights.standing(who, privilege, &self.asker) {
                Standing::Granted => {}
                Standing::Missing => missing.push(*privilege),
                Standing::Unconfirmed(why) => {
                    let reason = format!("privileges of {} could not be confirmed: {why}", who.name);
                    let subject = format!("{} {}", object.securable.as_str(), object.name);
                    let statement = grant(needed, object.securable, &object.quoted, &who.name);
                    self.skips.add(object.rule, subject, reason, Some(statement));
                    return;
                }
            }
        }
        if missing.is_empty() {
            return;
        }
        let kind = object.securable.as_str();
        let finding = Finding::error(
            object.rule,
            format!("{} has no {} on {kind} `{}`", who.name, words(&missing), object.name),
        )
        .why(format!("pipelines run as {}, and could not write {}", who.name, contents(object.purpose)))
        .fix(grant(&missing, object.securable, &object.quoted, &who.name));
        self.find(finding, object.row);
    }
}

/// A catalog or schema of which privileges are judged.
struct Object {
    rule: &'static str,
    securable: Securable,
    name: String,
    quoted: String,
    row: Option<u32>,
    purpose: Purpose,
}

fn contents(purpose: Purpose) -> &'static str {
    match (purpose.tables, purpose.storage) {
        (true, true) => "destinations and gateway storage",
        (_, false) => "destinations",
        (false, true) => "gateway storage",
    }
}

fn unfit(wanted: &CatalogUse, catalog: &Catalog) -> Option<Finding> {
    let kind = catalog.catalog_type.as_deref()?;
    if !matches!(kind, "FOREIGN_CATALOG" | "DELTASHARING_CATALOG" | "SYSTEM_CATALOG" | "INTERNAL_CATALOG") {
        return None;
    }
    Some(
        Finding::error(
            "TW341",
            format!("catalog `{}` is a {kind}: nothing can be created in it", wanted.name),
        )
        .why(format!("{} would have no place", contents(wanted.purpose)))
        .fix(if wanted.purpose.tables {
            "name an ordinary catalog in target_catalog"
        } else {
            "name an ordinary catalog in gateway_catalog"
        }),
    )
}

fn bound_elsewhere(wanted: &CatalogUse, fact: &CatalogFact, facts: &CatalogFacts) -> Finding {
    let ids: Vec<String> =
        fact.bindings.iter().filter_map(|binding| binding.workspace_id).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let here = facts.me.workspace_id.as_deref().unwrap_or_default();
    Finding::error(
        "TW340",
        format!(
            "catalog `{}` is isolated and bound to other workspaces ({}), not to this one ({here})",
            wanted.name,
            super::skips::first_few(&ids)
        ),
    )
    .why(format!("{} would have no place", contents(wanted.purpose)))
    .fix("bind it to this workspace in Catalog Explorer, under Workspaces of the catalog, or name another catalog")
}
