//! A plan for people: tables first, then resources, effects, and what has to be consented to.

use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Style};

use super::plan_document::{PlanDocument, resource_sign, table_sign, table_words};
use super::source_document::SourceDocument;
use crate::plan::{Action, Consent, Effect, Fate, Need, ResourceChange, TableAction, TableChange, dropped};
use crate::text::plural;

/// So many tables of one kind are shown; the others are counted.
const SHOWN: usize = 5;
/// So many fields of one consent are shown.
const FIELDS: usize = 5;

impl PlanDocument<'_> {
    /// For people; `all`: every table, however many.
    #[must_use]
    pub fn text(&self, all: bool) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{}  {}", self.target.bold(), self.host);
        if let Some(source) = self.inputs.source {
            let _ = writeln!(text, "Input  {}", source_words(source));
        }
        self.write_tables(&mut text, all);
        self.write_resources(&mut text);
        self.write_effects(&mut text);
        if !self.drift.is_empty() {
            let _ = writeln!(text, "\n{}", "Changed by hand since the last deploy".bold());
            for drift in &self.drift {
                let _ = writeln!(text, "  {}", drift.value.what);
            }
        }
        self.write_needs(&mut text);
        self.write_hand_over(&mut text);
        let _ = writeln!(text, "\n{}", PlanDocument::summary(self));
        text
    }

    fn write_tables(&self, text: &mut String, all: bool) {
        if self.tables.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n{}", "Tables".bold());
        let mut tables: Vec<&TableChange> = self.tables.iter().map(|table| table.value).collect();
        tables.sort_by(|a, b| group(a).cmp(&group(b)).then_with(|| a.key.cmp(&b.key)));
        let keys = tables.iter().map(|table| table.key.chars().count());
        let width = keys.max().unwrap_or(0).min(60);
        for same in tables.chunk_by(|a, b| group(a) == group(b)) {
            let shown = if all || same.len() <= SHOWN + 1 { same.len() } else { SHOWN };
            // One cause for all is told once.
            let told_once = same.len() > 1 && same.iter().all(|table| table.cause == same[0].cause);
            for table in &same[..shown] {
                write_table(text, table, width, !told_once);
            }
            if let (Some(table), 1..) = (same.first(), same.len() - shown) {
                let _ = writeln!(
                    text,
                    "    {}",
                    format!("… {} more of {} (-v lists them)", same.len() - shown, table.pipeline).dimmed()
                );
            }
            if told_once {
                let _ = writeln!(text, "      {} {}", "cause".dimmed(), same[0].cause);
            }
        }
    }

    fn write_resources(&self, text: &mut String) {
        if self.resources.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n{}", "Resources".bold());
        for resource in &self.resources {
            write_resource(text, resource.value);
        }
        if self.summary.resources.unchanged > 0 {
            let _ = writeln!(text, "    {} unchanged and not sent", self.summary.resources.unchanged);
        }
    }

    fn write_effects(&self, text: &mut String) {
        if self.tables.is_empty() && self.resources.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n{}", "Effects".bold());
        for (word, what) in self.effects() {
            let what =
                if what == "none" { what.dimmed().to_string() } else { what.style(graver(word)).to_string() };
            let _ = writeln!(text, "  {word:21}{what}");
        }
    }

    /// What happens to data, in words.
    pub(super) fn effects(&self) -> [(&'static str, String); 4] {
        let effects = &self.summary.effects;
        let tables = |effect: Effect, fate: Option<Fate>| {
            self.tables
                .iter()
                .filter(|table| table.value.effect == effect && table.value.fate == fate)
                .count()
        };
        let count = |count: usize, noun: &str| {
            if count == 0 { "none".to_owned() } else { plural(count, noun) }
        };
        let again = match (effects.snapshot, tables(Effect::Snapshot, Some(Fate::Dropped))) {
            (all, 0) => count(all, "table"),
            (all, dropped) => format!("{}, {dropped} of them DROPPED first", plural(all, "table")),
        };
        let gone = match (effects.delete, tables(Effect::Delete, Some(Fate::Dropped))) {
            (0, _) => "none".to_owned(),
            (all, 0) => format!("{}, KEPT", plural(all, "table")),
            (all, dropped) if all == dropped => format!("{}, DROPPED", plural(all, "table")),
            (all, dropped) => format!("{}, {dropped} of them DROPPED", plural(all, "table")),
        };
        [
            ("first read", count(effects.initial, "table")),
            ("read again in full", again),
            ("pipeline deleted", gone),
            ("restarted", count(effects.restart, "pipeline")),
        ]
    }

    fn write_needs(&self, text: &mut String) {
        if !self.missing.is_empty() {
            let _ = writeln!(text, "\n{}", "This plan needs consent".bold());
        }
        for consent in &self.summary.needs_consent {
            let needs = self.missing.iter().copied().filter(|need| need.consent == **consent);
            write_need(text, consent, &needs.collect::<Vec<_>>());
        }
        if !self.consents.is_empty() {
            let _ = writeln!(text, "\n{}", "Consented to already".bold());
        }
        for given in &self.consents {
            let _ = writeln!(text, "  {}  by {}", given.consent, given.by);
            if let Some(field) = given.field {
                let _ = writeln!(text, "      {field}");
            }
        }
    }

    fn write_hand_over(&self, text: &mut String) {
        if self.hand_over.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n{}", "To be done by hand, after the deploy".bold());
        for hand_over in &self.hand_over {
            let _ = writeln!(text, "  {}:", hand_over.why);
            let shown =
                if hand_over.statements.len() <= SHOWN + 1 { hand_over.statements.len() } else { SHOWN };
            for statement in hand_over.statements.iter().take(shown) {
                let _ = writeln!(text, "    {statement}");
            }
            if hand_over.statements.len() > shown {
                let _ = writeln!(
                    text,
                    "    {}",
                    format!("… {} more (-o json has them all)", hand_over.statements.len() - shown).dimmed()
                );
            }
        }
        let mut ways: Vec<&String> = self.hand_over.iter().filter_map(|one| one.instead.as_ref()).collect();
        ways.dedup();
        for way in ways {
            let _ = writeln!(text, "  Instead: {way}");
        }
    }
}

