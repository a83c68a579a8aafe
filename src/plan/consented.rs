//! Which needs are consented to, by whom, and which consents nothing needs.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::allow::argument;
use super::approvals::Approval;
use super::cause::short;
use super::consent::{Consent, ConsentKind};
use super::earlier::Earlier;
use super::effect::Fate;
use super::need::Need;
use super::target_need::TargetNeed;
use crate::closest::did_you_mean;
use crate::finding::{Finding, Findings, Place, Severity};
use crate::text::plural;

/// Every consent of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consents {
    /// Those of the command line, with their targets.
    pub allowed: Vec<(String, Consent)>,
    /// Those that were reviewed.
    pub approvals: Vec<Approval>,
    /// Those of the run that is gone on with.
    pub earlier: Earlier,
}

/// Who consented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum By {
    /// Whoever wrote the command line.
    Flag,
    /// A reviewed approval.
    Approval {
        /// Where it stands.
        #[serde(rename = "where")]
        place: Place,
        /// Who is named in it.
        who: String,
        /// Why.
        why: String,
        /// Its last day.
        until: String,
    },
    /// Whoever sits at the terminal.
    Answer,
    /// Whoever had consented to the same before the run was cut off.
    Resumed,
}

impl fmt::Display for By {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("--allow"),
            Self::Approval { place, who, why, until } => {
                write!(formatter, "{}, {who} ({why}), until {until}", short(place))
            }
            Self::Answer => formatter.write_str("the answer given here"),
            Self::Resumed => formatter.write_str("the consent given before it was cut off"),
        }
    }
}

/// A need that is consented to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The need.
    pub need: TargetNeed,
    /// Who consented.
    pub by: By,
}

/// What consents and needs make of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What is consented to.
    pub granted: Vec<Granted>,
    /// What is not.
    pub missing: Vec<TargetNeed>,
    /// The targets for which somebody was shown what is missing; in the end they, or the last of them, said no.
    pub declined: Vec<String>,
    /// Consents that nothing needs, or that no longer hold.
    pub findings: Findings,
}

/// Holds the needs of all planned targets against the consents. `today` decides which approvals still hold.
#[must_use]
pub fn judge(targets: &[&str], needs: Vec<TargetNeed>, consents: &Consents, today: Date) -> Judged {
    let mut judged = Judged::default();
    judged.findings.extend(unused_flags(&needs, &consents.allowed));
    judged.findings.extend(consents.approvals.iter().filter_map(|approval| {
        let is_missing = |need: &&TargetNeed| by(need, consents, today).is_none();
        elsewhere(approval, &needs, is_missing).or_else(|| {
            let is_planned = targets.contains(&approval.target.as_str());
            is_planned.then(|| idle(approval, &needs, today)).flatten()
        })
    }));
    for need in needs {
        match by(&need, consents, today) {
            Some(by) => judged.granted.push(Granted { need, by }),
            None => judged.missing.push(need),
        }
    }
    judged
}

fn by(need: &TargetNeed, consents: &Consents, today: Date) -> Option<By> {
    let is_allowed =
        |(target, consent): &(String, Consent)| *target == need.target && *consent == need.need.consent;
    if consents.allowed.iter().any(is_allowed) {
        return Some(By::Flag);
    }
    let mut approvals = consents.approvals.iter();
    let Some(approval) = approvals.find(|approval| approval.until >= today && approval.covers(need)) else {
        return consents.earlier.covers(need).then_some(By::Resumed);
    };
    Some(By::Approval {
        place: approval.place.clone(),
        who: approval.who.clone(),
        why: approval.why.clone(),
        until: approval.until.to_string(),
    })
}

impl Approval {
    fn is_about(&self, need: &TargetNeed) -> bool {
        self.target == need.target && self.consent == need.need.consent
    }

    /// Whether it covers this very change.
    fn covers(&self, need: &TargetNeed) -> bool {
        self.target == need.target && self.describes(need)
    }

