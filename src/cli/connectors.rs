//! `tapworks connectors`

use std::fmt::Write as _;

use serde::Serialize;

use super::failure::Failure;
use super::{Context, OutputFormat};
use crate::connector::{Connector, Family, connector, connectors};

/// List the sources that tapworks knows, or tell about one
///
///     tapworks connectors
///     tapworks connectors sql_server
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Tell about this one only
    name: Option<String>,
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    connectors: Vec<ConnectorDocument>,
}

#[derive(Serialize)]
struct ConnectorDocument {
    name: &'static str,
    title: &'static str,
    gateway: bool,
    connection_type: &'static str,
    required_columns: &'static [&'static str],
    optional_columns: &'static [&'static str],
    default_schedule: &'static str,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let chosen: Vec<&Connector> = match &arguments.name {
        Some(name) => vec![connector(name).ok_or_else(|| unknown(name))?],
        None => connectors().iter().collect(),
    };
    match context.output {
        OutputFormat::Json => {
            let connectors = chosen.into_iter().map(document).collect();
            context.printer.json(&Document { format: "tapworks.connectors/1", connectors });
        }
        OutputFormat::Text if arguments.name.is_some() => {
            context.printer.data(&chosen.into_iter().map(in_full).collect::<String>());
        }
        OutputFormat::Text => {
            let width = chosen.iter().map(|connector| connector.name.len()).max().unwrap_or(0);
            let lines =
                chosen.iter().map(|connector| format!("{:width$}  {}\n", connector.name, connector.title));
            context.printer.data(&lines.collect::<String>());
        }
    }
    Ok(0)
}

fn unknown(name: &str) -> Failure {
    let names: Vec<&str> = connectors().iter().map(|connector| connector.name).collect();
    Failure::usage(format!("there is no connector `{name}`")).hint(format!("one of {}", names.join(", ")))
}

fn document(connector: &Connector) -> ConnectorDocument {
    ConnectorDocument {
        name: connector.name,
        title: connector.title,
        gateway: connector.family == Family::Database,
        connection_type: connector.connection_type,
        required_columns: connector.required,
        optional_columns: connector.optional,
        default_schedule: connector.schedule,
    }
}

fn in_full(connector: &Connector) -> String {
    let mut text = format!("{}: {}\n", connector.name, connector.title);
    let gateway = match connector.family {
        Family::Database => "yes: pipelines stand behind a gateway",
        Family::Saas => "no: each pipeline holds the connection",
    };
    for (name, value) in [
        ("connection type", connector.connection_type.to_owned()),
        ("gateway", gateway.to_owned()),
        ("required columns", connector.required.join(", ")),
        ("optional columns", connector.optional.join(", ")),
        ("default schedule", connector.schedule.to_owned()),
    ] {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:17} {value}");
        }
    }
    text
}