/// What is shown together.
fn group(table: &TableChange) -> (TableAction, &str, Option<&str>, Effect, &[String]) {
    let steps = match table.action {
        TableAction::Update => table.cause.steps.as_slice(),
        _ => &[],
    };
    (table.action, &table.pipeline, table.from.as_deref(), table.effect, steps)
}

fn write_table(text: &mut String, table: &TableChange, width: usize, with_cause: bool) {
    let cause = if with_cause { format!("  {}", table.cause.dimmed()) } else { String::new() };
    let style = match table.action {
        TableAction::Add => Style::new().green(),
        TableAction::Remove => Style::new().red(),
        TableAction::Move | TableAction::Update => Style::new().yellow(),
    };
    let sign = table_sign(table.action);
    let place = match (table.action, &table.from) {
        (TableAction::Add, _) => format!("→ {}", table.pipeline),
        (TableAction::Remove, _) => format!("from {}", table.pipeline),
        (_, Some(from)) => format!("{from} → {}", table.pipeline),
        (_, None) => format!("in {}", table.pipeline),
    };
    let _ = writeln!(
        text,
        "  {} {:width$}  {place}  {}{cause}",
        sign.style(style),
        table.key,
        table_words(table).style(of_effect(table.effect)),
    );
    for field in &table.fields {
        let _ = writeln!(text, "      {field}");
    }
}

fn write_resource(text: &mut String, resource: &ResourceChange) {
    let style = match resource.action {
        Action::Create => Style::new().green(),
        Action::Delete | Action::Recreate => Style::new().red().bold(),
        _ => Style::new().yellow(),
    };
    let sign = resource_sign(resource.action);
    let mut notes = Vec::new();
    match resource.action {
        Action::Recreate => notes.push("RECREATE".red().bold().to_string()),
        Action::Delete => notes.push("DELETE".red().bold().to_string()),
        _ => {}
    }
    if let Some(tables) = resource.tables {
        let count = if tables.before == tables.after {
            plural(tables.after, "table")
        } else {
            format!("tables {} → {}", tables.before, tables.after)
        };
        let changed = match (tables.added, tables.removed) {
            (0, 0) => String::new(),
            (added, 0) => format!(" (+{added})"),
            (0, removed) => format!(" (-{removed})"),
            (added, removed) => format!(" (+{added} -{removed})"),
        };
        let fate = resource.fate.map(|fate| format!(" {}", fate.as_str())).unwrap_or_default();
        notes.push(format!("{count}{changed}{fate}"));
    }
    if matches!(resource.effect, Effect::Restart) {
        notes.push("restarted".to_owned());
    }
    notes.insert(0, resource.key.clone());
    let _ = writeln!(text, "  {} {}", sign.style(style), notes.join("  "));
    for field in &resource.fields {
        let _ = writeln!(text, "      {field}");
    }
    if !resource.cause.is_empty() && resource.action != Action::Create {
        let _ = writeln!(text, "      {} {}", "cause".dimmed(), resource.cause);
    }
}