    /// Whether it says what this change does, be it in this target or in another.
    fn describes(&self, need: &TargetNeed) -> bool {
        self.consent == need.need.consent
            && self.tables == fate(&need.need)
            && match (&self.field, &need.need.field) {
                (None, None) => true,
                (Some(approved), Some(field)) => approved.is(field),
                _ => false,
            }
    }
}

/// What becomes of the tables that a need is about: without a pipeline that goes they stay.
fn fate(need: &Need) -> Fate {
    need.fate.unwrap_or(Fate::Kept)
}

/// A change as an approval describes it. That tables are kept goes without saying where nobody speaks of dropping them.
fn described(field: Option<String>, tables: Fate, with_tables: bool) -> String {
    let field = field.unwrap_or_else(|| "no field".to_owned());
    if with_tables { format!("{field}, tables {}", tables.as_str()) } else { field }
}

fn unused_flags(needs: &[TargetNeed], allowed: &[(String, Consent)]) -> Vec<Finding> {
    let is_needed = |target: &str, consent: &Consent| {
        needs.iter().any(|need| need.target == target && need.need.consent == *consent)
    };
    let unused = allowed.iter().filter(|(target, consent)| !is_needed(target, consent));
    unused
        .map(|(target, consent)| {
            let there: Vec<String> = needs
                .iter()
                .filter(|need| need.target == *target)
                .map(|need| need.need.consent.to_string())
                .collect();
            let hint = did_you_mean(&consent.to_string(), there.iter().map(String::as_str));
            Finding::warning("TW412", format!("`--allow {consent}` was given, and nothing needs it{hint}"))
                .for_target(target)
                .at(Place::Argument { flag: "--allow".to_owned() })
                .why("a consent covers what it names and nothing else")
                .fix("take it out, or copy the one that a refusal printed")
        })
        .collect()
}

/// An approval that covers nothing but would, were it for another target.
fn elsewhere(
    approval: &Approval,
    needs: &[TargetNeed],
    is_missing: impl Fn(&&TargetNeed) -> bool,
) -> Option<Finding> {
    if needs.iter().any(|need| approval.covers(need)) {
        return None;
    }
    let need = needs.iter().filter(|need| approval.describes(need)).find(is_missing)?;
    let what = format!(
        "the approval of {} is for target `{}`, not for `{}`",
        approval.consent, approval.target, need.target
    );
    Some(
        Finding::warning("TW413", what)
            .for_target(&need.target)
            .at(approval.place.clone())
            .why("an approval holds for the target that it names and for no other")
            .fix(format!("have the change reviewed for `{}` too, as an entry of its own", need.target)),
    )
}

/// An approval that covers nothing of what is planned: because it expired, because something else changes than was
/// reviewed, or because it has done its work.
fn idle(approval: &Approval, needs: &[TargetNeed], today: Date) -> Option<Finding> {
    let expired = approval.until < today;
    if !expired && needs.iter().any(|need| approval.covers(need)) {
        return None;
    }
    let consent = &approval.consent;
    let finding = |severity, what: String| {
        let finding = match severity {
            Severity::Note => Finding::note("TW413", what),
            _ => Finding::warning("TW413", what),
        };
        finding.for_target(&approval.target).at(approval.place.clone())
    };
    if expired {
        let is_wanted = needs.iter().any(|need| approval.covers(need));
        let severity = if is_wanted { Severity::Warning } else { Severity::Note };
        let what = format!("the approval of {consent} held until {} and no longer does", approval.until);
        return Some(
            finding(severity, what).fix("have it reviewed again with a later `until`, or take it out"),
        );
    }
    let same: Vec<&Need> =
        needs.iter().filter(|need| approval.is_about(need)).map(|need| &need.need).collect();
    if same.is_empty() {
        let what = format!("nothing needs the approval of {consent}");
        return Some(finding(Severity::Note, what).fix("take it out once it has done its work"));
    }
    let with_tables =
        same.iter().map(|need| fate(need)).chain([approval.tables]).any(|tables| tables == Fate::Dropped);
    let approved = described(approval.field.as_ref().map(ToString::to_string), approval.tables, with_tables);
    let planned: Vec<String> = same
        .iter()
        .map(|need| described(need.field.as_ref().map(ToString::to_string), fate(need), with_tables))
        .collect();
    Some(
        finding(Severity::Warning, format!("the approval of {consent} is for another change"))
            .why(format!("it covers {approved}; planned is {}", planned.join("; ")))
            .fix(format!(
                "have the change that is planned reviewed, with field, old{} as printed here",
                if with_tables { ", new and tables" } else { " and new" }
            )),
    )
}

