//! `tapworks init`

use std::path::PathBuf;

use super::failure::Failure;
use super::{Context, OutputFormat};
use crate::files;
use crate::settings::schema;

/// Write a commented settings file to start from, and its schema for editors
///
///     tapworks init
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The folder to write to
    #[arg(default_value = ".")]
    dir: PathBuf,
}

const SETTINGS_FILE: &str = "tapworks.yml";
const SCHEMA_FILE: &str = "tapworks.schema.json";
const STARTER: &str = include_str!("starter.yml");

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let folder = context.environment.directory().join(&arguments.dir);
    let settings = folder.join(SETTINGS_FILE);
    if files::read_if_present(&settings)?.is_some() {
        return Err(Failure::work(format!(
            "{} is there already",
            arguments.dir.join(SETTINGS_FILE).display()
        ))
        .hint("remove it, or choose another folder: tapworks init DIR"));
    }
    files::create_folder(&folder)?;
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    files::write(&folder.join(SCHEMA_FILE), text.as_bytes())?;
    files::write(&settings, STARTER.as_bytes())?;
    let shown = arguments.dir.strip_prefix(".").unwrap_or(&arguments.dir);
    let written = [SETTINGS_FILE, SCHEMA_FILE].map(|name| shown.join(name).display().to_string());
    match context.output {
        OutputFormat::Json => {
            context.printer.json(&serde_json::json!({ "format": "tapworks.init/1", "written": written }))
        }
        OutputFormat::Text => context.printer.data(&written.map(|path| format!("wrote {path}\n")).concat()),
    }
    context.printer.say("Next: name your table list and targets in it, then run `tapworks generate`.");
    Ok(0)
}
