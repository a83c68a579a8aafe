//! `tapworks explain`

use std::fmt::Write as _;

use owo_colors::OwoColorize as _;
use serde::Serialize;

use super::configuration::ConfigurationArguments;
use super::failure::Failure;
use super::source::{ReadRows, read_rows};
use super::{Context, OutputFormat};
use crate::closest::closest;
use crate::finding::{Findings, Place, rule, rules};
use crate::report::summary;
use crate::settings::Target;
use crate::table::{Explained, Resolution, Said, groups};
use crate::text::visible;

/// Say why a table has the values it has, or what a rule is about
///
///     tapworks explain table bronze.sales.orders
///     tapworks explain TW301
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// `table`, or the id of a rule
    #[arg(value_name = "table|RULE")]
    what: String,
    /// The destination, as the rows write it
    #[arg(value_name = "CATALOG.SCHEMA.TABLE")]
    name: Option<String>,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// The profile of the workspace that holds the table list
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
}

#[derive(Serialize)]
struct TableDocument<'a> {
    format: &'static str,
    table: &'a str,
    #[serde(rename = "where")]
    place: Place,
    fields: Vec<FieldDocument<'a>>,
}

#[derive(Serialize)]
struct FieldDocument<'a> {
    column: &'a str,
    #[serde(flatten)]
    holds: ValueDocument<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lost: Vec<ValueDocument<'a>>,
}

#[derive(Serialize)]
struct ValueDocument<'a> {
    value: Option<&'a str>,
    from: &'a str,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
}

#[derive(Serialize)]
struct RuleDocument {
    format: &'static str,
    rule: &'static str,
    title: &'static str,
    explanation: String,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    match (arguments.what.as_str(), &arguments.name) {
        ("table", Some(name)) => {
            let name = name.clone();
            table(context, arguments, &name)
        }
        ("table", None) => {
            Err(Failure::usage("no table is named").hint("tapworks explain table CATALOG.SCHEMA.TABLE"))
        }
        (id, None) => explain_rule(context, id),
        (what, Some(_)) => Err(Failure::usage(format!("`{what}` cannot be explained"))
            .hint("tapworks explain table CATALOG.SCHEMA.TABLE")),
    }
}

fn explain_rule(context: &Context, id: &str) -> Result<u8, Failure> {
    let Some(rule) = rule(id) else {
        let failure = Failure::usage(format!("there is no rule {id}"));
        return Err(match closest(id, rules().map(|rule| rule.id)) {
            Some(close) => failure.hint(format!("did you mean {close}?")),
            None => failure.hint("rules are named TW101 and so on, as findings show them"),
        });
    };
    let explanation = rule.explanation.split_whitespace().collect::<Vec<_>>().join(" ");
    match context.output {
        OutputFormat::Json => {
            let document =
                RuleDocument { format: "tapworks.explain/1", rule: rule.id, title: rule.title, explanation };
            context.printer.json(&document);
        }
        OutputFormat::Text => {
            context.printer.data(&format!("{}: {}\n\n{explanation}\n", rule.id.bold(), rule.title));
        }
    }
    Ok(0)
}

fn table(context: &Context, arguments: Arguments, name: &str) -> Result<u8, Failure> {
    let (settings, mut findings) = arguments.configuration.resolve(&[], &context.environment)?;
    let targets: Vec<Target> = settings.targets.values().cloned().collect();
    let read = match read_rows(context, &settings, &targets, arguments.profile.as_deref(), &mut findings) {
        Ok(ReadRows::Read(read)) => read,
        Ok(ReadRows::Stopped) => return stopped(context, findings),
        Err(failure) if failure.is_usage() && findings.has_errors() => return stopped(context, findings),
        Err(failure) => return Err(failure),
    };
    let (groups, said) = groups(&read.rows, &settings);
    findings.extend(said);
    let wanted = name.to_lowercase();
    let row = groups
        .iter()
        .flat_map(|group| &group.tables)
        .find(|table| table.object.destination.key() == wanted)
        .map(|table| table.row);
    let Some(row) = row else {
        if findings.has_errors() {
            return stopped(context, findings);
        }
        let keys: Vec<String> = groups
            .iter()
            .flat_map(|group| &group.tables)
            .map(|table| table.object.destination.key())
            .collect();
        let failure = Failure::work(format!("no row writes {name}"));
        return Err(match closest(&wanted, keys.iter().map(String::as_str)) {
            Some(close) => failure.hint(format!("did you mean {close}?")),
            None => failure,
        });
    };
    let resolution = Resolution::new(&read.rows, &settings);
    let fields = resolution.explain(row as usize);
    let place = read.rows.place(row, None);
    match context.output {
        OutputFormat::Json => context.printer.json(&TableDocument {
            format: "tapworks.explain/1",
            table: name,
            place,
            fields: fields.iter().map(field).collect(),
        }),
        OutputFormat::Text => context.printer.data(&text(name, &place, &fields)),
    }
    Ok(0)
}

fn stopped(context: &Context, findings: Findings) -> Result<u8, Failure> {
    let findings = findings.sorted();
    context.printer.findings(&findings);
    Err(Failure::work(summary(&findings).unwrap_or_default()))
}

fn field(explained: &Explained) -> FieldDocument<'_> {
    FieldDocument {
        column: explained.column.as_str(),
        holds: value(&explained.holds),
        lost: explained.lost.iter().map(value).collect(),
    }
}

fn value(said: &Said) -> ValueDocument<'_> {
    ValueDocument { value: said.value.as_deref(), from: &said.origin, place: said.place.as_ref() }
}

fn text(name: &str, place: &Place, fields: &[Explained]) -> String {
    let width = fields.iter().map(|field| field.column.as_str().len()).max().unwrap_or(0);
    let mut text = format!("{}  {place}\n", name.bold());
    for field in fields {
        let column = field.column.as_str();
        let _ = writeln!(text, "  {column:width$}  {}", told(&field.holds));
        for lost in &field.lost {
            let _ = writeln!(text, "  {:width$}  {}", "", format!("over {}", told(lost)).dimmed());
        }
    }
    text
}

fn told(said: &Said) -> String {
    let value = visible(said.value.as_deref().unwrap_or("(none)"));
    match &said.place {
        Some(place) => format!("{value}  from {} ({place})", said.origin),
        None => format!("{value}  from {}", said.origin),
    }
}