/// One finding for each consent that is missing, with all that calls for it.
#[must_use]
pub fn refusals(missing: &[TargetNeed], several: bool) -> Vec<Finding> {
    let mut groups: Vec<Vec<&TargetNeed>> = Vec::new();
    for need in missing {
        let is_same =
            |other: &&TargetNeed| (&other.target, &other.need.consent) == (&need.target, &need.need.consent);
        match groups.iter_mut().find(|group| group.first().is_some_and(is_same)) {
            Some(group) => group.push(need),
            None => groups.push(vec![need]),
        }
    }
    groups.iter().filter_map(|needs| refusal(needs, several)).collect()
}

fn refusal(needs: &[&TargetNeed], several: bool) -> Option<Finding> {
    /// Tables of one pipeline can be many.
    const SHOWN: usize = 5;
    let TargetNeed { target, need: first, cause } = needs.first()?;
    let fields: Vec<String> =
        needs.iter().filter_map(|need| need.need.field.as_ref()).map(ToString::to_string).collect();
    let mut why: Vec<String> = Vec::new();
    why.extend((!cause.is_empty()).then(|| cause.to_string()));
    why.extend(fields.iter().take(SHOWN).cloned());
    if fields.len() > SHOWN {
        why.push(format!("and {} more", plural(fields.len() - SHOWN, "field")));
    }
    why.extend(dropped(needs.iter().map(|need| &need.need)));
    let name = &first.consent.name;
    let key = match first.consent.kind {
        ConsentKind::Remove | ConsentKind::OlderSource => format!("project {name}"),
        _ => format!("pipelines.{name}"),
    };
    let argument = argument(target, several, &first.consent);
    Some(
        Finding::error("TW401", first.what.clone())
            .for_target(target)
            .at(cause.place.clone().unwrap_or(Place::Resource { key }))
            .why(why.join("; "))
            .fix(format!("undo the change, or consent to it: --allow {argument}")),
    )
}

/// What an approval has to say of the tables of these needs, where it has to say anything.
#[must_use]
pub fn dropped<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Option<String> {
    let is_dropped = needs.into_iter().any(|need| fate(need) == Fate::Dropped);
    is_dropped.then(|| format!("tables: {}", Fate::Dropped.as_str()))
}