fn write_need(text: &mut String, consent: &Consent, needs: &[&Need]) {
    let _ = writeln!(text, "  {}", format!("--allow {consent}").bold());
    if let Some(need) = needs.first() {
        let _ = writeln!(text, "      {}", need.what);
    }
    let fields: Vec<_> = needs.iter().filter_map(|need| need.field.as_ref()).collect();
    for field in fields.iter().take(FIELDS) {
        let _ = writeln!(text, "      {field}");
    }
    if fields.len() > FIELDS {
        let _ = writeln!(text, "      … {} more", fields.len() - FIELDS);
    }
    if let Some(dropped) = dropped(needs.iter().copied()) {
        let _ = writeln!(text, "      {dropped}");
    }
}

fn of_effect(effect: Effect) -> Style {
    match effect {
        Effect::Snapshot | Effect::Delete => Style::new().red(),
        Effect::Restart => Style::new().yellow(),
        Effect::None | Effect::Metadata | Effect::Initial => Style::new(),
    }
}

fn graver(word: &str) -> Style {
    match word {
        "read again in full" | "pipeline deleted" => Style::new().red().bold(),
        "restarted" => Style::new().yellow(),
        _ => Style::new(),
    }
}

/// What was read, on one line.
pub(super) fn source_words(source: &SourceDocument) -> String {
    match source {
        SourceDocument::Table { table, version, rows, host } => {
            let version = version.map(|version| format!("  version {version}")).unwrap_or_default();
            format!("{table}{version}  {}  read through {host}", plural(*rows, "row"))
        }
        SourceDocument::File { file, rows } => format!("{file}  {}", plural(*rows, "row")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::markdown::markdown;
    use super::super::sample;
    use super::*;
    use crate::finding::{Findings, Place};
    use crate::plan::{
        BundleChanges, Cause, ConsentKind, Counts, Drift, FieldDifference, HandOver, TableCount,
    };
    use crate::report::PlanInputs;

    fn table(key: &str, action: TableAction, effect: Effect, cause: Cause) -> TableChange {
        TableChange {
            key: key.to_owned(),
            action,
            source: String::new(),
            pipeline: "pipeline_sales_01_g01_p01".into(),
            from: None,
            effect,
            fate: None,
            fields: Vec::new(),
            cause,
        }
    }

    fn line(line: u32) -> Place {
        Place::File { file: "tables.csv".into(), line, column: 1 }
    }

    /// A gateway's storage schema changes; a row is new, another is gone, and a job was paused.
    fn changes() -> BundleChanges {
        let cause = Cause::new("gateway_schema").at(line(41)).then("gateway recreated");
        let mut tables: Vec<TableChange> = (0..8)
            .map(|number| {
                let cause = cause.clone().then("pipeline_sales_01_g01_p01 recreated");
                let key = format!("main.bronze.table_{number}");
                let mut table = table(&key, TableAction::Update, Effect::Snapshot, cause);
                table.fate = Some(Fate::Kept);
                table
            })
            .collect();
        tables.push(table(
            "main.bronze.new",
            TableAction::Add,
            Effect::Initial,
            Cause::new("new row").at(line(9)),
        ));
        let nobody = Cause::new("no row asks for it any more");
        tables.push(table("main.bronze.old", TableAction::Remove, Effect::None, nobody));
        let field = FieldDifference {
            path: "gateway_definition.gateway_storage_schema".into(),
            old: Some("staging".into()),
            new: Some("staging2".into()),
        };
        let count = TableCount { before: 9, after: 9, added: 1, removed: 1 };
        let resource = |key: &str, fields: Vec<FieldDifference>, cause: Cause| ResourceChange {
            key: key.to_owned(),
            action: Action::Recreate,
            effect: Effect::Snapshot,
            fields,
            tables: Some(count),
            fate: Some(Fate::Kept),
            cause,
        };
        BundleChanges {
            bundle: "retail".into(),
            project: "retail".into(),
            tables,
            unchanged_tables: 100,
            resources: vec![
                resource(
                    "pipelines.gateway_sales_01_g01",
                    vec![field.clone()],
                    cause.clone().then("1 pipeline").then("8 tables"),
                ),
                resource(
                    "pipelines.pipeline_sales_01_g01_p01",
                    Vec::new(),
                    cause.then("pipeline_sales_01_g01_p01 recreated"),
                ),
            ],
            counts: Counts { recreated: 2, unchanged: 4, ..Counts::default() },
            needs: vec![Need {
                consent: Consent { kind: ConsentKind::Recreate, name: "gateway_sales_01_g01".into() },
                field: Some(field),
                what: "gateway gateway_sales_01_g01 is deleted and made again, its 8 tables KEPT and read again in full"
                    .into(),
                tables: 8,
                fate: Some(Fate::Kept),
            }],
            drift: vec![Drift {
                resource: "jobs.job_sales_01_g01_p01".into(),
                path: None,
                deployed: None,
                found: None,
                what: "jobs.job_sales_01_g01_p01 was paused by hand".into(),
            }],
            findings: Findings::new(),
            hand_over: vec![HandOver {
                pipeline: "pipeline_sales_01_g01_p01".into(),
                why: "8 tables of pipeline_sales_01_g01_p01 are kept; it cannot write to them until they are dropped"
                    .into(),
                statements: (0..8).map(|number| format!("DROP TABLE `main`.`bronze`.`table_{number}`;")).collect(),
                instead: Some("set `cascade_on_destroy: true` for the target and deploy that alone".into()),
            }],
        }
    }

    fn source() -> SourceDocument {
        SourceDocument::File { file: "tables.csv".into(), rows: 109 }
    }

    #[test]
    fn people_see_tables_resources_effects_and_consents() {
        let (changes, source, findings) = ([changes()], source(), Findings::new());
        let inputs = PlanInputs { source: Some(&source), ..PlanInputs::default() };
        let document = PlanDocument::new(("prod", "https://prod.example"), inputs, &changes, &findings);
        let plain = |all| anstream::adapter::strip_str(&document.text(all)).to_string();
        insta::assert_snapshot!(plain(false));
        assert_eq!(plain(true).matches("main.bronze.table_").count(), 8);
        let json = serde_json::to_value(&document).unwrap();
        assert_eq!(
            json["summary"]["effects"],
            serde_json::json!({"initial": 1, "snapshot": 8, "restart": 0, "delete": 0})
        );
        assert_eq!(json["summary"]["needs_consent"], serde_json::json!(["recreate:gateway_sales_01_g01"]));
        assert_eq!(json["tables"][0]["bundle"], "retail");
        assert_eq!(json["tables"][0]["cause"]["where"]["file"]["line"], 41);
    }

    #[test]
    fn reviewers_see_the_same() {
        let (changes, source, findings) = ([changes()], source(), Findings::new());
        let inputs = PlanInputs { source: Some(&source), ..PlanInputs::default() };
        let document = PlanDocument::new(("prod", "https://prod.example"), inputs, &changes, &findings);
        let json = serde_json::to_value(&document).unwrap();
        let text = sample::of(&findings, &[], |run| {
            markdown(&super::super::run_report::RunReport { document: &json, command: "plan", ..*run })
        });
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_to_do_is_one_line() {
        let bundle = BundleChanges {
            unchanged_tables: 3,
            counts: Counts { unchanged: 5, ..Counts::default() },
            ..BundleChanges::default()
        };
        let (changes, findings) = ([bundle], Findings::new());
        let document = PlanDocument::new(("prod", "h"), PlanInputs::default(), &changes, &findings);
        let plain = anstream::adapter::strip_str(&document.text(false)).to_string();
        assert_eq!(
            plain,
            "prod  h\n\nPlan: 0 tables to add, 0 to remove, 0 to move, 3 unchanged. Resources: 5 unchanged.\n"
        );
    }
}
