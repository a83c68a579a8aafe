//! Are the connections there, of the right type, in order, and open to who uses them?

use std::collections::BTreeSet;

use super::facts::{Answer, CatalogFacts, Secured};
use super::identity::Identity;
use super::skips::{Skips, first_few};
use super::sql::{grant, quoted};
use super::standing::{Asker, Rights, Standing};
use super::wanted::{CatalogWanted, ConnectionUse};
use crate::finding::{Finding, Place};
use crate::preflight::Verdict;
use crate::settings::Target;
use crate::workspace::{Connection, Securable};

/// Judges the connections of one target.
#[must_use]
pub fn judge_connections(
    target: &Target,
    wanted: &CatalogWanted,
    facts: &CatalogFacts,
    place: &dyn Fn(u32) -> Option<Place>,
) -> Verdict {
    let mut verdict = Verdict::default();
    let mut skips = Skips::default();
    let asker = Asker::of(facts);
    let running = Identity::running(target, &facts.me);
    if let Err(run_as) = &running {
        skips.add("TW333", "USE CONNECTION", unresolved(run_as), None);
    }
    // Who deploys creates the pipelines, who they run as reads through the connection.
    let mut users = vec![asker.me.clone()];
    users.extend(running.ok().filter(|running| *running != asker.me));
    let mut found = Vec::new();
    for (key, connection) in &wanted.connections {
        let name = &connection.name;
        let subject = format!("connection {name}");
        let Some(secured) = facts.connections.get(key) else {
            for rule in ["TW330", "TW331", "TW332", "TW333"] {
                skips.add(rule, subject.clone(), "it was not asked for", None);
            }
            continue;
        };
        match &secured.object {
            Answer::Missing => {
                found.push((connection, missing(connection, &asker)));
                continue;
            }
            Answer::Refused(why) => {
                for rule in ["TW330", "TW331", "TW332"] {
                    let statement =
                        grant(&["USE_CONNECTION"], Securable::Connection, &quoted(name), &asker.me.name);
                    skips.add(
                        rule,
                        subject.clone(),
                        format!("it may not be looked at ({why})"),
                        Some(statement),
                    );
                }
            }
            Answer::There(there) => {
                match &there.connection_type {
                    Some(kind) => {
                        found.extend(other_type(connection, kind).map(|finding| (connection, finding)))
                    }
                    None => skips.add("TW331", subject.clone(), "its type is not shown", None),
                }
                found.extend(out_of_order(connection, there).map(|finding| (connection, finding)));
            }
        }
        for who in &users {
            let finding = may_use(connection, secured, who, &asker, &mut skips);
            found.extend(finding.map(|finding| (connection, finding)));
        }
    }
    for (connection, finding) in found {
        let at = connection.row.and_then(place);
        verdict.find(finding.at(at).for_target(&target.name));
    }
    skips.tell(&target.name, &mut verdict);
    verdict
}

/// Why nothing is known of a `run_as` that holds a reference.
pub(super) fn unresolved(run_as: &str) -> String {
    if run_as.is_empty() {
        "run_as names neither user_name nor service_principal_name".to_owned()
    } else {
        format!("only the databricks CLI knows who `run_as: {run_as}` is")
    }
}

fn missing(connection: &ConnectionUse, asker: &Asker<'_>) -> Finding {
    let (name, me) = (&connection.name, &asker.me.name);
    let kinds: Vec<&str> = types(connection).into_iter().collect();
    let kind = if kinds.is_empty() { String::new() } else { format!(" of type {}", kinds.join(" or ")) };
    Finding::error("TW330", format!("connection `{name}` is not there, or {me} may not see it"))
        .why("pipelines read their source through it; the deploy would stop at the first that names it")
        .fix(format!(
            "create a connection{kind} of that name in Catalog Explorer, correct `connection_name`, or ask its owner for  {}",
            grant(&["USE_CONNECTION"], Securable::Connection, &quoted(name), me)
        ))
}

fn types(connection: &ConnectionUse) -> BTreeSet<&'static str> {
    connection.needs.iter().map(|(_, kind)| *kind).collect()
}

fn other_type(connection: &ConnectionUse, kind: &str) -> Option<Finding> {
    // A connector without a type of its own takes any.
    let unfit: Vec<(&str, &str)> = connection
        .needs
        .iter()
        .copied()
        .filter(|(_, needed)| !needed.is_empty() && !needed.eq_ignore_ascii_case(kind))
        .collect();
    let connectors: Vec<&str> = unfit.iter().map(|(connector, _)| *connector).collect();
    let needed: BTreeSet<&str> = unfit.iter().map(|(_, needed)| *needed).collect();
    let needed: Vec<&str> = needed.into_iter().collect();
    let (_, first) = unfit.first()?;
    Some(
        Finding::error(
            "TW331",
            format!(
                "connection `{}` is of type {kind}, and {} {} {}",
                connection.name,
                first_few(&connectors),
                if connectors.len() == 1 { "needs" } else { "need" },
                needed.join(" and "),
            ),
        )
        .why("the service refuses a pipeline whose connection is of another type")
        .fix(format!(
            "name a connection of type {first} in `connection_name`, or the connector that fits this one"
        )),
    )
}

fn out_of_order(connection: &ConnectionUse, there: &Connection) -> Option<Finding> {
    let state = there.state()?;
    let name = &connection.name;
    let what = format!("connection `{name}` is in state {state}");
    let owner = there.owner.as_deref().unwrap_or("its owner");
    match state {
        "ACTIVE" | "READY" => None,
        "FAILED" | "DELETING" => Some(
            Finding::error("TW332", what)
                .why("nothing can be read through it")
                .fix(format!("open it in Catalog Explorer and mend it, or ask {owner} to")),
        ),
        _ => Some(
            Finding::warning("TW332", what)
                .why("the first update may come before it is ready")
                .fix(format!("look at it in Catalog Explorer; wait until it is ACTIVE, or ask {owner}")),
        ),
    }
}

fn may_use(
    connection: &ConnectionUse,
    secured: &Secured<Connection>,
    who: &Identity,
    asker: &Asker<'_>,
    skips: &mut Skips,
) -> Option<Finding> {
    let name = &connection.name;
    let owner = secured.object.there().and_then(|connection| connection.owner.as_deref());
    let rights = Rights { owner, above: Vec::new(), grants: &secured.grants };
    let statement = grant(&["USE_CONNECTION"], Securable::Connection, &quoted(name), &who.name);
    match rights.standing(who, "USE_CONNECTION", asker) {
        Standing::Granted => None,
        Standing::Unconfirmed(why) => {
            let reason = format!("USE CONNECTION of {} could not be confirmed: {why}", who.name);
            skips.add("TW333", format!("connection {name}"), reason, Some(statement));
            None
        }
        Standing::Missing => Some(
            Finding::error("TW333", format!("{} has no USE CONNECTION on connection `{name}`", who.name))
                .why(if *who == asker.me {
                    "who creates a pipeline must be allowed to use its connection"
                } else {
                    "the pipelines run as this identity"
                })
                .fix(match owner {
                    Some(owner) if asker.me.is(owner) => statement,
                    Some(owner) => format!("ask its owner, {owner}, for  {statement}"),
                    None => format!("ask its owner for  {statement}"),
                }),
        ),
    }
}