/// Every missing consent as `--allow` takes it, each once.
#[must_use]
pub fn missing_consents(missing: &[TargetNeed], several: bool) -> Vec<String> {
    let mut consents: Vec<String> = Vec::new();
    for TargetNeed { target, need, .. } in missing {
        let consent = argument(target, several, &need.consent);
        if !consents.contains(&consent) {
            consents.push(consent);
        }
    }
    consents
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::super::approvals::read_approvals;
    use super::super::cause::Cause;
    use super::super::consent::ConsentKind;
    use super::super::field::FieldDifference;
    use super::*;

    const SCHEMA: &str = "gateway_definition.gateway_storage_schema";

    fn consent(kind: ConsentKind, name: &str) -> Consent {
        Consent { kind, name: name.to_owned() }
    }

    fn need(target: &str, kind: ConsentKind, name: &str, field: Option<(&str, Value, Value)>) -> TargetNeed {
        let field = field.map(|(path, old, new)| FieldDifference {
            path: path.to_owned(),
            old: Some(old).filter(|value| !value.is_null()),
            new: Some(new).filter(|value| !value.is_null()),
        });
        let what = format!("{name} changes");
        let need = Need { consent: consent(kind, name), field, what, tables: 3, fate: Some(Fate::Kept) };
        TargetNeed { target: target.to_owned(), need, cause: Cause::default() }
    }

    fn recreate(new: &str) -> TargetNeed {
        need("prod", ConsentKind::Recreate, "gw", Some((SCHEMA, json!("staging"), json!(new))))
    }

    fn approvals(text: &str) -> Consents {
        let (approvals, findings) = read_approvals(text, "approvals.yml");
        assert!(findings.is_empty(), "{findings:?}");
        Consents { approvals, ..Consents::default() }
    }

    fn entry(old: &str, new: &str) -> String {
        format!(
            "- {{target: prod, kind: recreate, resource: gw, field: {SCHEMA}, old: {old}, new: {new}, who: ana, why: full, \
             until: 2026-12-31}}\n"
        )
    }

    const TODAY: Date = date(2026, 11, 22);

    fn told(judged: &Judged) -> Vec<(Severity, &str)> {
        judged.findings.iter().map(|finding| (finding.severity, finding.rule)).collect()
    }

    #[test]
    fn a_flag_covers_what_it_names_in_its_target_and_nothing_else() {
        let consents = Consents {
            allowed: vec![("prod".to_owned(), consent(ConsentKind::Recreate, "gw"))],
            ..Consents::default()
        };
        let elsewhere = need("dev", ConsentKind::Recreate, "gw", None);
        let other = need("prod", ConsentKind::Delete, "gw", None);
        let needs = vec![recreate("v2"), elsewhere.clone(), other.clone()];
        let judged = judge(&["dev", "prod"], needs, &consents, TODAY);
        assert_eq!(judged.granted, [Granted { need: recreate("v2"), by: By::Flag }]);
        assert_eq!(judged.missing, [elsewhere, other]);
        assert_eq!(told(&judged), []);
        assert_eq!(missing_consents(&judged.missing, true), ["dev/recreate:gw", "prod/delete:gw"]);
    }

    #[test]
    fn a_flag_that_nothing_needs_is_told() {
        let consents = Consents {
            allowed: vec![("prod".to_owned(), consent(ConsentKind::Recreate, "gv"))],
            ..Consents::default()
        };
        let judged = judge(&["prod"], vec![recreate("v2")], &consents, TODAY);
        assert_eq!(judged.missing.len(), 1);
        assert_eq!(told(&judged), [(Severity::Warning, "TW412")]);
        let what = &judged.findings.iter().next().unwrap().what;
        assert!(what.ends_with("nothing needs it; did you mean `recreate:gw`?"), "{what}");
    }

    #[test]
    fn an_approval_covers_the_change_that_it_names() {
        let judged = judge(&["prod"], vec![recreate("v2")], &approvals(&entry("staging", "v2")), TODAY);
        assert_eq!(judged.missing, []);
        assert_eq!(judged.granted[0].by.to_string(), "approvals.yml:1, ana (full), until 2026-12-31");
        assert_eq!(told(&judged), []);
        // A resource with two fields that call for the same consent needs both reviewed; the flag covers both.
        let second = need("prod", ConsentKind::Recreate, "gw", Some(("storage", Value::Null, json!(true))));
        let judged = judge(
            &["prod"],
            vec![recreate("v2"), second.clone()],
            &approvals(&entry("staging", "v2")),
            TODAY,
        );
        assert_eq!(judged.missing, [second]);
    }

    #[test]
    fn another_value_another_field_and_another_day_are_not_covered() {
        let warned = [(Severity::Warning, "TW413")];
        let judged = judge(&["prod"], vec![recreate("v3")], &approvals(&entry("staging", "v2")), TODAY);
        assert_eq!((judged.missing.len(), told(&judged)), (1, warned.to_vec()));
        let why = &judged.findings.iter().next().unwrap().why;
        assert!(why.contains("staging → v2") && why.contains("staging → v3"), "{why}");

        let judged =
            judge(&["prod"], vec![recreate("v2")], &approvals(&entry("staging", "v2")), date(2027, 1, 1));
        assert_eq!((judged.missing.len(), told(&judged)), (1, warned.to_vec()));
        let last =
            judge(&["prod"], vec![recreate("v2")], &approvals(&entry("staging", "v2")), date(2026, 12, 31));
        assert_eq!(last.missing, [], "the last day counts");

        let whole = "- {target: prod, kind: recreate, resource: gw, who: ana, why: all, until: 2026-12-31}\n";
        let judged = judge(&["prod"], vec![recreate("v2")], &approvals(whole), TODAY);
        assert_eq!(
            (judged.missing.len(), told(&judged)),
            (1, warned.to_vec()),
            "no field is not every field"
        );
    }

    #[test]
    fn an_approval_that_has_done_its_work_is_noted_and_that_of_another_target_is_left_alone() {
        let consents = approvals(&entry("staging", "v2"));
        assert_eq!(told(&judge(&["prod"], Vec::new(), &consents, TODAY)), [(Severity::Note, "TW413")]);
        assert_eq!(told(&judge(&["dev"], Vec::new(), &consents, TODAY)), []);
    }

    #[test]
    fn an_approval_for_another_target_is_told_where_it_is_missed() {
        let consents = approvals(&entry("staging", "v2"));
        let in_dev = TargetNeed { target: "dev".to_owned(), ..recreate("v2") };
        let judged = judge(&["dev"], vec![in_dev.clone()], &consents, TODAY);
        assert_eq!((judged.missing.len(), told(&judged)), (1, vec![(Severity::Warning, "TW413")]));
        let what = &judged.findings.iter().next().unwrap().what;
        assert_eq!(what, "the approval of recreate:gw is for target `prod`, not for `dev`");
        // One that has its use there, or that is not missed, is no mistake.
        let both = judge(&["dev", "prod"], vec![in_dev.clone(), recreate("v2")], &consents, TODAY);
        assert_eq!((both.missing.len(), told(&both)), (1, vec![]));
        let allowed = vec![("dev".to_owned(), consent(ConsentKind::Recreate, "gw"))];
        let judged = judge(&["dev"], vec![in_dev], &Consents { allowed, ..consents }, TODAY);
        assert_eq!(told(&judged), []);
    }

    #[test]
    fn values_are_those_that_were_printed() {
        for (value, written) in [
            (json!("staging"), "staging"),
            (json!("staging"), "\"staging\""),
            (json!(true), "true"),
            (json!("2024"), "2024"),
            (json!("007"), "007"),
            (json!(7), "7"),
            (json!(["a", {"b": 1}]), "[\"a\",{\"b\":1}]"),
            (json!(["a", {"b": 1}]), "[a, {b: 1}]"),
            (Value::Null, "(none)"),
            (Value::Null, "null"),
            (json!("(none)"), "'\"(none)\"'"),
        ] {
            let needed =
                need("prod", ConsentKind::Recreate, "gw", Some((SCHEMA, value.clone(), json!("v2"))));
            let judged = judge(&["prod"], vec![needed], &approvals(&entry(written, "v2")), TODAY);
            assert_eq!(judged.missing, [], "{value} as {written}");
        }
        for (value, written) in [
            (json!("a"), "A"),
            (json!(7), "8"),
            (json!("a"), "null"),
            (json!(["a"]), "[b]"),
            (json!("(none)"), "(none)"),
            (json!("(none)"), "null"),
            (json!("null"), "null"),
            (Value::Null, "'null'"),
        ] {
            let needed =
                need("prod", ConsentKind::Recreate, "gw", Some((SCHEMA, value.clone(), json!("v2"))));
            let judged = judge(&["prod"], vec![needed], &approvals(&entry(written, "v2")), TODAY);
            assert_eq!(judged.missing.len(), 1, "{value} as {written}");
        }
    }

    fn dropping(need: TargetNeed) -> TargetNeed {
        TargetNeed { need: Need { fate: Some(Fate::Dropped), ..need.need }, ..need }
    }

    #[test]
    fn what_was_reviewed_while_tables_were_kept_is_no_consent_to_drop_them() {
        let delete = || need("prod", ConsentKind::Delete, "old", None);
        let of_delete =
            "- {target: prod, kind: delete, resource: old, who: ana, why: x, until: 2026-12-31}\n";
        let change = format!("{SCHEMA}: staging → v2");
        for (need, entry, change) in
            [(recreate("v2"), entry("staging", "v2"), &*change), (delete(), of_delete.to_owned(), "no field")]
        {
            let with = |tables: &str| approvals(&entry.replace(", who", &format!(", tables: {tables}, who")));
            for kept in [approvals(&entry), with("KEPT"), with("")] {
                assert_eq!(judge(&["prod"], vec![need.clone()], &kept, TODAY).missing, []);
                let judged = judge(&["prod"], vec![dropping(need.clone())], &kept, TODAY);
                assert_eq!((judged.missing.len(), told(&judged)), (1, vec![(Severity::Warning, "TW413")]));
                let finding = judged.findings.iter().next().unwrap();
                assert_eq!(
                    finding.why,
                    format!("it covers {change}, tables KEPT; planned is {change}, tables DROPPED")
                );
                assert!(finding.fix.contains("field, old, new and tables as printed"), "{}", finding.fix);
            }
            for dropped in [with("DROPPED"), with("dropped")] {
                let judged = judge(&["prod"], vec![dropping(need.clone())], &dropped, TODAY);
                assert_eq!((judged.missing.len(), told(&judged)), (0, vec![]));
                // It is for the very change the other way round too.
                let judged = judge(&["prod"], vec![need.clone()], &dropped, TODAY);
                assert_eq!((judged.missing.len(), told(&judged)), (1, vec![(Severity::Warning, "TW413")]));
            }
            // A flag is typed for the run at hand.
            let allowed = vec![("prod".to_owned(), need.need.consent.clone())];
            let flag = Consents { allowed, ..Consents::default() };
            assert_eq!(judge(&["prod"], vec![dropping(need.clone())], &flag, TODAY).missing, []);
            let [finding] = &refusals(&[dropping(need.clone())], false)[..] else { panic!() };
            assert!(finding.why.ends_with("tables: DROPPED"), "{}", finding.why);
            let [finding] = &refusals(&[need], false)[..] else { panic!() };
            assert!(!finding.why.contains("tables"), "{}", finding.why);
        }
    }

    #[test]
    fn a_refusal_stands_where_the_edit_does_and_says_what_came_of_it() {
        let place = Place::File { file: "tables.csv".into(), line: 41, column: 9 };
        let cause =
            Cause::new("gateway_schema").at(place.clone()).then("gateway recreated").then("347 tables");
        let missing = [TargetNeed { cause, ..recreate("v2") }];
        let [finding] = &refusals(&missing, true)[..] else { panic!() };
        assert_eq!(finding.place, Some(place));
        assert_eq!(
            finding.why,
            "gateway_schema, tables.csv:41 → gateway recreated → 347 tables; gateway_definition.gateway_storage_schema: \
             staging → v2"
        );
        assert!(finding.fix.ends_with(" --allow prod/recreate:gw"), "{}", finding.fix);
    }

    #[test]
    fn a_refusal_names_each_consent_once_with_all_that_calls_for_it() {
        let second = need("prod", ConsentKind::Recreate, "gw", Some(("storage", Value::Null, json!("x"))));
        let missing = [recreate("v2"), second, need("prod", ConsentKind::Delete, "old", None)];
        let findings = refusals(&missing, false);
        let said: Vec<(&str, &str, &str)> =
            findings.iter().map(|f| (f.what.as_str(), f.why.as_str(), f.fix.as_str())).collect();
        assert_eq!(
            said,
            [
                (
                    "gw changes",
                    "gateway_definition.gateway_storage_schema: staging → v2; storage: (none) → x",
                    "undo the change, or consent to it: --allow recreate:gw",
                ),
                ("old changes", "", "undo the change, or consent to it: --allow delete:old"),
            ]
        );
        assert_eq!(missing_consents(&missing, false), ["recreate:gw", "delete:old"]);
    }
}
